//! One cell as a number: what counts as missing, as a number, and as neither.

use crate::values::missing::{is_missing, is_no_value};

/// A cell of a number column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    /// Finite.
    Value(f64),
    /// Empty, infinite, or one of the words for nothing.
    Missing,
    /// Text.
    Bad,
}

/// Reads a cell as a number; `hex` allows `0x0303`. `true` and `false` read as 1 and 0.
pub(crate) fn number(cell: &str, hex: bool) -> Number {
    if let Some(value) = plain_decimal(cell.as_bytes()) {
        return Number::Value(value);
    }
    let trimmed = cell.trim();
    if is_missing(trimmed) {
        return Number::Missing;
    }
    match trimmed.parse::<f64>() {
        Ok(value) if value.is_finite() => Number::Value(value),
        // "1e999": written as a number, too large for one.
        Ok(_) => Number::Missing,
        Err(_) => other_spelling(trimmed, hex),
    }
}

#[cold]
fn other_spelling(trimmed: &str, hex: bool) -> Number {
    let digits = trimmed.strip_prefix("0x").or_else(|| trimmed.strip_prefix("0X"));
    if let (true, Some(digits)) = (hex, digits)
        && let Ok(value) = u64::from_str_radix(digits, 16)
    {
        return Number::Value(value as f64);
    }
    if trimmed.eq_ignore_ascii_case("true") {
        Number::Value(1.0)
    } else if trimmed.eq_ignore_ascii_case("false") {
        Number::Value(0.0)
    } else if is_no_value(trimmed) {
        Number::Missing
    } else {
        Number::Bad
    }
}

/// Digits with at most one point, read exactly: up to 15 digits fit f64's 53 bits, and a division of two exact numbers
/// rounds once (Clinger 1990). `None` for anything else.
fn plain_decimal(cell: &[u8]) -> Option<f64> {
    const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    if cell.is_empty() || cell.len() > 16 {
        return None;
    }
    let mut digits = 0u64;
    let mut n_digits = 0;
    let mut point = None;
    for byte in cell {
        match byte {
            b'0'..=b'9' => {
                digits = digits * 10 + u64::from(byte - b'0');
                n_digits += 1;
            }
            b'.' if point.is_none() => point = Some(n_digits),
            _ => return None,
        }
    }
    if n_digits == 0 || n_digits > 15 {
        return None;
    }
    let scale = point.map_or(0, |p| n_digits - p);
    Some(digits as f64 / POWERS[scale])
}

/// The number as the feature type; magnitudes beyond it, like infinities, are missing (NaN).
pub(crate) fn as_feature(value: f64) -> f32 {
    let narrow = value as f32;
    if narrow.is_finite() { narrow } else { f32::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_decimals_read_as_the_standard_library_reads_them() {
        for text in ["0", "7", "0.05", "123456789012345", "3599.986572", "00.10", "5.", ".5", "999999999999999", "1.00"]
        {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(plain_decimal(text.as_bytes()).unwrap().to_bits(), expected.to_bits(), "{text}");
        }
        for text in ["", ".", "1e5", "-1", "1234567890123456", "1.2.3", " 1"] {
            assert_eq!(plain_decimal(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn missing_is_told_from_text_and_from_numbers() {
        for text in [
            "",
            "  ",
            "-",
            "NaN",
            "nan",
            "inf",
            "-Infinity",
            "(empty)",
            "1e999",
            "+inf",
            "n/a",
            "None",
            "--",
            "\\N",
            "#N/A",
        ] {
            assert_eq!(number(text, false), Number::Missing, "{text}");
        }
        for (text, value) in [(" -3.5 ", -3.5), ("1e3", 1000.0), ("+2", 2.0), ("True", 1.0), ("false", 0.0)] {
            assert_eq!(number(text, false), Number::Value(value), "{text}");
        }
        for text in ["tcp", "1,000", "0x10", "12a", "1 000", "1.2 M", "45.977.011.494"] {
            assert_eq!(number(text, false), Number::Bad, "{text}");
        }
    }

    #[test]
    fn hexadecimal_is_read_where_it_is_allowed() {
        assert_eq!(number("0x0303", true), Number::Value(771.0));
        assert_eq!(number("80", true), Number::Value(80.0));
        assert_eq!(number("0xzz", true), Number::Bad);
    }

    #[test]
    fn what_a_feature_cannot_hold_is_missing() {
        assert_eq!(as_feature(16_777_217.0), 16_777_216.0);
        assert!(as_feature(1e300).is_nan());
    }
}
