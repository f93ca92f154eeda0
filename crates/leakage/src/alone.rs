//! How well a column by itself tells the classes apart: a rule made from half of the rows, held against the other half,
//! and the other way round.

use std::collections::BTreeMap;

use nta_data::Label;

use crate::finding::Alone;
use crate::sample::{MISSING, Values};

/// Runs of neighbouring rows that are dealt to the halves in turn: neighbours are alike, and must not meet across.
const BLOCKS: usize = 64;

/// Bounds that each class gives to the bins of numbers.
const BOUNDS_OF_CLASS: usize = 128;

/// Which half a row stands in.
pub(crate) fn half(row: usize, n_rows: usize) -> usize {
    (row * BLOCKS / n_rows.max(1)) % 2
}

/// What the column gets wrong on rows that its rule was not made from.
pub(crate) fn alone(values: &Values, labels: &[Label]) -> Alone {
    let mut found = Alone::default();
    for judged in 0..2 {
        let learned = |row: &usize| half(*row, labels.len()) != judged;
        let rule = Rule::learn(values, labels, &(0..labels.len()).filter(learned).collect::<Vec<_>>());
        for row in (0..labels.len()).filter(|row| !learned(row)) {
            let (rows, wrong) = match labels[row] {
                Label::Benign => (&mut found.benign, &mut found.benign_wrong),
                Label::Attack => (&mut found.attacks, &mut found.attacks_wrong),
            };
            *rows += 1;
            *wrong += u64::from(rule.is_attack(values, row) != labels[row].is_attack());
        }
    }
    found
}

/// Rows of benign traffic, rows of attacks.
type Counts = [u64; 2];

/// Whether each value, or bin, is of the class that holds the larger share of its own rows there.
enum Rule {
    Bins { bounds: Vec<f32>, attack: Vec<bool>, missing: bool },
    Codes { attack: BTreeMap<u32, bool>, unseen: bool },
}

impl Rule {
    fn learn(values: &Values, labels: &[Label], rows: &[usize]) -> Rule {
        let mut totals = [0; 2];
        rows.iter().for_each(|&row| totals[labels[row] as usize] += 1);
        match values {
            Values::Numbers(numbers) => Rule::of_numbers(numbers, labels, rows, totals),
            Values::Codes(codes) => Rule::of_codes(codes, labels, rows, totals),
        }
    }

    fn of_numbers(numbers: &[f32], labels: &[Label], rows: &[usize], totals: Counts) -> Rule {
        let bounds = bounds(numbers, labels, rows);
        let mut bins = vec![[0; 2]; bounds.len() + 1];
        let mut missing = [0; 2];
        for &row in rows {
            let counts = if numbers[row].is_finite() { &mut bins[bin(&bounds, numbers[row])] } else { &mut missing };
            counts[labels[row] as usize] += 1;
        }
        let attack = bins.iter().map(|counts| is_attack(counts, totals)).collect();
        Rule::Bins { bounds, attack, missing: is_attack(&missing, totals) }
    }

    fn of_codes(codes: &[u32], labels: &[Label], rows: &[usize], totals: Counts) -> Rule {
        let mut counts: BTreeMap<u32, Counts> = BTreeMap::new();
        rows.iter().for_each(|&row| counts.entry(codes[row]).or_default()[labels[row] as usize] += 1);
        // A value never seen is of the class that has more values to itself.
        let own = |class: usize| counts.values().filter(|c| c[class] > 0 && c[1 - class] == 0).count();
        let unseen = own(1) >= own(0);
        Rule::Codes { attack: counts.iter().map(|(code, c)| (*code, is_attack(c, totals))).collect(), unseen }
    }

    fn is_attack(&self, values: &Values, row: usize) -> bool {
        match (self, values) {
            (Rule::Bins { bounds, attack, missing }, Values::Numbers(numbers)) => {
                if numbers[row].is_finite() {
                    attack[bin(bounds, numbers[row])]
                } else {
                    *missing
                }
            }
            (Rule::Codes { attack, unseen }, Values::Codes(codes)) => {
                // What is missing is no value: where it was never seen missing, nothing speaks for an attack.
                *attack.get(&codes[row]).unwrap_or(if codes[row] == MISSING { &false } else { unseen })
            }
            _ => false,
        }
    }
}

fn is_attack(counts: &Counts, totals: Counts) -> bool {
    u128::from(counts[1]) * u128::from(totals[0]) > u128::from(counts[0]) * u128::from(totals[1])
}

/// Bounds between bins, ascending: halfway between quantiles of either class, so that a rare class is seen as sharply as
/// the other, and a number beyond those seen is as the nearest.
fn bounds(numbers: &[f32], labels: &[Label], rows: &[usize]) -> Vec<f32> {
    let mut seen = Vec::new();
    for class in [Label::Benign, Label::Attack] {
        let of_class = |row: &&usize| labels[**row] == class && numbers[**row].is_finite();
        let mut sorted: Vec<f32> = rows.iter().filter(of_class).map(|&row| numbers[row]).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let n = sorted.len();
        seen.extend((0..n.min(BOUNDS_OF_CLASS)).map(|k| sorted[k * n / BOUNDS_OF_CLASS.min(n)]));
        seen.extend(sorted.last());
    }
    seen.sort_unstable_by(f32::total_cmp);
    seen.dedup();
    let between = |pair: &[f32]| Some(pair[0] / 2.0 + pair[1] / 2.0).filter(|x| *x < pair[1]).unwrap_or(pair[0]);
    seen.windows(2).map(between).collect()
}

fn bin(bounds: &[f32], number: f32) -> usize {
    bounds.partition_point(|bound| *bound < number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(n: usize, every: usize) -> Vec<Label> {
        (0..n).map(|i| if i % every == 0 { Label::Attack } else { Label::Benign }).collect()
    }

    #[test]
    fn a_twin_is_never_wrong_and_noise_is_a_coin() {
        let labels = labels(4_000, 5);
        let twin = Values::Codes(labels.iter().map(|l| u32::from(l.is_attack())).collect());
        assert_eq!(alone(&twin, &labels), Alone { benign: 3_200, attacks: 800, ..Alone::default() });
        let noise = Values::of_numbers(&(0..4_000u32).map(|i| (i * 7919 % 4_001) as f32).collect::<Vec<_>>());
        let found = alone(&noise, &labels).balanced_accuracy().unwrap();
        assert!((found - 0.5).abs() < 0.05, "{found}");
    }

    #[test]
    fn a_band_of_numbers_is_found_wherever_it_lies() {
        let labels = labels(4_000, 5);
        let band = |i: usize| {
            if labels[i].is_attack() { 500.0 + (i % 97) as f32 / 100.0 } else { (i * 7919 % 4_001) as f32 / 4.0 }
        };
        let found = alone(&Values::of_numbers(&(0..4_000).map(band).collect::<Vec<_>>()), &labels);
        assert_eq!(found.attacks_wrong, 0, "{found:?}");
        // Four in a thousand benign numbers lie inside, and some beside it in a bin.
        assert!(found.benign_wrong < 60, "{found:?}");
    }

    #[test]
    fn a_value_for_every_attack_and_none_for_the_rest_is_told_from_values_never_seen() {
        let labels = labels(1_000, 4);
        let ticket = |i: usize| if labels[i].is_attack() { i as u32 } else { MISSING };
        let found = alone(&Values::Codes((0..1_000).map(ticket).collect()), &labels);
        assert_eq!(found.worst_error(), 0.0, "{found:?}");
    }

    #[test]
    fn what_is_true_of_neighbours_alone_is_not_held_out() {
        // Each run of rows has a number of its own: within the run it says the class, beyond it nothing.
        let labels: Vec<Label> = labels(6_400, 2)
            .iter()
            .enumerate()
            .map(|(i, _)| if i / 100 % 3 == 0 { Label::Attack } else { Label::Benign })
            .collect();
        let run = Values::Codes((0..6_400).map(|i| i / 100).collect());
        assert!(alone(&run, &labels).worst_error() > 0.5);
    }
}
