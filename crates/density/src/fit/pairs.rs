//! Counts of codes, one column's or two columns' together, and what two columns tell of each other.

use rayon::prelude::*;

use crate::DensityError;
use crate::column::Column;
use crate::rows::BenignRows;

/// What the rows of each code weigh, `(n_codes)`.
pub(super) fn marginal(codes: &[u8], n_codes: usize, rows: &BenignRows) -> Vec<f64> {
    count(n_codes, codes.iter().map(|code| usize::from(*code)), rows)
}

/// What the rows of each two codes weigh, `(n_codes of the parent, n_codes of the column)`, row-major.
pub(super) fn joint(codes: &[Vec<u8>], [parent, own]: [usize; 2], columns: &[Column], rows: &BenignRows) -> Vec<f64> {
    let (n_parent, n_own) = (columns[parent].weights.len(), columns[own].weights.len());
    let places = codes[parent].iter().zip(&codes[own]).map(|(p, c)| usize::from(*p) * n_own + usize::from(*c));
    count(n_parent * n_own, places, rows)
}

fn count(n_cells: usize, places: impl Iterator<Item = usize>, rows: &BenignRows) -> Vec<f64> {
    match rows.weights() {
        None => {
            let mut counts = vec![0u32; n_cells];
            places.for_each(|place| counts[place] += 1);
            counts.into_iter().map(f64::from).collect()
        }
        Some(weights) => {
            let mut sums = vec![0.0; n_cells];
            places.zip(weights).for_each(|(place, weight)| sums[place] += f64::from(*weight));
            sums
        }
    }
}

/// Mutual information in nats of two columns whose codes together weigh `joint`, row-major with `n_own` a row.
pub(super) fn mutual_information(joint: &[f64], n_own: usize) -> f64 {
    let total: f64 = joint.iter().sum();
    let mut own = vec![0.0; n_own];
    joint.chunks_exact(n_own).for_each(|row| own.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight));
    let of_row = |row: &[f64]| -> f64 {
        let parent: f64 = row.iter().sum();
        let told = |(weight, own): (&f64, &f64)| weight * (weight * total / (parent * own)).ln();
        row.iter().zip(&own).filter(|(weight, _)| **weight > 0.0).map(told).sum()
    };
    joint.chunks_exact(n_own).map(of_row).sum::<f64>() / total
}

/// A number for every two columns, the same both ways round.
pub(super) struct Pairs {
    n: usize,
    values: Vec<f64>,
}

impl Pairs {
    /// Pairs of `n` columns.
    pub(super) fn count(n: usize) -> usize {
        n * n.saturating_sub(1) / 2
    }

    /// Measures every pair once, in parallel.
    pub(super) fn measure(
        n: usize,
        of: &(impl Fn(usize, usize) -> Result<f64, DensityError> + Sync),
    ) -> Result<Self, DensityError> {
        let all: Vec<[usize; 2]> = (0..n).flat_map(|b| (0..b).map(move |a| [a, b])).collect();
        let values = all.into_par_iter().map(|[a, b]| of(a, b)).collect::<Result<_, _>>()?;
        Ok(Pairs { n, values })
    }

    /// How many columns there are.
    pub(super) fn n_columns(&self) -> usize {
        self.n
    }

    /// The number of two different columns.
    pub(super) fn of(&self, a: usize, b: usize) -> f64 {
        let (low, high) = (a.min(b), a.max(b));
        self.values[Self::count(high) + low]
    }
}
