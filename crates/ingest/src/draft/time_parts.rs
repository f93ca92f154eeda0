//! Times that stand in several columns, a part in each (`ts_year`, `ts_month`, …): no role reads them, and no part is a
//! measurement of a flow.

use std::collections::BTreeMap;

use crate::draft::sample::Sample;
use crate::draft::time_names::words;

/// Words for parts of a time, the same part in a line.
const PARTS: [&[&str]; 6] = [
    &["year", "yyyy"],
    &["month", "mon"],
    &["day", "mday"],
    &["hour", "hours", "hh"],
    &["minute", "minutes", "min"],
    &["second", "seconds", "sec"],
];

/// The columns that are parts of one time: names that differ in the part alone, three parts or more, a date's or a clock's.
pub(super) fn parts(samples: &[Sample]) -> Vec<String> {
    let mut groups: BTreeMap<Vec<String>, BTreeMap<usize, &str>> = BTreeMap::new();
    for sample in samples {
        let mut rest = words(&sample.name);
        let part = |word: &String| PARTS.iter().position(|names| names.contains(&word.as_str()));
        let Some((place, part)) = rest.iter().enumerate().find_map(|(place, word)| Some((place, part(word)?))) else {
            continue;
        };
        rest.remove(place);
        groups.entry(rest).or_default().entry(part).or_insert(&sample.name);
    }
    let is_time = |parts: &BTreeMap<usize, &str>| {
        let has = |wanted: [usize; 3]| wanted.iter().all(|part| parts.contains_key(part));
        has([0, 1, 2]) || has([3, 4, 5])
    };
    let times = groups.into_values().filter(is_time);
    times.flat_map(BTreeMap::into_values).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_one_time_are_found_and_rates_are_not() {
        let of = |names: &[&str]| parts(&names.iter().map(|name| Sample::of_texts(name, &["1"])).collect::<Vec<_>>());
        assert_eq!(of(&["ts_year", "ts_month", "ts_day", "td"]), ["ts_year", "ts_month", "ts_day"]);
        assert_eq!(of(&["Hour", "Minute", "Second"]), ["Hour", "Minute", "Second"]);
        assert!(of(&["bytes_per_second", "iat_min", "pkt_min", "day", "te_year", "ts_month"]).is_empty());
    }
}
