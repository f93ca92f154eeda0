//! Values to codes: where a value stands among the thresholds that the forest asks of its feature.

use crate::tree::{Links, Trees};

/// Thresholds that one byte can tell apart: codes 1 to 255 for values, 0 for missing.
pub(crate) const RUNGS: usize = 254;

/// Thresholds that are looked at first.
pub(crate) const PIVOTS: usize = 32;

/// The thresholds that the forest asks of one feature. One with more than [`RUNGS`] takes several columns of codes, each
/// for a stretch of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ladder {
    pub(crate) feature: usize,
    pub(crate) first_code: usize,
    /// Ascending, without doubles, filled up with infinity to a power of two, at least [`PIVOTS`].
    pub(crate) thresholds: Vec<f32>,
    /// Of 32 equal stretches of `thresholds` the last in each.
    pub(crate) pivots: [f32; PIVOTS],
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
        let ladder = Ladder::new(feature, first_code, thresholds);
        first_code += ladder.n_codes();
        ladders.push(ladder);
    }
    ladders
}

impl Ladder {
    /// `thresholds` ascend without doubles.
    pub(crate) fn new(feature: usize, first_code: usize, mut thresholds: Vec<f32>) -> Ladder {
        let n_thresholds = thresholds.len();
        thresholds.resize((n_thresholds + 1).next_power_of_two().max(PIVOTS), f32::INFINITY);
        let stride = thresholds.len() / PIVOTS;
        let pivots = std::array::from_fn(|i| thresholds[(i + 1) * stride - 1]);
        Ladder { feature, first_code, thresholds, pivots, n_thresholds }
    }

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
        let (mut rank, mut step) = (0, self.thresholds.len() / 2);
        while step > 0 {
            // The same steps for every value, none of them a branch.
            rank += if self.thresholds[rank + step - 1] < value { step } else { 0 };
            step /= 2;
        }
        rank
    }

    /// Writes the codes of `values`, `(n_rows)`, into `columns`, `(n_codes)` columns of `n_rows`; returns whether a value
    /// is missing.
    #[inline(always)]
    pub(crate) fn encode(&self, values: &[f32], columns: &mut [u8]) -> bool {
        let n_rows = values.len();
        let mut any_missing = false;
        for (row, &value) in values.iter().enumerate() {
            let rank = self.rank(value);
            for (i, column) in columns.chunks_exact_mut(n_rows).enumerate() {
                let rung = rank.saturating_sub(i * RUNGS).min(RUNGS) as u8;
                column[row] = if value.is_nan() { 0 } else { rung + 1 };
            }
            any_missing |= value.is_nan();
        }
        any_missing
    }
}
