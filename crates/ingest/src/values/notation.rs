//! Numbers that are not written the plain way: decimal commas, groups of three digits, units behind them.

use nta_data::NumberNotation;

use crate::values::missing::is_no_value;
use crate::values::number::{Number, number};

/// Those besides the plain one, in the order in which a column is held against them.
pub(crate) const NOTATIONS: [NumberNotation; 4] = [
    NumberNotation::CommaGroups,
    NumberNotation::DecimalComma,
    NumberNotation::SpaceGroups,
    NumberNotation::UnitSuffixes,
];

/// Reads a cell of a column whose numbers are written by `notation`; `hex` matters to plain ones alone.
#[inline]
pub(crate) fn number_in(cell: &str, hex: bool, notation: NumberNotation) -> Number {
    match notation {
        NumberNotation::Plain => number(cell, hex),
        other => number_in_other(cell, other),
    }
}

fn number_in_other(cell: &str, notation: NumberNotation) -> Number {
    let trimmed = cell.trim();
    if is_no_value(trimmed) {
        return Number::Missing;
    }
    let value = match notation {
        NumberNotation::UnitSuffixes => with_unit(trimmed),
        NumberNotation::DecimalComma => grouped(trimmed, &['.'], &[',']),
        NumberNotation::SpaceGroups => grouped(trimmed, &[' ', '\u{a0}', '\u{202f}', '\u{2009}', '\''], &[',', '.']),
        NumberNotation::CommaGroups | NumberNotation::Plain => grouped(trimmed, &[','], &['.']),
    };
    match value {
        Some(value) if value.is_finite() => Number::Value(value),
        Some(_) => Number::Missing,
        None => Number::Bad,
    }
}

/// A number with `groups` between groups of three digits, if any, and one of `decimal` before its fraction.
fn grouped(text: &str, groups: &[char], decimal: &[char]) -> Option<f64> {
    let (sign, unsigned) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (whole, rest) = match unsigned.find(|c: char| decimal.contains(&c) || c == 'e' || c == 'E') {
        Some(at) => unsigned.split_at(at),
        None => (unsigned, ""),
    };
    let parts: Vec<&str> = whole.split(|c: char| groups.contains(&c)).collect();
    let all_digits = parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let (first, others) = parts.split_first()?;
    // `0.123` is no group of thousands.
    let is_group = (1..=3).contains(&first.len()) && !first.starts_with('0') && others.iter().all(|o| o.len() == 3);
    if !all_digits || (!others.is_empty() && !is_group) {
        return None;
    }
    let rest = match rest.strip_prefix(|c: char| decimal.contains(&c)) {
        Some(fraction) => format!(".{fraction}"),
        None => rest.to_owned(),
    };
    if rest.contains(['+', '-']) && !rest.contains(['e', 'E']) {
        return None;
    }
    format!("{sign}{}{rest}", parts.concat()).parse().ok()
}

/// A number and what it is counted in.
fn with_unit(text: &str) -> Option<f64> {
    let at = text.find(|c: char| c.is_alphabetic() && !matches!(c, 'e' | 'E') || c == '%').unwrap_or(text.len());
    let (written, unit) = text.split_at(at);
    let Number::Value(value) = number(written, false) else { return None };
    let bare = unit.strip_suffix(['B', 'b']).unwrap_or(unit);
    let (base, prefix) = match bare.strip_suffix('i') {
        Some(prefix) if !prefix.is_empty() => (1024.0, prefix),
        Some(_) => return None,
        None => (1000.0, bare),
    };
    let power = match prefix {
        "" => 0,
        "%" if unit == "%" => 0,
        "K" | "k" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        "P" => 5,
        _ => return None,
    };
    Some(value * f64::powi(base, power))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(notation: NumberNotation, cells: &[(&str, f64)]) {
        for (cell, value) in cells {
            assert_eq!(number_in(cell, false, notation), Number::Value(*value), "{cell} as {}", notation.name());
        }
    }

    fn refused(notation: NumberNotation, cells: &[&str]) {
        for cell in cells {
            assert_eq!(number_in(cell, false, notation), Number::Bad, "{cell} as {}", notation.name());
        }
    }

    #[test]
    fn each_notation_reads_its_own_numbers_and_no_others() {
        use NumberNotation as N;
        values(
            N::DecimalComma,
            &[("1837,5", 1837.5), ("-1.234.567,25", -1_234_567.25), ("7", 7.0), ("1,2E+03", 1200.0)],
        );
        refused(N::DecimalComma, &["1.5", "0.123", "1,2,3", "1.23.456", "tcp", ",", "1,-5", "1.234.56"]);
        values(
            N::CommaGroups,
            &[("1,234,567.5", 1_234_567.5), ("999", 999.0), ("1e3", 1000.0), ("-12,345", -12_345.0)],
        );
        refused(N::CommaGroups, &["1,5", "0,123", "12,34,567", "1,2345", "1.2.3"]);
        values(
            N::SpaceGroups,
            &[("1 234 567", 1_234_567.0), ("1\u{a0}234,5", 1234.5), ("12'345.5", 12_345.5), ("5", 5.0)],
        );
        refused(N::SpaceGroups, &["1 2", "12 34 567", "1 234 M"]);
        values(
            N::UnitSuffixes,
            &[
                ("   1.2 M", 1.2e6),
                ("3K", 3e3),
                ("5G", 5e9),
                ("1 KiB", 1024.0),
                ("2 MB", 2e6),
                ("12 %", 12.0),
                ("64 B", 64.0),
            ],
        );
        refused(N::UnitSuffixes, &["M", "1.2 X", "1 i", "1 iB", "1 Mx", "1,2 M"]);
    }

    #[test]
    fn the_missing_words_are_missing_in_every_notation() {
        for notation in NOTATIONS {
            for word in ["", " - ", "NaN", "N/A", "null", "?"] {
                assert_eq!(number_in(word, false, notation), Number::Missing, "{word}");
            }
        }
    }
}
