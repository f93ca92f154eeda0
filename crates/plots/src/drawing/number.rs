//! Numbers as people read them. Rounding never turns "almost all" into "all", or "few" into "none".

/// `1234567` as `1,234,567`.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many a day: with a decimal where they are few.
pub fn a_day(count: f64) -> String {
    if count < 10.0 { format!("{count:.1}") } else { thousands(count.round() as u64) }
}

/// A fraction as a percentage: two decimals near the ends, one in the middle; `–` for what is not a number. Its blanks
/// do not break.
pub fn percent(fraction: f64) -> String {
    if !fraction.is_finite() {
        return "–".into();
    }
    let value = fraction * 100.0;
    let end = value.abs().min((100.0 - value).abs());
    if end == 0.0 {
        format!("{value:.0}\u{a0}%")
    } else if value > 0.0 && value < 0.01 {
        "<\u{a0}0.01\u{a0}%".into()
    } else if value < 100.0 && value > 99.99 {
        ">\u{a0}99.99\u{a0}%".into()
    } else if end < 10.0 {
        format!("{value:.2}\u{a0}%")
    } else {
        format!("{value:.1}\u{a0}%")
    }
}

/// A fraction as a percentage for a column of such: always two decimals, so that the points line up.
pub fn percent_in_column(fraction: f64) -> String {
    match percent(fraction) {
        ends if ends.starts_with(['<', '>', '–']) => ends,
        _ => format!("{:.2}\u{a0}%", fraction * 100.0),
    }
}

/// `12 flows`, `1 flow`.
pub(crate) fn flows(count: u64) -> String {
    if count == 1 { "1 flow".into() } else { format!("{} flows", thousands(count)) }
}

/// `count` out of `total` as a percentage, `–` when there is nothing to divide by.
pub fn share(count: u64, total: u64) -> String {
    if total == 0 { "–".into() } else { percent(count as f64 / total as f64) }
}

/// A number with four decimals; rounding never makes it 0 or 1 if it is not.
pub fn decimal(value: f64) -> String {
    let text = format!("{value:.4}").replace('-', "−");
    match text.as_str() {
        _ if !value.is_finite() => "–".into(),
        "1.0000" if value < 1.0 => ">\u{a0}0.9999".into(),
        "0.0000" | "−0.0000" if value != 0.0 => format!("{}\u{a0}0.0001", if value > 0.0 { "<" } else { ">\u{a0}−" }),
        _ => text,
    }
}

/// A threshold with at least four significant digits, for on skewed data thresholds lie near 0.
pub fn threshold(value: f64) -> String {
    let decimals = if value > 0.0 { (3.0 - value.log10().floor()).clamp(4.0, 9.0) } else { 4.0 };
    plain(value, decimals as usize)
}

/// A measured value of any size with three or four significant digits, counts below ten million in full: `0.1235`,
/// `58,329`, `1.20e−7`.
pub fn significant(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if !value.is_finite() => "–".into(),
        0.0 => "0".into(),
        _ if !(1e-4..1e7).contains(&size) => format!("{value:.2e}").replace('-', "−"),
        _ if size >= 1_000.0 => {
            let sign = if value < 0.0 { "−" } else { "" };
            format!("{sign}{}", thousands(size.round() as u64))
        }
        _ => plain(value, (3.0 - size.log10().floor()).clamp(0.0, 8.0) as usize),
    }
}

/// A count on an axis: `1`, `200`, `5k`, `1.5M`.
pub(crate) fn compact(value: f64) -> String {
    for (unit, name) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if value.abs() >= unit {
            let scaled = value / unit;
            return if scaled.abs() >= 99.95 || (scaled - scaled.round()).abs() < 1e-6 {
                format!("{scaled:.0}{name}")
            } else {
                format!("{scaled:.1}{name}")
            };
        }
    }
    plain(value, 3)
}

/// At most `decimals` decimals, no trailing zeros.
pub(crate) fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".into() } else { text.replace('-', "−") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated_from_the_right() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ];
        for (count, text) in cases {
            assert_eq!(thousands(count), text);
        }
    }

    #[test]
    fn a_percentage_is_whole_only_when_it_is_exact() {
        assert_eq!(share(0, 10), "0\u{a0}%");
        assert_eq!(share(10, 10), "100\u{a0}%");
        assert_eq!(share(1, 1_000_000), "<\u{a0}0.01\u{a0}%");
        assert_eq!(share(999_999, 1_000_000), ">\u{a0}99.99\u{a0}%");
        assert_eq!(share(9_713, 10_000), "97.13\u{a0}%");
        assert_eq!(share(2, 3), "66.7\u{a0}%");
        assert_eq!(share(0, 0), "–");
    }

    #[test]
    fn a_measured_value_keeps_four_digits_whatever_its_size() {
        let texts = [0.0, 0.123_456, 12.345_6, 999.96, 1_234.5, 58_329.0, -2.5].map(significant);
        assert_eq!(texts, ["0", "0.1235", "12.35", "1000", "1,235", "58,329", "−2.5"]);
        let texts = [1.2e-7, 43_123_872.0, -5_000.0, 0.000_5, f64::NAN].map(significant);
        assert_eq!(texts, ["1.20e−7", "4.31e7", "−5,000", "0.0005", "–"]);
    }

    #[test]
    fn areas_and_axis_counts_stay_short() {
        assert_eq!(decimal(0.98765), "0.9877");
        assert_eq!(decimal(0.99999), ">\u{a0}0.9999");
        assert_eq!(decimal(0.00003), "<\u{a0}0.0001");
        assert_eq!([decimal(1.0), decimal(0.0), decimal(-0.25)], ["1.0000", "0.0000", "−0.2500"]);
        assert_eq!([threshold(0.431), threshold(0.000_213_44), threshold(0.0)], ["0.431", "0.0002134", "0"]);
        assert_eq!(compact(1500.0), "1.5k");
        assert_eq!(compact(882_241.0), "882k");
        assert_eq!(percent_in_column(1.0), "100.00\u{a0}%");
        assert_eq!(percent_in_column(0.865), "86.50\u{a0}%");
        assert_eq!(percent_in_column(0.999_99), ">\u{a0}99.99\u{a0}%");
        assert_eq!(compact(2e6), "2M");
        assert_eq!(plain(0.250, 3), "0.25");
        assert_eq!(plain(-0.5, 1), "−0.5");
    }
}
