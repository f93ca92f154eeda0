//! A configured value outside its range.

/// Names the key (relative to its stage), the value found and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}: {value}`: {expected}")]
pub struct ConfigError {
    /// Key path relative to the stage, e.g. `categorical.min_count`.
    pub key: String,
    /// The value found.
    pub value: String,
    /// What would be right.
    pub expected: String,
}

impl ConfigError {
    pub(crate) fn new(key: &str, value: impl ToString, expected: impl Into<String>) -> Self {
        ConfigError { key: key.to_owned(), value: value.to_string(), expected: expected.into() }
    }
}
