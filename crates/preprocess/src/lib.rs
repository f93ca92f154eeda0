//! From rows as read to what the members see: the five parts, then everything that is learned about columns, fitted
//! on the training part alone.
//!
//! No file is read here, no tensor is made here, and no row leaves its part.

mod config_error;
mod partition;
mod preprocessor;
#[cfg(test)]
mod test_tables;

pub use config_error::ConfigError;
pub use partition::{
    Copies, GroupBy, Part, PartSummary, Partition, PartitionError, PartitionSummary, Requirements, SplitConfig,
    Strategy, partition,
};
pub use preprocessor::{
    CLIP, CategoricalConfig, Category, FittedCategorical, FittedNumeric, GapMemory, GapScaling, Impute, NumericConfig,
    PreprocessConfig, PreprocessError, Preprocessor, Scale, Sequencing, TrainingRows, Transform,
};
