//! Why a job did not end well, told apart by what the user can do about it.

use crate::config::ConfigError;

/// A job that did not end well.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The config, the usage or the input is wrong; nothing was left behind (exit 2).
    #[error("{0}")]
    Refused(String),
    /// The work itself failed; the run's folder says so and can be resumed (exit 1).
    #[error("{0}")]
    Failed(String),
    /// The user stopped it; what was finished is kept and can be resumed (exit 1).
    #[error("stopped: {0}")]
    Interrupted(String),
}

impl From<ConfigError> for PipelineError {
    fn from(error: ConfigError) -> Self {
        PipelineError::Refused(error.to_string())
    }
}

/// The whole chain of causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
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
pub(crate) fn refused(error: impl std::error::Error) -> PipelineError {
    PipelineError::Refused(chain(&error))
}

/// An error of the work.
pub(crate) fn failed(error: impl std::error::Error) -> PipelineError {
    PipelineError::Failed(chain(&error))
}
