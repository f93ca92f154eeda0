//! Why a config cannot be run.

/// A config that cannot be run.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {message}", file, place.map(|(l, c)| format!(":{l}:{c}")).unwrap_or_default())]
pub struct ConfigError {
    /// The file, or `--set`.
    pub file: String,
    /// Line and column, from 1.
    pub place: Option<(u64, u64)>,
    /// Key, value, and what would be right.
    pub message: String,
}
