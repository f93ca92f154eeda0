//! Times as Suricata writes them.

use nta_ingest::days_from_civil;

/// `2026-11-28T06:30:00.000000+0000`
pub fn timestamp(micros: i64) -> String {
    let (days, in_day) = (micros.div_euclid(86_400_000_000), micros.rem_euclid(86_400_000_000));
    // Howard Hinnant, "chrono-compatible low-level date algorithms": civil_from_days.
    let z = days + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (seconds, fraction) = (in_day / 1_000_000, in_day % 1_000_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}+0000")
}

/// Microseconds since 1970 of a time that [`timestamp`] wrote; `None` of any other text.
pub(crate) fn micros_of(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let is_at = |at: usize, mark: u8| bytes.get(at) == Some(&mark);
    let has_marks =
        [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.')].iter().all(|&(at, m)| is_at(at, m));
    if !has_marks || bytes.len() != 31 || !text.ends_with("+0000") {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok().map(i64::from);
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let days = days_from_civil(year, month, day);
    let seconds = number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
    Some((days * 86_400 + seconds) * 1_000_000 + number(20, 26)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_suricata_writes_them() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000000+0000");
        assert_eq!(timestamp(1_709_210_096_000_007), "2024-02-29T12:34:56.000007+0000");
        for micros in [0, 1_709_210_096_000_007, -1, 951_782_400_000_000, 4_070_908_799_999_999] {
            assert_eq!(micros_of(&timestamp(micros)), Some(micros));
        }
        for other in ["", "2024-02-29", "2024-02-29T12:34:56.000007+0100", "2024-02-29T12:34:56.00000é+0000"] {
            assert_eq!(micros_of(other), None, "{other}");
        }
    }
}
