//! The share of rows that are flagged.

use nta_preprocess::BinnedColumn;
use serde::Serialize;

use crate::bootstrap::measure;
use crate::drift::MIN_BLOCKS;

/// A share, and where it may lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ObservedRate {
    /// Rows asked.
    pub rows: u64,
    /// Rows flagged.
    pub flagged: u64,
    /// The share; `None` of no rows.
    pub rate: Option<f64>,
    /// 95 % interval from blocks of neighbouring rows; `None` where there are fewer than [`MIN_BLOCKS`].
    pub interval: Option<(f64, f64)>,
}

/// The share of flags in `column`, which counts flags.
pub fn observed_rate(column: &BinnedColumn) -> ObservedRate {
    let (rows, flagged) = (column.rows(), column.totals().last().copied().unwrap_or(0));
    let rate = (rows > 0).then(|| flagged as f64 / rows as f64);
    let share = |_: &[f64], counts: &[f64]| counts[1] / (counts[0] + counts[1]);
    let interval = (column.counts.len() >= MIN_BLOCKS).then(|| {
        let (low, high) = measure(&column.counts, &column.counts, share, 0.0, u64::MAX).interval;
        (low.clamp(0.0, 1.0), high.clamp(0.0, 1.0))
    });
    ObservedRate { rows, flagged, rate, interval }
}
