//! Values to codes: where a value stands among the thresholds that the forest asks of its feature.

use crate::forest::Trees;
use crate::node::Links;

/// Thresholds that one byte can tell apart: codes 1 to 255 for values, 0 for missing.
pub(crate) const RUNGS: usize = 254;

/// The thresholds that the forest asks of one feature. One with more than [`RUNGS`] takes several columns of codes, each
/// for a stretch of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ladder {
    pub(crate) feature: usize,
    pub(crate) first_code: usize,
    /// Ascending, without doubles, filled up with infinity to one less than a power of two.
    thresholds: Vec<f32>,
    n_thresholds: usize,
}

/// The ladders of all features that the trees split on, in order.
pub(crate) fn ladders(trees: &Trees, links: Links, n_features: usize) -> Vec<Ladder> {
    let mut thresholds = vec![Vec::new(); n_features];
    for node in trees.nodes.iter().filter(|n| !n.is_leaf()) {
        // Both zeros are one threshold.
        thresholds[links.feature(node.link)].push(node.value + 0.0);
    }
    let mut first_code = 0;
    let mut ladders = Vec::new();
    for (feature, mut thresholds) in thresholds.into_iter().enumerate().filter(|(_, t)| !t.is_empty()) {
        thresholds.sort_unstable_by(f32::total_cmp);
        thresholds.dedup();
        let n_thresholds = thresholds.len();
        thresholds.resize((n_thresholds + 1).next_power_of_two() - 1, f32::INFINITY);
        let ladder = Ladder { feature, first_code, thresholds, n_thresholds };
        first_code += ladder.n_codes();
        ladders.push(ladder);
    }
    ladders
}

impl Ladder {
    /// Columns of codes that it takes.
    pub(crate) fn n_codes(&self) -> usize {
        self.n_thresholds.div_ceil(RUNGS)
    }

    /// The column of codes for a split at `threshold`, and the highest code there that goes left.
    pub(crate) fn place(&self, threshold: f32) -> (usize, u32) {
        let rung = self.rank(threshold);
        (self.first_code + rung / RUNGS, (rung % RUNGS + 1) as u32)
    }

    /// Number of thresholds below `value`.
    #[inline(always)]
    fn rank(&self, value: f32) -> usize {
        let (mut rank, mut step) = (0, self.thresholds.len().div_ceil(2));
        while step > 0 {
            // The same steps for every value, none of them a branch.
            rank += if self.thresholds[rank + step - 1] < value { step } else { 0 };
            step /= 2;
        }
        rank
    }

    /// Writes the codes of `values`, `(n_rows)`, into this ladder's columns of `codes`, `(n_codes)` columns of `n_rows`.
    /// Returns whether a value is missing.
    #[inline(always)]
    pub(crate) fn encode(&self, values: &[f32], codes: &mut [u8]) -> bool {
        let n_rows = values.len();
        let columns = &mut codes[self.first_code * n_rows..][..self.n_codes() * n_rows];
        let mut any_missing = false;
        let mut ranks = [0u32; 16];
        for start in (0..n_rows).step_by(16) {
            let values = &values[start..n_rows.min(start + 16)];
            for (rank, &value) in ranks.iter_mut().zip(values) {
                *rank = self.rank(value) as u32;
            }
            for (i, column) in columns.chunks_exact_mut(n_rows).enumerate() {
                for ((code, rank), value) in column[start..].iter_mut().zip(ranks).zip(values) {
                    let rung = rank.saturating_sub((i * RUNGS) as u32).min(RUNGS as u32) as u8;
                    *code = if value.is_nan() { 0 } else { rung + 1 };
                    any_missing |= value.is_nan();
                }
            }
        }
        any_missing
    }
}
