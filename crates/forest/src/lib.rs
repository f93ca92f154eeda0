//! A random forest for tables of flows: rows are binned once, trees grow on exact counts, leaves vote with class
//! fractions.
//!
//! [`ForestConfig::fit`] makes a [`Forest`], with scores for every training row from the trees that did not see it.
//! Not here: reading files, encoding categories (they come in ranked), choosing a threshold.
//!
//! The steps of a fit stand in files of their own: `bins` (values to codes), `weights`, `table` (equal rows merged),
//! `bootstrap` (which rows a tree sees), `tally`, `histogram`, `split` and `choose` (the search at a node), `view` (its
//! codes, close together), `branch` and `grow` (a tree), `fit` (the forest), `out_of_bag`. `smartcore` grows the trees with another library, for comparison.
//! A fitted forest scores (`predict`, over `packed`, `ladder` and `lanes`; `node` has the plain walk), explains
//! (`explain`), and tells what features are worth (`permutation`).

mod bins;
mod bootstrap;
mod branch;
mod bytes;
mod choose;
mod config;
mod error;
mod explain;
mod explain_tour;
mod fit;
mod forest;
mod grow;
mod histogram;
mod input;
mod ladder;
mod lanes;
mod node;
mod out_of_bag;
mod packed;
mod permutation;
mod predict;
mod quadrature;
mod smartcore;
mod split;
mod table;
mod tally;
mod view;
mod weights;

pub use config::{
    Bootstrap, ClassWeight, ConfigError, Criterion, Engine, ForestConfig, MaxFeatures, NamedCount, Splits,
};
pub use error::ForestError;
pub use explain::{Explainer, Explanations};
pub use fit::Fitted;
pub use forest::Forest;
pub use permutation::{PermutationImportances, Quality};
