//! Times written as one number: which unit they count in, and the number read to the microsecond.

use nta_data::TimeUnit;

use crate::values::time::civil::MICROS_PER_DAY;

/// 1990-01-01 to 2100-01-01, microseconds since 1970: no flow was recorded outside it. Within it the units of an epoch
/// exclude each other, and numbers that are no epoch mostly fall outside.
pub(crate) const PLAUSIBLE: std::ops::Range<i64> = 631_152_000_000_000..4_102_444_800_000_000;

/// 1899-12-30, which spreadsheets count from, in days since 1970.
const EXCEL_ZERO: i64 = -25_569;

/// The units that a draft tries, in this order.
const UNITS: [TimeUnit; 5] =
    [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds, TimeUnit::ExcelDays];

/// Ticks of .NET (100 ns since the year 1) from 2000 to 2100, which would be nanoseconds of 1990.
const TICKS: std::ops::Range<f64> = 6.308_228e17..6.623_804e17;

/// The unit in which `value` is a plausible time.
pub(crate) fn unit_of(value: f64) -> Option<TimeUnit> {
    if TICKS.contains(&value) {
        return None;
    }
    UNITS.into_iter().find(|unit| since_1970(value, *unit).is_some_and(|micros| PLAUSIBLE.contains(&micros)))
}

/// Microseconds since 1970 of a number that counts from there (a spreadsheet's day from 1899).
pub(super) fn since_1970(value: f64, unit: TimeUnit) -> Option<i64> {
    let zero = if unit == TimeUnit::ExcelDays { EXCEL_ZERO * MICROS_PER_DAY } else { 0 };
    in_micros(value, unit)?.checked_add(zero)
}

/// The same of a whole number, exactly.
pub(super) fn integer_since_1970(value: i64, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Nanoseconds => Some(value.div_euclid(1_000)),
        TimeUnit::ExcelDays => value.checked_add(EXCEL_ZERO)?.checked_mul(MICROS_PER_DAY),
        unit => value.checked_mul(micros_per(unit)),
    }
}

/// Microseconds of a duration in `unit`; negative ones count as none.
pub(crate) fn duration_micros(value: f64, unit: TimeUnit) -> i64 {
    let micros = if unit == TimeUnit::Nanoseconds { value / 1_000.0 } else { value * micros_per(unit) as f64 };
    micros.round().clamp(0.0, 9e18) as i64
}

/// How many of the unit `to` are one of `from`.
pub(crate) fn ratio(from: TimeUnit, to: TimeUnit) -> f64 {
    let nanos = |unit| if unit == TimeUnit::Nanoseconds { 1 } else { 1_000 * micros_per(unit) };
    nanos(from) as f64 / nanos(to) as f64
}

fn in_micros(value: f64, unit: TimeUnit) -> Option<i64> {
    let micros = if unit == TimeUnit::Nanoseconds { value / 1_000.0 } else { value * micros_per(unit) as f64 }.round();
    (micros.is_finite() && micros.abs() < 9e18).then_some(micros as i64)
}

/// Whole microseconds of a unit; nanoseconds, which have none, are divided instead.
fn micros_per(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Seconds | TimeUnit::Unknown => 1_000_000,
        TimeUnit::Milliseconds => 1_000,
        TimeUnit::Microseconds | TimeUnit::Nanoseconds => 1,
        TimeUnit::ExcelDays => MICROS_PER_DAY,
    }
}

/// A decimal number of `unit`s since 1970, read digit by digit: as f64, 1537522822.965530 s would lose its last
/// microsecond.
pub(super) fn fixed_point(cell: &str, unit: TimeUnit) -> Option<i64> {
    let (negative, digits) = cell.strip_prefix('-').map_or((false, cell), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let exact = !matches!(unit, TimeUnit::Nanoseconds | TimeUnit::ExcelDays);
    if !is_digits(whole) || !is_digits(fraction) || whole.is_empty() || whole.len() > 18 || !exact {
        return inexact(cell, unit);
    }
    let mut micros = whole.parse::<i64>().ok()?.checked_mul(micros_per(unit))?;
    let mut place = micros_per(unit) / 10;
    for byte in fraction.bytes() {
        if place == 0 {
            micros = micros.checked_add(i64::from(byte >= b'5'))?;
            break;
        }
        micros = micros.checked_add(i64::from(byte - b'0') * place)?;
        place /= 10;
    }
    Some(if negative { -micros } else { micros })
}

/// Whole numbers of any size, exponents, and the separators of spreadsheets (`45,413.375`, `45413,375`).
fn inexact(cell: &str, unit: TimeUnit) -> Option<i64> {
    if let Ok(whole) = cell.parse::<i64>() {
        return integer_since_1970(whole, unit);
    }
    if let Ok(value) = cell.parse::<f64>() {
        return since_1970(value, unit);
    }
    since_1970(with_comma(cell)?, unit)
}

/// A number whose commas group thousands, or whose one comma is the decimal one.
pub(crate) fn with_comma(cell: &str) -> Option<f64> {
    let (head, rest) = cell.split_once(',')?;
    if !cell.bytes().all(|b| b.is_ascii_digit() || matches!(b, b',' | b'.')) || head.is_empty() {
        return None;
    }
    let whole = rest.split('.').next()?;
    let is_grouped = head.len() <= 3 && whole.split(',').all(|group| group.len() == 3);
    let plain = if is_grouped { cell.replace(',', "") } else { cell.replacen(',', ".", 1) };
    plain.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_of_an_epoch_is_told_by_its_size() {
        // date -u -d '2024-05-01 09:00:00' +%s
        for (value, unit) in [
            (1_714_554_000.0, TimeUnit::Seconds),
            (1_714_554_000_000.0, TimeUnit::Milliseconds),
            (1_714_554_000_000_000.0, TimeUnit::Microseconds),
            (1_714_554_000_000_000_000.0, TimeUnit::Nanoseconds),
            (45_413.375, TimeUnit::ExcelDays),
        ] {
            assert_eq!(unit_of(value), Some(unit));
            assert_eq!(since_1970(value, unit), Some(1_714_554_000_000_000), "{unit:?}");
        }
        for value in [0.0, 17.0, 1_200.0, 20_240_501.0, 20_240_501_090_000.0, -5.0] {
            assert_eq!(unit_of(value), None, "{value}");
        }
    }

    #[test]
    fn nanoseconds_keep_their_microseconds() {
        assert_eq!(fixed_point("1714554000123456789", TimeUnit::Nanoseconds), Some(1_714_554_000_123_456));
        assert_eq!(duration_micros(1_500.0, TimeUnit::Nanoseconds), 2);
    }

    #[test]
    fn a_spreadsheet_s_day_reads_with_any_separator() {
        for cell in ["45413.375", "45,413.375", "45413,375"] {
            assert_eq!(fixed_point(cell, TimeUnit::ExcelDays), Some(1_714_554_000_000_000), "{cell}");
        }
        assert_eq!(with_comma("1,2,3"), None);
        assert_eq!(with_comma("a,5"), None);
    }
}
