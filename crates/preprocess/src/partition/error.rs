//! Why rows could not be dealt.

use nta_data::DataError;

use super::config::Strategy;
use super::part::Part;
use crate::ConfigError;

/// Parts that could not be made. Each message names what was found and what would do.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PartitionError {
    /// A value of the `split:` section is out of range or has no effect.
    #[error("in `split`: {0}")]
    Config(#[from] ConfigError),
    /// No labels, or files that do not belong together.
    #[error(transparent)]
    Data(#[from] DataError),
    /// No rows at all.
    #[error("there are no rows to split: the {file} file holds none that can be used")]
    NoRows { file: &'static str },
    /// `provided` without a test file, or a test file beside a strategy that cuts its own test part.
    #[error("{0}")]
    TestFile(String),
    /// A strategy that makes no sense for this data.
    #[error("`strategy: {strategy}` cannot split this data: {why}; {advice}")]
    Unsuited { strategy: Strategy, why: String, advice: String },
    /// A part that cannot do its job.
    #[error("`strategy: {strategy}` leaves the {part} part with {lack}; it would make {counts}; {advice}")]
    Shortfall { strategy: Strategy, part: Part, benign: usize, lack: String, counts: String, advice: String },
    /// A test file in which a class is missing.
    #[error(
        "the test file holds {benign} benign rows and {attacks} attacks: nothing can be judged without both; \
         give another test file, or none so that the test part is cut from the training file"
    )]
    OneClassTest { benign: usize, attacks: usize },
}
