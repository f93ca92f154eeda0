//! How a column's numbers are written, by what most of its cells are, and which cells are exceptions.

use std::collections::BTreeMap;

use nta_data::NumberNotation;

use crate::draft::sample::Sample;
use crate::values::notation::{NOTATIONS, number_in};
use crate::values::number::{Number, number};

/// A column is one of numbers where no more of its cells are something else; where it has few values, no more than the
/// second share, for then it may be a category as well, which loses no row.
const MOST_ODD: f64 = 0.05;
const MOST_ODD_OF_FEW: f64 = 0.01;
/// So many values are few.
const FEW: usize = 50;
/// Exceptions of one column that are quoted.
const MOST_QUOTED: usize = 3;

/// A column of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) notation: NumberNotation,
    pub(crate) hex: bool,
    /// Cells that are no number as the others are written.
    pub(crate) n_odd: usize,
    /// The most frequent of them.
    pub(crate) odd: Vec<OddCell>,
    /// Another notation that would read as many cells, as other numbers.
    pub(crate) or: Option<NumberNotation>,
    /// A cell written in the notation, where it is not the plain one, and what it is read as.
    pub(crate) example: Option<(String, f64)>,
    /// Whether a spreadsheet seems to have taken the points of fractions for those between thousands.
    pub(crate) is_spoiled: bool,
}

/// Cells of one text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OddCell {
    pub(crate) text: String,
    /// Row of the sample that holds the first.
    pub(crate) first: usize,
    pub(crate) count: usize,
}

/// The column as one of numbers; `None` where it is something else.
pub(crate) fn numbers(sample: &Sample) -> Option<Numbers> {
    let n_bad = |notation, hex| n_bad(sample, notation, hex);
    if sample.texts.is_empty() || sample.texts.iter().all(|text| number(text, false) == Number::Missing) {
        return None;
    }
    let plain = n_bad(NumberNotation::Plain, false);
    let (mut best, mut hex, mut fewest) = (NumberNotation::Plain, false, plain);
    if plain > 0 {
        let n_hex = n_bad(NumberNotation::Plain, true);
        if n_hex < fewest {
            (hex, fewest) = (true, n_hex);
        }
        for notation in NOTATIONS {
            let n = n_bad(notation, false);
            if n < fewest {
                (best, hex, fewest) = (notation, false, n);
            }
        }
    }
    let mut or = None;
    if best == NumberNotation::CommaGroups && n_bad(NumberNotation::DecimalComma, false) == fewest {
        // `5678` among numbers like `1,234`: these are no thousands.
        let ungrouped = |text: &String| text.len() > 3 && text.bytes().all(|b| b.is_ascii_digit());
        let (taken, other) = match sample.texts.iter().any(ungrouped) {
            true => (NumberNotation::DecimalComma, NumberNotation::CommaGroups),
            false => (NumberNotation::CommaGroups, NumberNotation::DecimalComma),
        };
        (best, or) = (taken, Some(other));
    }
    let n = sample.texts.len();
    let most_odd = if sample.distinct.len() <= FEW { MOST_ODD_OF_FEW } else { MOST_ODD };
    if fewest == n || fewest as f64 > most_odd * n as f64 {
        return None;
    }
    let example = (!best.is_plain()).then(|| example(sample, best)).flatten();
    let is_spoiled = best == NumberNotation::DecimalComma && is_spoiled(sample);
    Some(Numbers { notation: best, hex, n_odd: fewest, odd: odd_cells(sample, best, hex), or, example, is_spoiled })
}

fn n_bad(sample: &Sample, notation: NumberNotation, hex: bool) -> usize {
    sample.texts.iter().filter(|text| number_in(text, hex, notation) == Number::Bad).count()
}

fn odd_cells(sample: &Sample, notation: NumberNotation, hex: bool) -> Vec<OddCell> {
    let mut odd: BTreeMap<&str, OddCell> = BTreeMap::new();
    for (text, row) in sample.texts.iter().zip(&sample.rows) {
        if number_in(text, hex, notation) == Number::Bad {
            let new = || OddCell { text: text.clone(), first: *row as usize, count: 0 };
            odd.entry(text).or_insert_with(new).count += 1;
        }
    }
    let mut odd: Vec<OddCell> = odd.into_values().collect();
    odd.sort_by_key(|cell| (std::cmp::Reverse(cell.count), cell.first));
    odd.truncate(MOST_QUOTED);
    odd
}

fn example(sample: &Sample, notation: NumberNotation) -> Option<(String, f64)> {
    sample.texts.iter().find_map(|text| match (number(text, false), number_in(text, false, notation)) {
        (Number::Bad, Number::Value(value)) => Some((text.clone(), value)),
        _ => None,
    })
}

/// Whether cells such as `45.977.011.494` are fractions whose points were lost: counts have few digits where they are
/// small, and these have many throughout.
fn is_spoiled(sample: &Sample) -> bool {
    let grouped: Vec<&String> = sample.texts.iter().filter(|text| text.matches('.').count() >= 2).collect();
    let with_comma = sample.texts.iter().any(|text| text.contains(','));
    let n_digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let n_long = grouped.iter().filter(|text| n_digits(text) >= 9).count();
    !with_comma && grouped.len() > 2 && n_long * 10 >= grouped.len() * 9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[&str]) -> Option<Numbers> {
        numbers(&Sample::of_texts("x", cells))
    }

    /// Ninety-nine in a hundred are `cells`, one is `odd`.
    fn mostly(cells: [&'static str; 2], odd: &'static str) -> Vec<&'static str> {
        let mut all: Vec<&str> = cells.iter().cycle().take(99).copied().collect();
        all.insert(40, odd);
        all
    }

    #[test]
    fn a_column_is_what_most_of_its_cells_are() {
        assert_eq!(of(&mostly(["1", "2.5"], "abc")[20..]), None, "2 values and 1 in 80 odd: a category as well");
        let found = of(&mostly(["1", "2.5"], "abc")).unwrap();
        assert_eq!((found.notation, found.n_odd), (NumberNotation::Plain, 1));
        assert_eq!(found.odd, [OddCell { text: "abc".to_owned(), first: 40, count: 1 }]);
        assert_eq!(of(&mostly(["1", "2.5"], "N/A")).unwrap().n_odd, 0);
        assert_eq!(of(&["a", "1", "2"]), None);
        assert_eq!(of(&["NA", "null"]), None);
    }

    #[test]
    fn the_notation_is_the_one_that_reads_most_cells() {
        let notation = |cells: &[&str]| of(cells).map(|n| (n.notation, n.or));
        assert_eq!(notation(&["1,5", "12,25", "7"]), Some((NumberNotation::DecimalComma, None)));
        assert_eq!(notation(&["1,234", "1,234,567", "7"]), Some((NumberNotation::CommaGroups, None)));
        let or = Some(NumberNotation::DecimalComma);
        assert_eq!(notation(&["1,234", "5,678", "7"]), Some((NumberNotation::CommaGroups, or)));
        let or = Some(NumberNotation::CommaGroups);
        assert_eq!(notation(&["1,234", "5678"]), Some((NumberNotation::DecimalComma, or)));
        assert_eq!(notation(&["1.234.567", "1.234"]), Some((NumberNotation::DecimalComma, None)));
        assert_eq!(notation(&["1 234", "12"]), Some((NumberNotation::SpaceGroups, None)));
        assert_eq!(notation(&["1.2 M", "512"]), Some((NumberNotation::UnitSuffixes, None)));
        assert!(of(&["0x10", "12"]).unwrap().hex);
    }

    #[test]
    fn what_a_spreadsheet_spoiled_is_no_count() {
        assert!(of(&["45.977.011.494", "48.617.552.672", "15.348.606.321", "0"]).unwrap().is_spoiled);
        assert!(!of(&["1.234.567", "23.456", "4.977.011", "12.345.678"]).unwrap().is_spoiled);
    }
}
