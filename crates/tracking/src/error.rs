//! What can go wrong with a run's folder, and with a server that is told of it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// A setting that cannot be meant.
    #[error("`{name}`: {why}")]
    Setting { name: &'static str, why: String },
    /// A server that cannot be reached, or does not speak as one.
    #[error("{server} does not answer ({doing}): {why}")]
    Unreachable { server: String, doing: String, why: String },
    /// A server that refuses. `code` is its own word for it.
    #[error("{server} refuses ({doing}): {status}{}{}", spaced(code), colon(said))]
    Answered { server: String, doing: String, status: u16, code: String, said: String, pause: Option<Duration> },
    /// A server that holds something else than it should.
    #[error("{server}: {why}")]
    Unfit { server: String, why: String },
}

impl TrackingError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| TrackingError::Io { doing, path, source }
    }

    pub(crate) fn setting(name: &'static str, why: impl ToString) -> Self {
        TrackingError::Setting { name, why: why.to_string() }
    }

    pub(crate) fn unreachable(server: &str, doing: &str, why: impl ToString) -> Self {
        TrackingError::Unreachable { server: server.to_owned(), doing: doing.to_owned(), why: why.to_string() }
    }

    pub(crate) fn unfit(server: &str, why: impl ToString) -> Self {
        TrackingError::Unfit { server: server.to_owned(), why: why.to_string() }
    }

    /// A refusal; `body` is MLflow's `{ error_code, message }`, or whatever stands between us and it sent.
    pub(crate) fn answered(server: &str, doing: &str, status: u16, body: &[u8], pause: Option<Duration>) -> Self {
        let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |key: &str| json[key].as_str().unwrap_or_default();
        let (code, said) = (text("error_code").to_owned(), text("message").chars().take(300).collect());
        TrackingError::Answered { server: server.to_owned(), doing: doing.to_owned(), status, code, said, pause }
    }

    /// Whether the same request may be answered later: nobody answered, its database was in the way, or one of the statuses
    /// that MLflow's own client asks again after.
    pub fn is_passing(&self) -> bool {
        match self {
            TrackingError::Unreachable { .. } => true,
            // MLflow's word for an error of its database, as when two write the same at once.
            TrackingError::Answered { status: 400, code, .. } if code == "BAD_REQUEST" => true,
            TrackingError::Answered { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// Whether the server refused what this one request said, and not who asks or that anybody does.
    pub(crate) fn concerns_one_request(&self) -> bool {
        matches!(self, TrackingError::Answered { status: 400 | 404 | 405 | 409 | 413 | 422, .. })
    }

    /// The pause that the server asked for.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            TrackingError::Answered { pause, .. } => *pause,
            _ => None,
        }
    }

    /// Whether the server said so with this word.
    pub(crate) fn says(&self, word: &str) -> bool {
        matches!(self, TrackingError::Answered { code, .. } if code == word)
    }

    pub(crate) fn damaged(path: &Path, line: Option<usize>, why: impl ToString) -> Self {
        TrackingError::Damaged { path: path.to_owned(), line, why: why.to_string() }
    }
}

fn spaced(word: &str) -> String {
    if word.is_empty() { String::new() } else { format!(" {word}") }
}

fn colon(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

fn place(path: &Path, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("{}, line {line}", path.display()),
        None => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str) -> TrackingError {
        TrackingError::answered("http://host", "runs/log-batch", status, body.as_bytes(), None)
    }

    #[test]
    fn an_answer_that_may_change_is_told_from_one_that_will_not() {
        for (status, body) in [(503, ""), (429, "<html>"), (400, r#"{"error_code":"BAD_REQUEST"}"#)] {
            assert!(answered(status, body).is_passing(), "{status} {body}");
        }
        for (status, code) in [(400, "INVALID_PARAMETER_VALUE"), (404, "RESOURCE_DOES_NOT_EXIST"), (403, "")] {
            assert!(!answered(status, &format!(r#"{{"error_code":"{code}"}}"#)).is_passing(), "{status} {code}");
        }
        let said = answered(400, r#"{"error_code":"INVALID","message":"too long"}"#).to_string();
        assert_eq!(said, "http://host refuses (runs/log-batch): 400 INVALID: too long");
    }
}
