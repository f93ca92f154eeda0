//! Whether some traffic is spread over its columns as benign training traffic was, from counts alone: what can be said of
//! a file when no training row is at hand.

use nta_preprocess::{BinnedColumn, Spread};
use serde::{Deserialize, Serialize};

use crate::distance::psi;
use crate::drift::MIN_BLOCKS;

/// Rows without which columns are not compared.
pub const LEAST_ROWS: u64 = 512;

/// A column that is spread otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpreadMoved {
    /// Its name.
    pub name: String,
    /// Population stability index, less what the column's own changes along either traffic come to.
    pub psi: f64,
}

/// The columns of `fresh` whose stability index against `trained` is above `limit`, those that moved most first; `None`
/// where either counts too few rows. What even blocks of rows differ from odd ones by, on either side, is taken off: a scan
/// makes that much of nothing.
pub fn columns_moved(trained: &Spread, fresh: &Spread, limit: f64) -> Option<Vec<SpreadMoved>> {
    let pairs = || trained.columns.iter().zip(&fresh.columns);
    if pairs().next().is_none() || pairs().any(|(a, b)| a.counts.len().min(b.counts.len()) < MIN_BLOCKS) {
        return None;
    }
    let distance = |(a, b): (&BinnedColumn, &BinnedColumn)| {
        let psi = psi(&totals(a.counts.iter()), &totals(b.counts.iter())) - own(a) - own(b);
        SpreadMoved { name: a.name.clone(), psi }
    };
    let mut moved: Vec<SpreadMoved> = pairs().map(distance).filter(|column| column.psi > limit).collect();
    moved.sort_by(|a, b| b.psi.total_cmp(&a.psi));
    Some(moved)
}

fn own(column: &BinnedColumn) -> f64 {
    psi(&totals(column.counts.iter().step_by(2)), &totals(column.counts.iter().skip(1).step_by(2)))
}

fn totals<'a>(blocks: impl Iterator<Item = &'a Vec<u64>>) -> Vec<f64> {
    let mut totals = Vec::new();
    for block in blocks {
        totals.resize(block.len(), 0.0);
        totals.iter_mut().zip(block).for_each(|(total, rows)| *total += *rows as f64);
    }
    totals
}

#[cfg(test)]
mod tests {
    use nta_preprocess::Bins;

    use super::*;

    fn spread(blocks: &[[u64; 3]]) -> Spread {
        let counts = blocks.iter().map(|block| block.to_vec()).collect();
        let bins = Bins::Numbers { bounds: vec![0.0] };
        let column = BinnedColumn { name: "bytes".into(), bins, counts, block_rows: 64 };
        Spread { columns: vec![column], scores: Vec::new() }
    }

    #[test]
    fn a_column_that_moved_is_named_and_one_that_wavers_is_not() {
        let steady = spread(&[[32, 32, 0]; 8]);
        assert_eq!(columns_moved(&steady, &steady, 0.2), Some(Vec::new()));
        let moved = columns_moved(&steady, &spread(&[[4, 60, 0]; 8]), 0.2).unwrap();
        assert!(moved[0].name == "bytes" && moved[0].psi > 0.5, "{moved:?}");
        let wavers: Vec<[u64; 3]> = (0..8).map(|i| if i % 2 == 0 { [64, 0, 0] } else { [8, 56, 0] }).collect();
        assert_eq!(columns_moved(&steady, &spread(&wavers), 0.2), Some(Vec::new()));
        assert_eq!(columns_moved(&steady, &spread(&[[4, 60, 0]; 7]), 0.2), None);
    }
}
