//! How far a watch is: what is saved of it besides the scorer's memory.

use std::collections::BTreeMap;

use nta_ingest::LogPlace;
use serde::{Deserialize, Serialize};

use super::counts::WatchCounts;
use super::grouping::Groups;
use super::line_file::Settled;

/// How far a watch is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Position {
    /// By source.
    pub(super) sources: BTreeMap<String, SourcePosition>,
    pub(super) counts: WatchCounts,
    /// Of the file of alerts.
    pub(super) alerts: Settled,
    /// Of the file of all flows.
    pub(super) flows: Settled,
    /// Of the file of the alerts' flows.
    pub(super) flagged: Settled,
    /// The latest end of a flow scored, by source, in microseconds since 1970.
    pub(super) clocks: BTreeMap<String, i64>,
    /// Alerts whose window is open.
    pub(super) groups: Groups,
}

/// How far one source is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SourcePosition {
    /// Where a restart reads on; `None` for what cannot be read again.
    pub(super) place: Option<LogPlace>,
    /// Flows before it.
    pub(super) flows: u64,
    /// Flows behind it that were scored before others that ended later, by number: from, to.
    pub(super) scored: Vec<(u64, u64)>,
    /// The latest end of a flow, in microseconds since 1970.
    pub(super) newest: Option<i64>,
    /// Whether `flows` was chosen when the file of the place was gone: the source is read from its front under numbers that no
    /// flow had before, and until there is a place again the same flows come under the same numbers.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) anew: bool,
}

impl Position {
    /// Of `sources`, whose file of the saved place is gone, no flow that comes is one that was scored; each is numbered from
    /// `now` on, microseconds since 1970.
    pub(super) fn read_anew(&mut self, sources: &[String], now: u64) {
        for source in sources {
            if let Some(saved) = self.sources.get_mut(source) {
                *saved = SourcePosition {
                    place: None,
                    flows: saved.flows.max(now),
                    scored: Vec::new(),
                    newest: saved.newest,
                    anew: true,
                };
            }
        }
    }

    /// Takes back clocks that stand behind `latest`, which none is believed to: of a broken clock, saved before such were told, or
    /// of a system whose own was set back. While they stood, every flow would count for their day, and be late.
    pub(super) fn heal(&mut self, latest: i64) {
        self.clocks.retain(|_, micros| *micros <= latest);
        for source in self.sources.values_mut() {
            source.newest = source.newest.filter(|newest| *newest <= latest);
        }
        self.counts.today = self.counts.today.believed(latest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::Day;

    const DAY: i64 = 86_400_000_000;

    #[test]
    fn clocks_that_nobody_believes_are_taken_back() {
        let mut position = Position::default();
        let source = |newest| SourcePosition { newest: Some(newest), ..SourcePosition::default() };
        position.sources = [("a".to_owned(), source(7)), ("b".to_owned(), source(9 * DAY))].into();
        position.clocks = [("a".to_owned(), 7), ("b".to_owned(), 9 * DAY)].into();
        position.counts.today = Day { day: 9, flows: 5, ..Day::default() };
        let (mut healed, mut kept) = (position.clone(), position.clone());
        healed.heal(DAY);
        assert_eq!(healed.clocks, [("a".to_owned(), 7)].into());
        assert_eq!((healed.sources["a"].newest, healed.sources["b"].newest), (Some(7), None));
        assert_eq!(healed.counts.today, Day::default());
        kept.heal(10 * DAY);
        assert_eq!(kept, position);
    }
}
