//! What the training part looked like, column by column: what later traffic is held against.

use serde::{Deserialize, Serialize};

/// The training part in brief.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileSection {
    /// Numeric columns, in the schema's order.
    pub numeric: Vec<NumericProfile>,
    /// Categorical columns, in the schema's order.
    pub categorical: Vec<CategoricalProfile>,
    /// What each member, then the hybrid, scored.
    pub scores: Vec<ScoreProfile>,
}

/// One numeric column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumericProfile {
    /// The column.
    pub name: String,
    /// Rows looked at.
    pub rows: u64,
    /// Share of them without a value.
    pub missing_rate: f64,
    /// Shares of the values, ascending from 0 to 1, each with the value that so many do not exceed; in the data's own
    /// unit. Empty where there is no value.
    pub quantiles: Vec<(f64, f64)>,
}

/// One categorical column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoricalProfile {
    /// The column.
    pub name: String,
    /// Share of the rows without a value.
    pub missing_rate: f64,
    /// Distinct values.
    pub distinct: u64,
    /// The most frequent values and their rows, most first.
    pub top: Vec<(String, u64)>,
    /// Rows with any other value.
    pub others: u64,
}

/// One column of scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreProfile {
    /// `forest`, `lstm`, …, `hybrid`.
    pub name: String,
    /// Rows in bins of equal width over [0, 1].
    pub bins: Vec<u64>,
}
