//! A time cell as microseconds since 1970-01-01 UTC.

use jiff::civil::DateTime;
use nta_data::{TimeRole, TimeUnit};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Reads the cells of one time column.
#[derive(Debug, Clone)]
pub(crate) struct TimeReader {
    pattern: Option<Pattern>,
    unit: TimeUnit,
    offset_micros: i64,
}

#[derive(Debug, Clone)]
enum Pattern {
    /// Years to fractions of a second in digits, which are most of the files there are.
    Digits(Vec<Piece>),
    /// Anything else that `strftime` knows.
    Full(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Literal(u8),
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    /// A point and digits, or nothing.
    Fraction,
}

impl TimeReader {
    pub(crate) fn new(role: &TimeRole) -> Self {
        let pattern = role.format.as_ref().map(|format| match pieces(format) {
            Some(pieces) => Pattern::Digits(pieces),
            None => Pattern::Full(format.clone()),
        });
        TimeReader { pattern, unit: role.unit, offset_micros: i64::from(role.utc_offset_minutes) * 60_000_000 }
    }

    /// Microseconds of a text cell, or `None` where it is no time.
    pub(crate) fn text(&self, cell: &str) -> Option<i64> {
        let cell = cell.trim();
        match &self.pattern {
            Some(Pattern::Digits(pieces)) => by_pieces(pieces, cell.as_bytes()).map(|t| t - self.offset_micros),
            Some(Pattern::Full(format)) => self.by_format(format, cell),
            None => fixed_point(cell, self.unit).or_else(|| self.rfc3339(cell)),
        }
    }

    /// Microseconds of a number in the column's unit.
    pub(crate) fn number(&self, value: f64) -> Option<i64> {
        let micros = (value * micros_per(self.unit) as f64).round();
        (micros.abs() < 9e18).then_some(micros as i64)
    }

    /// Microseconds of a whole number in the column's unit.
    pub(crate) fn integer(&self, value: i64) -> Option<i64> {
        value.checked_mul(micros_per(self.unit))
    }

    /// What a cell should look like, for messages.
    pub(crate) fn expected(&self) -> String {
        match &self.pattern {
            None => "a number since 1970-01-01 UTC or a time such as 2024-05-01T12:00:00Z".to_owned(),
            Some(Pattern::Full(format)) => format!("a time such as `{format}`"),
            Some(Pattern::Digits(pieces)) => format!("a time such as `{}`", example(pieces)),
        }
    }

    fn by_format(&self, format: &str, cell: &str) -> Option<i64> {
        let parsed = jiff::fmt::strtime::parse(format, cell).ok()?;
        if let Ok(timestamp) = parsed.to_timestamp() {
            return Some(timestamp.as_microsecond());
        }
        Some(civil_micros(parsed.to_datetime().ok()?)? - self.offset_micros)
    }

    fn rfc3339(&self, cell: &str) -> Option<i64> {
        if let Ok(timestamp) = cell.parse::<jiff::Timestamp>() {
            return Some(timestamp.as_microsecond());
        }
        Some(civil_micros(cell.parse::<DateTime>().ok()?)? - self.offset_micros)
    }
}

/// Microseconds of a duration in seconds, milliseconds or microseconds; negative ones count as none.
pub(crate) fn duration_micros(value: f64, unit: TimeUnit) -> i64 {
    (value * micros_per(unit) as f64).round().clamp(0.0, 9e18) as i64
}

pub(crate) fn micros_per(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Seconds => 1_000_000,
        TimeUnit::Milliseconds => 1_000,
        TimeUnit::Microseconds => 1,
    }
}

/// A decimal number of `unit`s, read digit by digit: as f64, 1537522822.965530 s would lose its last microsecond.
fn fixed_point(cell: &str, unit: TimeUnit) -> Option<i64> {
    let (negative, digits) = cell.strip_prefix('-').map_or((false, cell), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.is_empty() || whole.len() > 18 {
        return scientific(cell, unit);
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

fn scientific(cell: &str, unit: TimeUnit) -> Option<i64> {
    let value: f64 = cell.parse().ok()?;
    let micros = (value * micros_per(unit) as f64).round();
    (micros.is_finite() && micros.abs() < 9e18).then_some(micros as i64)
}

fn civil_micros(time: DateTime) -> Option<i64> {
    let days = days_from_civil(i64::from(time.year()), i64::from(time.month()), i64::from(time.day()));
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    Some(days * MICROS_PER_DAY + seconds * 1_000_000 + i64::from(time.subsec_nanosecond()) / 1_000)
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date
/// algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn pieces(format: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut bytes = format.bytes();
    while let Some(byte) = bytes.next() {
        let piece = match byte {
            b'%' => match bytes.next()? {
                b'Y' => Piece::Year,
                b'm' => Piece::Month,
                b'd' => Piece::Day,
                b'H' => Piece::Hour,
                b'M' => Piece::Minute,
                b'S' => Piece::Second,
                b'.' if bytes.next()? == b'f' => Piece::Fraction,
                _ => return None,
            },
            byte if byte.is_ascii_digit() => return None,
            byte => Piece::Literal(byte),
        };
        pieces.push(piece);
    }
    let needs = [Piece::Year, Piece::Month, Piece::Day];
    needs.iter().all(|p| pieces.contains(p)).then_some(pieces)
}

fn by_pieces(pieces: &[Piece], cell: &[u8]) -> Option<i64> {
    let (mut year, mut month, mut day, mut seconds, mut micros) = (0, 0, 0, 0, 0);
    let mut rest = cell;
    for piece in pieces {
        match piece {
            Piece::Literal(byte) => rest = rest.strip_prefix(&[*byte])?,
            Piece::Year => year = digits(&mut rest, 4)?,
            Piece::Month => month = digits(&mut rest, 2).filter(|m| (1..=12).contains(m))?,
            Piece::Day => day = digits(&mut rest, 2)?,
            Piece::Hour => seconds += 3600 * digits(&mut rest, 2).filter(|h| *h < 24)?,
            Piece::Minute => seconds += 60 * digits(&mut rest, 2).filter(|m| *m < 60)?,
            Piece::Second => seconds += digits(&mut rest, 2).filter(|s| *s <= 60)?,
            Piece::Fraction => micros = fraction(&mut rest)?,
        }
    }
    if !rest.is_empty() || day < 1 || day > days_in(year, month) {
        return None;
    }
    Some(days_from_civil(year, month, day) * MICROS_PER_DAY + seconds * 1_000_000 + micros)
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// One to `longest` digits.
fn digits(rest: &mut &[u8], longest: usize) -> Option<i64> {
    let n = rest.iter().take(longest).take_while(|b| b.is_ascii_digit()).count();
    let value = rest[..n].iter().fold(0, |v, b| v * 10 + i64::from(b - b'0'));
    *rest = &rest[n..];
    (n > 0).then_some(value)
}

/// A point and up to nine digits as microseconds, or nothing.
fn fraction(rest: &mut &[u8]) -> Option<i64> {
    let Some(after) = rest.strip_prefix(b".") else { return Some(0) };
    let n = after.iter().take_while(|b| b.is_ascii_digit()).count();
    if n == 0 || n > 9 {
        return None;
    }
    let mut micros = 0;
    for place in 0..6 {
        micros = micros * 10 + after[..n].get(place).map_or(0, |b| i64::from(b - b'0'));
    }
    *rest = &after[n..];
    Some(micros)
}

fn example(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(byte) => text.push(char::from(*byte)),
            Piece::Year => text.push_str("2024"),
            Piece::Month => text.push_str("05"),
            Piece::Day => text.push_str("31"),
            Piece::Hour => text.push_str("23"),
            Piece::Minute => text.push_str("59"),
            Piece::Second => text.push_str("58"),
            Piece::Fraction => text.push_str(".123456"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(format: Option<&str>, unit: TimeUnit, offset: i32) -> TimeReader {
        let format = format.map(str::to_owned);
        TimeReader::new(&TimeRole { column: "t".to_owned(), format, unit, utc_offset_minutes: offset })
    }

    #[test]
    fn argus_times_read_to_the_microsecond() {
        let argus = reader(Some("%Y/%m/%d %H:%M:%S%.f"), TimeUnit::Seconds, 0);
        assert!(matches!(argus.pattern, Some(Pattern::Digits(_))));
        // date -u -d '2011-08-16 10:01:46' +%s
        assert_eq!(argus.text("2011/08/16 10:01:46.972101"), Some(1_313_488_906_972_101));
        assert_eq!(argus.text("2011/08/16 10:01:46"), Some(1_313_488_906_000_000));
        assert_eq!(argus.text("1970/01/01 01:00:00.000000"), Some(3_600_000_000));
        for bad in ["2011/02/29 00:00:00", "2011/13/01 00:00:00", "2011/08/16", "2011/08/16 10:01:46.9x", "x", ""] {
            assert_eq!(argus.text(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_fast_way_reads_as_the_full_one() {
        let format = "%Y-%m-%d %H:%M:%S%.f";
        let fast = reader(Some(format), TimeUnit::Seconds, 0);
        for text in ["1969-12-31 23:59:59.5", "2000-02-29 12:00:00", "2024-02-29 00:00:01.000001", "1900-03-01 0:0:0"] {
            assert_eq!(fast.text(text), fast.by_format(format, text), "{text}");
            assert!(fast.text(text).is_some(), "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_microseconds_and_their_unit() {
        let seconds = reader(None, TimeUnit::Seconds, 0);
        assert_eq!(seconds.text("1537522822.965530"), Some(1_537_522_822_965_530));
        assert_eq!(seconds.text("1540469303"), Some(1_540_469_303_000_000));
        assert_eq!(seconds.text("-1.5"), Some(-1_500_000));
        assert_eq!(seconds.text("1.5e3"), Some(1_500_000_000));
        assert_eq!(reader(None, TimeUnit::Milliseconds, 0).text("1500.25"), Some(1_500_250));
        assert_eq!(reader(None, TimeUnit::Microseconds, 0).text("7"), Some(7));
        assert_eq!(seconds.number(1.25), Some(1_250_000));
        assert_eq!(seconds.integer(3), Some(3_000_000));
    }

    #[test]
    fn zones_are_honoured_and_the_offset_serves_where_there_is_none() {
        let plain = reader(None, TimeUnit::Seconds, 120);
        assert_eq!(plain.text("1970-01-01T02:00:00"), Some(0));
        assert_eq!(plain.text("1970-01-01 02:00:01.5"), Some(1_500_000));
        assert_eq!(plain.text("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(plain.text("1970-01-01T01:00:00+01:00"), Some(0));
        let named = reader(Some("%d %b %Y %H:%M %z"), TimeUnit::Seconds, 0);
        assert_eq!(named.text("01 Jan 1970 01:00 +0100"), Some(0));
    }

    #[test]
    fn negative_durations_count_as_none() {
        assert_eq!(duration_micros(-1.0, TimeUnit::Seconds), 0);
        assert_eq!(duration_micros(2.5, TimeUnit::Milliseconds), 2_500);
    }
}
