//! A tree as growing hands it on.

use super::bootstrap::Seen;
use super::branch::Branch;
use crate::tree::Node;

/// A tree fresh from training.
pub(crate) struct Grown {
    pub(crate) nodes: Vec<Node>,
    /// Share of the drawn rows of each split's node that went left, in the order of the pairs of children.
    pub(crate) left_shares: Vec<f32>,
    /// Impurity taken away by each feature's splits, as a share of all that the tree took away; all 0 for a lone leaf.
    /// `(n_features)`.
    pub(crate) importances: Vec<f64>,
    /// Which rows the tree saw.
    pub(crate) seen: Seen,
}

impl Grown {
    pub(crate) fn new(branch: Branch, n_features: usize, seen: Seen) -> Self {
        let importances = branch.importances(n_features);
        Grown { importances, nodes: branch.nodes, left_shares: branch.left_shares, seen }
    }
}
