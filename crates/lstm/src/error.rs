//! Everything that can be wrong with what the network is given.

/// A setting out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {value} will not do; {expected}")]
pub struct ConfigError {
    /// Where it stands, relative to the stage (`sequence.length`).
    pub key: &'static str,
    /// What was found.
    pub value: String,
    /// What would be right.
    pub expected: &'static str,
}

/// Why the network cannot be trained, loaded or asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum LstmError {
    /// A setting out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No row to learn or judge from.
    #[error("the {part} part has no row that counts: the LSTM needs at least one; give it a larger share of the data")]
    Empty { part: &'static str },
    /// Nothing to tell apart.
    #[error("all {rows} training rows that count are {found}: the LSTM needs benign and attack rows to learn from")]
    OneClass { found: &'static str, rows: usize },
    /// A number that is none.
    #[error(
        "{part} row {row}, input `{column}`: {value} is not a finite number; impute missing values before the LSTM"
    )]
    NotFinite { part: &'static str, row: usize, column: String, value: String },
    /// A weight that is none.
    #[error("{part} row {row}: weight {value} will not do; weights are finite and at least 0")]
    BadWeight { part: &'static str, row: usize, value: String },
    /// Parallel arrays of different lengths.
    #[error("{part}: {found} {what} for {expected} rows")]
    RowsDiffer { part: &'static str, what: &'static str, found: usize, expected: usize },
    /// The sequences do not cover the rows once each.
    #[error("{part}: the sequences do not hold every one of the {rows} rows exactly once: {why}")]
    BadSequences { part: &'static str, rows: usize, why: String },
    /// Other inputs than the network was trained on.
    #[error(
        "{what} {position} is `{found}` where the network was trained with `{expected}`: give the same inputs in the same order"
    )]
    ColumnsDiffer { what: &'static str, position: usize, found: String, expected: String },
    /// More or fewer inputs than the network was trained on.
    #[error("{found} {what} where the network was trained with {expected}: give the same inputs in the same order")]
    WidthDiffers { what: &'static str, found: usize, expected: usize },
    /// A category code that the network has no weights for.
    #[error("{part} row {row}, input `{column}`: code {code} is out of range, there are {cardinality} codes")]
    CodeOutOfRange { part: &'static str, row: usize, column: String, code: u32, cardinality: u32 },
    /// The device asked for cannot be had.
    #[error("device `{device}` is not available: {why}")]
    Device { device: &'static str, why: String },
    /// The precision asked for cannot be had.
    #[error("precision `{precision}` is not available: {why}")]
    Precision { precision: &'static str, why: String },
    /// The loss stopped being a number.
    #[error(
        "training diverged in epoch {epoch}, batch {batch}: the loss is {loss}; lower `learning_rate` or `clip_norm`"
    )]
    Diverged { epoch: usize, batch: usize, loss: String },
    /// Stopped from outside.
    #[error("training was cancelled")]
    Cancelled,
    /// Bytes that are no saved network or checkpoint.
    #[error("not a usable LSTM {what}: {why}")]
    Damaged { what: &'static str, why: String },
    /// Written by a later version.
    #[error("this LSTM {what} has format revision {found}, this version reads up to {known}: use a newer version")]
    Newer { what: &'static str, found: u64, known: u64 },
    /// A checkpoint of another run.
    #[error("the checkpoint cannot be resumed here: its {what} was {found}, now it is {expected}")]
    OtherRun { what: &'static str, found: String, expected: String },
}
