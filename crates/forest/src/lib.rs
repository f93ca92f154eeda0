//! A random forest for tables of flows: rows are binned once, trees grow on exact counts, leaves vote with class
//! fractions.
//!
//! [`ForestConfig::fit`] makes a [`Forest`], with scores for every training row from the trees that did not see it.
//! Not here: reading files, encoding categories (they come in ranked), choosing a threshold.
//!
//! ```
//! use nta_data::{Label, Quiet, Tabular, TabularKind};
//! use nta_forest::ForestConfig;
//!
//! // Columns, not rows; NaN is missing.
//! let bytes = vec![40.0, 52.0, 60.0, f32::NAN, 9000.0, 8500.0, 9100.0, 8800.0];
//! let x = Tabular { names: vec!["bytes".into()], kinds: vec![TabularKind::Numeric], columns: vec![bytes] };
//! let y: Vec<Label> = (0..8).map(|row| if row < 4 { Label::Benign } else { Label::Attack }).collect();
//!
//! let config = ForestConfig { trees: 50, min_leaf: 1, ..ForestConfig::default() };
//! let fitted = config.fit(x.clone(), &y, 7, &Quiet)?;
//! let scores = fitted.forest.predict_proba(&x)?;
//! assert!(scores[0] < 0.5 && scores[7] > 0.5);
//! # Ok::<(), nta_forest::ForestError>(())
//! ```
//!
//! # Rooms
//! | room | holds |
//! |---|---|
//! | `config`, `error`, `input` | what can be set, what can be wrong, what a table must be |
//! | `fit` | from rows and labels to a forest, by this crate's trees or by smartcore's; out-of-bag scores |
//! | `grow` | one tree: bins, draws, counts, the search at a node |
//! | `tree` | nodes as they are kept, and the plain walk |
//! | `score` | the trees laid out for many rows |
//! | `forest` | a trained forest: scores, permutation importances, the file, its trees read-only |
//! | `explain` | Shapley values |
//! | `isolation` | benign rows parted at random: path lengths in the place of votes |
//!
//! `fit` uses `grow` and gives a `forest`; `forest` and `explain` use `score` and `tree`; none of it goes back.
//!
//! Why it is as it is stands in `DECISIONS.md`.

mod config;
mod error;
mod explain;
mod fit;
mod forest;
mod grow;
mod input;
mod isolation;
mod random;
mod score;
mod tree;

pub use config::{
    Bootstrap, ClassWeight, ConfigError, Criterion, Engine, ForestConfig, MaxFeatures, NamedCount, Splits,
};
pub use error::ForestError;
pub use explain::{Explainer, Explanations};
pub use fit::Fitted;
pub use forest::{Forest, PermutationImportances, Quality, Tree, TreeNode};
pub use isolation::{Isolation, IsolationConfig, LONGEST_PATH};
pub use tree::LEAF_UNITS;
