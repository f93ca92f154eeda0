//! A column's distinct values in ascending order, and what the rows of each weigh.

use crate::rows::BenignRows;

/// The distinct numbers of `column` `(n_rows)` over the rows that count, ascending, and what the rows of each weigh.
pub(crate) fn runs(column: &[f32], rows: &BenignRows) -> Vec<(f32, f64)> {
    let numbers = rows.iter().filter(|(row, _)| !column[*row].is_nan());
    let key = |(row, weight): (usize, f32)| u64::from(ordered(column[row])) << 32 | u64::from(weight.to_bits());
    let mut keys: Vec<u64> = numbers.map(key).collect();
    keys.sort_unstable();
    let mut runs: Vec<(f32, f64)> = Vec::new();
    for key in keys {
        let (x, weight) = (number((key >> 32) as u32), f64::from(f32::from_bits(key as u32)));
        match runs.last_mut() {
            Some((last, sum)) if *last == x => *sum += weight,
            _ => runs.push((x, weight)),
        }
    }
    runs
}

/// The smallest number whose rows, with those of smaller ones, weigh at least `share` of all; `None` of nothing.
pub(crate) fn quantile(values: &[f64], weights: impl Iterator<Item = f32>, share: f64) -> Option<f64> {
    let mut sorted: Vec<(f64, f32)> = values.iter().copied().zip(weights).collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = sorted.iter().map(|(_, weight)| f64::from(*weight)).sum();
    let mut below = 0.0;
    let reached = sorted.iter().find(|(_, weight)| {
        below += f64::from(*weight);
        below >= total * share
    });
    reached.or(sorted.last()).map(|(value, _)| *value)
}

/// Bits that are in the order of the numbers; -0 is 0.
fn ordered(x: f32) -> u32 {
    let bits = (x + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The number of such bits.
fn number(ordered: u32) -> f32 {
    f32::from_bits(if ordered >> 31 == 1 { ordered & !(1 << 31) } else { !ordered })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_in_the_order_of_the_numbers_and_go_back() {
        let numbers = [f32::MIN, -2.5, -1e-40, 0.0, 1e-40, 1.0, 1.5, f32::MAX];
        assert!(numbers.is_sorted_by_key(|x| ordered(*x)));
        assert!(numbers.iter().all(|x| number(ordered(*x)) == *x));
        assert_eq!(ordered(-0.0), ordered(0.0));
    }

    #[test]
    fn a_quantile_is_a_value_that_is_there() {
        let values = [5.0, 1.0, 3.0];
        let at = |share| quantile(&values, [1.0, 1.0, 2.0].into_iter(), share);
        assert_eq!(
            [at(0.0), at(0.25), at(0.26), at(0.75), at(0.76), at(1.0)].map(Option::unwrap),
            [1.0, 1.0, 3.0, 3.0, 5.0, 5.0]
        );
        assert_eq!(quantile(&[], std::iter::empty(), 0.5), None);
    }
}
