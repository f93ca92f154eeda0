//! Why a job did not end well, told apart by what the user can do about it.

use std::error::Error;
use std::fmt;

use crate::config::ConfigError;

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
    /// A refusal in a sentence of ours.
    pub(crate) fn refuse(message: impl Into<String>) -> Self {
        PipelineError::Refused(message.into().into())
    }

    /// A failure in a sentence of ours.
    pub(crate) fn fail(message: impl Into<String>) -> Self {
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
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        at = cause.source();
    }
    text
}

/// An error of the input.
pub(crate) fn refused(error: impl Error + Send + Sync + 'static) -> PipelineError {
    PipelineError::Refused(Cause::of(error))
}

/// An error of the work.
pub(crate) fn failed(error: impl Error + Send + Sync + 'static) -> PipelineError {
    PipelineError::Failed(Cause::of(error))
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
        assert_eq!(PipelineError::refuse("no such run").to_string(), "no such run");
    }
}
