//! What can be wrong with a density's input, settings or file.

use crate::ConfigError;

/// A density that could not be fitted, applied or read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum DensityError {
    /// A setting out of range.
    #[error("density: {0}")]
    Config(#[from] ConfigError),
    /// No column at all.
    #[error("the density got no columns to learn from")]
    NoColumns,
    /// Nothing to learn from.
    #[error("none of {rows} rows is benign and has a weight; the density learns from benign rows alone")]
    NoBenignRows { rows: usize },
    /// Labels and rows do not go together.
    #[error("the density got {rows} rows and {labels} labels; there must be one label a row")]
    LabelsDiffer { rows: usize, labels: usize },
    /// Weights and rows do not go together.
    #[error("the density got {rows} rows and {weights} weights; there must be one weight a row")]
    WeightsDiffer { rows: usize, weights: usize },
    /// Not a weight.
    #[error("the weight of row {row} is {value}; weights are finite and at least 0")]
    BadWeight { row: usize, value: f32 },
    /// More than sums stay exact for.
    #[error("the benign rows weigh {total:e} together; at most {most:e} can be counted, make the weights smaller")]
    TooHeavy { total: f64, most: f64 },
    /// Names, kinds and columns do not go together.
    #[error("the table has {columns} columns, {names} names and {kinds} kinds")]
    NamesDiffer { columns: usize, names: usize, kinds: usize },
    /// Two columns of one name.
    #[error("column `{column}` stands twice in the table; names must differ")]
    DuplicateName { column: String },
    /// A column of another length than the first.
    #[error("column `{column}` has {rows} rows, the first column has {expected}")]
    Ragged { column: String, rows: usize, expected: usize },
    /// An infinite value; NaN is the one mark of a missing value.
    #[error("column `{column}`, row {row} holds {value}; values are finite, or NaN where missing")]
    NotFinite { column: String, row: usize, value: f32 },
    /// A category's rank that is none.
    #[error("column `{column}`, row {row} holds {value}; a category's rank is a whole number from 0")]
    NotARank { column: String, row: usize, value: f32 },
    /// The table's columns are not those of the training.
    #[error("the density was fitted on other columns:{}{}", listed(" missing here: ", .missing), listed(" unknown to it: ", .unknown))]
    ColumnsDiffer { missing: Vec<String>, unknown: Vec<String> },
    /// A column of numbers where categories were learned, or the reverse.
    #[error("column `{column}` holds {found} here; the density was fitted on {wanted}")]
    KindDiffers { column: String, found: &'static str, wanted: &'static str },
    /// A row to be looked at that is not there.
    #[error("there is no row {row}: the table has {rows} rows, counted from 0")]
    NoSuchRow { row: u32, rows: usize },
    /// The caller's [`nta_data::Watch`] asked to stop.
    #[error("work on the density was cancelled")]
    Cancelled,
    /// A file written by a later version.
    #[error("the density file is of revision {found}, this program reads up to {known}: update it")]
    NewerRevision { found: u64, known: u32 },
    /// A file that is not a density, or is damaged.
    #[error("the density file is damaged: {problem}")]
    Damaged { problem: String },
}

impl DensityError {
    pub(crate) fn damaged(problem: impl ToString) -> Self {
        DensityError::Damaged { problem: problem.to_string() }
    }
}

fn listed(title: &str, names: &[String]) -> String {
    match names.is_empty() {
        true => String::new(),
        false => format!("{title}{};", names.join(", ")),
    }
}
