//! A trained forest: its trees, the features they ask for, and how much each feature took part.

use crate::node::{Links, Node, walk};
use crate::packed::Packed;

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

/// The trees of a forest as a fit or a file gives them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trees {
    /// All trees, one behind the other, each with its root first, in the layout of [`crate::node`].
    pub(crate) nodes: Vec<Node>,
    /// Where each tree begins, and the end: `(n_trees + 1)`.
    pub(crate) bounds: Vec<usize>,
    /// For each pair of children, tree by tree, the share of its parent's training rows that went left, in [0, 1];
    /// `None` where a file does not tell.
    pub(crate) left_shares: Option<Vec<f32>>,
}

impl Trees {
    /// Each tree's nodes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[Node]> {
        self.bounds.windows(2).map(|bounds| &self.nodes[bounds[0]..bounds[1]])
    }
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

/// Longest path from the root to a leaf. In `tree` children stand behind their parents.
pub(crate) fn depth_of(tree: &[Node], links: Links) -> u32 {
    let mut depth = vec![0u32; tree.len()];
    let mut deepest = 0;
    for (at, node) in tree.iter().enumerate() {
        deepest = deepest.max(depth[at]);
        if !node.is_leaf() {
            let pair = links.pair(node.link);
            depth[pair * 2 - 1] = depth[at] + 1;
            depth[pair * 2] = depth[at] + 1;
        }
    }
    deepest
}
