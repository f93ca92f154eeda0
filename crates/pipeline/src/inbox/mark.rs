//! What people have made of alerts: a file of lines of JSON that lines are added to, one for each act.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::number::id_number;
use crate::error::{PipelineError, failed};

/// What has become of an alert.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum AlertState {
    /// Nobody has looked at it.
    #[default]
    New,
    /// Seen.
    Acknowledged,
    /// No attack: it keeps the label `benign` for the next retraining.
    FalseAlarm,
    /// Known: the host or the kind is not to be told again for a while.
    Suppressed,
    /// An attack that somebody takes on: it keeps the label `attack`.
    Escalated,
}

impl AlertState {
    /// All of them.
    pub const ALL: [AlertState; 5] = [
        AlertState::New,
        AlertState::Acknowledged,
        AlertState::FalseAlarm,
        AlertState::Suppressed,
        AlertState::Escalated,
    ];
}

/// One act on an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When, in milliseconds since 1970.
    pub when: i64,
    /// Who.
    pub who: String,
    /// What it is from then on.
    pub state: AlertState,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// An alert by its id and the end of its flow: a watch that begins anew gives ids again, but not to the same time.
pub(super) type Key = (u64, i64);

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Act {
    #[serde(flatten)]
    mark: Mark,
    alerts: Vec<(String, i64)>,
}

/// All acts.
pub(super) struct Marks {
    path: PathBuf,
    file: File,
    acts: Vec<Mark>,
    /// The last act on each alert.
    last: HashMap<Key, u32>,
}

impl Marks {
    /// The file at `path`, made where there is none. Half a line at its end, which a server that was killed left, is cut off.
    pub(super) fn open(path: &Path) -> Result<Marks, PipelineError> {
        let unreadable = |e: std::io::Error| PipelineError::refuse(format!("cannot use {}: {e}", path.display()));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(unreadable)?;
        let mut marks = Marks { path: path.to_owned(), acts: Vec::new(), last: HashMap::new(), file };
        let mut reader = BufReader::new(marks.file.try_clone().map_err(unreadable)?);
        let (mut line, mut whole, mut nth) = (Vec::new(), 0, 0);
        while reader.read_until(b'\n', &mut line).map_err(unreadable)? > 0 && line.ends_with(b"\n") {
            nth += 1;
            whole += line.len() as u64;
            let act: Act = serde_json::from_slice(&line).map_err(|e| {
                let remedy = "put the line right, or take it out";
                PipelineError::refuse(format!("{}, line {nth}: {e}; {remedy}", path.display()))
            })?;
            marks.take(&act);
            line.clear();
        }
        marks.file.set_len(whole).map_err(unreadable)?;
        marks.file.seek(SeekFrom::Start(whole)).map_err(unreadable)?;
        Ok(marks)
    }

    fn take(&mut self, act: &Act) {
        let nth = self.acts.len() as u32;
        self.acts.push(act.mark.clone());
        self.last.extend(act.alerts.iter().map(|(id, micros)| ((id_number(id), *micros), nth)));
    }

    /// Adds one, on disk before it counts.
    pub(super) fn add(&mut self, mark: Mark, alerts: Vec<(String, i64)>) -> Result<(), PipelineError> {
        let act = Act { mark, alerts };
        let mut line = serde_json::to_vec(&act).map_err(failed)?;
        line.push(b'\n');
        let before = self.file.stream_position().map_err(failed)?;
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Half a line would spoil the next.
            let _ = self.file.set_len(before).and_then(|()| self.file.seek(SeekFrom::Start(before)));
            let doing = "write";
            return Err(failed(nta_tracking::TrackingError::Io { doing, path: self.path.clone(), source: error }));
        }
        self.take(&act);
        Ok(())
    }

    /// The last act on an alert.
    pub(super) fn last(&self, key: Key) -> Option<&Mark> {
        self.last.get(&key).map(|&nth| &self.acts[nth as usize])
    }

    /// Every act on an alert, the latest first.
    pub(super) fn all(&self, id: &str, micros: i64) -> Result<Vec<Mark>, PipelineError> {
        let reader = BufReader::new(File::open(&self.path).map_err(failed)?);
        let mut found = Vec::new();
        for line in reader.lines() {
            let line = line.map_err(failed)?;
            if line.contains(id)
                && let Ok(act) = serde_json::from_str::<Act>(&line)
                && act.alerts.iter().any(|(theirs, at)| theirs == id && *at == micros)
            {
                found.push(act.mark);
            }
        }
        found.reverse();
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(when: i64, state: AlertState) -> Mark {
        Mark { when, who: "anna".to_owned(), state, note: String::new() }
    }

    #[test]
    fn acts_stay_over_restarts_and_half_a_line_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("marks.jsonl");
        let mut marks = Marks::open(&path).unwrap();
        marks.add(mark(1, AlertState::Acknowledged), vec![("ab".to_owned(), 5), ("cd".to_owned(), 6)]).unwrap();
        marks.add(mark(2, AlertState::FalseAlarm), vec![("ab".to_owned(), 5)]).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"when\":3").unwrap();
        let mut marks = Marks::open(&path).unwrap();
        marks.add(mark(4, AlertState::Escalated), vec![("ef".to_owned(), 7)]).unwrap();
        let marks = Marks::open(&path).unwrap();
        let state = |id: &str, micros: i64| marks.last((id_number(id), micros)).map(|mark| mark.state);
        assert_eq!(state("ab", 5), Some(AlertState::FalseAlarm));
        assert_eq!((state("cd", 6), state("ef", 7)), (Some(AlertState::Acknowledged), Some(AlertState::Escalated)));
        assert_eq!(state("ab", 6), None, "another flow under the same id");
        let all: Vec<i64> = marks.all("ab", 5).unwrap().iter().map(|mark| mark.when).collect();
        assert_eq!(all, [2, 1]);
        std::fs::write(&path, "{}\n").unwrap();
        let why = Marks::open(&path).err().unwrap().to_string();
        assert!(why.contains("marks.jsonl, line 1"), "{why}");
    }
}
