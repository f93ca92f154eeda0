//! What a number column looked like: how often it was missing, and its quantiles.

use serde::{Deserialize, Serialize};

/// The probabilities whose quantiles are kept, ascending.
pub const PROBABILITIES: [f64; 11] = [0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0];

/// A number column, profiled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumericProfile {
    /// Column name.
    pub name: String,
    /// Rows in which it was missing or infinite.
    pub missing: u64,
    /// One for each of [`PROBABILITIES`], values ascending; empty where every row misses the number.
    pub quantiles: Vec<Quantile>,
}

/// A quantile of the rows that have a number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantile {
    /// In [0, 1]; 0 is the lowest value, 1 the highest.
    pub probability: f64,
    /// The lowest value of the column that at least this share of the rows does not exceed, as read (numpy's
    /// `inverted_cdf`; Hyndman and Fan 1996, definition 1). Finite.
    pub value: f32,
}

impl NumericProfile {
    /// Profiles one column, `(n_rows)`. Quantiles are exact.
    pub(super) fn fit(name: &str, column: &[f32]) -> Self {
        let missing = column.iter().filter(|x| !x.is_finite()).count() as u64;
        NumericProfile { name: name.to_owned(), missing, quantiles: quantiles(column, &PROBABILITIES) }
    }

    /// The values at `probabilities` (ascending), each as in [`Quantile`]; none where every row misses the number.
    pub(super) fn quantiles_of(column: &[f32], probabilities: &[f64]) -> Vec<f32> {
        quantiles(column, probabilities).iter().map(|quantile| quantile.value).collect()
    }

    /// Share of the rows in which it was missing, of `rows` in all; 0 where there are none.
    pub fn missing_rate(&self, rows: u64) -> f64 {
        if rows == 0 { 0.0 } else { self.missing as f64 / rows as f64 }
    }
}

/// The quantiles at `probabilities`, ascending, of the numbers that are there.
fn quantiles(column: &[f32], probabilities: &[f64]) -> Vec<Quantile> {
    // Adding 0 makes -0 the 0 that it is equal to: which of the two stood first must not show.
    let mut seen: Vec<f32> = column.iter().filter(|x| x.is_finite()).map(|&x| x + 0.0).collect();
    if seen.is_empty() {
        return Vec::new();
    }
    let mut quantiles: Vec<Quantile> =
        probabilities.iter().map(|&probability| Quantile { probability, value: 0.0 }).collect();
    let n_rows = seen.len();
    select(&mut seen, 0, n_rows, &mut quantiles);
    quantiles
}

/// Finds `quantiles` (ascending) of `n_rows` values, of which `values` are those from place `first` on in ascending order:
/// the middle one first, which parts the values for those on either side.
fn select(values: &mut [f32], first: usize, n_rows: usize, quantiles: &mut [Quantile]) {
    let middle = quantiles.len() / 2;
    let (below, rest) = quantiles.split_at_mut(middle);
    let Some((quantile, above)) = rest.split_first_mut() else { return };
    let place = place(quantile.probability, n_rows);
    let (_, &mut value, _) = values.select_nth_unstable_by(place - first, f32::total_cmp);
    quantile.value = value;
    // A place may be that of more than one quantile, so both sides hold it.
    select(&mut values[..=place - first], first, n_rows, below);
    select(&mut values[place - first..], place, n_rows, above);
}

/// Place, from 0, of a quantile among `n_rows` values, at least one, in ascending order.
fn place(probability: f64, n_rows: usize) -> usize {
    ((probability * n_rows as f64).ceil() as usize).clamp(1, n_rows) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(column: &[f32]) -> Vec<f32> {
        NumericProfile::fit("x", column).quantiles.iter().map(|quantile| quantile.value).collect()
    }

    #[test]
    fn quantiles_of_a_hundred_numbers_are_those_numbers() {
        // numpy.quantile(numpy.arange(1, 101), p, method="inverted_cdf")
        let column: Vec<f32> = (0..100).map(|i| ((i * 37) % 100 + 1) as f32).collect();
        assert_eq!(values(&column), [1.0, 1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 100.0]);
    }

    #[test]
    fn any_column_is_as_a_sorted_one_says() {
        for n in [1usize, 2, 3, 7, 64, 1_001] {
            let column: Vec<f32> = (0..n).map(|i| ((i * 7_919) % 97) as f32 / 4.0 - 12.0).collect();
            let mut sorted = column.clone();
            sorted.sort_by(f32::total_cmp);
            let at_most = |value: f32| sorted.iter().filter(|x| **x <= value).count() as f64;
            let below = |value: f32| sorted.iter().filter(|x| **x < value).count() as f64;
            for (probability, value) in PROBABILITIES.into_iter().zip(values(&column)) {
                let wanted = probability * n as f64;
                assert!(
                    at_most(value) >= wanted && (below(value) < wanted || below(value) == 0.0),
                    "{n}: {probability}"
                );
            }
        }
    }

    #[test]
    fn missing_and_infinite_numbers_are_counted_and_left_out() {
        let got = NumericProfile::fit("x", &[f32::NAN, 3.0, f32::NEG_INFINITY, -0.0]);
        assert_eq!((got.missing, got.missing_rate(4)), (2, 0.5));
        assert_eq!((got.quantiles[0].value.to_bits(), got.quantiles[10].value), (0, 3.0), "-0 is 0");
        let nothing = NumericProfile::fit("x", &[f32::NAN]);
        assert!(nothing.quantiles.is_empty());
        assert_eq!(NumericProfile::fit("x", &[]).missing_rate(0), 0.0);
    }
}
