//! Growing one tree. What is learned from is binned and merged once a forest (`bins`, `training_table`, `weights`); a
//! tree draws its rows (`bootstrap`, `drawn`); at each node rows are counted (`histogram`, `tally`, through a `view` that
//! keeps their codes close together), the best split is found (`split`, `choose`) and written (`branch`); `tree` goes from
//! node to node by the `plan`, with memory for its `work`, and gives a tree `grown`.

mod bins;
mod bootstrap;
mod branch;
mod choose;
mod drawn;
mod grown;
mod histogram;
mod plan;
mod split;
mod tally;
mod training_table;
mod tree;
mod view;
mod weights;
mod work;

pub(crate) use bootstrap::MOST_DISTINCT;
pub(crate) use branch::{Branch, normalise};
pub(crate) use grown::Grown;
pub(crate) use plan::Plan;
pub(crate) use tally::{Counts, Tally, Weighted};
pub(crate) use training_table::TrainingTable;
pub(crate) use weights::in_units;
pub(crate) use work::Scratch;
