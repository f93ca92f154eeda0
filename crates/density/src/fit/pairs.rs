//! Counts of codes, one column's or two columns' together, and what two columns tell of each other.

use rayon::prelude::*;

use crate::DensityError;
use crate::bins::MOST_CODES;
use crate::column::Column;
use crate::rows::BenignRows;

/// A column's codes over the rows that count.
pub(super) struct Codes {
    /// `(n_rows)`.
    pub(super) of_row: Vec<u8>,
    /// The code of most rows, and the rows of the others, where those are few.
    usual: Option<(u8, Vec<u32>)>,
}

/// Rows off the usual code are few where they are at most one of this many: less memory than the codes themselves.
const FEW: usize = 8;

impl Codes {
    pub(super) fn new(of_row: Vec<u8>) -> Self {
        let mut counts = [0u32; MOST_CODES];
        of_row.iter().for_each(|code| counts[usize::from(*code)] += 1);
        let usual = (0..MOST_CODES).fold(0, |best, next| if counts[next] > counts[best] { next } else { best });
        let is_few = (of_row.len() - counts[usual] as usize) * FEW <= of_row.len();
        let usual = is_few.then(|| {
            let usual = usual as u8;
            (usual, (0..of_row.len() as u32).filter(|&row| of_row[row as usize] != usual).collect())
        });
        Codes { of_row, usual }
    }

    fn n_unusual(&self) -> usize {
        self.usual.as_ref().map_or(usize::MAX, |(_, rows)| rows.len())
    }
}

/// What the rows of each code weigh, `(n_codes)`.
pub(super) fn marginal(codes: &[u8], n_codes: usize, rows: &BenignRows) -> Vec<f64> {
    let mut sums = vec![0.0; n_codes];
    count(
        &mut sums,
        codes.iter().map(|code| usize::from(*code)),
        rows.weights().map(|weights| weights.iter().copied()),
    );
    sums
}

/// What the rows of each two codes weigh, `(n_codes of the parent, n_codes of the column)`, row-major.
pub(super) fn joint(codes: &[Codes], [parent, own]: [usize; 2], columns: &[Column], rows: &BenignRows) -> Vec<f64> {
    let (of_parent, of_own) = (&columns[parent].weights, &columns[own].weights);
    let (parent, own) = (&codes[parent], &codes[own]);
    let n_own = of_own.len();
    let place = |parent: u8, own: u8| usize::from(parent) * n_own + usize::from(own);
    let mut sums = vec![0.0; of_parent.len() * n_own];
    // What one of the two has off its usual code is counted; at its usual code lies what is left of the other's own sums,
    // which is exact, as all sums are.
    let by_parent = parent.n_unusual() <= own.n_unusual();
    let Some((usual, unusual)) = (if by_parent { &parent.usual } else { &own.usual }) else {
        let places = parent.of_row.iter().zip(&own.of_row).map(|(p, c)| place(*p, *c));
        count(&mut sums, places, rows.weights().map(|weights| weights.iter().copied()));
        return sums;
    };
    let unusual = || unusual.iter().map(|row| *row as usize);
    let places = unusual().map(|row| place(parent.of_row[row], own.of_row[row]));
    count(&mut sums, places, rows.weights().map(|weights| unusual().map(|row| weights[row])));
    let other = if by_parent { of_own } else { of_parent };
    for (code, weight) in other.iter().enumerate() {
        let code = code as u8;
        let counted = |usual: u8| if by_parent { place(usual, code) } else { place(code, usual) };
        let others: f64 = match by_parent {
            true => sums.iter().skip(usize::from(code)).step_by(n_own).sum(),
            false => sums[usize::from(code) * n_own..][..n_own].iter().sum(),
        };
        sums[counted(*usual)] = weight - others;
    }
    sums
}

/// Adds 1, or the weight that goes with it, at each of `places`.
fn count(sums: &mut [f64], places: impl Iterator<Item = usize>, weights: Option<impl Iterator<Item = f32>>) {
    match weights {
        None => {
            let mut counts = vec![0u32; sums.len()];
            places.for_each(|place| counts[place] += 1);
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum = f64::from(count));
        }
        Some(weights) => places.zip(weights).for_each(|(place, weight)| sums[place] += f64::from(weight)),
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
