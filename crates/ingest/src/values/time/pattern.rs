//! Text times by a `strftime` pattern, the common part of it: dates in digits or with English names, clocks of 24 or 12
//! hours, fractions, offsets. What this does not know, jiff reads.

use crate::values::time::civil::{MICROS_PER_DAY, days_from_civil, days_in};

/// A pattern in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pieces(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Literal(u8),
    /// One blank or more.
    Blank,
    /// Digits, up to so many; exactly so many where digits follow or precede.
    Digits(Part, usize, Width),
    MonthName,
    Weekday,
    /// `AM` or `PM`.
    Half,
    /// A point or comma and digits, or nothing.
    Fraction,
    /// Digits of a fraction.
    FractionDigits,
    /// `+0100`, `+01:00`, `Z`.
    Offset,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    /// Two digits: 69 to 99 lie before 2000 (POSIX).
    ShortYear,
    Month,
    Day,
    Hour,
    /// 1 to 12.
    TwelfthHour,
    Minute,
    Second,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Any,
    Full,
}

/// What a cell says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moment {
    year: i64,
    month: i64,
    day: i64,
    pub(crate) hour: i64,
    seconds: i64,
    micros: i64,
    afternoon: Option<bool>,
    /// Microseconds east of UTC, where the cell says so.
    pub(crate) offset: Option<i64>,
}

impl Pieces {
    /// The pieces of `format`; `None` where it holds others.
    pub(crate) fn of(format: &str) -> Option<Pieces> {
        let mut pieces = Vec::new();
        let mut bytes = format.bytes();
        while let Some(byte) = bytes.next() {
            let digits = |part, most| Piece::Digits(part, most, Width::Any);
            pieces.push(match byte {
                b'%' => match bytes.next()? {
                    b'Y' => digits(Part::Year, 4),
                    b'y' => Piece::Digits(Part::ShortYear, 2, Width::Full),
                    b'm' => digits(Part::Month, 2),
                    b'd' | b'e' => digits(Part::Day, 2),
                    b'H' => digits(Part::Hour, 2),
                    b'I' => digits(Part::TwelfthHour, 2),
                    b'M' => digits(Part::Minute, 2),
                    b'S' => digits(Part::Second, 2),
                    b'b' | b'B' => Piece::MonthName,
                    b'a' | b'A' => Piece::Weekday,
                    b'p' => Piece::Half,
                    b'f' => Piece::FractionDigits,
                    b'z' => Piece::Offset,
                    b'.' if bytes.next()? == b'f' => Piece::Fraction,
                    _ => return None,
                },
                b' ' => Piece::Blank,
                byte if byte.is_ascii_digit() => return None,
                byte => Piece::Literal(byte),
            });
        }
        fix_widths(&mut pieces);
        Some(Pieces(pieces))
    }

    /// Whether it names a day of a year.
    pub(crate) fn names_a_day(&self) -> bool {
        let has = |part| self.0.iter().any(|p| matches!(p, Piece::Digits(of, ..) if *of == part));
        let has_month = has(Part::Month) || self.0.contains(&Piece::MonthName);
        (has(Part::Year) || has(Part::ShortYear)) && has_month && has(Part::Day)
    }

    /// Whether it holds more than numbers: names, AM and PM, offsets.
    pub(crate) fn has_words(&self) -> bool {
        let is_word = |p: &Piece| matches!(p, Piece::MonthName | Piece::Weekday | Piece::Half | Piece::Offset);
        self.0.iter().any(is_word)
    }

    /// Whether hours of 1 to 12 would stand without AM or PM.
    pub(crate) fn lacks_half(&self) -> bool {
        let has_hour = |p: &Piece| matches!(p, Piece::Digits(Part::Hour | Part::TwelfthHour, ..));
        self.0.iter().any(has_hour) && !self.0.contains(&Piece::Half)
    }

    /// Reads the front of `cell` into `moment`; what is left.
    pub(crate) fn begin<'c>(&self, moment: &mut Moment, cell: &'c [u8]) -> Option<&'c [u8]> {
        let mut rest = cell;
        for piece in &self.0 {
            match *piece {
                Piece::Literal(byte) => rest = rest.strip_prefix(&[byte])?,
                Piece::Blank => rest = rest.strip_prefix(b" ")?.trim_ascii_start(),
                Piece::Digits(part, most, width) => moment.set(part, digits(&mut rest, most, width)?)?,
                Piece::MonthName => moment.month = name(&mut rest, &MONTHS)?,
                Piece::Weekday => drop(name(&mut rest, &WEEKDAYS)?),
                Piece::Half => moment.afternoon = Some(half(&mut rest)?),
                Piece::Fraction => moment.micros = fraction(&mut rest)?,
                Piece::FractionDigits => moment.micros = fraction_digits(&mut rest)?,
                Piece::Offset => moment.offset = Some(offset(&mut rest)?),
            }
        }
        Some(rest)
    }

    /// A time that reads by it, for messages.
    pub(crate) fn example(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Literal(byte) => char::from(*byte).to_string(),
            Piece::Blank => " ".to_owned(),
            Piece::Digits(part, ..) => part.example().to_owned(),
            Piece::MonthName => "May".to_owned(),
            Piece::Weekday => "Fri".to_owned(),
            Piece::Half => "PM".to_owned(),
            Piece::Fraction => ".123456".to_owned(),
            Piece::FractionDigits => "123456".to_owned(),
            Piece::Offset => "+0000".to_owned(),
        };
        self.0.iter().map(text).collect()
    }
}

/// Digits that stand beside digits have their full width: `20240501`.
fn fix_widths(pieces: &mut [Piece]) {
    let is_digits = |p: Option<&Piece>| matches!(p, Some(Piece::Digits(..) | Piece::FractionDigits));
    for i in 0..pieces.len() {
        let beside = is_digits(pieces.get(i + 1)) || (i > 0 && is_digits(pieces.get(i - 1)));
        if let (true, Piece::Digits(_, _, width)) = (beside, &mut pieces[i]) {
            *width = Width::Full;
        }
    }
}

impl Part {
    fn example(self) -> &'static str {
        match self {
            Part::Year => "2024",
            Part::ShortYear => "24",
            Part::Month => "05",
            Part::Day => "31",
            Part::Hour => "23",
            Part::TwelfthHour => "11",
            Part::Minute => "59",
            Part::Second => "58",
        }
    }
}

impl Moment {
    fn set(&mut self, part: Part, value: i64) -> Option<()> {
        let within = |range: std::ops::RangeInclusive<i64>| range.contains(&value).then_some(value);
        match part {
            Part::Year => self.year = value,
            Part::ShortYear => self.year = if value < 69 { 2000 + value } else { 1900 + value },
            Part::Month => self.month = within(1..=12)?,
            Part::Day => self.day = value,
            Part::Hour => self.hour = within(0..=23)?,
            Part::TwelfthHour => self.hour = within(1..=12)?,
            Part::Minute => self.seconds += 60 * within(0..=59)?,
            Part::Second => self.seconds += within(0..=60)?,
        }
        Some(())
    }

    /// Microseconds since 1970 on the clock that it names, its offset left out; hours are as they stand, AM and PM
    /// applied. `None` where there is no such day.
    pub(crate) fn micros(&self) -> Option<i64> {
        if self.day < 1 || self.day > days_in(self.year, self.month) {
            return None;
        }
        let hour = match self.afternoon {
            None => self.hour,
            Some(_) if !(1..=12).contains(&self.hour) => return None,
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
        };
        let seconds = 3600 * hour + self.seconds;
        Some(days_from_civil(self.year, self.month, self.day) * MICROS_PER_DAY + seconds * 1_000_000 + self.micros)
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The place from 1 of the name that the letters in front begin, three of them or more.
fn name(rest: &mut &[u8], names: &[&str]) -> Option<i64> {
    let n = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let begins = |name: &&str| n >= 3 && n <= name.len() && name.as_bytes()[..n].eq_ignore_ascii_case(&rest[..n]);
    let place = names.iter().position(|name| begins(name))?;
    *rest = &rest[n..];
    Some(place as i64 + 1)
}

fn half(rest: &mut &[u8]) -> Option<bool> {
    let two = rest.get(..2)?;
    let afternoon = two.eq_ignore_ascii_case(b"pm");
    if !afternoon && !two.eq_ignore_ascii_case(b"am") {
        return None;
    }
    *rest = &rest[2..];
    Some(afternoon)
}

/// Microseconds east of UTC.
fn offset(rest: &mut &[u8]) -> Option<i64> {
    if let Some(after) = rest.strip_prefix(b"Z") {
        *rest = after;
        return Some(0);
    }
    let sign = match rest.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let mut after = &rest[1..];
    let hours = digits(&mut after, 2, Width::Full).filter(|h| *h < 24)?;
    after = after.strip_prefix(b":").unwrap_or(after);
    let minutes = digits(&mut after, 2, Width::Full).unwrap_or(0);
    *rest = after;
    (minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000_000)
}

/// One to `most` digits, or exactly so many.
fn digits(rest: &mut &[u8], most: usize, width: Width) -> Option<i64> {
    let n = rest.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
    if n == 0 || (width == Width::Full && n < most) {
        return None;
    }
    let value = rest[..n].iter().fold(0, |v, b| v * 10 + i64::from(b - b'0'));
    *rest = &rest[n..];
    Some(value)
}

/// A point or comma and up to nine digits as microseconds, or nothing.
fn fraction(rest: &mut &[u8]) -> Option<i64> {
    match rest.first() {
        Some(b'.' | b',') => {
            *rest = &rest[1..];
            fraction_digits(rest)
        }
        _ => Some(0),
    }
}

/// Up to nine digits as microseconds.
fn fraction_digits(rest: &mut &[u8]) -> Option<i64> {
    let n = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if n == 0 || n > 9 {
        return None;
    }
    let mut micros = 0;
    for place in 0..6 {
        micros = micros * 10 + rest[..n].get(place).map_or(0, |b| i64::from(b - b'0'));
    }
    *rest = &rest[n..];
    Some(micros)
}
