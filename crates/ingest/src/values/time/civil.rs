//! Days and dates of the Gregorian calendar.

use jiff::civil::DateTime;

pub(crate) const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Microseconds since 1970-01-01 of a date and time of day, both taken for UTC.
pub(super) fn civil_micros(time: DateTime) -> i64 {
    let days = days_from_civil(i64::from(time.year()), i64::from(time.month()), i64::from(time.day()));
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    days * MICROS_PER_DAY + seconds * 1_000_000 + i64::from(time.subsec_nanosecond()) / 1_000
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date
/// algorithms").
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

pub(super) fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Microseconds since 1970 as `2024-05-01T09:00:00Z`, whole seconds; the number where no year can name them.
pub(crate) fn shown(micros: i64) -> String {
    let second = jiff::Timestamp::from_second(micros.div_euclid(1_000_000));
    second.map_or_else(|_| format!("{micros} microseconds"), |t| t.to_string())
}
