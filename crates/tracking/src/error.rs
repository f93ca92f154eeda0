//! What can go wrong with a run's folder.

use std::io;
use std::path::{Path, PathBuf};

use nta_atomic::WriteError;

/// A run's folder that cannot be made, read, found or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TrackingError {
    /// A name that cannot be a folder.
    #[error("`{name}` cannot name {what}: use letters, digits, `-`, `_` and `.`, at most 100, not a dot first")]
    BadName { what: &'static str, name: String },
    /// An artefact path that leaves the run's folder.
    #[error("`{relative}` does not lie inside the run's folder: give a relative path without `..`")]
    Outside { relative: String },
    /// A file could not be put in place.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    /// A file that is not what it should be.
    #[error("{}: {why}", place(path, *line))]
    Damaged { path: PathBuf, line: Option<usize>, why: String },
    /// Nothing goes by that name.
    #[error("no run `{asked}` under {}: {known}", experiments.display())]
    NotFound { asked: String, experiments: PathBuf, known: String },
    /// Several do.
    #[error("`{asked}` could be {candidates}: give more of the run's id")]
    Ambiguous { asked: String, candidates: String },
    /// Another process writes this run.
    #[error("run {run} is being written by process {pid}: wait for it to end, or end it")]
    Busy { run: String, pid: u32 },
}

impl TrackingError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| TrackingError::Io { doing, path, source }
    }

    pub(crate) fn damaged(path: &Path, line: Option<usize>, why: impl ToString) -> Self {
        TrackingError::Damaged { path: path.to_owned(), line, why: why.to_string() }
    }
}

fn place(path: &Path, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("{}, line {line}", path.display()),
        None => path.display().to_string(),
    }
}
