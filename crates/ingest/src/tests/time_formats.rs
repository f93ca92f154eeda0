//! One column of times in every common way of writing them: each is read rightly, or called a time in no known format.
//! Never is it another time, a category or a measurement.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::{Timestamp, ToSpan, tz};
use nta_data::{Contact, Quiet};

use crate::{ReadOptions, Source, draft_schema, load_schema, read};

const ROWS: usize = 400;
/// 15 minutes and a little: 400 rows are four days, past the twelfth of a month.
const STEP: i64 = 901;

/// What a column must be.
enum Is {
    /// Read, to within so many seconds.
    Read(i64),
    /// Said to be a time in no known format.
    Named,
}
use Is::{Named, Read};

fn start() -> DateTime {
    jiff::civil::date(2024, 5, 11).at(9, 0, 0, 0)
}

fn in_pattern(pattern: &'static str) -> Box<dyn Fn(DateTime) -> String> {
    Box::new(move |at| at.to_zoned(tz::TimeZone::UTC).unwrap().strftime(pattern).to_string())
}

fn of_epoch(written: impl Fn(i64) -> String + 'static) -> Box<dyn Fn(DateTime) -> String> {
    Box::new(move |at| written(at.to_zoned(tz::TimeZone::UTC).unwrap().timestamp().as_second()))
}

type Writer = Box<dyn Fn(DateTime) -> String>;

/// Name, how it is written, what must become of it.
fn formats() -> Vec<(&'static str, Writer, Is)> {
    let mut all: Vec<(&'static str, Writer, Is)> = Vec::new();
    for (pattern, is) in [
        ("%Y-%m-%d %H:%M:%S", Read(0)),
        ("%Y-%m-%dT%H:%M:%S", Read(0)),
        ("%Y-%m-%dT%H:%M:%SZ", Read(0)),
        ("%Y-%m-%d %H:%M:%S+00:00", Read(0)),
        ("%Y-%m-%dT%H:%M:%S.250Z", Read(1)),
        ("%Y-%m-%d %H:%M:%S.250000", Read(1)),
        ("%Y-%m-%dT%H:%M:%S.250000000Z", Read(1)),
        ("%Y-%m-%d %H:%M:%S,250", Read(1)),
        ("%Y-%m-%d %H:%M:%S UTC", Read(0)),
        ("%Y%m%dT%H%M%SZ", Read(0)),
        ("%Y/%m/%d %H:%M:%S.250000", Read(1)),
        ("%a, %d %b %Y %H:%M:%S +0000", Read(0)),
        ("%a, %d %b %Y %H:%M:%S GMT", Read(0)),
        ("%a %b %e %H:%M:%S %Y", Read(0)),
        ("%a %b %e %H:%M:%S UTC %Y", Read(0)),
        ("[%d/%b/%Y:%H:%M:%S +0000]", Read(0)),
        ("%d/%b/%Y:%H:%M:%S +0000", Read(0)),
        ("%b %d, %Y %H:%M:%S.250000000 UTC", Read(1)),
        ("%B %d, %Y %H:%M:%S", Read(0)),
        ("%Y%m%d%H%M%S", Read(0)),
        ("%Y%m%d%H%M", Read(60)),
        ("%Y%m%d %H:%M:%S", Read(0)),
        ("%d/%m/%Y %H:%M:%S", Read(0)),
        ("%m/%d/%Y %H:%M:%S", Read(0)),
        ("%d.%m.%Y %H:%M:%S", Read(0)),
        ("%d-%m-%Y %H:%M:%S", Read(0)),
        ("%d/%m/%Y %I:%M:%S %p", Read(0)),
        ("%m/%d/%Y %I:%M %p", Read(60)),
        ("%d/%m/%y %H:%M:%S", Read(0)),
        ("%y-%m-%d %H:%M:%S", Read(0)),
        ("%d-%b-%y %I.%M.%S.000000 %p", Read(0)),
        ("%H:%M:%S %d/%m/%Y", Read(0)),
        ("%Y%m%d%H%M%SZ", Read(0)),
        ("%Y%m%d%H%M%S.0Z", Read(0)),
        // Without a year, a date or a zone that is known, or of a calendar that nobody exports on purpose.
        ("%b %e %H:%M:%S", Named),
        ("%H:%M:%S", Named),
        ("%Y %H:%M:%S.250000000", Named),
        ("%b %d, %Y %H:%M:%S.250000000 CEST", Named),
        ("%G-W%V-%uT%H:%M:%S", Named),
        ("%Y-%j %H:%M:%S", Named),
        ("%I:%M:%S %p", Named),
    ] {
        all.push((pattern, in_pattern(pattern), is));
    }
    all.extend([
        ("seconds", of_epoch(|s| s.to_string()), Read(0)),
        ("seconds, a fraction", of_epoch(|s| format!("{s}.25")), Read(1)),
        ("seconds, a decimal comma", of_epoch(|s| format!("\"{s},25\"")), Read(1)),
        ("seconds in quotes", of_epoch(|s| format!("\"{s}\"")), Read(0)),
        ("milliseconds", of_epoch(|s| format!("{s}250")), Read(1)),
        ("milliseconds, a fraction", of_epoch(|s| format!("{s}250.125")), Read(1)),
        ("microseconds", of_epoch(|s| format!("{s}250000")), Read(1)),
        ("nanoseconds", of_epoch(|s| format!("{s}250000000")), Read(1)),
        ("seconds, exponent", of_epoch(|s| format!("{:.9}E9", s as f64 / 1e9)), Read(1)),
        ("days of a spreadsheet", of_epoch(|s| format!("{:.6}", 25_569.0 + s as f64 / 86_400.0)), Read(1)),
        ("FILETIME of Windows", of_epoch(|s| format!("{}0000000", s + 11_644_473_600)), Named),
        ("ticks of .NET", of_epoch(|s| format!("{}0000000", s + 62_135_596_800)), Named),
        ("Julian days", of_epoch(|s| format!("{:.6}", 2_440_587.5 + s as f64 / 86_400.0)), Named),
        ("TAI64N", of_epoch(|s| format!("@{:016x}00000000", s + (1 << 62) + 10)), Named),
        ("seconds in hexadecimal", of_epoch(|s| format!("0x{s:x}")), Named),
    ]);
    all
}

#[test]
fn every_common_way_to_write_a_time_is_read_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (name, write, is) in formats() {
        if let Some(problem) = problem(folder.path(), &*write, &is) {
            wrong.push(format!("{name} ({}): {problem}", write(start())));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn problem(folder: &Path, write: &dyn Fn(DateTime) -> String, is: &Is) -> Option<String> {
    let at = |row: usize| start() + (STEP * row as i64).seconds();
    let mut text = "timestamp,bytes,label\n".to_owned();
    for row in 0..ROWS {
        let cell = write(at(row));
        let cell = if cell.contains(',') && !cell.contains('"') { format!("\"{cell}\"") } else { cell };
        text.push_str(&format!(
            "{cell},{},{}\n",
            row * 37 % 501,
            if row.is_multiple_of(5) { "scan" } else { "benign" }
        ));
    }
    std::fs::write(folder.join("t.csv"), text).unwrap();
    let drafted = draft_schema(&folder.join("t.csv"), &Contact::default()).unwrap();
    std::fs::write(folder.join("s.yaml"), &drafted.yaml).unwrap();
    let schema = load_schema("s.yaml", folder).unwrap();
    if schema.is_feature("timestamp") {
        return Some("it is a feature".to_owned());
    }
    let said = drafted.yaml.contains("timestamp  # looks like a time, in no known format");
    match (is, &schema.time) {
        (Named, None) => (!said).then(|| format!("nothing is said of it:\n{}", drafted.yaml)),
        (Named, Some(time)) => Some(format!("it is read as {time:?}")),
        (Read(_), None) => Some(if said { "no known format".to_owned() } else { "no time at all".to_owned() }),
        (Read(within), Some(_)) => {
            let source = Source::resolve(&["t.csv".to_owned()], folder).unwrap();
            let read = read(&source, &ReadOptions::new(Arc::new(schema)), &Quiet);
            let times = match read {
                Ok(read) => read.dataset.time.unwrap_or_default(),
                Err(error) => return Some(error.to_string()),
            };
            let wanted = |row: usize| at(row).to_zoned(tz::TimeZone::UTC).unwrap().timestamp().as_microsecond();
            let off = (0..ROWS).find(|row| (times[*row] - wanted(*row)).abs() > within * 1_000_000);
            let shown = |micros| Timestamp::from_microsecond(micros).map_or_else(|e| e.to_string(), |t| t.to_string());
            off.map(|row| format!("row {row} is read as {}, not {}", shown(times[row]), shown(wanted(row))))
        }
    }
}
