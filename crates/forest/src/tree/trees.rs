//! All trees of a forest, one behind the other.

use super::node::{Links, Node};

/// The trees of a forest as a fit or a file gives them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trees {
    /// All trees, one behind the other, each with its root first, in the layout of [`super::node`].
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
