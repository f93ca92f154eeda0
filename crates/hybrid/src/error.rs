//! What can be wrong with a fusion.

use nta_metrics::MetricsError;

/// Members that cannot be fused, or a config that asks for the impossible.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum HybridError {
    /// A config value out of range; `key` is relative to the stage.
    #[error("`{key}` is {value}: {right}")]
    Config { key: String, value: String, right: String },
    /// Nothing to fuse.
    #[error("there is no member to fuse")]
    NoMembers,
    /// The members are not those that the hybrid fuses.
    #[error("the hybrid fuses {expected}, but the scores are those of {found}")]
    Members { expected: String, found: String },
    /// Columns of different lengths.
    #[error("{member} has {found} scores where {expected} are expected")]
    Lengths { member: String, expected: usize, found: usize },
    /// A score that is no probability.
    #[error("{member}: row {row} has the score {value}: a score is a number from 0 to 1")]
    NotAScore { member: String, row: usize, value: f32 },
    /// Calibration rows that teach nothing.
    #[error(
        "`{combine}` learns from the calibration part, which has {benign} benign rows and {attacks} attacks: it needs \
         both; enlarge that part or choose `average`"
    )]
    OneClass { combine: &'static str, benign: usize, attacks: usize },
    /// No benign row to be surprised against.
    #[error("`surprise` learns from the benign rows of the calibration part, which has none: enlarge that part")]
    NoBenign,
    /// No member's score rises with the share of attacks.
    #[error("stacking found no member whose score rises with attacks on the calibration part: choose `average`")]
    NoMemberHelps,
    /// The solver gave up.
    #[error("stacking did not converge on {rows} calibration rows ({why}): choose `average` or `tuned_weights`")]
    NotConverged { rows: usize, why: String },
    /// A saved hybrid that contradicts itself.
    #[error("the saved hybrid cannot be used: {why}")]
    Invalid { why: String },
    /// No threshold could be chosen.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
}
