//! Bins of a number column: cut at quantiles, frequent single values for themselves, open ends.

use super::Bins;

/// The bins of a column with these values and weights, ascending, cut at `most` quantiles.
pub(crate) fn fit_numbers(values: &[(f32, f64)], most: usize) -> Bins {
    let total: f64 = values.iter().map(|(_, weight)| weight).sum();
    let few = values.len() <= most;
    let edges = if few { values.to_vec() } else { quantiles(values, total, most) };
    let is_alone = |weight: f64| few || weight * 2.0 * most as f64 >= total;
    let mut bounds: Vec<f32> = Vec::new();
    for (place, (value, weight)) in edges.into_iter().enumerate() {
        // Below the smallest value no benign row was seen, whatever the value's own bin.
        if place == 0 || is_alone(weight) {
            push_above(&mut bounds, below(value));
        }
        if place > 0 || is_alone(weight) {
            push_above(&mut bounds, Some(value));
        }
    }
    Bins::Numbers { bounds }
}

/// The values, with their weights, at `most` quantiles from the smallest value to the largest, each once.
fn quantiles(values: &[(f32, f64)], total: f64, most: usize) -> Vec<(f32, f64)> {
    let mut edges: Vec<(f32, f64)> = Vec::with_capacity(most);
    let (mut place, mut reached) = (0, values[0].1);
    for i in 0..most {
        let target = total * i as f64 / (most - 1) as f64;
        while reached < target && place + 1 < values.len() {
            place += 1;
            reached += values[place].1;
        }
        if edges.last().is_none_or(|last| last.0 < values[place].0) {
            edges.push(values[place]);
        }
    }
    edges
}

fn push_above(bounds: &mut Vec<f32>, bound: Option<f32>) {
    if let Some(bound) = bound
        && bounds.last().is_none_or(|last| *last < bound)
    {
        bounds.push(bound);
    }
}

/// The bound under which nothing but smaller numbers lies; `None` where there is no finite one. Under 0 it is no subnormal
/// number, which a runtime might take for 0.
pub(crate) fn below(value: f32) -> Option<f32> {
    let bound = if value == 0.0 { -f32::MIN_POSITIVE } else { value.next_down() };
    (bound.is_finite() && value.is_finite()).then_some(bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bin;
    use crate::bins::Encoder;

    fn bins(values: &[(f32, f64)], most: usize) -> Bins {
        let bins = fit_numbers(values, most);
        bins.check().unwrap();
        bins
    }

    fn codes(bins: &Bins, values: &[f32]) -> Vec<u8> {
        let mut codes = vec![0; values.len()];
        Encoder::of_codes(bins).encode(values, &mut codes);
        codes
    }

    #[test]
    fn few_values_have_a_bin_each_and_what_lies_between_was_never_seen() {
        let bins = bins(&[(0.0, 1.0), (1.0, 5.0), (7.5, 1.0)], 4);
        let seen = codes(&bins, &[f32::NAN, -1.0, 0.0, -0.0, 0.5, 1.0, 3.0, 7.5, 8.0]);
        assert_eq!(seen, [0, 1, 2, 2, 3, 4, 5, 6, 7]);
        let held: Vec<Bin> = (0..bins.n_codes()).map(|code| bins.bin(code)).collect();
        assert_eq!(
            (held[0], held[2], held[4], held[6]),
            (Bin::Missing, Bin::Number(0.0), Bin::Number(1.0), Bin::Number(7.5))
        );
        assert_eq!(
            (held[1], held[7]),
            (Bin::Above(f32::NEG_INFINITY, -f32::MIN_POSITIVE), Bin::Above(7.5, f32::INFINITY))
        );
    }

    #[test]
    fn many_values_are_cut_into_equal_shares_and_frequent_ones_stand_alone() {
        // 0 to 99 once each, 50 a hundred times more.
        let values: Vec<(f32, f64)> = (0..100).map(|v| (v as f32, if v == 50 { 101.0 } else { 1.0 })).collect();
        let bins = bins(&values, 5);
        let Bins::Numbers { bounds } = &bins else { panic!() };
        assert_eq!(*bounds, [0f32.next_down().min(-f32::MIN_POSITIVE), 49.0, 50f32.next_down(), 50.0, 99.0]);
        assert_eq!(codes(&bins, &[-0.5, 0.0, 49.0, 49.5, 50.0, 50.5, 99.0, 99.5]), [1, 2, 2, 3, 4, 5, 5, 6]);
    }

    #[test]
    fn the_ends_of_the_number_line_and_no_value_at_all_are_sound() {
        let all = bins(&[(f32::MIN, 1.0), (f32::MAX, 1.0)], 2);
        assert_eq!(codes(&all, &[f32::MIN, 0.0, f32::MAX]), [1, 2, 3]);
        assert_eq!(bins(&[], 4).n_codes(), 2);
    }
}
