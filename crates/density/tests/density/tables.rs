//! Small tables to learn from.

use nta_data::{Label, Purpose, Quiet, Tabular, TabularKind, rng};
use nta_density::{Density, DensityConfig};
use rand_core::RngCore;

/// Six columns: a service and a port that goes with it, a number with gaps that goes with both, one of few values, one
/// that is noise, one constant. A fifth of the rows are attacks, in which nothing goes together.
pub(crate) fn traffic(n_rows: usize, seed: u64) -> (Tabular, Vec<Label>) {
    let mut random = rng(seed, Purpose::Simulation, 0, 0);
    let mut columns = vec![Vec::new(); 6];
    let mut y = Vec::new();
    for _ in 0..n_rows {
        let attack = random.next_u32().is_multiple_of(5);
        let mut draw = |n: u32| (random.next_u32() % n) as f32;
        let service = draw(6) * draw(2);
        let port = if attack { draw(6) } else { service } * 100.0 + draw(2);
        let size = if draw(7) == 0.0 { f32::NAN } else { port * 10.0 + draw(50) };
        let row = [service, port, size, draw(4), draw(1 << 20) / 7.0, 7.0];
        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        y.push(if attack { Label::Attack } else { Label::Benign });
    }
    (table(columns, 1), y)
}

/// A table whose first `n_categories` columns are categories.
pub(crate) fn table(columns: Vec<Vec<f32>>, n_categories: usize) -> Tabular {
    let kind = |j| if j < n_categories { TabularKind::RankedCategory } else { TabularKind::Numeric };
    Tabular {
        names: (0..columns.len()).map(|j| format!("c{j}")).collect(),
        kinds: (0..columns.len()).map(kind).collect(),
        columns,
    }
}

pub(crate) fn fit(config: &DensityConfig, x: &Tabular, y: &[Label]) -> Density {
    config.fit(x, y, &Quiet).unwrap()
}

/// The rows `rows` of `x`.
pub(crate) fn rows_of(x: &Tabular, rows: &[usize]) -> Tabular {
    Tabular { columns: x.columns.iter().map(|c| rows.iter().map(|&row| c[row]).collect()).collect(), ..x.clone() }
}

pub(crate) fn bits(scores: &[f32]) -> Vec<u32> {
    scores.iter().map(|s| s.to_bits()).collect()
}
