//! Columns that say which row this is: counters, absolute clocks, identifiers, addresses.

use std::collections::BTreeMap;

use nta_data::{Categories, RowId};

use crate::address::holds_address;
use crate::finding::{Clock, Why};
use crate::name::says_measurement;

/// Fewer rows than this tell no counter from chance.
const LEAST_ROWS: usize = 50;
/// Share of the steps that go a counter's way, or of the rows that are as the rest.
const NEARLY_ALL: f64 = 0.999;
/// Share of the rows of a text column that have a value of their own where it is an identifier.
const OWN_VALUES: f64 = 0.9;
/// Pairs of equal numbers that chance would make where there is none, at least.
const PAIRS_BY_CHANCE: f64 = 30.0;

/// What gives the number column `name` away, its rows in the files' order.
pub(crate) fn of_numbers(name: &str, numbers: &[f32], rows: &[RowId]) -> Option<Why> {
    let present = numbers.iter().zip(rows).filter(|(n, _)| n.is_finite());
    let present: Vec<(f32, RowId)> = present.map(|(n, row)| (*n, *row)).collect();
    if present.len() < LEAST_ROWS {
        return None;
    }
    let clock = clock(&present).map(|clock| Why::Clock { clock });
    let dealt = || counter(&present).or_else(|| number_identifier(&present));
    clock.or_else(|| if says_measurement(name) { None } else { dealt() })
}

/// 2000-01-01 and 2038-01-19, seconds since 1970: where absolute times of traffic lie.
const EPOCH: (f64, f64) = (946_684_800.0, 2_147_483_648.0);

fn clock(present: &[(f32, RowId)]) -> Option<Clock> {
    if present.iter().all(|(n, _)| *n == present[0].0) {
        return None;
    }
    let scaled = |scale: f64| (EPOCH.0 * scale, EPOCH.1 * scale);
    let ranges = [
        (Clock::Seconds, scaled(1.0)),
        (Clock::Milliseconds, scaled(1e3)),
        (Clock::Microseconds, scaled(1e6)),
        (Clock::Nanoseconds, scaled(1e9)),
        (Clock::Digits, (19_900_101.0, 20_401_231.0)),
        (Clock::Digits, (199_001_010_000.0, 204_012_312_359.0)),
        (Clock::Digits, (19_900_101_000_000.0, 20_401_231_235_959.0)),
    ];
    let within = |(_, (low, high)): &(Clock, (f64, f64))| {
        let inside = present.iter().filter(|(n, _)| (*low..=*high).contains(&f64::from(*n))).count();
        inside as f64 >= NEARLY_ALL * present.len() as f64
    };
    ranges.into_iter().find(within).map(|(clock, _)| clock)
}

fn counter(present: &[(f32, RowId)]) -> Option<Why> {
    let steps = present.windows(2).filter(|pair| pair[0].1.file == pair[1].1.file);
    let (mut up, mut down, mut all) = (0usize, 0usize, 0usize);
    for pair in steps {
        all += 1;
        up += usize::from(pair[1].0 > pair[0].0);
        down += usize::from(pair[1].0 < pair[0].0);
    }
    (all >= LEAST_ROWS && up.max(down) as f64 >= NEARLY_ALL * all as f64).then_some(Why::Counter)
}

/// Whole numbers of which none stands twice, though so many drawn from their range would meet again and again (the
/// birthday problem): they were dealt out, one a row.
fn number_identifier(present: &[(f32, RowId)]) -> Option<Why> {
    let mut sorted: Vec<f32> = present.iter().map(|(n, _)| *n).collect();
    if sorted.iter().any(|n| n.fract() != 0.0) {
        return None;
    }
    sorted.sort_unstable_by(f32::total_cmp);
    let n = sorted.len() as f64;
    let range = f64::from(sorted[sorted.len() - 1]) - f64::from(sorted[0]) + 1.0;
    let is_own = sorted.windows(2).all(|pair| pair[0] < pair[1]);
    let rows = sorted.len() as u64;
    (is_own && n * n / (2.0 * range) >= PAIRS_BY_CHANCE).then_some(Why::Identifier { distinct: rows, rows })
}

/// What gives a text column away, of the rows `rows`.
pub(crate) fn of_texts(column: &Categories, rows: &[u32]) -> Option<Why> {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    let codes = rows.iter().map(|&i| column.codes[i as usize]).filter(|code| *code != Categories::MISSING);
    codes.for_each(|code| *counts.entry(code).or_default() += 1);
    let (rows, distinct): (u64, u64) = (counts.values().sum(), counts.len() as u64);
    let text = |code: &u32| column.values[*code as usize].as_str();
    let addresses = counts.iter().filter(|(code, _)| holds_address(text(code)));
    let (n_addresses, example) =
        addresses.fold((0, None), |(n, example), (code, count)| (n + count, example.or(Some(text(code)))));
    if let Some(example) = example.filter(|_| 2 * n_addresses > rows) {
        return Some(Why::Addresses { example: example.chars().take(60).collect() });
    }
    let is_own = rows >= LEAST_ROWS as u64 && distinct as f64 >= OWN_VALUES * rows as f64;
    is_own.then_some(Why::Identifier { distinct, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(number: impl Fn(usize) -> f32) -> Option<Why> {
        let rows: Vec<RowId> = (0..1_000).map(|row| RowId { file: (row / 500) as u32, row: row % 500 }).collect();
        of_numbers("x", &(0..1_000).map(number).collect::<Vec<_>>(), &rows)
    }

    #[test]
    fn clocks_counters_and_dealt_numbers_are_found() {
        assert_eq!(
            found(|i| 1_714_554_000.0 + 128.0 * (i * 7 % 500) as f32),
            Some(Why::Clock { clock: Clock::Seconds })
        );
        assert_eq!(found(|i| 1.7e12 + 2e6 * (i % 7) as f32), Some(Why::Clock { clock: Clock::Milliseconds }));
        assert_eq!(found(|i| 20_240_501.0 + (i % 30) as f32), Some(Why::Clock { clock: Clock::Digits }));
        assert_eq!(found(|i| (i % 500) as f32 * 3.0), Some(Why::Counter), "each file counts anew");
        assert_eq!(found(|i| -(i as f32)), Some(Why::Counter));
        assert_eq!(found(|i| ((i * 617) % 1_009) as f32), Some(Why::Identifier { distinct: 1_000, rows: 1_000 }));
    }

    #[test]
    fn measurements_are_none_of_them() {
        assert_eq!(found(|i| (i * 617 % 251) as f32), None, "few numbers, again and again");
        assert_eq!(found(|i| ((i * 617) % 1_009) as f32 * 1e5), None, "wide apart: chance would make no pair");
        assert_eq!(found(|i| ((i * 617) % 1_009) as f32 / 7.0), None, "fractions");
        let rows: Vec<RowId> = (0..1_000).map(|row| RowId { file: 0, row }).collect();
        let sorted: Vec<f32> = (0..1_000).map(|i| i as f32).collect();
        assert_eq!(of_numbers("Flow Duration", &sorted, &rows), None, "a file sorted by it");
        assert_eq!(found(|_| 1_714_554_000.0), None, "one number throughout says nothing");
        assert_eq!(found(|i| if i < 30 { i as f32 } else { f32::NAN }), None, "too few");
    }

    #[test]
    fn joined_addresses_are_found_however_few_and_texts_of_their_own() {
        let texts: Vec<String> = (0..300).map(|i| format!("192.0.2.{}-203.0.113.1-443", i % 3)).collect();
        let column = Categories::from_texts(texts.iter().map(|t| Some(t.as_str())));
        let rows: Vec<u32> = (0..300).collect();
        assert_eq!(of_texts(&column, &rows), Some(Why::Addresses { example: "192.0.2.0-203.0.113.1-443".to_owned() }));
        let texts: Vec<String> = (0..300).map(|i| format!("C{}", i * 31)).collect();
        let column = Categories::from_texts(texts.iter().map(|t| Some(t.as_str())));
        assert_eq!(of_texts(&column, &rows), Some(Why::Identifier { distinct: 300, rows: 300 }));
        let column = Categories::from_texts((0..300).map(|i| Some(["tcp", "udp", "1.2.3.4"][i % 3])));
        assert_eq!(of_texts(&column, &rows), None, "an address now and then is no column of addresses");
    }
}
