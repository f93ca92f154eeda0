//! What a host has done in the hour before an alert: its flows, where the watch writes all that it scored, else its alerts.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::files::all_of;

/// An hour in microseconds.
pub(super) const HOUR: i64 = 3_600_000_000;
/// Flows that are shown.
pub(super) const MOST_ROWS: usize = 500;
/// Bytes of flows that are looked through.
const MOST_BYTES: u64 = 256 << 20;
/// Where a flow may stand behind one that ended after it.
const SLACK: u64 = 1 << 20;

/// An hour of one host.
#[derive(Debug, Clone, Default, Serialize)]
pub struct HostHour {
    /// The host.
    pub host: String,
    /// From when until when, in microseconds since 1970.
    pub from: i64,
    /// The end of the alert that was asked for.
    pub until: i64,
    /// Whether these are all flows that the watch scored; else alerts alone.
    pub all_flows: bool,
    /// Whether there are more than are shown.
    pub cut: bool,
    /// The newest first, each with the columns that its log has; `nta_end` is its end in microseconds since 1970.
    pub rows: Vec<Map<String, Value>>,
}

/// The flows of `hour.host` as `sensor` saw it, from the file at `path` and those renamed away from it.
pub(super) fn of_flows(path: &Path, sensor: &str, mut hour: HostHour) -> io::Result<HostHour> {
    let (host, sensor) = (Value::from(&*hour.host).to_string(), format!("\"nta_sensor\":{}", Value::from(sensor)));
    hour.all_flows = true;
    let mut budget = MOST_BYTES;
    'files: for path in all_of(path)?.iter().rev() {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file?,
        };
        let length = file.metadata()?.len();
        if length == 0 {
            continue;
        }
        match end_at(&file, 0, length, &mut budget)? {
            Some(end) if end <= hour.until => {}
            Some(_) => continue,
            // Of an older version, or of something else: what it holds is not found.
            None => {
                hour.cut = true;
                continue;
            }
        }
        let mut end = behind(&file, hour.until, length, &mut budget)?.saturating_add(SLACK).min(length);
        // Piece by piece towards the front, each from where a line begins.
        while end > 0 {
            let begin = line_at(&file, end.saturating_sub(SLACK), end)?;
            let (mut lines, mut newest) = (Vec::new(), i64::MIN);
            let mut reader = BufReader::new(&file);
            reader.seek(SeekFrom::Start(begin))?;
            let mut at = begin;
            while at < end {
                let line = next_line(&mut reader)?;
                if line.is_empty() {
                    break;
                }
                at += line.len() as u64;
                let line = String::from_utf8_lossy(&line);
                if let Some(micros) = end_of(&line) {
                    newest = newest.max(micros);
                    if (hour.from..=hour.until).contains(&micros) && line.contains(&host) && line.contains(&sensor) {
                        lines.push(line.into_owned());
                    }
                }
            }
            hour.rows.extend(lines.iter().rev().filter_map(|line| serde_json::from_str(line).ok()));
            budget = budget.saturating_sub(end - begin);
            // A whole piece of before the hour: all that is in front of it is too.
            if newest < hour.from && begin > 0 || begin >= end {
                break 'files;
            }
            if hour.rows.len() > MOST_ROWS || budget == 0 {
                hour.cut = true;
                hour.rows.truncate(MOST_ROWS);
                break 'files;
            }
            end = begin;
        }
    }
    Ok(hour)
}

/// The end of a flow in microseconds since 1970, without taking the line apart.
pub(super) fn end_of(line: &str) -> Option<i64> {
    let rest = line.split_once("\"nta_end\":")?.1;
    rest[..rest.find([',', '}'])?].parse().ok()
}

/// A line with its end, [`SLACK`] bytes of it at most; none where the file ends.
fn next_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(SLACK).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// Where the first line at or behind `at` begins, `limit` where none does before it.
fn line_at(file: &File, at: u64, limit: u64) -> io::Result<u64> {
    if at == 0 {
        return Ok(0);
    }
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(at - 1))?;
    let skipped = reader.take(limit.saturating_sub(at - 1)).skip_until(b'\n')?;
    Ok((at - 1 + skipped as u64).min(limit))
}

/// The end of the first flow whose line begins at or behind `at`; `None` where none does within [`SLACK`], or that line is no
/// flow's. What is read is taken from `budget`.
fn end_at(file: &File, at: u64, length: u64, budget: &mut u64) -> io::Result<Option<i64>> {
    let begin = line_at(file, at, length.min(at.saturating_add(SLACK)))?;
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(begin))?;
    let line = next_line(&mut reader)?;
    *budget = budget.saturating_sub(begin - at + line.len() as u64);
    Ok(end_of(&String::from_utf8_lossy(&line)))
}

/// A place behind which flows ended after `until`, nearly: lines stand nearly in the order of ends.
fn behind(file: &File, until: i64, length: u64, budget: &mut u64) -> io::Result<u64> {
    let (mut low, mut high) = (0, length);
    while high - low > SLACK {
        let middle = low + (high - low) / 2;
        match end_at(file, middle, length, budget)? {
            Some(end) if end <= until => low = middle,
            _ => high = middle,
        }
    }
    Ok(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_one_host_is_found_in_a_long_file_and_in_renamed_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flows.jsonl");
        let pad = "x".repeat(200);
        let line = |i: i64| {
            let host = if i % 10 == 0 { "10.0.0.1" } else { "10.0.0.11" };
            format!(
                "{{\"nta_id\":\"{i}\",\"nta_sensor\":\"gate\",\"nta_end\":{},\"src\":\"{host}\",\"pad\":\"{pad}\"}}\n",
                i * 60_000_000
            )
        };
        std::fs::write(folder.path().join("flows.jsonl.1"), (0..20_000).map(line).collect::<String>()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(&path, (20_000..30_000).map(line).collect::<String>()).unwrap();
        for until in [15_000, 20_030, 29_990, 40_000, 10] {
            let until = until * 60_000_000;
            let asked = HostHour { host: "10.0.0.1".to_owned(), from: until - HOUR, until, ..HostHour::default() };
            let found = of_flows(&path, "gate", asked).unwrap();
            let ids: Vec<i64> = found.rows.iter().map(|row| row["nta_id"].as_str().unwrap().parse().unwrap()).collect();
            let wanted: Vec<i64> = (0..30_000)
                .filter(|i| i % 10 == 0 && (until - HOUR..=until).contains(&(i * 60_000_000)))
                .rev()
                .collect();
            assert_eq!(ids, wanted, "{until}");
            assert!(found.all_flows && !found.cut);
        }
        let other = HostHour { host: "10.0.0.1".to_owned(), until: i64::MAX, ..HostHour::default() };
        assert!(of_flows(&path, "yard", other.clone()).unwrap().rows.is_empty());
        let all = of_flows(&path, "gate", HostHour { from: 0, ..other }).unwrap();
        assert!(all.cut && all.rows.len() == MOST_ROWS);
    }

    #[test]
    fn of_a_file_without_ends_a_line_is_read_and_the_others_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flows.jsonl");
        std::fs::write(
            folder.path().join("flows.jsonl.1"),
            "{\"nta_id\":\"x\",\"nta_sensor\":\"gate\",\"nta_end\":7,\"src\":\"a\"}\n",
        )
        .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let lines = "{\"nta_id\":\"\u{e9}\",\"src\":\"a\"}\n".repeat(100_000);
        std::fs::write(&path, &lines).unwrap();
        let (file, mut budget) = (File::open(&path).unwrap(), MOST_BYTES);
        assert_eq!(end_at(&file, 0, lines.len() as u64, &mut budget).unwrap(), None);
        assert!(MOST_BYTES - budget < 100, "{budget}");
        let asked = HostHour { host: "a".to_owned(), from: 0, until: 9, ..HostHour::default() };
        let found = of_flows(&path, "gate", asked).unwrap();
        assert!(found.cut && found.rows.len() == 1, "{found:?}");
    }
}
