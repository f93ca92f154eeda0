//! Why a job did not end well, told apart by what the user can do about it.

use std::error::Error;
use std::fmt;
use std::io;

use nta_ingest::IngestError;

use crate::config::error::ConfigError;

/// A job that did not end well.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The config, the usage or the input is wrong; nothing was left behind (exit 2).
    #[error("{0}")]
    Refused(#[source] Cause),
    /// The work itself failed; the run's folder says so and can be resumed (exit 1).
    #[error("{0}")]
    Failed(#[source] Cause),
    /// The user stopped it; what was finished is kept and can be resumed (exit 130 or 143).
    #[error("stopped: {0}")]
    Interrupted(String),
    /// The job did its work, and what it found does not pass a gate that the user set (exit 3).
    #[error("{0}")]
    Gate(String),
}

/// What went wrong: a sentence of ours, or an error of a crate below with all of its causes.
#[derive(Debug)]
pub struct Cause {
    message: String,
    error: Option<Box<dyn Error + Send + Sync>>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.as_deref().map(|error| error as _)
    }
}

impl From<String> for Cause {
    fn from(message: String) -> Self {
        Cause { message, error: None }
    }
}

impl Cause {
    fn of(error: impl Error + Send + Sync + 'static) -> Self {
        Cause { message: chain(&error), error: Some(Box::new(error)) }
    }
}

impl PipelineError {
    /// A command that cannot be meant so.
    pub fn usage(message: impl Into<String>) -> Self {
        PipelineError::refuse(message)
    }

    /// A refusal in a sentence of ours.
    pub(crate) fn refuse(message: impl Into<String>) -> Self {
        PipelineError::Refused(message.into().into())
    }

    /// A failure in a sentence of ours.
    pub fn fail(message: impl Into<String>) -> Self {
        PipelineError::Failed(message.into().into())
    }
}

impl From<ConfigError> for PipelineError {
    fn from(error: ConfigError) -> Self {
        refused(error)
    }
}

/// An error and its causes in one line; a cause that the error before it quotes is not told twice.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut at = error.source();
    while let Some(cause) = at {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        at = cause.source();
    }
    if let Some(remedy) = no_room(&text).filter(|remedy| !text.contains(remedy)) {
        text.push_str("; ");
        text.push_str(remedy);
    }
    text
}

/// What to do where the system had no room for a file. Told by the system's number, which errors of every library keep in
/// their words.
fn no_room(text: &str) -> Option<&'static str> {
    let numbers = [
        ("(os error 28)", "the disk is full: make room on it or write elsewhere, and call again"),
        ("(os error 122)", "your quota is used up: make room or write elsewhere, and call again"),
        (
            "(os error 27)",
            "files may not grow so large here (`ulimit -f`, or the file system): write elsewhere, and call again",
        ),
    ];
    numbers.into_iter().find(|(number, _)| text.contains(number)).map(|(_, remedy)| remedy)
}

/// Whether it is for want of room on a disk, which may come.
pub(crate) fn is_for_want_of_room(error: &PipelineError) -> bool {
    no_room(&error.to_string()).is_some()
}

/// Whether the system gave it: a file that cannot be read now may be read later.
pub(crate) fn is_of_the_system(error: &PipelineError) -> bool {
    error.to_string().contains("(os error ")
}

/// An error of the input; a disk that was full while it was looked at is none.
pub(crate) fn refused(error: impl Error + Send + Sync + 'static) -> PipelineError {
    stopped(&error).unwrap_or_else(|| {
        let cause = Cause::of(error);
        if no_room(&cause.message).is_some() { PipelineError::Failed(cause) } else { PipelineError::Refused(cause) }
    })
}

/// An error of the work.
pub(crate) fn failed(error: impl Error + Send + Sync + 'static) -> PipelineError {
    stopped(&error).unwrap_or_else(|| PipelineError::Failed(Cause::of(error)))
}

/// That the caller ended a reading or a waiting, which reaches us as an error of the crate below.
fn stopped(error: &(dyn Error + 'static)) -> Option<PipelineError> {
    let mut at = Some(error);
    while let Some(cause) = at {
        if matches!(cause.downcast_ref(), Some(IngestError::Cancelled)) {
            return Some(PipelineError::Interrupted("while reading".to_owned()));
        }
        // The system's own interruptions have a number and are tried again where they come.
        let given_up = |e: &io::Error| e.kind() == io::ErrorKind::Interrupted && e.raw_os_error().is_none();
        if cause.downcast_ref().is_some_and(given_up) {
            return Some(PipelineError::Interrupted("while waiting for another process".to_owned()));
        }
        at = cause.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_below_is_kept_and_told_once() {
        let io = std::io::Error::new(std::io::ErrorKind::StorageFull, "no space left");
        let path = std::path::Path::new("m/forest.bin").to_owned();
        let below = nta_tracking::TrackingError::Io { doing: "write", path, source: io };
        let error = failed(below);
        assert_eq!(error.to_string(), "cannot write m/forest.bin: no space left");
        assert_eq!(chain(&error), error.to_string());
        let mut at = error.source();
        let mut found = None;
        while let Some(cause) = at {
            found = found.or(cause.downcast_ref::<nta_tracking::TrackingError>());
            at = cause.source();
        }
        assert!(matches!(found, Some(nta_tracking::TrackingError::Io { doing: "write", .. })));
        let full = std::io::Error::from_raw_os_error(28);
        let full = nta_tracking::TrackingError::Io { doing: "write", path: "m/forest.bin".into(), source: full };
        let told =
            "cannot write m/forest.bin: No space left on device (os error 28); the disk is full: make room on it";
        for error in [refused(IngestError::Write { path: "m".into(), problem: chain(&full) }), failed(full)] {
            assert!(matches!(error, PipelineError::Failed(_)), "{error:?}");
            assert!(error.to_string().contains(told), "{error}");
            assert_eq!(chain(&error).matches("call again").count(), 1, "{}", chain(&error));
        }
        assert!(matches!(refused(IngestError::Cancelled), PipelineError::Interrupted(_)));
        assert_eq!(PipelineError::refuse("no such run").to_string(), "no such run");
    }
}
