//! Finds the columns of a file that hold times, and which of them is the start of the flow. Times are recognised by
//! their values; names only choose among them.

use nta_data::{Order, TimeRole, TimeUnit};

use crate::draft::duration::{self, DurationGuess, Extent};
use crate::draft::sample::Sample;
use crate::draft::time_formats::{self, Reading};
use crate::draft::time_guess::TimeGuess;
use crate::draft::time_names::{self, Tool};
use crate::draft::time_parts;
use crate::values::number::{Number, number};
use crate::values::time::civil::MICROS_PER_DAY;
use crate::values::time::trend::{Trend, trend};
use crate::values::time::twelve_hours::twelve_hours;
use crate::values::time::{TimeReader, epoch};
use nta_leakage::is_address;

const HOUR: i64 = MICROS_PER_DAY / 24;

/// All that a draft says about times.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    pub(crate) start: Option<TimeGuess>,
    pub(crate) duration: Option<DurationGuess>,
    pub(crate) order: (Order, &'static str),
    /// Columns that hold absolute times, whichever is the start: never features.
    pub(crate) clocks: Vec<String>,
    /// Columns that look like times and cannot be read, each with a cell.
    pub(crate) unknown: Vec<(String, String)>,
    /// Columns that are parts of a time, which no role reads.
    pub(crate) parts: Vec<String>,
}

/// Looks through `samples`, of which `taken` have another role; `share` of the file's bytes were looked at.
pub(crate) fn times(samples: &[Sample], taken: &[&str], share: f64) -> Times {
    times_of(samples, taken, share, Said::default())
}

/// Columns that are said to be the start and the duration.
#[derive(Clone, Copy, Default)]
pub(crate) struct Said<'a> {
    pub(crate) start: Option<&'a Sample>,
    pub(crate) duration: Option<&'a Sample>,
}

/// The same where some of it is said. A column that cannot be read as what it is said to be is none.
pub(crate) fn times_of(samples: &[Sample], taken: &[&str], share: f64, said: Said<'_>) -> Times {
    let tool = time_names::tool(samples);
    let parts = time_parts::parts(samples);
    let is_free = |s: &&Sample| !taken.contains(&s.name.as_str()) && !s.texts.is_empty() && !parts.contains(&s.name);
    let free = || samples.iter().filter(is_free);
    let mut found: Vec<(&Sample, TimeGuess)> = free().filter_map(|s| Some((s, clock(s, tool)?))).collect();
    // The earliest in the file wins where two fit alike.
    found.sort_by_key(|(sample, _)| time_names::rank(&sample.name).unwrap_or(usize::MAX));
    let clocks: Vec<String> = found.iter().map(|(sample, _)| sample.name.clone()).collect();
    let unknown = free().filter(|s| !clocks.contains(&s.name)).filter_map(looks_like_time);
    let mut unknown: Vec<(String, String)> = unknown.map(|(s, cell)| (s.name.clone(), cell)).collect();
    let end = found.iter().skip(1).find(|(sample, _)| time_names::is_end(&sample.name)).map(|(_, guess)| guess.clone());
    let start = match said.start {
        Some(column) => clock(column, tool).or_else(|| since_the_start(column)),
        None => {
            let start = found.into_iter().next().map(|(_, guess)| guess);
            start.or_else(|| free().find_map(since_the_start))
        }
    };
    unknown.retain(|(name, _)| start.as_ref().is_none_or(|s| s.column != *name));
    let duration = start.as_ref().and_then(|start| {
        let extent = Extent::of(&start.times, share);
        let is_end = time_names::is_end(&start.column);
        if let Some(column) = said.duration {
            return duration::of_column(column, tool, &extent);
        }
        duration::guess(samples, taken, tool, &extent, end.as_ref().map(|end| (start, end))).filter(|_| !is_end)
    });
    let order = order(start.as_ref(), duration.is_some());
    Times { start, duration, order, clocks, unknown, parts }
}

/// The start of the flows of a table of which nothing else is known.
pub(crate) fn start(samples: &[Sample]) -> Option<TimeGuess> {
    times(samples, &[], 1.0).start
}

/// The column as a clock: nearly all of its cells are moments from 1990 to 2100, in one unit or format.
fn clock(sample: &Sample, tool: Tool) -> Option<TimeGuess> {
    let is_named = time_names::rank(&sample.name).is_some();
    let guess = if sample.is_time {
        typed(sample)
    } else if let Some(reading) = time_formats::reading(&sample.texts, tool).filter(|r| is_named || names_a_clock(r)) {
        Some(text(sample, reading, tool))
    } else {
        numbers(sample, is_named)
    };
    let mut guess = guess?;
    if !is_named {
        guess.remarks.push("Recognised by its values alone.".to_owned());
    } else if time_names::is_end(&sample.name) {
        guess.remarks.push("By its name the end of the flow: no column of the start was recognised.".to_owned());
    }
    let n_odd = sample.texts.len() - guess.times.len();
    if n_odd > 0 {
        guess.remarks.push(format!("{n_odd} of {} cells looked at are no such time.", sample.texts.len()));
    }
    Some(guess)
}

/// A date alone could be a number or a version.
fn names_a_clock(reading: &Reading) -> bool {
    reading.format.contains("%H") || reading.format.contains("%I")
}

fn typed(sample: &Sample) -> Option<TimeGuess> {
    let times: Vec<i64> = sample.texts.iter().filter_map(|t| t.parse().ok()).collect();
    (times.len() == sample.texts.len()).then(|| TimeGuess::new(sample, times))
}

fn text(sample: &Sample, reading: Reading, tool: Tool) -> TimeGuess {
    let mut guess = TimeGuess::new(sample, reading.times);
    guess.remarks.extend(reading.why);
    let names_hours = reading.format.contains("%H");
    if names_hours && !reading.format.contains("%z") {
        guess.put_on_twelve_hours(tool);
    } else if !names_hours && !reading.format.contains("%I") {
        let said = "Names days alone: flows of one day stand as in the file, and gaps between them are 0.";
        guess.remarks.push(said.to_owned());
    }
    guess.format = Some(reading.format);
    guess
}

/// Nearly all cells are plausible in the unit of the first; 0 stands for no time where the column is not named for one.
fn numbers(sample: &Sample, is_named: bool) -> Option<TimeGuess> {
    /// A number column that only its values call a clock is of our time: 2040, microseconds.
    const OURS: i64 = 2_208_988_800_000_000;
    let value = |text: &String| match number(text, false) {
        Number::Value(value) => Some(value),
        Number::Missing | Number::Bad => epoch::with_comma(text),
    };
    let values: Vec<f64> = sample.texts.iter().filter_map(value).filter(|v| is_named || *v != 0.0).collect();
    let unit = values.iter().take(5).find_map(|v| epoch::unit_of(*v))?;
    let mut guess = TimeGuess { unit, ..TimeGuess::new(sample, Vec::new()) };
    let reader = TimeReader::new(&TimeRole { unit, ..TimeRole::default() });
    let times = sample.texts.iter().filter_map(|t| reader.text(t)).filter(|t| reader.is_plausible(*t));
    guess.times = times.collect();
    let n_cells = if is_named { sample.texts.len() } else { values.len() };
    if guess.times.len() * 20 < n_cells * 19 || values.len() < 2 {
        return None;
    }
    let is_whole = values.iter().all(|v| v.fract() == 0.0);
    match unit {
        // Ports and other small numbers lie in the same range.
        TimeUnit::ExcelDays if !is_named || (is_whole && sample.distinct.len() * 2 > values.len()) => None,
        TimeUnit::ExcelDays => {
            guess.remarks.push("Days as spreadsheets count them, in the zone of the clock on the wall.".to_owned());
            Some(guess)
        }
        _ if is_named || (trend(&guess.times) != Trend::Mixed && guess.times.iter().all(|t| *t < OURS)) => Some(guess),
        _ => None,
    }
}

/// A column named for a time whose numbers have fractions and rise from nearly nothing: seconds since the first packet.
fn since_the_start(sample: &Sample) -> Option<TimeGuess> {
    time_names::rank(&sample.name)?;
    let values: Option<Vec<f64>> = sample.texts.iter().map(|t| t.parse().ok()).collect();
    let values = values.filter(|v| v.len() > 1 && v.is_sorted() && v.iter().any(|v| v.fract() != 0.0))?;
    if !(0.0..100_000.0).contains(&values[0]) || values[0] == values[values.len() - 1] {
        return None;
    }
    let mut guess = TimeGuess::new(sample, values.iter().map(|v| (v * 1e6) as i64).collect());
    guess.relative = true;
    guess.remarks.push("Taken for seconds since the start of the capture: no date is in the file.".to_owned());
    Some(guess)
}

/// The sample with a cell that shows it: most cells hold a clock or several numbers, as dates do, or the name says time
/// and the cells do not read as one.
fn looks_like_time(sample: &Sample) -> Option<(&Sample, String)> {
    let is_named = time_names::says_time(&sample.name);
    let is_number = sample.texts.iter().all(|t| number(t, false) != Number::Bad);
    let n_like = sample.texts.iter().filter(|t| is_like_time(t)).count();
    let most = n_like * 5 >= sample.texts.len() * 4;
    let is_long = sample.texts.iter().all(|t| t.bytes().filter(u8::is_ascii_digit).count() >= 4);
    let exact = ["time", "timestamp", "ts", "datetime", "date"].contains(&sample.name.trim().to_lowercase().as_str());
    let looks = if is_number { exact } else { most || (is_named && n_like > 0) || (exact && is_long) };
    looks.then(|| sample.texts.first().map(|cell| (sample, cell.clone())))?
}

/// `9:00`, or three numbers with the same sign between them.
fn is_like_time(text: &str) -> bool {
    if is_address(text) || text.parse::<std::net::SocketAddr>().is_ok() {
        return false;
    }
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let is_clock = (1..bytes.len()).any(|i| bytes[i] == b':' && digit(i - 1) && digit(i + 1) && digit(i + 2));
    let is_date = ['-', '/'].iter().any(|sign| {
        let parts: Vec<&str> = text.split([' ', 'T']).next().unwrap_or_default().split(*sign).collect();
        parts.len() == 3 && parts.iter().all(|p| (1..=4).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
    });
    is_clock || is_date
}

fn order(start: Option<&TimeGuess>, has_duration: bool) -> (Order, &'static str) {
    let Some(start) = start else {
        return (Order::None, "No time column was recognised, so there is no order: every row stands alone.");
    };
    let times = &start.times;
    let falls = times.is_sorted_by(|a, b| a >= b) && times.first() > times.last();
    match (if falls { Trend::Falling } else { trend(times) }, has_duration) {
        (Trend::Falling, _) => (Order::EndTime, "The newest rows stand first: sorted by time."),
        (_, true) if times.is_sorted() => {
            (Order::EndTime, "Sorted by start: flows arrive in the order of time + duration.")
        }
        (_, true) => (Order::EndTime, "Not sorted by start. If the sensor wrote flows as they ended, `file` is right."),
        (_, false) if times.is_sorted() => {
            (Order::File, "Sorted by time, and without a duration: taken to stand in the order of arrival.")
        }
        (Trend::Rising, false) => (
            Order::File,
            "Nearly sorted by time, as where a sensor writes flows as they end: taken to stand in the order of arrival.",
        ),
        (Trend::Mixed, false) => {
            (Order::EndTime, "In no order of time: sorted by it. If the rows arrived as they stand, `file` is right.")
        }
    }
}

impl TimeGuess {
    /// Says how a clock of twelve hours without AM and PM is read, if this is one.
    fn put_on_twelve_hours(&mut self, tool: Tool) {
        let hour = |t: &i64| t.rem_euclid(MICROS_PER_DAY) / HOUR;
        let Some(clock) = twelve_hours(&self.times) else {
            if tool == Tool::CicFlowMeter && self.times.iter().all(|t| (1..=12).contains(&hour(t))) {
                let said = "CICFlowMeter writes hours of 1 to 12 without AM or PM, and none here is above 12: where some are of \
                            an afternoon, set `twelve_hour_from: 7`.";
                self.remarks.push(said.to_owned());
            }
            return;
        };
        let said = "No hour is above 12, and after 12:59 the clock falls back to 1:00: hours without AM or PM.";
        let Some(from) = clock.from else {
            self.remarks.push(format!("{said} All twelve occur, so they cannot be told apart: export 24 hours."));
            return;
        };
        self.remarks.push(format!("{said} Hours before {from} are taken for the afternoon."));
        self.twelve_hour_from = clock.from;
        let afternoon = |t: &&mut i64| hour(t) < i64::from(from);
        self.times.iter_mut().filter(afternoon).for_each(|t| *t += 12 * HOUR);
    }
}
