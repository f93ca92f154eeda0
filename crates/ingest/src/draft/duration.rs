//! The column that says how long a flow lasted, and its unit: by the file's type, the name, the tool, the ends beside the
//! starts, and by what is possible.

use nta_data::TimeUnit;

use crate::draft::numbers::numbers;
use crate::draft::sample::Sample;
use crate::draft::time_guess::TimeGuess;
use crate::draft::time_names::{self, Tool};
use crate::values::notation::number_in;
use crate::values::number::Number;
use crate::values::time::span::resolution;

/// A duration column.
#[derive(Debug, Clone)]
pub(crate) struct DurationGuess {
    pub(crate) column: String,
    /// [`TimeUnit::Unknown`] where nothing tells.
    pub(crate) unit: TimeUnit,
    /// How the unit was told, or what it could be.
    pub(crate) why: String,
}

/// How much time a file covers.
pub(super) struct Extent {
    /// Seconds that half of the flows cannot outlast.
    most: f64,
}

impl Extent {
    /// That of `starts`, the first `share` of the file's.
    pub(super) fn of(starts: &[i64], share: f64) -> Extent {
        let (Some(from), Some(until)) = (starts.iter().min(), starts.iter().max()) else { return Extent { most: 0.0 } };
        let seen = (until - from + resolution(starts)) as f64 / 1e6;
        // How the rest goes on is a guess, so it must go wrong by an order of magnitude to count.
        Extent { most: if share < 0.999 { 10.0 * seen / share.max(1e-6) } else { seen } }
    }
}

/// Half of the durations and the longest, in the column's own unit.
struct Lengths {
    values: Vec<f64>,
    median: f64,
    longest: f64,
    is_whole: bool,
}

/// Shorter than any file's longest flow, seconds.
const LEAST: f64 = 0.01;

const UNITS: [(TimeUnit, f64); 4] = [
    (TimeUnit::Seconds, 1.0),
    (TimeUnit::Milliseconds, 1e-3),
    (TimeUnit::Microseconds, 1e-6),
    (TimeUnit::Nanoseconds, 1e-9),
];

/// The duration among `samples`; `ends` are the start and the end of each flow, where the file has both.
pub(super) fn guess(
    samples: &[Sample],
    taken: &[&str],
    tool: Tool,
    extent: &Extent,
    ends: Option<(&TimeGuess, &TimeGuess)>,
) -> Option<DurationGuess> {
    let free = samples.iter().filter(|s| !taken.contains(&s.name.as_str()));
    let fitting = free.filter(|s| s.is_duration || Lengths::of(s).is_some());
    let ranked = fitting.filter_map(|s| Some((time_names::duration_rank(&s.name)?, s)));
    let (_, sample) = ranked.min_by_key(|(rank, _)| *rank)?;
    told(sample, tool, extent, ends)
}

/// The unit of a column that is said to be the duration; `None` where it holds no lengths of time.
pub(super) fn of_column(sample: &Sample, tool: Tool, extent: &Extent) -> Option<DurationGuess> {
    told(sample, tool, extent, None)
}

fn told(sample: &Sample, tool: Tool, extent: &Extent, ends: Option<(&TimeGuess, &TimeGuess)>) -> Option<DurationGuess> {
    let (unit, why) = match Lengths::of(sample) {
        _ if sample.is_duration => {
            (TimeUnit::Seconds, "the file keeps durations, which are read in seconds".to_owned())
        }
        Some(lengths) => unit(&sample.name, &lengths, tool, extent, ends),
        None => return None,
    };
    Some(DurationGuess { column: sample.name.clone(), unit, why })
}

impl Lengths {
    fn of(sample: &Sample) -> Option<Lengths> {
        let written = numbers(sample)?;
        let value = |text: &String| match number_in(text, false, written.notation) {
            Number::Value(value) => Some(value),
            Number::Missing => Some(0.0),
            Number::Bad => None,
        };
        let values: Vec<f64> = sample.texts.iter().filter_map(value).collect();
        if values.is_empty() || values.len() * 20 < sample.texts.len() * 19 {
            return None;
        }
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let is_whole = values.iter().all(|v| v.fract() == 0.0);
        Some(Lengths { median: sorted[sorted.len() / 2], longest: sorted[sorted.len() - 1], values, is_whole })
    }

    /// Whether flows of this unit fit the file.
    fn fit(&self, seconds: f64, extent: &Extent) -> bool {
        self.median * seconds <= extent.most
    }
}

fn unit(
    name: &str,
    lengths: &Lengths,
    tool: Tool,
    extent: &Extent,
    ends: Option<(&TimeGuess, &TimeGuess)>,
) -> (TimeUnit, String) {
    if let Some(unit) = ends.and_then(|(start, end)| by_ends(lengths, start, end)) {
        return (unit, "ends less starts say so".to_owned());
    }
    let fits = |unit: &TimeUnit| UNITS.iter().any(|(u, seconds)| u == unit && lengths.fit(*seconds, extent));
    if let Some(unit) = time_names::unit(name).filter(fits) {
        return (unit, "the name says so".to_owned());
    }
    let known = match tool {
        Tool::CicFlowMeter if lengths.is_whole => Some((TimeUnit::Microseconds, "CICFlowMeter")),
        Tool::InSeconds(name) => Some((TimeUnit::Seconds, name)),
        Tool::CicFlowMeter | Tool::Other => None,
    };
    if let Some((unit, tool)) = known.filter(|(unit, _)| fits(unit)) {
        return (unit, format!("as {tool} writes"));
    }
    by_what_is_possible(lengths, extent)
}

/// The unit in which durations add up to what lies between starts and ends.
fn by_ends(lengths: &Lengths, start: &TimeGuess, end: &TimeGuess) -> Option<TimeUnit> {
    if start.times.len() != end.times.len() || lengths.values.len() != start.times.len() {
        return None;
    }
    let between: i64 = start.times.iter().zip(&end.times).map(|(start, end)| end - start).sum();
    let ratio = between as f64 / 1e6 / lengths.values.iter().sum::<f64>();
    UNITS.iter().find(|(_, seconds)| (ratio / seconds - 1.0).abs() < 0.25).map(|(unit, _)| *unit)
}

/// Durations with fractions are seconds if such flows fit the file; whole numbers are of the one unit in which half of the
/// flows fit it and the longest is not too short for any.
fn by_what_is_possible(lengths: &Lengths, extent: &Extent) -> (TimeUnit, String) {
    let room = format!("half of the flows are shorter than the file's {:.0} s", extent.most);
    if !lengths.is_whole && lengths.fit(1.0, extent) {
        return (TimeUnit::Seconds, format!("they have fractions, and {room}"));
    }
    let possible =
        |(_, seconds): &&(TimeUnit, f64)| lengths.fit(*seconds, extent) && lengths.longest * seconds >= LEAST;
    let possible: Vec<TimeUnit> = UNITS.iter().filter(possible).map(|(unit, _)| *unit).collect();
    match possible[..] {
        [only] => (only, format!("in no other unit are they possible: {room}")),
        // Nanoseconds are rare enough to be named.
        [coarser, TimeUnit::Nanoseconds] => (coarser, format!("in no coarser unit are they possible: {room}")),
        _ => {
            let names: Vec<&str> = possible.iter().map(|unit| unit.name()).collect();
            let could = if names.is_empty() { "no unit fits the times".to_owned() } else { names.join(" or ") };
            (TimeUnit::Unknown, format!("the longest is {}: {could}? Look at a flow that you know", lengths.longest))
        }
    }
}
