//! Scores of many rows: rows in blocks, each block through every tree while the tree is in the cache.

use nta_data::Tabular;
use rayon::prelude::*;

use crate::input::{check_finite, columns_by_name};
use crate::lanes::{LANES, Lanes, Plain};
use crate::node::walk_block;
use crate::packed::Packed;
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
                (Some(packed), Some(key)) => scratch.sum_packed(packed, key, columns, block * BLOCK, sums),
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
    rows: Vec<f32>,
    /// `(n_codes)` columns of `(n_rows)`.
    codes: Vec<u8>,
    order: Vec<u64>,
    /// Codes of the sets of rows one after the other, `(n_sets, n_codes)`.
    sets: Vec<[u8; LANES]>,
    /// `(n_sets)`.
    set_sums: Vec<[f64; LANES]>,
}

impl Scratch {
    fn sum_packed(&mut self, packed: &Packed, key: &[usize], columns: &[&[f32]], start: usize, sums: &mut [f64]) {
        let columns = columns.iter().map(|column| &column[start..start + sums.len()]);
        #[cfg(target_arch = "x86_64")]
        {
            use crate::lanes::x86::{Avx2, Avx512};
            if let Some(lanes) = Avx512::found() {
                // SAFETY: the processor has been asked.
                return unsafe { self.sum_avx512(lanes, packed, key, columns.collect(), sums) };
            }
            if let Some(lanes) = Avx2::found() {
                // SAFETY: the processor has been asked.
                return unsafe { self.sum_avx2(lanes, packed, key, columns.collect(), sums) };
            }
        }
        self.sum(Plain, packed, key, columns.collect(), sums)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2")]
    fn sum_avx512(
        &mut self,
        lanes: crate::lanes::x86::Avx512,
        packed: &Packed,
        key: &[usize],
        columns: Vec<&[f32]>,
        sums: &mut [f64],
    ) {
        self.sum(lanes, packed, key, columns, sums)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1")]
    fn sum_avx2(
        &mut self,
        lanes: crate::lanes::x86::Avx2,
        packed: &Packed,
        key: &[usize],
        columns: Vec<&[f32]>,
        sums: &mut [f64],
    ) {
        self.sum(lanes, packed, key, columns, sums)
    }

    /// `columns`, `(n_features)` of `(n_rows)`, to `sums`, `(n_rows)`. Rows are sorted by the columns of codes `key`.
    #[inline(always)]
    fn sum<L: Lanes>(&mut self, lanes: L, packed: &Packed, key: &[usize], columns: Vec<&[f32]>, sums: &mut [f64]) {
        let n_rows = sums.len();
        self.codes.resize(packed.n_codes() * n_rows, 0);
        let mut any_missing = false;
        for ladder in &packed.ladders {
            let codes = &mut self.codes[ladder.first_code * n_rows..][..ladder.n_codes() * n_rows];
            any_missing |= lanes.encode(ladder, columns[ladder.feature], codes);
        }
        self.order.clear();
        self.order.extend(0..n_rows as u64);
        for (i, &column) in key.iter().enumerate() {
            for (key, &code) in self.order.iter_mut().zip(&self.codes[column * n_rows..][..n_rows]) {
                *key |= u64::from(code) << (56 - 8 * i);
            }
        }
        self.order.sort_unstable();
        for order in self.order.chunks(LANES * packed.sets_together()) {
            let n_sets = order.len().div_ceil(LANES);
            self.sets.resize(n_sets * packed.n_codes(), [0; LANES]);
            for (set, order) in self.sets.chunks_exact_mut(packed.n_codes()).zip(order.chunks(LANES)) {
                for (set, column) in set.iter_mut().zip(self.codes.chunks_exact(n_rows)) {
                    set.iter_mut().zip(order).for_each(|(code, &key)| *code = column[row_of(key)]);
                }
            }
            self.set_sums.clear();
            self.set_sums.resize(n_sets, [0.0; LANES]);
            packed.add_votes(lanes, &self.sets, order.len(), any_missing, &mut self.set_sums);
            for (&key, &sum) in order.iter().zip(self.set_sums.as_flattened()) {
                sums[row_of(key)] = sum;
            }
        }
    }
}

/// The number of a row in its block, which its key ends with.
fn row_of(key: u64) -> usize {
    (key & 0xffff) as usize
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
