//! `run.json`: what a run is, how far it came and what it made.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::lines::check_is_file;
use crate::{Host, Moment, TrackingError};

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Begun and not ended. Where no process holds the run it was killed, and [`crate::runs`] calls it interrupted.
    Running,
    /// Came to its end.
    Finished,
    /// Ended with an error; the reason stands beside it.
    Failed,
    /// Stopped from outside; it can be taken up again.
    Interrupted,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Status::Running => "running",
            Status::Finished => "finished",
            Status::Failed => "failed",
            Status::Interrupted => "interrupted",
        })
    }
}

/// A stage that came to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageRecord {
    /// `read`, `forest`, …
    pub name: String,
    /// Wall time; of a stage that was interrupted, only what the last attempt took.
    pub seconds: f64,
}

/// The contents of `run.json`. Nothing in it reaches a result: run ids, times and hosts stay out of the model's digest
/// and of `evaluation.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// `20261122-101503-k7f2`.
    pub id: String,
    /// The config's name.
    pub name: String,
    /// How it stands.
    pub status: Status,
    /// Why it failed or was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it began.
    pub started: Moment,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Moment>,
    /// When it was taken up again after an interruption, once each time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<Moment>,
    /// The run that this one was made from (a retraining, a sweep).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Seed of every random number.
    pub seed: u64,
    /// Digest of the resolved config; `--resume` looks for it.
    pub config_digest: String,
    /// Version of the program.
    pub version: String,
    /// The machine.
    pub host: Host,
    /// Finished stages, in order.
    #[serde(default)]
    pub stages: Vec<StageRecord>,
    /// Digests of what went in and came out: `train`, `model`, …
    #[serde(default)]
    pub digests: BTreeMap<String, String>,
    /// Digest of the test rows that the evaluation opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_digest: Option<String>,
    /// What became of each key that the config left to the data (`auto`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settled: BTreeMap<String, String>,
    /// The model version stored, `nsl-kdd/3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl RunRecord {
    /// Sum of the stages' wall time.
    pub fn seconds(&self) -> f64 {
        self.stages.iter().map(|stage| stage.seconds).sum()
    }

    /// Notes that a stage came to its end, in place of an earlier note of the same stage.
    pub fn note_stage(&mut self, name: &str, seconds: f64) {
        match self.stages.iter_mut().find(|stage| stage.name == name) {
            Some(stage) => stage.seconds = seconds,
            None => self.stages.push(StageRecord { name: name.to_owned(), seconds }),
        }
    }
}

/// Reads `run.json` in `folder`, takes no lock and changes nothing. The status is the one written there.
pub fn read_record(folder: &Path) -> Result<RunRecord, TrackingError> {
    let path = folder.join("run.json");
    check_is_file(&path)?;
    let bytes = fs::read(&path).map_err(TrackingError::io("read", &path))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| TrackingError::damaged(&path, Some(e.line()), format!("not a run's record: {e}")))
}
