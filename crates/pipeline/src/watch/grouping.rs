//! Repeated alerts of one host and kind within a window are one: the first is told at once, and where more came, how many
//! they were when the window ends. Windows go by the times of the flows, and open ones are saved with the position, so that a
//! restart makes the same lines again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::eve::{Alert, GROUP_RULE, derived_id};
use super::timestamp::timestamp;

/// Groups open at a time; where there are more, the one that began first is closed.
const MOST_OPEN: usize = 50_000;

/// Alerts of one host and kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Group {
    source: String,
    host: String,
    /// The feature that speaks loudest for an attack, or nothing.
    kind: String,
    /// The first one's end, and the last one's, in microseconds since 1970.
    first: i64,
    last: i64,
    count: u64,
    /// The highest score.
    highest: f32,
    /// The first one.
    alert: String,
}

/// Whose group it is: source, host, kind.
type Key = (String, String, String);

/// All that are open.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Group>", into = "Vec<Group>")]
pub(super) struct Groups {
    open: BTreeMap<Key, Group>,
    /// By source, then by when they began.
    begun: BTreeSet<(String, i64, Key)>,
}

/// A line that ends a group.
pub(super) struct Closed {
    pub(super) id: String,
    pub(super) line: String,
}

impl Groups {
    /// Counts the alert to the group that is open for its host and kind; `false` where there is none.
    pub(super) fn joins(&mut self, source: &str, alert: &Alert) -> bool {
        let key = (source.to_owned(), alert.src.clone(), alert.kind().to_owned());
        let Some(group) = self.open.get_mut(&key) else { return false };
        group.count += 1;
        group.last = group.last.max(alert.micros);
        group.highest = group.highest.max(alert.score);
        true
    }

    /// Opens a group with its first alert; the end of one that must make room.
    pub(super) fn open(&mut self, source: &str, alert: &Alert) -> Option<Closed> {
        let oldest = (self.open.len() >= MOST_OPEN).then(|| self.begun.first().cloned()).flatten();
        let room = oldest.and_then(|oldest| self.remove(&oldest)).and_then(Group::close);
        self.add(Group {
            source: source.to_owned(),
            host: alert.src.clone(),
            kind: alert.kind().to_owned(),
            first: alert.micros,
            last: alert.micros,
            count: 1,
            highest: alert.score,
            alert: alert.line.clone(),
        });
        room
    }

    /// How many are open.
    pub(super) fn n_open(&self) -> usize {
        self.open.len()
    }

    /// Closes the source's groups whose window of `width` has ended by the time `now` of its flows; what is to be told.
    pub(super) fn close(&mut self, source: &str, width: Duration, now: i64) -> Vec<Closed> {
        let micros = i64::try_from(width.as_micros()).unwrap_or(i64::MAX);
        let from = (source.to_owned(), i64::MIN, Key::default());
        let of_source = self.begun.range(from..).take_while(|(theirs, ..)| theirs == source);
        let ended: Vec<_> =
            of_source.take_while(|(_, first, _)| first.saturating_add(micros) <= now).cloned().collect();
        ended.iter().filter_map(|ended| self.remove(ended)).filter_map(Group::close).collect()
    }

    fn add(&mut self, group: Group) {
        self.begun.insert(group.begun());
        self.open.insert(group.key(), group);
    }

    fn remove(&mut self, begun: &(String, i64, Key)) -> Option<Group> {
        self.begun.remove(begun);
        self.open.remove(&begun.2)
    }
}

impl From<Vec<Group>> for Groups {
    fn from(groups: Vec<Group>) -> Groups {
        let mut open = Groups::default();
        groups.into_iter().for_each(|group| open.add(group));
        open
    }
}

impl From<Groups> for Vec<Group> {
    fn from(groups: Groups) -> Vec<Group> {
        groups.open.into_values().collect()
    }
}

impl Group {
    fn key(&self) -> Key {
        (self.source.clone(), self.host.clone(), self.kind.clone())
    }

    fn begun(&self) -> (String, i64, Key) {
        (self.source.clone(), self.first, self.key())
    }

    /// `None` where there was but one alert, which has been told.
    fn close(self) -> Option<Closed> {
        if self.count < 2 {
            return None;
        }
        let mut line: Value = serde_json::from_str(&self.alert).ok()?;
        let first = line["alert"]["metadata"]["nta_id"][0].as_str()?.to_owned();
        let id = derived_id(&first, "group");
        line["timestamp"] = timestamp(self.last).into();
        line["alert"]["signature_id"] = GROUP_RULE.into();
        line["alert"]["signature"] = "NTA alerts of one host and kind".into();
        let told = &mut line["alert"]["metadata"];
        told["nta_id"] = json!([id]);
        told["nta_group"] = json!([first]);
        told["nta_group_count"] = json!([self.count.to_string()]);
        told["nta_group_first"] = json!([timestamp(self.first)]);
        told["nta_group_last"] = json!([timestamp(self.last)]);
        told["nta_score"] = json!([self.highest.to_string()]);
        Some(Closed { id, line: line.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn alert(n: i64, host: &str, reasons: &str) -> Alert {
        let line =
            json!({ "timestamp": "t", "alert": { "signature_id": 1, "metadata": { "nta_id": [n.to_string()] } } });
        Alert {
            id: n.to_string(),
            line: line.to_string(),
            src: host.to_owned(),
            dst: String::new(),
            micros: n * SECOND,
            score: n as f32,
            reasons: reasons.to_owned(),
            flow: None,
        }
    }

    #[test]
    fn one_host_and_kind_is_told_once_and_counted_when_the_window_ends() {
        let mut groups = Groups::default();
        let minute = Duration::from_secs(60);
        for n in 1..=3 {
            assert_eq!(groups.joins("gate", &alert(n, "10.0.0.1", &format!("bytes +0.{n}; ports +0.1"))), n > 1);
            if n == 1 {
                assert!(groups.open("gate", &alert(n, "10.0.0.1", "bytes +0.1")).is_none());
            }
        }
        // Another host, kind or source is another group; one alert alone is not told again.
        for (source, host, why) in
            [("gate", "10.0.0.2", "bytes +0.1"), ("gate", "10.0.0.1", "x +1"), ("b", "10.0.0.1", "bytes")]
        {
            assert!(!groups.joins(source, &alert(2, host, why)));
        }
        let _ = groups.open("gate", &alert(2, "10.0.0.2", "bytes +0.1"));
        assert!(groups.close("b", minute, i64::MAX).is_empty() && groups.close("gate", minute, 60 * SECOND).is_empty());
        // Saved and read again meanwhile.
        let saved = serde_json::to_string(&groups).unwrap();
        let mut groups: Groups = serde_json::from_str(&saved).unwrap();
        let closed = groups.close("gate", minute, 61 * SECOND);
        let line: Value = serde_json::from_str(&closed[0].line).unwrap();
        let told = &line["alert"]["metadata"];
        assert_eq!((closed.len(), &told["nta_group"][0], &told["nta_group_count"][0]), (1, &"1".into(), &"3".into()));
        assert_eq!((&told["nta_group_last"][0], &told["nta_score"][0]), (&timestamp(3 * SECOND).into(), &"3".into()));
        assert!(groups.close("gate", minute, i64::MAX).is_empty(), "the other held one alert");
    }
}
