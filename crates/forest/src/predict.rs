//! Scores of many rows: rows in blocks, each block through every tree while the tree is in the cache.

use std::sync::atomic::{AtomicBool, Ordering};

use nta_data::Tabular;
use rayon::prelude::*;

use crate::input::{check_finite, columns_by_name};
use crate::node::walk_block;
use crate::{Forest, ForestError};

/// Rows of a block.
const BLOCK: usize = 256;

impl Forest {
    /// Probability of attack for each row of `x`, `(n_rows)`, in order: the mean over the trees of the share of attacks
    /// in the row's leaf, votes summed in f64 in the order of the trees.
    ///
    /// Columns are found by name, in whatever order they stand. NaN (missing) goes the way learned at the node, or with
    /// the larger side where training had none.
    ///
    /// # Errors
    /// Columns other than those of the training, columns of unequal length, infinite values.
    pub fn predict_proba(&self, x: &Tabular) -> Result<Vec<f32>, ForestError> {
        let columns = columns_by_name(&self.names, x)?;
        let mut scores = vec![0.0; x.n_rows()];
        let any_infinite = AtomicBool::new(false);
        scores.par_chunks_mut(BLOCK).enumerate().for_each_init(Vec::new, |rows, (block, scores)| {
            if gather(&columns, block * BLOCK, scores.len(), rows) {
                any_infinite.store(true, Ordering::Relaxed);
            }
            self.score_block(rows, scores);
        });
        match any_infinite.into_inner() {
            true => check_finite(x).map(|()| scores),
            false => Ok(scores),
        }
    }

    /// Scores the rows of a block, `(n_rows, n_features)`.
    fn score_block(&self, rows: &[f32], scores: &mut [f32]) {
        let mut sums = [0.0f64; BLOCK];
        let all: [u32; BLOCK] = std::array::from_fn(|i| i as u32);
        for tree in self.trees() {
            let which = &all[..scores.len()];
            walk_block(tree, self.links, rows, self.n_features(), which, |i, share| sums[i] += f64::from(share));
        }
        for (score, sum) in scores.iter_mut().zip(sums) {
            *score = self.mean(sum);
        }
    }
}

/// Copies rows `start..start + n_rows` of the columns into `rows`, row by row; returns whether a value is infinite.
fn gather(columns: &[&[f32]], start: usize, n_rows: usize, rows: &mut Vec<f32>) -> bool {
    let width = columns.len();
    rows.clear();
    rows.resize(n_rows * width, 0.0);
    let mut any_infinite = false;
    for (j, column) in columns.iter().enumerate() {
        for (row, &value) in rows.chunks_exact_mut(width).zip(&column[start..start + n_rows]) {
            row[j] = value;
            any_infinite |= value.is_infinite();
        }
    }
    any_infinite
}
