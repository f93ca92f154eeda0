//! What the growing of trees goes by: the plan of a forest, the rules of a tree, the task at a node.

use nta_data::Watch;

use super::drawn::Drawn;
use super::split::Rules;
use super::tally::Tally;
use super::training_table::TrainingTable;
use crate::tree::Links;
use crate::{ClassWeight, ForestConfig};

/// What all trees of a forest share.
pub(crate) struct Plan<'a> {
    pub(crate) config: &'a ForestConfig,
    pub(crate) table: &'a TrainingTable,
    pub(crate) seed: u64,
    pub(crate) watch: &'a dyn Watch,
    pub(crate) links: Links,
    /// Whether the parts of a tree may grow side by side. It has no influence on the tree.
    pub(crate) forks: bool,
}

impl Plan<'_> {
    /// What the splits of a tree are judged by that drew so many rows of each class.
    pub(super) fn rules<T: Tally>(&self, drawn: T) -> Rules {
        let balanced = |[benign, attack]: [f64; 2]| {
            // A bag of one class grows a lone leaf, whatever the weights.
            let weight = |n: f64| if n > 0.0 { (benign + attack) / (2.0 * n) } else { 1.0 };
            [weight(benign), weight(attack)]
        };
        let weights = match self.config.class_weight {
            ClassWeight::None => [1.0, 1.0],
            ClassWeight::Given { benign, attack } => [benign, attack],
            ClassWeight::BalancedPerBootstrap => balanced(drawn.masses()),
            ClassWeight::Balanced => balanced(self.whole::<T>().masses()),
        };
        Rules { criterion: self.config.criterion, weights, min_leaf: self.config.min_leaf }
    }

    /// The sum over all training rows.
    pub(super) fn whole<T: Tally>(&self) -> T {
        let table = self.table;
        (0..table.n_distinct()).fold(T::default(), |sum, row| {
            sum + T::of(Drawn::new(row as u32, table.copies(row), table.labels[row]), &table.weights)
        })
    }
}

/// What the nodes of a tree share.
pub(crate) struct Growth<'a> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) rules: Rules,
    pub(crate) max_features: usize,
    /// Words of a set of features.
    pub(super) words: usize,
    pub(crate) tree: u64,
    pub(crate) tallies: &'a [u32],
}

/// A node to be split.
#[derive(Clone, Copy)]
pub(crate) struct Task<T> {
    pub(super) node: usize,
    /// Its rows: `bag[start..end]`.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(crate) tally: T,
    pub(super) depth: u32,
    /// Number of its stream of random numbers: a hash of the path from the root, so that no other node's work moves it.
    pub(crate) path: u64,
}
