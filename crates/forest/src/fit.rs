//! From rows and labels to a forest.

use std::sync::atomic::{AtomicU64, Ordering};

use nta_data::{Label, Tabular, Watch};
use rayon::prelude::*;

use crate::branch::normalise;
use crate::forest::Trees;
use crate::grow::{Grown, Plan, Scratch};
use crate::input::check_training;
use crate::node::Links;
use crate::out_of_bag::{area_under_curve, out_of_bag};
use crate::table::Table;
use crate::tally::{Counts, Tally, Weighted};
use crate::weights::in_units;
use crate::{Bootstrap, Engine, Forest, ForestConfig, ForestError, smartcore};

/// What a fit gives.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The forest.
    pub forest: Forest,
    /// For each training row the mean vote of the trees that did not see it, `(n_rows)`; `None` where every tree saw
    /// it. With [`Bootstrap::Rows`] a copy of a row in another place of the table may well have been seen: on data full
    /// of duplicates these scores flatter, and those of [`Bootstrap::Distinct`] do not.
    pub out_of_bag: Vec<Option<f32>>,
    /// Area under the ROC curve of `out_of_bag`, every row counting once; `None` if a class has no such score.
    pub oob_auc: Option<f64>,
}

impl ForestConfig {
    /// Grows a forest on `x` (features in columns of `(n_rows)`, NaN where missing) and `y` `(n_rows)`. Each column of
    /// `x` is let go as soon as it is binned, into a byte a value, so that a fit takes little memory beyond its table.
    ///
    /// The result depends on the arguments alone, not on the number of threads. `watch` is told of every tree done and
    /// asked to stop between trees and at large nodes.
    ///
    /// # Errors
    /// A setting out of range, no rows or features, one class only, lengths that differ, duplicate names, infinite
    /// values, a setting that the engine does not know, cancelled.
    pub fn fit(&self, x: Tabular, y: &[Label], seed: u64, watch: &dyn Watch) -> Result<Fitted, ForestError> {
        self.check()?;
        check_training(&x, y, self.bootstrap)?;
        match self.engine {
            Engine::Native => self.fit_native::<Counts>(x, y, &[], seed, watch),
            Engine::Smartcore => smartcore::fit(self, &x, y, seed, watch),
        }
    }

    /// The same with a weight a row, `(n_rows)`, finite and at least 0: a row of weight 2 counts in splits and leaves
    /// like two rows, one of weight 0 takes no part. Class weights come on top. `min_leaf` and `min_split` count rows,
    /// whatever they weigh. Weights are held in steps of 2^-30 of the largest (rounded up to a power of two), never
    /// less than a step, so that sums are exact; equal weights give the same forest as none.
    ///
    /// # Errors
    /// Also weights that are negative, not finite, not one a row, or 0 for a whole class.
    pub fn fit_weighted(
        &self,
        x: Tabular,
        y: &[Label],
        weights: &[f32],
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<Fitted, ForestError> {
        self.check()?;
        check_training(&x, y, self.bootstrap)?;
        let units = in_units(weights, y)?;
        match self.engine {
            Engine::Native => self.fit_native::<Weighted>(x, y, &units, seed, watch),
            Engine::Smartcore => {
                Err(ForestError::EngineLacks { key: "weights", value: "given".to_owned(), wanted: "left out" })
            }
        }
    }

    fn fit_native<T: Tally>(
        &self,
        x: Tabular,
        y: &[Label],
        weights: &[u32],
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<Fitted, ForestError> {
        let Tabular { names, columns, .. } = x;
        let links = Links::for_features(columns.len());
        let table = Table::new(columns, y, weights, self.bins.into(), self.bootstrap);
        // Many trees keep all threads busy by themselves; few trees, or the last ones, do not.
        let forks = (self.trees as usize) < 8 * rayon::current_num_threads();
        let plan = Plan { config: self, table: &table, seed, watch, links, forks };
        let trees = grow_all::<T>(&plan)?;
        let scores = match self.bootstrap {
            Bootstrap::Rows | Bootstrap::Distinct => out_of_bag(&table, links, &trees),
            Bootstrap::None => vec![None; y.len()],
        };
        let oob_auc = area_under_curve(&scores, y);
        let forest = assemble(names, trees);
        Ok(Fitted { forest, out_of_bag: scores, oob_auc })
    }
}

fn grow_all<T: Tally>(plan: &Plan) -> Result<Vec<Grown>, ForestError> {
    let n_done = AtomicU64::new(0);
    let n_trees = plan.config.trees;
    let grow = |scratch: &mut Scratch<T>, tree| {
        if plan.watch.cancelled() {
            return Err(ForestError::Cancelled);
        }
        let grown = plan.grow(tree, scratch)?;
        plan.watch.step(n_done.fetch_add(1, Ordering::Relaxed) + 1, n_trees.into());
        Ok(grown)
    };
    (0..n_trees).into_par_iter().map_init(Scratch::new, grow).collect()
}

/// The forest of these trees, `names` being the features.
pub(crate) fn assemble(names: Vec<String>, trees: Vec<Grown>) -> Forest {
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
