//! What a watch saves of itself, in one file that is replaced whole: a line of JSON that says how far it is, then the
//! scorer's memory, whose seal covers that line too.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use nta_ingest::LogPlace;
use nta_model::{Model, ModelError, Scorer};
use serde::{Deserialize, Serialize};

use super::clock::latest_believed;
use super::counts::WatchCounts;
use super::grouping::Groups;
use super::line_file::Settled;
use crate::error::{PipelineError, failed, refused};

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
    fn heal(&mut self, latest: i64) {
        self.clocks.retain(|_, micros| *micros <= latest);
        for source in self.sources.values_mut() {
            source.newest = source.newest.filter(|newest| *newest <= latest);
        }
        self.counts.today = self.counts.today.believed(latest);
    }
}

/// What was found.
pub(super) struct SavedState {
    pub(super) position: Position,
    /// `None` where it is another model's.
    pub(super) scorer: Option<Scorer>,
}

impl SavedState {
    /// `None` where nothing was saved yet.
    pub(super) fn load(path: &Path, model: &Arc<Model>) -> Result<Option<SavedState>, PipelineError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(PipelineError::refuse(format!("cannot read {}: {error}", path.display()))),
        };
        let damaged = || {
            let remedy = "move it away to begin anew";
            PipelineError::refuse(format!("{} is no state of a watch, or damaged; {remedy}", path.display()))
        };
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(damaged)?;
        let mut position: Position = serde_json::from_slice(&bytes[..end]).map_err(|_| damaged())?;
        position.heal(latest_believed());
        let scorer = match Scorer::restore(Arc::clone(model), &bytes[end + 1..]) {
            Ok((scorer, line)) if line == bytes[..end] => Some(scorer),
            Ok(_) => return Err(damaged()),
            Err(ModelError::SnapshotOfAnother { .. }) => None,
            Err(error) => return Err(refused(error)),
        };
        Ok(Some(SavedState { position, scorer }))
    }
}

/// Replaces what is saved.
pub(super) fn save(path: &Path, position: &Position, scorer: &Scorer) -> Result<(), PipelineError> {
    let mut bytes = serde_json::to_vec(position).map_err(failed)?;
    let snapshot = scorer.snapshot(&bytes).map_err(failed)?;
    bytes.push(b'\n');
    bytes.extend_from_slice(&snapshot);
    nta_atomic::write(path, &bytes).map_err(failed)
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
