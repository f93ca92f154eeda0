//! What the user types for `nta verdicts`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct VerdictsArgs {
    /// The version that raised the alerts: `name` (its newest version), `name/3` or `name@alias`.
    pub(crate) model: String,
    /// All alerts that it raised (CSV, Parquet, JSON lines): a column `verdict` with `true` or `false` (or `attack` and `false_alarm`)
    /// and the score in `hybrid` or `score`. Those without a verdict count as false.
    pub(crate) file: PathBuf,
    /// Flows that were scored when these alerts were raised.
    #[arg(long, value_name = "N")]
    pub(crate) flows: u64,
    /// The false positive rate to keep; the model's own, or 1 %, when not given.
    #[arg(long, value_name = "RATE")]
    pub(crate) budget: Option<f64>,
}
