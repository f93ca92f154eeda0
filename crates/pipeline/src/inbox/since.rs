//! What has come since somebody was told last.

use serde::Serialize;

use super::{Inbox, InboxAlert, held, newest, told};

/// How far somebody was told of alerts.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The id of the last alert that was seen, as they say.
    after: Option<String>,
    /// Which table, and the number of the next alert there; `None` until it is read.
    next: Option<(u64, u64)>,
}

impl Seen {
    /// Somebody who saw the alert of the id `after` last; where none is named, what is there already is none of the news.
    pub fn after(after: Option<String>) -> Seen {
        Seen { after, next: None }
    }
}

/// What has come.
#[derive(Debug, Default)]
pub struct News {
    /// Alerts in front of the first one told that are not told.
    pub gap: Option<Gap>,
    /// The oldest first.
    pub alerts: Vec<InboxAlert>,
    /// Where there is a gap, the id of the newest alert, behind which it goes on.
    pub newest: Option<String>,
}

/// Alerts that are not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// How many; `None` where the last one that was seen is not held any more.
    pub alerts: Option<u64>,
}

impl Inbox {
    /// What has come since `seen`, which is then behind it; of alerts the last `most`. Nothing while what was there before is read.
    pub fn since(&self, seen: &mut Seen, most: usize) -> News {
        let marks = held(&self.marks);
        let held = self.look_at();
        if held.reading {
            return News::default();
        }
        let rows = held.table.rows();
        let (first, end) = (held.table.first(), held.table.first() + rows.len() as u64);
        let next = match (seen.next, &seen.after) {
            (Some((nth, next)), _) if nth == held.nth => Some(next),
            // Of a table that held none, all of the next one has come since.
            (Some((_, next)), _) => (next == 0).then_some(0),
            (None, Some(id)) => held.table.find(id).map(|at| first + at as u64 + 1),
            (None, None) => Some(end),
        };
        let from = next.unwrap_or(end).clamp(first, end).max(end.saturating_sub(most as u64));
        let passed_over = next.map(|next| from.saturating_sub(next));
        let gap = (passed_over != Some(0)).then_some(Gap { alerts: passed_over });
        let range = (from - first) as usize..;
        let alerts = rows.range(range).filter_map(|row| told(&held, &marks, row, None)).collect();
        seen.next = Some((held.nth, end));
        News { gap, alerts, newest: gap.and_then(|_| newest(&held)) }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::watch::{KeptWatch, timestamp};

    /// The first half of an id is its number.
    fn id(n: u32) -> String {
        format!("{n:016x}{n:016x}")
    }

    fn begin(folder: &Path) {
        let kept = KeptWatch { written: 1, alerts: Some(folder.join("alerts.json")), ..KeptWatch::default() };
        std::fs::write(folder.join("watch.state.status.json"), serde_json::to_vec(&kept).unwrap()).unwrap();
    }

    fn alert(folder: &Path, inbox: &Inbox, alerts: std::ops::Range<u32>) {
        let mut file = File::options().append(true).create(true).open(folder.join("alerts.json")).unwrap();
        for n in alerts {
            let told = json!({ "nta_id": [id(n)], "nta_score": ["0.5"] });
            let line =
                json!({ "timestamp": timestamp(n.into()), "alert": { "signature_id": 8_470_001, "metadata": told } });
            writeln!(file, "{line}").unwrap();
        }
        inbox.refresh();
    }

    fn told(inbox: &Inbox, seen: &mut Seen) -> (Vec<u32>, Option<Option<u64>>) {
        let news = inbox.since(seen, 3);
        (
            news.alerts.iter().map(|alert| u32::from_str_radix(&alert.id[..16], 16).unwrap()).collect(),
            news.gap.map(|gap| gap.alerts),
        )
    }

    #[test]
    fn what_comes_is_told_once_and_what_was_there_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let inbox = Inbox::open("gate", at, &at.join("marks")).unwrap();
        let (mut first, mut lost) = (Seen::after(None), Seen::after(Some("none".to_owned())));
        inbox.refresh();
        assert_eq!(told(&inbox, &mut first), (vec![], None));
        begin(at);
        alert(at, &inbox, 0..2);
        assert_eq!(told(&inbox, &mut first), (vec![0, 1], None), "the first of an empty inbox");
        assert_eq!(told(&inbox, &mut lost), (vec![], Some(None)), "it goes on behind the newest");
        alert(at, &inbox, 2..7);
        assert_eq!(told(&inbox, &mut first), (vec![4, 5, 6], Some(Some(2))));
        assert_eq!(told(&inbox, &mut lost), (vec![4, 5, 6], Some(Some(2))));
        assert_eq!(told(&inbox, &mut Seen::after(Some(id(5)))), (vec![6], None));

        // Another server reads what was there before it tells anything.
        let other = Inbox::open("gate", at, &at.join("other")).unwrap();
        let mut seen = Seen::after(None);
        assert_eq!(told(&other, &mut seen), (vec![], None));
        other.refresh();
        assert_eq!(told(&other, &mut seen), (vec![], None));
        alert(at, &other, 7..8);
        assert_eq!(told(&other, &mut seen), (vec![7], None));

        // Cut short: all of it is read again, and nothing of that is news.
        File::options().write(true).open(at.join("alerts.json")).unwrap().set_len(0).unwrap();
        alert(at, &other, 20..22);
        assert_eq!((told(&other, &mut seen), other.view().alerts), ((vec![], Some(None)), 2));
        // Removed and begun anew with the same ids.
        std::fs::remove_file(at.join("alerts.json")).unwrap();
        alert(at, &other, 20..21);
        assert_eq!((told(&other, &mut seen), other.view().alerts), ((vec![20], None), 1));
    }
}
