//! Looking back: which runs there are, what one of them gave.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use nta_metrics::Evaluation;
use nta_tracking::{RunRecord, RunSummary, Status};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{PipelineError, refused};
use crate::project::Project;
use crate::run::{COLUMNS, ColumnCheck};

/// One line of `nta runs`.
#[derive(Debug, Clone, Serialize)]
pub struct RunLine {
    /// run.json.
    pub record: RunRecord,
    /// What became of it: a run whose process is gone counts as interrupted.
    pub status: Status,
    /// Its folder.
    pub folder: PathBuf,
    /// What each feature says of the label by itself, once it was looked at.
    pub columns: Option<ColumnCheck>,
    /// What was measured, once it was.
    pub evaluation: Option<Evaluation>,
}

/// All runs.
#[derive(Debug, Clone, Serialize)]
pub struct RunList {
    /// Newest first.
    pub runs: Vec<RunLine>,
    /// Folders that hold no readable run, and why.
    pub damaged: Vec<String>,
}

/// Every run of the project, newest first.
pub fn runs(project: &Project) -> Result<RunList, PipelineError> {
    let found = nta_tracking::runs(&project.home).map_err(refused)?;
    let damaged = found.damaged.iter().map(|d| format!("{}: {}", d.folder.display(), d.why)).collect();
    Ok(RunList { runs: found.runs.into_iter().rev().map(line).collect(), damaged })
}

/// One run, by id, the beginning of one, an experiment's name (its newest run) or `latest`.
pub fn show(project: &Project, asked: &str) -> Result<RunLine, PipelineError> {
    nta_tracking::find(&project.home, asked).map(line).map_err(refused)
}

fn line(run: RunSummary) -> RunLine {
    let (columns, evaluation) = (kept_in(&run.folder, COLUMNS), evaluation_in(&run.folder));
    RunLine { record: run.record, status: run.status, folder: run.folder, columns, evaluation }
}

fn evaluation_in(folder: &Path) -> Option<Evaluation> {
    kept_in(folder, "evaluation.json")
}

/// What a run keeps under `name`, where it is a file and one of ours: opening a pipe would wait for its other end.
fn kept_in<T: DeserializeOwned>(folder: &Path, name: &str) -> Option<T> {
    let path = folder.join(name);
    let bytes = path.is_file().then(|| std::fs::read(&path).ok())??;
    serde_json::from_slice(&bytes).ok()
}

/// The evaluations of all runs, each read when it is asked for.
pub(crate) struct Evaluations {
    folders: HashMap<String, PathBuf>,
}

impl Evaluations {
    pub(crate) fn of(project: &Project) -> Result<Self, PipelineError> {
        let runs = nta_tracking::runs(&project.home).map_err(refused)?.runs;
        Ok(Evaluations { folders: runs.into_iter().map(|run| (run.record.id, run.folder)).collect() })
    }

    /// What the run measured; none where it is gone or not finished.
    pub(crate) fn of_run(&self, id: &str) -> Option<Evaluation> {
        self.folders.get(id).and_then(|folder| evaluation_in(folder))
    }
}

/// A finished run's evaluation, or the error that says it has none.
pub(crate) fn evaluation_of(run: &RunLine) -> Result<&Evaluation, PipelineError> {
    run.evaluation.as_ref().ok_or_else(|| {
        PipelineError::refuse(format!("run {} has no evaluation.json: it is not finished", run.record.id))
    })
}
