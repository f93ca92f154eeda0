//! Whether a column that tells the classes apart looks like a truth that somebody wrote down. A measurement may tell them
//! apart as well (a flood's counts do), and is no give-away for that.

use std::collections::BTreeMap;

use nta_data::Label;

use crate::finding::Shape;
use crate::name::{says_judgement, says_measurement};
use crate::sample::{MISSING, MOST_CODES, Values, n_distinct};

/// Rows that stand for each value of a code, on average, at least.
const ROWS_OF_CODE: usize = 10;

/// Share of a class that has one value where that class was not filled in.
const NEARLY_ALL: f64 = 0.999;

/// What the column looks like, where it looks like a truth. `numbers` are its cells where it holds numbers, `(n_rows)`.
pub(crate) fn shape(name: &str, values: &Values, numbers: Option<&[f32]>, labels: &[Label]) -> Option<Shape> {
    let (codes, is_few) = match values {
        Values::Codes(codes) => {
            let distinct = n_distinct(codes);
            (codes.clone(), distinct <= MOST_CODES && distinct * ROWS_OF_CODE <= codes.len())
        }
        Values::Numbers(numbers) => {
            (numbers.iter().map(|n| if n.is_finite() { n.to_bits() } else { MISSING }).collect(), false)
        }
    };
    // A flood may have one size, or sizes far from all others.
    let may_be_written = !says_measurement(name);
    let shapes = [
        (Shape::Code, is_few),
        (Shape::FilledIn, may_be_written && is_filled_in(&codes, labels)),
        (Shape::Clumps, may_be_written && numbers.is_some_and(|numbers| is_two_clumps(numbers, labels))),
        (Shape::Name, says_judgement(name)),
    ];
    shapes.into_iter().find(|(_, is_so)| *is_so).map(|(shape, _)| shape)
}

/// Whether nearly all rows of some class have one value, or none.
fn is_filled_in(codes: &[u32], labels: &[Label]) -> bool {
    let mut counts = [BTreeMap::new(), BTreeMap::new()];
    codes.iter().zip(labels).for_each(|(code, label)| *counts[*label as usize].entry(*code).or_insert(0u64) += 1);
    counts.iter().any(|of_class| {
        let rows: u64 = of_class.values().sum();
        of_class.values().max().is_some_and(|most| *most as f64 >= NEARLY_ALL * rows as f64)
    })
}

/// Whether the gap between the classes is wider than either of them: a code with noise on it. The outermost thousandths
/// of a class may lie anywhere.
fn is_two_clumps(numbers: &[f32], labels: &[Label]) -> bool {
    let range = |class: Label| {
        let of_class = numbers.iter().zip(labels).filter(|(n, label)| n.is_finite() && **label == class);
        let mut sorted: Vec<f32> = of_class.map(|(n, _)| *n).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let cut = sorted.len() / 1_000;
        Some((f64::from(*sorted.get(cut)?), f64::from(*sorted.get(sorted.len() - 1 - cut)?)))
    };
    let (Some(benign), Some(attacks)) = (range(Label::Benign), range(Label::Attack)) else { return false };
    let gap = (attacks.0 - benign.1).max(benign.0 - attacks.1);
    gap > (benign.1 - benign.0).max(attacks.1 - attacks.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(n: usize) -> Vec<Label> {
        (0..n).map(|i| if i % 4 == 0 { Label::Attack } else { Label::Benign }).collect()
    }

    fn shape_of(name: &str, number: impl Fn(usize, bool) -> f32) -> Option<Shape> {
        let labels = labels(2_000);
        let numbers: Vec<f32> = (0..2_000).map(|i| number(i, labels[i].is_attack())).collect();
        shape(name, &Values::of_numbers(&numbers), Some(&numbers), &labels)
    }

    #[test]
    fn codes_columns_filled_in_and_clumps_are_told_from_measurements() {
        assert_eq!(shape_of("x", |_, attack| if attack { 9.0 } else { 0.0 }), Some(Shape::Code));
        assert_eq!(shape_of("x", |i, attack| if attack { i as f32 } else { f32::NAN }), Some(Shape::FilledIn));
        assert_eq!(shape_of("x", |i, attack| f32::from(attack) * 10.0 + i as f32 / 2_000.0), Some(Shape::Clumps));
        let flood = |i: usize, attack: bool| if attack { 1_000.0 + 37.5 * i as f32 } else { (i % 700) as f32 };
        assert_eq!(shape_of("packets", flood), None);
        let one_size = |i: usize, attack: bool| if attack { 0.0 } else { 40.0 + i as f32 };
        assert_eq!(shape_of("dst_bytes", one_size), None, "all that was sent got no answer");
        assert_eq!(shape_of("RiskScore", flood), Some(Shape::Name));
    }
}
