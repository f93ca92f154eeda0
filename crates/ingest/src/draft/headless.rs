//! Files whose first line is data: which built-in schemas read them, else names for their columns.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use nta_data::{Contact, Schema};

use crate::draft::labels::is_signed;
use crate::draft::sample::Sample;
use crate::error::IngestError;
use crate::input::source::Source;
use crate::options::{ReadOptions, Truth};
use crate::reading::batches::batches;
use crate::schema::builtin::{builtin_schema, builtin_schemas};
use crate::schema::layout::has_width;
use crate::values::missing::is_no_value;

/// Rows that a built-in schema must read, labels and times with them.
const READ_ROWS: usize = 1_000;

/// Words that mean benign whatever the column is called; numbers do not.
const BENIGN: [&str; 6] = ["benign", "normal", "background", "legitimate", "legit", "clean"];

/// Whether the cells of the first line are values, not names: a third of them or more are numbers, addresses or times.
/// Names that count from 0 or 1, as some tools write them, are names.
pub(crate) fn is_data(cells: &[String]) -> bool {
    let counts = |from: usize| cells.iter().enumerate().all(|(i, cell)| cell.parse() == Ok(i + from));
    if counts(0) || counts(1) {
        return false;
    }
    let n_values = cells.iter().filter(|cell| is_value(cell.trim())).count();
    n_values * 3 >= cells.len() && n_values > 0
}

fn is_value(cell: &str) -> bool {
    is_time(cell)
        || cell.parse::<f64>().is_ok()
        || cell.parse::<IpAddr>().is_ok()
        || (is_no_value(cell) && !cell.is_empty())
}

/// A date and a time of day in any order of its parts.
fn is_time(cell: &str) -> bool {
    cell.starts_with(|c: char| c.is_ascii_digit()) && cell.contains(':') && cell.contains(['-', '/', '.', 'T'])
}

/// The built-in schemas of files without a header that read the first rows of the file at `path`, which has `width`
/// columns.
pub(crate) fn builtins(path: &Path, width: usize, contact: &Contact) -> Result<Vec<&'static str>, IngestError> {
    let mut found = Vec::new();
    for (name, _) in builtin_schemas() {
        let Some(schema) = builtin_schema(name).filter(|_| has_width(name, width)) else { continue };
        match reads(path, schema, contact) {
            Ok(true) => found.push(*name),
            Err(IngestError::Cancelled) => return Err(IngestError::Cancelled),
            Ok(false) | Err(_) => {}
        }
    }
    Ok(found)
}

fn reads(path: &Path, schema: Schema, contact: &Contact) -> Result<bool, IngestError> {
    let source = Source::resolve(&[path.display().to_string()], Path::new(""))?;
    let options = ReadOptions {
        truth: Truth::Required,
        batch_rows: READ_ROWS,
        contact: contact.clone(),
        ..ReadOptions::new(Arc::new(schema))
    };
    Ok(batches(&source, &options)?.next().transpose()?.is_some())
}

/// Names for columns that have none: what their cells say for certain, else their places (`c1`, `c2`, …).
pub(crate) fn names(samples: &[Sample]) -> Vec<String> {
    let kind = |sample: &Sample| {
        let all = |of: fn(&str) -> bool| !sample.texts.is_empty() && sample.texts.iter().all(|text| of(text));
        match sample {
            _ if all(is_time) => vec!["time"],
            _ if all(is_address) => vec!["src_ip", "dst_ip"],
            _ if is_label(sample) => vec!["label"],
            _ => vec![],
        }
    };
    let mut names: Vec<String> = Vec::with_capacity(samples.len());
    for (place, sample) in samples.iter().enumerate() {
        let free = kind(sample).into_iter().find(|name| names.iter().all(|taken| taken != name));
        names.push(free.map_or_else(|| format!("c{}", place + 1), str::to_owned));
    }
    names
}

/// A few values, one of which means benign.
fn is_label(sample: &Sample) -> bool {
    if is_signed(&sample.distinct) {
        return true;
    }
    let is_benign = |text: &String| BENIGN.contains(&text.trim_end_matches('.').to_lowercase().as_str());
    (2..=100).contains(&sample.distinct.len()) && sample.distinct.iter().any(is_benign)
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn a_first_line_of_values_is_data() {
        assert!(is_data(&strings(&["2024-05-01 09:00:00", "192.0.2.2", "203.0.113.3", "TCP", ".AP.SF", "background"])));
        assert!(is_data(&strings(&["0", "tcp", "http", "SF", "181", "5450", "normal."])));
        assert!(!is_data(&strings(&["ts", "src", "port 80", "bytes", "1h_mean", "label"])));
        assert!(!is_data(&strings(&["0", "1", "2", "3"])));
    }

    #[test]
    fn columns_are_named_by_what_is_certain_and_by_place() {
        let samples = [
            Sample::of_texts("", &["2024-05-01 09:00:00", "2024-05-01 09:00:20"]),
            Sample::of_texts("", &["1", "2"]),
            Sample::of_texts("", &["192.0.2.2", "192.0.2.3"]),
            Sample::of_texts("", &["203.0.113.3", "203.0.113.2"]),
            Sample::of_texts("", &["background", "dos"]),
        ];
        assert_eq!(names(&samples), ["time", "c2", "src_ip", "dst_ip", "label"]);
    }
}
