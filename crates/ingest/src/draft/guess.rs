//! Guesses what a column is from its name and its first values.

use nta_data::{Order, TimeRole, TimeUnit};
use nta_leakage::{holds_address, is_address};

use crate::draft::numbers::numbers;
use crate::draft::sample::Sample;
use crate::values::number::{Number, number};
use crate::values::time::TimeReader;

/// What a column that has no role of its own could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Number,
    Hexadecimal,
    Category {
        n_distinct: usize,
    },
    Address,
    Identifier,
    Empty,
    Time,
    /// The same cells as another column's.
    Copy {
        of: String,
    },
    /// Numbers whose fractions a spreadsheet lost.
    Spoiled {
        example: String,
    },
}

/// A time column.
#[derive(Debug, Clone)]
pub(crate) struct TimeGuess {
    pub(crate) column: String,
    /// Pattern of a text time that is not RFC 3339.
    pub(crate) format: Option<String>,
    /// Unit of a number, as YAML writes it.
    pub(crate) unit: &'static str,
    reader: TimeReader,
}

impl TimeGuess {
    /// What reads its cells.
    pub(crate) fn reader(&self) -> &TimeReader {
        &self.reader
    }
}

const TIMES: [&str; 15] = [
    "ts",
    "time",
    "timestamp",
    "start",
    "start_time",
    "starttime",
    "stime",
    "datetime",
    "date_time",
    "first_seen",
    "flow_start",
    "first",
    "date first seen",
    "frame.time_epoch",
    "@timestamp",
];
const DURATIONS: [&str; 7] =
    ["duration", "dur", "flow duration", "flow_duration", "flow_duration_milliseconds", "duration_s", "td"];
const SOURCES: [&str; 16] = [
    "src",
    "src_ip",
    "srcip",
    "source ip",
    "source_ip",
    "src ip",
    "src_addr",
    "srcaddr",
    "saddr",
    "source",
    "id.orig_h",
    "ipv4_src_addr",
    "src ip addr",
    "sa",
    "src_host",
    "client",
];
const TARGETS: [&str; 16] = [
    "dst",
    "dst_ip",
    "dstip",
    "destination ip",
    "destination_ip",
    "dst ip",
    "dst_addr",
    "dstaddr",
    "daddr",
    "destination",
    "id.resp_h",
    "ipv4_dst_addr",
    "dst ip addr",
    "da",
    "dst_host",
    "server",
];
const FORMATS: [&str; 9] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%d/%m/%Y %H:%M:%S%.f",
    "%m/%d/%Y %H:%M:%S%.f",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M:%S %p",
];

/// The column of the first name in `names` that `fits`.
fn named<'s>(samples: &'s [Sample], names: &[&str], fits: impl Fn(&Sample) -> bool) -> Option<&'s Sample> {
    names.iter().find_map(|name| samples.iter().find(|s| s.name.to_lowercase() == **name && fits(s)))
}

pub(crate) fn time(samples: &[Sample]) -> Option<TimeGuess> {
    TIMES.iter().find_map(|name| samples.iter().filter(|s| s.name.to_lowercase() == *name).find_map(read_as_time))
}

fn read_as_time(sample: &Sample) -> Option<TimeGuess> {
    if sample.texts.is_empty() {
        return None;
    }
    let guess = |format: Option<&str>, unit, title| {
        let role =
            TimeRole { column: sample.name.clone(), format: format.map(str::to_owned), unit, utc_offset_minutes: 0 };
        let reader = TimeReader::new(&role);
        let reads = sample.texts.iter().all(|t| reader.text(t).is_some());
        reads.then_some(TimeGuess { column: role.column, format: role.format, unit: title, reader })
    };
    if sample.is_time {
        return guess(None, TimeUnit::Microseconds, "microseconds");
    }
    if sample.texts.iter().all(|t| matches!(number(t, false), Number::Value(_))) {
        let largest = sample.texts.iter().filter_map(|t| t.parse::<f64>().ok()).fold(0.0, f64::max);
        // 1e11 s lies in the year 5138, 1e11 ms in 1973.
        return match largest {
            v if v < 1e11 => guess(None, TimeUnit::Seconds, "seconds"),
            v if v < 1e14 => guess(None, TimeUnit::Milliseconds, "milliseconds"),
            _ => guess(None, TimeUnit::Microseconds, "microseconds"),
        };
    }
    FORMATS
        .iter()
        .find_map(|format| guess(Some(format), TimeUnit::Seconds, "seconds"))
        .or_else(|| guess(None, TimeUnit::Seconds, "seconds"))
}

pub(crate) fn duration(samples: &[Sample]) -> Option<String> {
    named(samples, &DURATIONS, is_number).map(|s| s.name.clone())
}

/// Source and destination: by name, and their values must not be numbers.
pub(crate) fn hosts(samples: &[Sample]) -> (Option<String>, Option<String>) {
    let is_host = |s: &Sample| !s.texts.is_empty() && !is_number(s);
    let find = |names: &[&str]| named(samples, names, is_host).map(|s| s.name.clone());
    (find(&SOURCES), find(&TARGETS))
}

pub(crate) fn order(samples: &[Sample], time: Option<&TimeGuess>, duration: Option<&str>) -> (Order, &'static str) {
    let Some(time) = time else {
        return (Order::None, "No time column was recognised, so there is no order: every row stands alone.");
    };
    let texts = |name: &str| samples.iter().find(|s| s.name == name).map(|s| &s.texts);
    let starts: Vec<i64> = texts(&time.column).into_iter().flatten().filter_map(|t| time.reader.text(t)).collect();
    if starts.is_sorted() && duration.is_some() {
        return (Order::EndTime, "Sorted by start: flows arrive in the order of time + duration.");
    }
    if starts.is_sorted() {
        return (Order::File, "Sorted by time, and without a duration: taken to stand in the order of arrival.");
    }
    if duration.is_some() {
        return (Order::EndTime, "Not sorted by start. If the sensor wrote flows as they ended, `file` is right.");
    }
    (Order::File, "Not sorted by time. `file` is right if the sensor wrote flows as they ended; look into it.")
}

/// What a column without a role of its own could be. A column that is the duration is a number and nothing else.
pub(crate) fn kind(sample: &Sample, is_duration: bool) -> ColumnKind {
    if sample.texts.is_empty() {
        return ColumnKind::Empty;
    }
    if is_duration {
        return ColumnKind::Number;
    }
    if sample.is_time {
        return ColumnKind::Time;
    }
    let n = sample.texts.len();
    let n_addresses = sample.texts.iter().filter(|t| is_address(t) || holds_address(t)).count();
    if n_addresses * 2 > n {
        return ColumnKind::Address;
    }
    let (n_distinct, name) = (sample.distinct.len(), sample.name.to_lowercase());
    let all_differ = n_distinct == n && n > 20;
    let may_be_id = name.ends_with("_id") || name.ends_with(" id") || name.starts_with("unnamed");
    if is_identifier(&name) || (all_differ && may_be_id) {
        return ColumnKind::Identifier;
    }
    match numbers(sample) {
        Some(found) if found.is_spoiled => {
            return ColumnKind::Spoiled { example: found.example.map(|(text, _)| text).unwrap_or_default() };
        }
        Some(found) if found.hex => return ColumnKind::Hexadecimal,
        Some(_) => return ColumnKind::Number,
        None => {}
    }
    if n_distinct * 2 > n && n_distinct > 50 {
        return ColumnKind::Identifier;
    }
    ColumnKind::Category { n_distinct }
}

/// Names of what is dealt out to rows, flows or connections, however few values there are.
fn is_identifier(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "id",
        "uid",
        "uuid",
        "guid",
        "index",
        "flowid",
        "sessionid",
        "connectionid",
        "connid",
        "recordid",
        "rowid",
        "pkseqid",
        "communityid",
        "rownumber",
    ];
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    NAMES.contains(&plain.as_str())
}

fn is_number(sample: &Sample) -> bool {
    numbers(sample).is_some_and(|found| !found.hex && !found.is_spoiled)
}

/// A text of the file as a comment can hold it.
pub(crate) fn in_comment(text: &str) -> String {
    text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl ColumnKind {
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, ColumnKind::Number | ColumnKind::Hexadecimal)
    }

    pub(crate) fn is_category(&self) -> bool {
        matches!(self, ColumnKind::Category { .. })
    }

    /// A YAML comment, or nothing.
    pub(crate) fn remark(&self) -> String {
        match self {
            ColumnKind::Number | ColumnKind::Hexadecimal => String::new(),
            ColumnKind::Category { n_distinct } => format!("  # {n_distinct} values"),
            ColumnKind::Address => "  # addresses".to_owned(),
            ColumnKind::Identifier => "  # an identifier".to_owned(),
            ColumnKind::Empty => "  # no values in the rows looked at".to_owned(),
            ColumnKind::Time => "  # a time".to_owned(),
            ColumnKind::Copy { of } => format!("  # the same as `{}`", in_comment(of)),
            ColumnKind::Spoiled { example } => format!(
                "  # numbers such as `{}`: a spreadsheet seems to have lost the decimal point, so export them again",
                in_comment(example)
            ),
        }
    }
}
