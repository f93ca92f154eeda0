//! What is wrong with the times of traffic that is to be learned from, as a whole: flows that outlast their files,
//! newest rows first, clocks of twelve hours.

use std::ops::Range;

use nta_data::{Dataset, Order, TimeUnit};

use crate::assemble::plan::Plan;
use crate::error::IngestError;
use crate::reading::summary::{FileRows, ReadSummary, TimeDoubt};
use crate::values::time::TimeReader;
use crate::values::time::epoch::ratio;
use crate::values::time::span::{TimeSpan, resolution};
use crate::values::time::trend::{Trend, trend};
use crate::values::time::twelve_hours::twelve_hours;

/// Flows from which on their durations are held against the span of their starts.
const ENOUGH: usize = 100;

/// Refuses times that were read wrongly or stand in the wrong order.
pub(crate) fn check(plan: &Plan, dataset: &Dataset, summary: &ReadSummary) -> Result<Vec<TimeDoubt>, IngestError> {
    let (Some(times), Some(span)) = (&dataset.time, &summary.time) else { return Ok(Vec::new()) };
    refuse_long_durations(plan, dataset, span)?;
    let files: Vec<(&FileRows, Range<usize>)> = ranges(&summary.files).collect();
    for (file, rows) in &files {
        refuse_twelve_hours(plan, &file.name, &times[rows.clone()])?;
    }
    // A morning's file, and its afternoon's.
    refuse_twelve_hours(plan, &plan.file_names(), times)?;
    if plan.schema.order != Order::File {
        return Ok(Vec::new());
    }
    let mut doubts = Vec::new();
    for (file, rows) in &files {
        match trend(&times[rows.clone()]) {
            Trend::Falling => return Err(newest_first(plan, &file.name, &times[rows.clone()])),
            Trend::Mixed if rows.len() >= ENOUGH && is_shuffled(&times[rows.clone()]) => {
                doubts.push(TimeDoubt::Shuffled { file: file.name.clone() });
            }
            Trend::Mixed | Trend::Rising => {}
        }
    }
    doubts.extend(listed_late(times, &files));
    Ok(doubts)
}

/// The rows of each file in the table.
fn ranges(files: &[FileRows]) -> impl Iterator<Item = (&FileRows, Range<usize>)> {
    files.iter().scan(0, |start, file| {
        let rows = *start..*start + file.rows as usize;
        *start = rows.end;
        Some((file, rows))
    })
}

/// More than half of the flows last longer than all their starts lie apart: a unit is wrong.
fn refuse_long_durations(plan: &Plan, dataset: &Dataset, span: &TimeSpan) -> Result<(), IngestError> {
    let (Some(column), Some(starts), Some(ends)) = (&plan.schema.duration, &dataset.time, &dataset.end_time) else {
        return Ok(());
    };
    let room = span.until_micros - span.from_micros + resolution(starts);
    let durations = || starts.iter().zip(ends).map(|(start, end)| end - start);
    let n_longer = durations().filter(|lasted| *lasted > room).count();
    if starts.len() < ENOUGH || 2 * n_longer <= starts.len() {
        return Ok(());
    }
    let mut durations: Vec<i64> = durations().collect();
    let middle = durations.len() / 2;
    let median = *durations.select_nth_unstable(middle).1;
    let unit = plan.read_by.duration_unit;
    let finer = [TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds].into_iter();
    let mut fitting =
        finer.filter(|finer| ratio(unit, *finer) > 1.0 && median as f64 / ratio(unit, *finer) <= room as f64);
    Err(IngestError::LongDurations {
        files: plan.file_names(),
        column: column.clone(),
        unit: unit.name().to_owned(),
        median: median as f64 / 1e6,
        room: room as f64 / 1e6,
        fitting: fitting.next().map(|unit| unit.name().to_owned()),
    })
}

fn refuse_twelve_hours(plan: &Plan, file: &str, times: &[i64]) -> Result<(), IngestError> {
    let Some(role) = &plan.read_by.time else { return Ok(()) };
    if !TimeReader::new(role).could_be_twelve_hours(role) {
        return Ok(());
    }
    let offset = i64::from(role.utc_offset_minutes) * 60_000_000;
    let shown: Vec<i64> = times.iter().map(|t| t + offset).collect();
    match twelve_hours(&shown) {
        None => Ok(()),
        Some(clock) => {
            let (file, column) = (file.to_owned(), role.column.clone());
            Err(IngestError::TwelveHours { file, column, from: clock.from })
        }
    }
}

fn newest_first(plan: &Plan, file: &str, times: &[i64]) -> IngestError {
    let column = plan.schema.time.as_ref().map(|t| t.column.clone()).unwrap_or_default();
    let shown = |micros: Option<&i64>| micros.map(|m| crate::values::time::civil::shown(*m)).unwrap_or_default();
    IngestError::NewestFirst { file: file.to_owned(), column, first: shown(times.first()), last: shown(times.last()) }
}

/// Not only disorder by flows that lasted long: the halves of the file overlap throughout.
fn is_shuffled(times: &[i64]) -> bool {
    let (one, two) = times.split_at(times.len() / 2);
    let middle = |part: &[i64]| {
        let mut part = part.to_vec();
        let at = part.len() / 2;
        *part.select_nth_unstable(at).1
    };
    let (Some(from), Some(until)) = (times.iter().min(), times.iter().max()) else { return false };
    until > from && (middle(two) - middle(one)).abs() < (until - from) / 10
}

/// The first file that ends before the one listed in front of it begins.
fn listed_late(times: &[i64], files: &[(&FileRows, Range<usize>)]) -> Option<TimeDoubt> {
    let filled: Vec<_> = files.iter().filter(|(_, rows)| !rows.is_empty()).collect();
    filled.windows(2).find_map(|pair| {
        let [(before, earlier), (file, later)] = [&pair[0], &pair[1]].map(|(file, rows)| (file, &times[rows.clone()]));
        let is_late = later.iter().max() < earlier.iter().min();
        is_late.then(|| TimeDoubt::ListedLate { file: file.name.clone(), after: before.name.clone() })
    })
}
