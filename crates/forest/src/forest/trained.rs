//! A trained forest: its trees, the features they ask for, and how much each feature took part.

use crate::score::Packed;
use crate::tree::{Links, Trees, depth_of, walk};

/// A trained forest. Made by [`crate::ForestConfig::fit`] or read by [`Forest::from_bytes`].
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    pub(crate) names: Vec<String>,
    /// `(n_features)`.
    pub(crate) importances: Vec<f64>,
    pub(crate) links: Links,
    pub(crate) trees: Trees,
    pub(crate) depth: u32,
    /// The trees once more, for scoring many rows; `None` if they are too large for it.
    pub(crate) packed: Option<Packed>,
}

impl Forest {
    /// A forest of sound trees.
    pub(crate) fn new(names: Vec<String>, importances: Vec<f64>, trees: Trees) -> Forest {
        let links = Links::for_features(names.len());
        let depth = trees.iter().map(|tree| depth_of(tree, links)).max().unwrap_or(0);
        let packed = Packed::new(&trees, links, names.len());
        Forest { names, importances, links, trees, depth, packed }
    }

    /// Names of the features, in the order of training.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Features that a row has.
    pub fn n_features(&self) -> usize {
        self.names.len()
    }

    /// Trees that vote.
    pub fn n_trees(&self) -> usize {
        self.trees.bounds.len() - 1
    }

    /// Splits and leaves of all trees.
    pub fn n_nodes(&self) -> usize {
        self.trees.nodes.len()
    }

    /// Longest path from a root to a leaf, in splits.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// Each feature's share of the impurity that splits took away (weighted by rows, averaged over trees), in the
    /// order of training; they sum to 1, or are all 0 if no tree split.
    pub fn importances(&self) -> Vec<(String, f64)> {
        self.names.iter().cloned().zip(self.importances.iter().copied()).collect()
    }

    /// Probability of attack of one row, `(n_features)` in the order of [`Forest::names`], NaN where missing: the same
    /// bits as [`Forest::predict_proba`] gives.
    ///
    /// # Panics
    /// If the row is shorter than the number of features.
    pub fn predict_row(&self, row: &[f32]) -> f32 {
        let row = &row[..self.n_features()];
        let sum = self.trees.iter().fold(0.0, |sum, tree| sum + f64::from(walk(tree, self.links, row)));
        self.mean(sum)
    }

    /// The mean vote, from the sum in f64 over the trees in their order.
    pub(crate) fn mean(&self, sum: f64) -> f32 {
        (sum / self.n_trees() as f64) as f32
    }
}
