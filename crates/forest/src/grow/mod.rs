//! Growing one tree. What is learned from is binned and merged once a forest (`bins`, `training_table`, `weights`); a
//! tree draws its rows (`bootstrap`, `drawn`); at each node rows are counted (`histogram`, `tally`, through a `view` that
//! keeps their codes close together), the best split is found (`split`, `choose`) and written (`branch`); `tree` goes from
//! node to node by the `plan`, with memory for its `work`, and gives a tree `grown`.
//!
//! # Decisions
//! - **A tree sums whole numbers.** Rows a class, and weights in steps of 2^-30 of the largest: no order of additions
//!   changes a result, so a node may be counted from a list or from the bits of its rows, a frequent bin may be what the
//!   others leave of the total, and a tree may grow in pieces on several threads, always with the same bits. No histogram
//!   is kept for a sibling: features are drawn anew at each node, so six of 41 in a parent and in its child share less
//!   than one.
//! - **A fit consumes its table.** Each column is let go when it is binned; out-of-bag votes walk on the bins' own values.
//!   What a fit takes beyond the loaded table is a megabyte or two.
//! - **Lower nodes read excerpts.** In a table beyond the cache, the codes of a small node's rows lie a cache line apart
//!   each. A node of at most an eighth of the rows gets its rows' codes copied together (`view`), and so on down until they
//!   fit the cache; trees are the same bit for bit. Without it, ten times 500,000 rows took the fit 34 times as long.

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
