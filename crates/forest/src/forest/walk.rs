//! The trees from outside, node by node and read-only: for exporters, drawings and checks. Not for scoring, which has a
//! layout of its own.

use super::Forest;
use crate::tree::{Links, Node};

/// One tree of a [`Forest`].
///
/// A row starts at node 0 and goes on until a leaf; what it finds there is the tree's vote. The forest's score is the
/// mean of the votes: each an f32, summed as f64 in the order of [`Forest::trees`], divided by their number, and rounded
/// to f32. An exporter that sums in f32 may be off in the last bits.
///
/// Features are numbers all of them: a category comes in as its rank (`nta_preprocess::Category::rank`, a whole number
/// from 0), and a split parts ranks like any other number.
#[derive(Debug, Clone, Copy)]
pub struct Tree<'f> {
    nodes: &'f [Node],
    /// A pair of children: share of the parent's drawn rows that went left.
    left_shares: Option<&'f [f32]>,
    links: Links,
}

/// A node of a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TreeNode {
    /// A row goes left where its `value <= threshold`, both f32 (so -0 goes the way of 0), else right; where its value is
    /// missing (NaN), left if `missing_left`, else right. In ONNX's tree ensembles: mode `BRANCH_LEQ`, the left child the
    /// true one, `missing_left` as `missing_value_tracks_true`. Infinite values are refused before any tree is asked.
    Split {
        /// Place of the feature in [`Forest::names`] and in a row.
        feature: usize,
        /// Finite.
        threshold: f32,
        /// Which way a missing value goes.
        missing_left: bool,
        /// Number of the node for rows that go left; higher than this node's.
        left: usize,
        /// Number of the node for rows that go right.
        right: usize,
    },
    /// Where a row ends.
    Leaf {
        /// Share of attacks, by weight, among the rows that the tree grew the leaf on, in [0, 1].
        share: f32,
    },
}

impl Forest {
    /// The trees, in the order in which their votes are summed.
    pub fn trees(&self) -> impl ExactSizeIterator<Item = Tree<'_>> {
        (0..self.n_trees()).map(|tree| {
            let (start, end) = (self.trees.bounds[tree], self.trees.bounds[tree + 1]);
            // A tree has a pair of children for each split, and one node more than twice its splits.
            let pairs = (start - tree) / 2..(end - tree - 1) / 2;
            Tree {
                nodes: &self.trees.nodes[start..end],
                left_shares: self.trees.left_shares.as_deref().map(|shares| &shares[pairs]),
                links: self.links,
            }
        })
    }
}

impl Tree<'_> {
    /// Splits and leaves.
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Node number `number`, from 0; the root is 0.
    ///
    /// # Panics
    /// If there is none of that number.
    pub fn node(&self, number: usize) -> TreeNode {
        let node = self.nodes[number];
        if node.is_leaf() {
            return TreeNode::Leaf { share: node.value };
        }
        let pair = self.links.pair(node.link);
        TreeNode::Split {
            feature: self.links.feature(node.link),
            threshold: node.value,
            missing_left: node.link & 1 == 1,
            left: 2 * pair - 1,
            right: 2 * pair,
        }
    }

    /// All nodes by number; children stand behind their parents.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = TreeNode> {
        (0..self.n_nodes()).map(|number| self.node(number))
    }

    /// The share of the rows that the tree drew which reached each node, `(n_nodes)`: 1 at the root, and the leaves' sum
    /// to 1. Counts are not kept. `None` for a forest from a file of revision 1, which does not tell.
    pub fn row_shares(&self) -> Option<Vec<f64>> {
        let left_shares = self.left_shares?;
        let mut reach = vec![1.0; self.nodes.len()];
        for (number, node) in self.nodes.iter().enumerate().filter(|(_, node)| !node.is_leaf()) {
            let pair = self.links.pair(node.link);
            let left = f64::from(left_shares[pair - 1]);
            reach[2 * pair - 1] = reach[number] * left;
            reach[2 * pair] = reach[number] * (1.0 - left);
        }
        Some(reach)
    }
}
