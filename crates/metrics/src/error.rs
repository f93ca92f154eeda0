//! What can be wrong with labels and scores.

use crate::BudgetError;

/// Labels and scores that nothing can be measured on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum MetricsError {
    /// Two columns that should stand side by side do not.
    #[error("{what} has {found} rows where the labels have {expected}")]
    Lengths { what: String, expected: usize, found: usize },
    /// A score that is no probability.
    #[error("{what} row {row} has the score {value}: a score is a number from 0 to 1")]
    NotAScore { what: String, row: usize, value: f32 },
    /// A flag that its score and threshold deny.
    #[error("{member}: row {row} has the score {score} and the threshold {threshold}, but its flag is {flag}")]
    FlagDiffers { member: String, row: usize, score: f32, threshold: f32, flag: bool },
    /// Nothing to judge.
    #[error("there is no member to judge")]
    NoMembers,
    /// The best F1 is sought where F1 is undefined.
    #[error("best F1 needs attacks, and none of the {rows} rows is one: choose `fixed` or a budget")]
    NoAttacks { rows: usize },
    /// Two models cannot be compared on one class.
    #[error("a paired comparison needs both classes, and there are {benign} benign rows and {attacks} attacks")]
    OneClass { benign: u64, attacks: u64 },
    /// The rule by groups without benign rows in groups.
    #[error("a cut that holds in most groups needs benign rows in groups, and of {rows} rows no benign row has one")]
    NoGroups { rows: usize },
    /// The budget rule cannot be kept.
    #[error(transparent)]
    Budget(#[from] BudgetError),
}

/// Refuses columns of different lengths.
pub(crate) fn same_length(what: &str, expected: usize, found: usize) -> Result<(), MetricsError> {
    if expected == found { Ok(()) } else { Err(MetricsError::Lengths { what: what.to_owned(), expected, found }) }
}

/// Refuses a score outside [0, 1], NaN included.
pub(crate) fn all_scores(what: &str, scores: &[f32]) -> Result<(), MetricsError> {
    match scores.iter().position(|s| !(0.0..=1.0).contains(s)) {
        None => Ok(()),
        Some(row) => Err(MetricsError::NotAScore { what: what.to_owned(), row, value: scores[row] }),
    }
}
