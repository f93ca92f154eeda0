//! The forest of this crate's own trees.

use std::sync::atomic::{AtomicU64, Ordering};

use nta_data::{Label, Tabular, Watch};
use rayon::prelude::*;

use super::fitted::{Fitted, assemble};
use super::out_of_bag::{area_under_curve, out_of_bag};
use crate::grow::{Grown, Plan, Scratch, Tally, TrainingTable};
use crate::tree::Links;
use crate::{Bootstrap, ForestConfig, ForestError};

/// Fits this crate's trees; the settings and the table have been checked. `weights` `(n_rows)` in units and
/// `together` `(n_rows)`, numbers of rows that are drawn as one, may be empty.
pub(super) fn fit<T: Tally>(
    config: &ForestConfig,
    x: Tabular,
    y: &[Label],
    weights: &[u32],
    together: &[u32],
    seed: u64,
    watch: &dyn Watch,
) -> Result<Fitted, ForestError> {
    let Tabular { names, columns, .. } = x;
    let links = Links::for_features(columns.len());
    let table = TrainingTable::new(columns, y, weights, together, config.bins.into(), config.bootstrap);
    // Many trees keep all threads busy by themselves; few trees, or the last ones, do not.
    let forks = (config.trees as usize) < 8 * rayon::current_num_threads();
    let plan = Plan { config, table: &table, seed, watch, links, forks };
    let trees = grow_all::<T>(&plan)?;
    let scores = match config.bootstrap {
        Bootstrap::Rows | Bootstrap::Distinct => out_of_bag(&table, links, &trees),
        Bootstrap::None => vec![None; y.len()],
    };
    let oob_auc = area_under_curve(&scores, y);
    let forest = assemble(names, trees);
    Ok(Fitted { forest, out_of_bag: scores, oob_auc })
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
