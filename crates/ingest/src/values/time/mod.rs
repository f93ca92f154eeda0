//! A time cell as microseconds since 1970-01-01 UTC.

pub(crate) mod civil;
pub(crate) mod epoch;
pub(crate) mod pattern;
pub(crate) mod span;
pub(crate) mod trend;
pub(crate) mod twelve_hours;

use jiff::civil::DateTime;
use nta_data::{TimeRole, TimeUnit};

pub(crate) use epoch::duration_micros;

use crate::values::time::civil::civil_micros;
use crate::values::time::pattern::{Moment, Pieces};

/// Reads the cells of one time column.
#[derive(Debug, Clone)]
pub(crate) struct TimeReader {
    pattern: Option<Pattern>,
    unit: TimeUnit,
    offset_micros: i64,
    /// Before this hour it is afternoon, on a clock of twelve hours without AM and PM.
    twelve_hour_from: Option<i64>,
    relative: bool,
}

#[derive(Debug, Clone)]
enum Pattern {
    /// What most files have.
    Common { pieces: Pieces, format: String },
    /// Anything else that `strftime` knows.
    Full(String),
}

impl TimeReader {
    pub(crate) fn new(role: &TimeRole) -> Self {
        let pattern = |format: &String| match Pieces::of(format).filter(Pieces::names_a_day) {
            Some(pieces) => Pattern::Common { pieces, format: format.clone() },
            None => Pattern::Full(format.clone()),
        };
        TimeReader {
            pattern: role.format.as_ref().map(pattern),
            unit: role.unit,
            offset_micros: i64::from(role.utc_offset_minutes) * 60_000_000,
            twelve_hour_from: role.twelve_hour_from.filter(|from| *from > 0).map(i64::from),
            relative: role.relative,
        }
    }

    /// Microseconds of a text cell, or `None` where it is no time.
    pub(crate) fn text(&self, cell: &str) -> Option<i64> {
        let cell = cell.trim();
        match &self.pattern {
            Some(Pattern::Common { pieces, format }) => {
                let is_lenient = pieces.has_words() && self.twelve_hour_from.is_none();
                self.by_pieces(pieces, cell).or_else(|| self.by_format(format, cell).filter(|_| is_lenient))
            }
            Some(Pattern::Full(format)) => self.by_format(format, cell),
            None => self.epoch_text(cell).or_else(|| self.rfc3339(cell)),
        }
    }

    /// Microseconds of a number in the column's unit, or of a date in digits.
    pub(crate) fn number(&self, value: f64) -> Option<i64> {
        match self.pattern {
            Some(_) => self.text(&format!("{value}")),
            None => Some(epoch::since_1970(value, self.unit)? - self.spreadsheet_offset()),
        }
    }

    /// The same of a whole number.
    pub(crate) fn integer(&self, value: i64) -> Option<i64> {
        match self.pattern {
            Some(_) => self.text(&value.to_string()),
            None => Some(epoch::integer_since_1970(value, self.unit)? - self.spreadsheet_offset()),
        }
    }

    /// Whether traffic can have been recorded then.
    pub(crate) fn is_plausible(&self, micros: i64) -> bool {
        self.relative || epoch::PLAUSIBLE.contains(&micros)
    }

    /// Whether hours of 1 to 12 stand without AM or PM, and nobody said how to read them.
    pub(crate) fn could_be_twelve_hours(&self, role: &TimeRole) -> bool {
        let lacks_half = |p: &Pattern| matches!(p, Pattern::Common { pieces, .. } if pieces.lacks_half());
        role.twelve_hour_from.is_none() && self.pattern.as_ref().is_some_and(lacks_half)
    }

    /// What a cell should look like, for messages.
    pub(crate) fn expected(&self) -> String {
        match &self.pattern {
            None => "a number since 1970-01-01 UTC or a time such as 2024-05-01T12:00:00Z".to_owned(),
            Some(Pattern::Full(format)) => format!("a time such as `{format}`"),
            Some(Pattern::Common { pieces, .. }) if self.twelve_hour_from.is_some() => {
                format!("a time such as `{}` with an hour from 1 to 12", pieces.example())
            }
            Some(Pattern::Common { pieces, .. }) => format!("a time such as `{}`", pieces.example()),
        }
    }

    fn by_pieces(&self, pieces: &Pieces, cell: &str) -> Option<i64> {
        let mut moment = Moment::default();
        if !pieces.begin(&mut moment, cell.as_bytes())?.is_empty() {
            return None;
        }
        if let Some(from) = self.twelve_hour_from {
            moment.hour = match moment.hour {
                12 => 12,
                hour if !(1..=12).contains(&hour) => return None,
                hour if hour < from => hour + 12,
                hour => hour,
            };
        }
        Some(moment.micros()? - moment.offset.unwrap_or(self.offset_micros))
    }

    fn by_format(&self, format: &str, cell: &str) -> Option<i64> {
        let parsed = jiff::fmt::strtime::parse(format, cell).ok()?;
        if let Ok(timestamp) = parsed.to_timestamp() {
            return Some(timestamp.as_microsecond());
        }
        Some(civil_micros(parsed.to_datetime().ok()?) - self.offset_micros)
    }

    fn epoch_text(&self, cell: &str) -> Option<i64> {
        Some(epoch::fixed_point(cell, self.unit)? - self.spreadsheet_offset())
    }

    /// A spreadsheet's days are of a clock on the wall; other numbers count from a moment.
    fn spreadsheet_offset(&self) -> i64 {
        if self.unit == TimeUnit::ExcelDays { self.offset_micros } else { 0 }
    }

    fn rfc3339(&self, cell: &str) -> Option<i64> {
        if let Ok(timestamp) = cell.parse::<jiff::Timestamp>() {
            return Some(timestamp.as_microsecond());
        }
        Some(civil_micros(cell.parse::<DateTime>().ok()?) - self.offset_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(format: Option<&str>, unit: TimeUnit, offset: i32) -> TimeReader {
        let format = format.map(str::to_owned);
        TimeReader::new(&TimeRole { format, unit, utc_offset_minutes: offset, ..TimeRole::default() })
    }

    #[test]
    fn argus_times_read_to_the_microsecond() {
        let argus = reader(Some("%Y/%m/%d %H:%M:%S%.f"), TimeUnit::Seconds, 0);
        assert!(matches!(argus.pattern, Some(Pattern::Common { .. })));
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

    #[test]
    fn names_halves_short_years_and_offsets_read_as_the_full_way_reads_them() {
        for (format, text) in [
            ("%d %b %Y %I:%M:%S %p", "01 May 2024 12:00:01 AM"),
            ("%d %b %Y %I:%M:%S %p", "31 dec 1999 12:59:59 PM"),
            ("%d/%b/%Y:%H:%M:%S %z", "01/May/2024:09:00:00 -0730"),
            ("%y/%m/%d %H:%M", "24/05/01 09:00"),
            ("%Y%m%d%H%M%S", "20240501090000"),
            ("%a %b %e %H:%M:%S %Y", "Wed May  1 09:00:00 2024"),
        ] {
            let fast = reader(Some(format), TimeUnit::Seconds, 0);
            let Some(Pattern::Common { pieces, .. }) = &fast.pattern else { panic!("{format}") };
            assert_eq!(fast.by_pieces(pieces, text), fast.by_format(format, text), "{text}");
            assert!(fast.text(text).is_some(), "{text}");
        }
        let digits = reader(Some("%Y%m%d"), TimeUnit::Seconds, 0);
        assert_eq!(digits.integer(20_240_501), digits.text("20240501"));
        assert_eq!(digits.text("2024051"), None);
    }

    #[test]
    fn a_clock_of_twelve_hours_goes_on_after_noon() {
        let role = |from| TimeRole {
            format: Some("%d/%m/%Y %H:%M".to_owned()),
            twelve_hour_from: from,
            ..TimeRole::default()
        };
        let hour = |from, text: &str| {
            let micros = TimeReader::new(&role(from)).text(&format!("7/6/2017 {text}"))?;
            Some(micros.rem_euclid(civil::MICROS_PER_DAY) / 3_600_000_000)
        };
        let read: Vec<_> = ["8:00", "11:59", "12:59", "1:00", "6:00"].map(|t| hour(Some(7), t)).into();
        assert_eq!(read, [Some(8), Some(11), Some(12), Some(13), Some(18)]);
        assert_eq!(hour(Some(7), "13:00"), None);
        assert_eq!(hour(Some(0), "13:00"), Some(13));
        assert!(TimeReader::new(&role(None)).could_be_twelve_hours(&role(None)));
    }
}
