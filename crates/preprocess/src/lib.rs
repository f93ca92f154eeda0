//! From rows as read to what the members see: the five parts, then everything that is learned about columns, fitted
//! on the training part alone.
//!
//! [`partition`] deals rows to the parts, [`PreprocessConfig::fit`] makes a [`Preprocessor`], whose learned values are
//! text. No file is read here, no tensor is made here, and no row leaves its part.
//!
//! ```
//! use std::sync::Arc;
//!
//! use nta_data::{Categories, Dataset, Label, RowId, Schema};
//! use nta_preprocess::{CategoricalConfig, PreprocessConfig, Sequencing};
//!
//! let schema: Schema = serde_json::from_str(
//!     r#"{ "name": "tiny", "order": "none", "numeric": [{ "name": "bytes" }], "categorical": [{ "name": "proto" }] }"#,
//! )?;
//! let mut train = Dataset::empty(Arc::new(schema));
//! train.numeric = vec![vec![40.0, 52.0, f32::NAN, 9000.0]];
//! train.categorical = vec![Categories::from_texts([Some("tcp"), Some("udp"), Some("udp"), Some("tcp")])];
//! train.label = Some(vec![Label::Benign, Label::Benign, Label::Benign, Label::Attack]);
//! train.row = (0..4).map(|row| RowId { file: 0, row }).collect();
//!
//! let categorical = CategoricalConfig { min_count: 2, ..CategoricalConfig::default() };
//! let config = PreprocessConfig { categorical, ..PreprocessConfig::default() };
//! let fitted = config.fit(&train, Sequencing::None)?;
//! let features = fitted.transform(&train)?;
//! assert_eq!(features.dense.numeric_names, ["bytes", "bytes is missing"]);
//! assert_eq!(features.dense.code_row(1), [2], "0 is other, tcp is 1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Rooms
//! | room | holds |
//! |---|---|
//! | `partition` | the five parts: strategies, what each part must hold, the seal on the test part |
//! | `preprocessor` | what is learned about columns, and the two views made with it |
//! | `profile` | what the training traffic looked like, for comparison with later traffic |
//!
//! No room knows another.
//!
//! Why it is as it is stands in `DECISIONS.md`.

mod config_error;
mod partition;
mod preprocessor;
mod profile;
#[cfg(test)]
mod test_tables;

pub use config_error::ConfigError;
pub use partition::{
    Copies, FittedRows, Fold, GroupBy, Origin, Part, PartSummary, Partition, PartitionError, PartitionSummary,
    Requirements, SplitConfig, Strategy, Stream, partition,
};
pub use preprocessor::{
    CLIP, CategoricalConfig, Category, FittedCategorical, FittedNumeric, GapMemory, GapScaling, Impute, NumericConfig,
    PreprocessConfig, PreprocessError, Preprocessor, Rank, Scale, Sequencing, TrainingRows, Transform,
};
pub use profile::{
    ALERTS, BinnedColumn, Bins, CategoricalProfile, MOST_BLOCKS, MOST_VALUES, NumericProfile, PROBABILITIES, Profile,
    Quantile, SCORE_BINS, ScoreProfile, Spread, ValueCount,
};
