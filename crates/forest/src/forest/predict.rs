//! Scores of many rows: rows in blocks, each block through every tree while the tree is in the cache.

use nta_data::Tabular;
use rayon::prelude::*;

use crate::input::{check_finite, columns_by_name};
use crate::score::SetScratch;
use crate::tree::walk_block;
use crate::{Forest, ForestError};

/// Rows of a block.
const BLOCK: usize = 2048;

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
        check_finite(x)?;
        Ok(self.scores(&columns, x.n_rows()))
    }

    /// Scores of rows in `(n_features)` columns of `(n_rows)`, in the order of training, finite or NaN.
    pub(crate) fn scores(&self, columns: &[&[f32]], n_rows: usize) -> Vec<f32> {
        let mut scores = vec![0.0; n_rows];
        let key = self.packed.as_ref().map(|packed| packed.sort_columns(&self.importances));
        scores.par_chunks_mut(BLOCK).enumerate().for_each_init(Scratch::default, |scratch, (block, scores)| {
            let mut sums = [0.0f64; BLOCK];
            let sums = &mut sums[..scores.len()];
            match (&self.packed, &key) {
                (Some(packed), Some(key)) => scratch.sets.sum(packed, key, columns, block * BLOCK, sums),
                _ => self.sum_plain(columns, block * BLOCK, &mut scratch.rows, sums),
            }
            for (score, sum) in scores.iter_mut().zip(sums) {
                *score = self.mean(*sum);
            }
        });
        scores
    }

    fn sum_plain(&self, columns: &[&[f32]], start: usize, rows: &mut Vec<f32>, sums: &mut [f64]) {
        gather(columns, start, sums.len(), rows);
        let all: Vec<u32> = (0..sums.len() as u32).collect();
        for tree in self.trees.iter() {
            walk_block(tree, self.links, rows, self.n_features(), &all, |i, share| sums[i] += f64::from(share));
        }
    }
}

/// Memory that a thread uses again for each of its blocks.
#[derive(Default)]
struct Scratch {
    /// `(n_rows, n_features)`, for a forest that is not packed.
    rows: Vec<f32>,
    sets: SetScratch,
}

/// Copies rows `start..start + n_rows` of the columns into `rows`, row by row.
fn gather(columns: &[&[f32]], start: usize, n_rows: usize, rows: &mut Vec<f32>) {
    let width = columns.len();
    rows.clear();
    rows.resize(n_rows * width, 0.0);
    for (j, column) in columns.iter().enumerate() {
        for (row, &value) in rows.chunks_exact_mut(width).zip(&column[start..start + n_rows]) {
            row[j] = value;
        }
    }
}
