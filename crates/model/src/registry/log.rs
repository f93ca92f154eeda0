//! `log.jsonl` beside the aliases: who moved which alias, when, from where to where, and why.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::lines;
use crate::ModelError;

pub(super) const LOG: &str = "log.jsonl";

/// What moved an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// It was pointed at a version.
    Promote,
    /// It went back to a version where it had been.
    Rollback,
    /// It was taken away.
    Remove,
    /// aliases.yaml says so and nothing tells who wrote that: it was edited by hand, or is older than the log.
    Found,
}

impl std::fmt::Display for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Act::Promote => "promoted",
            Act::Rollback => "rolled back",
            Act::Remove => "removed",
            Act::Found => "found",
        })
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasChange {
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// Who: `user@host`.
    pub who: String,
    /// What happened.
    pub act: Act,
    /// The alias: `champion`.
    pub alias: String,
    /// The version that it pointed at; null where there was no such alias.
    pub from: Option<u32>,
    /// The version that it points at since; null where it was taken away.
    pub to: Option<u32>,
    /// Why, where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A time for which an alias pointed at one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reign {
    /// The alias: `champion`.
    pub alias: String,
    /// The version.
    pub version: u32,
    /// Since when, RFC 3339.
    pub since: String,
    /// Until when; null while it lasts.
    pub until: Option<String>,
    /// Who pointed the alias there.
    pub who: String,
    /// Why, where it was said.
    pub why: Option<String>,
}

/// Number of whole lines; none where there is no log.
pub(super) fn count(folder: &Path) -> Result<usize, ModelError> {
    lines::count(&folder.join(LOG))
}

/// Every change, oldest first.
pub(super) fn read(folder: &Path) -> Result<Vec<AliasChange>, ModelError> {
    lines::read(&folder.join(LOG))
}

/// Appends changes; answers how long the log was before. The folder's lock is held.
pub(super) fn append(folder: &Path, changes: &[AliasChange]) -> Result<u64, ModelError> {
    lines::append(&folder.join(LOG), changes)
}

/// Takes back what was appended after `length` bytes: it did not come to pass.
pub(super) fn take_back(folder: &Path, length: u64) {
    lines::take_back(&folder.join(LOG), length);
}

/// Makes a change in `aliases`.
pub(super) fn apply(aliases: &mut BTreeMap<String, u32>, change: &AliasChange) {
    match change.to {
        Some(number) => drop(aliases.insert(change.alias.clone(), number)),
        None => drop(aliases.remove(&change.alias)),
    }
}

/// Versions that `alias` pointed at before the one of now, the last one first: where rollbacks lead, one after another.
pub(super) fn before(log: &[AliasChange], alias: &str) -> Vec<u32> {
    let (mut past, mut now) = (Vec::new(), None);
    for change in log.iter().filter(|change| change.alias == alias) {
        if change.act == Act::Rollback {
            // What lies after the version that it went back to is no longer before anything.
            while past.pop().is_some_and(|number| Some(number) != change.to) {}
        } else if change.to != now {
            past.extend(now);
        }
        now = change.to;
    }
    past.reverse();
    past
}

/// Who was champion when: the times of every alias, oldest first.
pub(super) fn reigns(log: &[AliasChange]) -> Vec<Reign> {
    let mut all: Vec<Reign> = Vec::new();
    for change in log {
        if change.from == change.to {
            continue;
        }
        if let Some(last) = all.iter_mut().rfind(|reign| reign.alias == change.alias && reign.until.is_none()) {
            last.until = Some(change.time.clone());
        }
        let Some(version) = change.to else { continue };
        all.push(Reign {
            alias: change.alias.clone(),
            version,
            since: change.time.clone(),
            until: None,
            who: change.who.clone(),
            why: change.why.clone(),
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(act: Act, from: Option<u32>, to: Option<u32>) -> AliasChange {
        let time = format!("2026-11-2{}T10:00:00Z", to.unwrap_or(9));
        AliasChange { time, who: "ann@box".into(), act, alias: "champion".into(), from, to, why: None }
    }

    #[test]
    fn a_line_cut_short_is_passed_over_and_then_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (change(Act::Promote, None, Some(1)), change(Act::Promote, Some(1), Some(2)));
        assert_eq!(read(folder.path()).unwrap(), []);
        append(folder.path(), std::slice::from_ref(&one)).unwrap();
        let mut torn = std::fs::read(folder.path().join(LOG)).unwrap();
        torn.extend(b"{\"time\":\"2026");
        std::fs::write(folder.path().join(LOG), &torn).unwrap();
        assert_eq!((count(folder.path()).unwrap(), read(folder.path()).unwrap()), (1, vec![one.clone()]));
        append(folder.path(), std::slice::from_ref(&two)).unwrap();
        assert_eq!((count(folder.path()).unwrap(), read(folder.path()).unwrap()), (2, vec![one, two]));
        std::fs::write(folder.path().join(LOG), "{}\n").unwrap();
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("log.jsonl, line 1: missing field"), "{error}");
    }

    #[test]
    fn rollbacks_lead_back_one_after_another() {
        let mut log = vec![
            change(Act::Promote, None, Some(1)),
            change(Act::Promote, Some(1), Some(2)),
            change(Act::Promote, Some(2), Some(2)),
            change(Act::Promote, Some(2), Some(3)),
        ];
        assert_eq!(before(&log, "champion"), [2, 1]);
        log.push(change(Act::Rollback, Some(3), Some(2)));
        assert_eq!(before(&log, "champion"), [1]);
        log.push(change(Act::Promote, Some(2), Some(4)));
        assert_eq!(before(&log, "champion"), [2, 1]);
        log.push(change(Act::Remove, Some(4), None));
        assert_eq!(before(&log, "champion"), [4, 2, 1]);
        assert_eq!(before(&log, "other"), [0_u32; 0]);
    }

    #[test]
    fn a_reign_ends_when_the_next_begins() {
        let log = [
            change(Act::Promote, None, Some(1)),
            change(Act::Promote, Some(1), Some(2)),
            change(Act::Promote, Some(2), Some(2)),
            change(Act::Remove, Some(2), None),
        ];
        let told: Vec<_> = reigns(&log).into_iter().map(|r| (r.version, r.since, r.until)).collect();
        let day = |n: u32| format!("2026-11-2{n}T10:00:00Z");
        assert_eq!(told, [(1, day(1), Some(day(2))), (2, day(2), Some(day(9)))]);
    }
}
