//! What a fit gives, and a forest put together from its trees.

use crate::Forest;
use crate::grow::{Grown, normalise};
use crate::tree::Trees;

/// What a fit gives.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The forest.
    pub forest: Forest,
    /// For each training row the mean vote of the trees that did not see it, `(n_rows)`; `None` where every tree saw
    /// it. With [`Bootstrap::Rows`](crate::Bootstrap::Rows) a copy of a row in another place of the table may well have
    /// been seen: on data full of duplicates these scores flatter, and those of
    /// [`Bootstrap::Distinct`](crate::Bootstrap::Distinct) do not.
    pub out_of_bag: Vec<Option<f32>>,
    /// Area under the ROC curve of `out_of_bag`, every row counting once; `None` if a class has no such score.
    pub oob_auc: Option<f64>,
}

/// The forest of these trees, `names` being the features.
pub(super) fn assemble(names: Vec<String>, trees: Vec<Grown>) -> Forest {
    let mut importances = vec![0.0; names.len()];
    let mut nodes = Vec::with_capacity(trees.iter().map(|t| t.nodes.len()).sum());
    let mut bounds = vec![0];
    let mut left_shares = Vec::with_capacity(nodes.capacity() / 2);
    // Each tree is let go as soon as it is copied: the two together would be the peak of a large fit.
    for tree in trees {
        importances.iter_mut().zip(&tree.importances).for_each(|(sum, share)| *sum += share);
        nodes.extend_from_slice(&tree.nodes);
        bounds.push(nodes.len());
        left_shares.extend_from_slice(&tree.left_shares);
    }
    normalise(&mut importances);
    Forest::new(names, importances, Trees { nodes, bounds, left_shares: Some(left_shares) })
}
