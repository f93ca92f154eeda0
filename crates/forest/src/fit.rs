//! From rows and labels to a forest.

use std::sync::atomic::{AtomicU64, Ordering};

use nta_data::{Label, Tabular, Watch};
use rayon::prelude::*;

use crate::forest::Trees;
use crate::grow::{Grown, Plan, Scratch, normalise};
use crate::input::check_training;
use crate::node::Links;
use crate::out_of_bag::{area_under_curve, out_of_bag};
use crate::table::Table;
use crate::{Bootstrap, Forest, ForestConfig, ForestError};

/// What a fit gives.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The forest.
    pub forest: Forest,
    /// For each training row the mean vote of the trees that did not see it, `(n_rows)`; `None` where every tree saw
    /// it. A copy of a row in another place of the table may well have been seen: on data full of duplicates these
    /// scores flatter.
    pub out_of_bag: Vec<Option<f32>>,
    /// Area under the ROC curve of `out_of_bag`; `None` if a class has no such score.
    pub oob_auc: Option<f64>,
}

impl ForestConfig {
    /// Grows a forest on `x` (features in columns of `(n_rows)`, NaN where missing) and `y` `(n_rows)`.
    ///
    /// The result depends on the arguments alone, not on the number of threads. `watch` is told of every tree done and
    /// asked to stop between trees and at large nodes.
    ///
    /// # Errors
    /// A setting out of range, no rows or features, one class only, lengths that differ, duplicate names, infinite
    /// values, cancelled.
    pub fn fit(&self, x: &Tabular, y: &[Label], seed: u64, watch: &dyn Watch) -> Result<Fitted, ForestError> {
        self.check()?;
        check_training(x, y)?;
        let table = Table::new(x, y, self.bins.into());
        let plan = Plan { config: self, table: &table, seed, watch, links: Links::for_features(x.n_features()) };
        let trees = grow_all(&plan)?;
        let scores = match self.bootstrap {
            Bootstrap::Rows => out_of_bag(x, &table, plan.links, &trees),
            Bootstrap::None => vec![None; y.len()],
        };
        let oob_auc = area_under_curve(&scores, y);
        let forest = assemble(x.names.clone(), &trees);
        Ok(Fitted { forest, out_of_bag: scores, oob_auc })
    }
}

fn grow_all(plan: &Plan) -> Result<Vec<Grown>, ForestError> {
    let n_done = AtomicU64::new(0);
    let n_trees = plan.config.trees;
    let grow = |scratch: &mut Scratch, tree| {
        if plan.watch.cancelled() {
            return Err(ForestError::Cancelled);
        }
        let grown = plan.grow(tree, scratch)?;
        plan.watch.step(n_done.fetch_add(1, Ordering::Relaxed) + 1, n_trees.into());
        Ok(grown)
    };
    (0..n_trees).into_par_iter().map_init(Scratch::new, grow).collect()
}

fn assemble(names: Vec<String>, trees: &[Grown]) -> Forest {
    let mut importances = vec![0.0; names.len()];
    let mut nodes = Vec::with_capacity(trees.iter().map(|t| t.nodes.len()).sum());
    let mut bounds = vec![0];
    let mut left_shares = Vec::with_capacity(nodes.capacity() / 2);
    for tree in trees {
        importances.iter_mut().zip(&tree.importances).for_each(|(sum, share)| *sum += share);
        nodes.extend_from_slice(&tree.nodes);
        bounds.push(nodes.len());
        left_shares.extend_from_slice(&tree.left_shares);
    }
    normalise(&mut importances);
    Forest::new(names, importances, Trees { nodes, bounds, left_shares: Some(left_shares) })
}
