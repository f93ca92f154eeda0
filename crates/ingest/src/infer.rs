//! Drafts a schema for a file: guesses by names and values, each with a comment on what to check. A draft is for
//! editing, so what is doubtful is left out of the features and said.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use nta_data::Order;

use crate::IngestError;
use crate::cells::{Cell, Cells};
use crate::guess::{self, Kind, LabelGuess, TimeGuess};
use crate::read_columns::any_columns;
use crate::table::{self, BlockSize};

/// Rows looked at.
const LOOK_ROWS: usize = 20_000;

/// What the first rows of a column hold.
pub(crate) struct Sample {
    pub(crate) name: String,
    /// Texts of the cells that are not missing.
    pub(crate) texts: Vec<String>,
    /// Whether the file keeps times of its own kind here (Parquet).
    pub(crate) is_time: bool,
    pub(crate) distinct: BTreeSet<String>,
}

/// Roles found for the columns of a file.
struct Draft {
    label: Option<LabelGuess>,
    family: Option<String>,
    time: Option<TimeGuess>,
    duration: Option<String>,
    src: Option<String>,
    dst: Option<String>,
    order: (Order, &'static str),
    features: Vec<(String, Kind)>,
}

/// Drafts a schema for the file at `path` as commented YAML, from its first 20,000 rows. Addresses, identifiers and
/// times are never proposed as features. What cannot be guessed stands as a comment to fill in.
pub fn infer_schema(path: &Path) -> Result<String, IngestError> {
    let file = path.display().to_string();
    let mut schema = any_columns();
    schema.name = "inferred".to_owned();
    schema.delimiter = sniff_delimiter(path)?;
    let mut table = table::open(path, &schema)?;
    let names = table.columns().to_vec();
    refuse_headless(&names, &file)?;
    let Some(block) = table.next_block(BlockSize { rows: LOOK_ROWS, bytes: 64 << 20 })? else {
        return Err(IngestError::HeaderOnly { file });
    };
    let samples: Vec<Sample> = names.iter().map(|name| sample(&block.frame, name)).collect();
    let draft = draft(&samples);
    let title = path.file_stem().map_or_else(|| "flows".to_owned(), |s| s.to_string_lossy().to_lowercase());
    let title = title.split('.').next().unwrap_or("flows").to_owned();
    Ok(render(&title, &file, schema.delimiter, &draft))
}

/// The separator that cuts the first line into most pieces; `None` for a comma.
fn sniff_delimiter(path: &Path) -> Result<Option<char>, IngestError> {
    let (kind, mut stream) = crate::format::detect(path)?;
    if kind != crate::format::Kind::Separated {
        return Ok(None);
    }
    let file = path.display().to_string();
    let head = stream.peek(1 << 16).map_err(|e| IngestError::read(&file, &e))?;
    let line = crate::format::first_line(head);
    let pieces = |d: u8| crate::scan::values(line, d).count();
    let best = [b',', b'\t', b';', b'|'].into_iter().rev().max_by_key(|d| pieces(*d));
    Ok(best.filter(|d| *d != b',' && pieces(*d) > 1).map(char::from))
}

fn refuse_headless(names: &[String], file: &str) -> Result<(), IngestError> {
    let n_numbers = names.iter().filter(|n| n.parse::<f64>().is_ok()).count();
    if n_numbers * 3 < names.len() {
        return Ok(());
    }
    let problem = "the first line seems to hold data, not names; write a schema with the names under `header:`";
    let at = crate::Position::Line(1);
    Err(IngestError::BadLine { file: file.to_owned(), at, problem: problem.to_owned() })
}

fn sample(frame: &polars_core::prelude::DataFrame, name: &str) -> Sample {
    let mut sample = Sample { name: name.to_owned(), texts: Vec::new(), is_time: false, distinct: BTreeSet::new() };
    let cells = frame.column(name).ok().and_then(|c| Cells::of(c.as_materialized_series()));
    let mut scratch = String::new();
    let _ = cells.map(|cells| {
        cells.try_each(|_, cell| {
            sample.is_time |= matches!(cell, Cell::Time(_));
            if let Some(text) = cell.text(&mut scratch) {
                sample.texts.push(text.to_owned());
                if !sample.distinct.contains(text) {
                    sample.distinct.insert(text.to_owned());
                }
            }
            Ok::<(), ()>(())
        })
    });
    sample
}

fn draft(samples: &[Sample]) -> Draft {
    let label = guess::label(samples);
    let family = guess::family(samples, label.as_ref());
    let time = guess::time(samples);
    let duration = guess::duration(samples);
    let (src, dst) = guess::hosts(samples);
    let order = guess::order(samples, time.as_ref(), duration.as_deref());
    let taken: Vec<&str> = [
        label.as_ref().map(|l| l.column.as_str()),
        family.as_deref(),
        time.as_ref().map(|t| t.column.as_str()),
        src.as_deref(),
        dst.as_deref(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let features = samples
        .iter()
        .filter(|s| !taken.contains(&s.name.as_str()))
        .map(|s| (s.name.clone(), guess::kind(s, duration.as_deref() == Some(s.name.as_str()))))
        .collect();
    Draft { label, family, time, duration, src, dst, order, features }
}

fn render(title: &str, file: &str, delimiter: Option<char>, draft: &Draft) -> String {
    let mut yaml = String::new();
    let mut line = |text: &str| {
        let _ = writeln!(yaml, "{text}");
    };
    line(&format!("# Drafted from {file}; read every line before you trust it."));
    line(
        "# A column that was filled in after the fact (an alert, a ticket, the label under another name) gives the label",
    );
    line("# away: move it to `ignored`.");
    line(&format!("name: {}", quoted(title)));
    line(&format!("description: {}", quoted(&format!("drafted from {title}"))));
    if let Some(delimiter) = delimiter {
        line(&format!("delimiter: {}", quoted(&delimiter.to_string())));
    }
    render_truth(draft, &mut line);
    render_order(draft, &mut line);
    render_features(draft, &mut line);
    yaml
}

fn render_truth(draft: &Draft, line: &mut impl FnMut(&str)) {
    match &draft.label {
        Some(label) => {
            line(&format!("# Found in `{}`: {}.", label.column, label.found));
            line("label:");
            line(&format!("  column: {}", quoted(&label.column)));
            line(&format!("  benign: {}", list(&label.benign)));
            match label.benign.is_empty() {
                true => line("  # Which values mean benign? None of those found is known to."),
                false => line("  # Every other value is an attack. To have unknown values refused, list the attacks:"),
            }
            line(&format!("  # attack: {}", list(&label.attack)));
        }
        None => {
            line("# No label column was recognised: the traffic can be scored, not trained on. If there is one:");
            line("# label:\n#   column: label\n#   benign: [benign]");
        }
    }
    if let Some(family) = &draft.family {
        line(&format!("family:\n  column: {}", quoted(family)));
    }
}

fn render_order(draft: &Draft, line: &mut impl FnMut(&str)) {
    if let Some(time) = &draft.time {
        line("# The start of the flow. Check the zone: a text time without one is taken for UTC.");
        line(&format!("time:\n  column: {}", quoted(&time.column)));
        match &time.format {
            Some(format) => {
                if format.starts_with("%d/%m") || format.starts_with("%m/%d") {
                    line("  # Day or month first? Both may read.");
                }
                line(&format!("  format: {}\n  utc_offset_minutes: 0", quoted(format)));
            }
            None => line(&format!("  unit: {}", time.unit)),
        }
    }
    if let (Some(duration), Some(_)) = (&draft.duration, &draft.time) {
        line("# seconds, milliseconds or microseconds: look at a flow that you know.");
        line(&format!("duration: {}\nduration_unit: seconds", quoted(duration)));
    }
    if draft.src.is_some() || draft.dst.is_some() {
        line("# Whose flows form a sequence. Addresses are never features.");
        line("entity:");
    }
    for (role, column) in [("src", &draft.src), ("dst", &draft.dst)] {
        if let Some(column) = column {
            line(&format!("  {role}: {}", quoted(column)));
        }
    }
    let (order, why) = draft.order;
    line(&format!("# {why}"));
    let order = match order {
        Order::File => "file",
        Order::EndTime => "end_time",
        Order::None => "none",
    };
    line(&format!("order: {order}"));
}

fn render_features(draft: &Draft, line: &mut impl FnMut(&str)) {
    let of = |wanted: fn(&Kind) -> bool| draft.features.iter().filter(move |(_, kind)| wanted(kind));
    if of(Kind::is_category).next().is_some() {
        line("categorical:");
    }
    for (name, kind) in of(Kind::is_category) {
        line(&format!("  - name: {}{}", quoted(name), kind.remark()));
    }
    if of(Kind::is_number).next().is_some() {
        line("numeric:");
    }
    for (name, kind) in of(Kind::is_number) {
        line(&format!("  - name: {}{}", quoted(name), kind.remark()));
        if *kind == Kind::Hexadecimal {
            line("    hex: true");
        }
    }
    let mut ignored: Vec<(String, String)> = Vec::new();
    for column in [&draft.src, &draft.dst].into_iter().flatten() {
        ignored.push((column.clone(), "  # an address".to_owned()));
    }
    let doubtful = of(|kind| !kind.is_category() && !kind.is_number());
    ignored.extend(doubtful.map(|(name, kind)| (name.clone(), kind.remark())));
    if !ignored.is_empty() {
        line("ignored:");
    }
    for (name, remark) in ignored {
        line(&format!("  - {}{remark}", quoted(&name)));
    }
}

/// A YAML scalar that reads as this text whatever it holds.
fn quoted(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        && !["true", "false", "yes", "no", "null", "on", "off", "y", "n", "nan"]
            .contains(&text.to_lowercase().as_str());
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|v| quoted(v)).collect();
    format!("[{}]", values.join(", "))
}

#[cfg(test)]
mod tests {
    use nta_data::{Schema, TimeUnit};

    use super::*;

    fn infer(text: &str) -> (String, Schema) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("my flows.csv"), text).unwrap();
        let yaml = infer_schema(&folder.path().join("my flows.csv")).unwrap();
        std::fs::write(folder.path().join("s.yaml"), &yaml).unwrap();
        let schema = crate::load_schema("s.yaml", folder.path()).unwrap_or_else(|e| panic!("{e}\n{yaml}"));
        (yaml, schema)
    }

    fn names<T>(columns: &[T], name: impl Fn(&T) -> &str) -> Vec<String> {
        columns.iter().map(|c| name(c).to_owned()).collect()
    }

    #[test]
    fn roles_are_guessed_and_addresses_are_no_features() {
        let mut text = "Flow ID;Source IP;Destination IP;Timestamp;Flow Duration;proto;bytes;port;Label\n".to_owned();
        for i in 0..50 {
            let class = if i % 5 == 0 { "DDoS" } else { "BENIGN" };
            let proto = if i % 2 == 0 { "tcp" } else { "udp" };
            let _ = writeln!(
                text,
                "f{i};10.0.0.{i};fe80::{i};2024-05-01 12:00:{:02}.5;{};{proto};{};0x{i:x};{class}",
                i,
                50 - i,
                i * 7
            );
        }
        let (yaml, schema) = infer(&text);
        assert_eq!(schema.delimiter, Some(';'));
        let label = schema.label.unwrap();
        assert_eq!((label.column.as_str(), label.benign), ("Label", vec!["BENIGN".to_owned()]));
        assert_eq!(schema.entity.src.as_deref(), Some("Source IP"));
        assert_eq!(schema.entity.dst.as_deref(), Some("Destination IP"));
        let time = schema.time.unwrap();
        assert_eq!((time.column.as_str(), time.format.as_deref()), ("Timestamp", Some("%Y-%m-%d %H:%M:%S%.f")));
        assert_eq!(schema.duration.as_deref(), Some("Flow Duration"));
        assert_eq!(schema.order, Order::EndTime);
        assert_eq!(names(&schema.numeric, |c| &c.name), ["Flow Duration", "bytes", "port"]);
        assert!(schema.numeric[2].hex);
        assert_eq!(names(&schema.categorical, |c| &c.name), ["proto"]);
        assert_eq!(schema.ignored, ["Source IP", "Destination IP", "Flow ID"]);
        assert!(yaml.starts_with("# Drafted from "), "{yaml}");
    }

    #[test]
    fn numbers_for_labels_and_epochs_in_milliseconds_are_recognised() {
        let mut text = "ts,dur,x,is_attack\n".to_owned();
        for i in 0..30 {
            let _ = writeln!(text, "{},{}.5,{},{}", 1_700_000_000_000u64 + i, 30 - i, i, i % 2);
        }
        let (_, schema) = infer(&text);
        assert_eq!(schema.time.unwrap().unit, TimeUnit::Milliseconds);
        let label = schema.label.unwrap();
        assert_eq!((label.column.as_str(), label.benign), ("is_attack", vec!["0".to_owned()]));
    }

    #[test]
    fn a_file_without_label_or_time_says_so_and_still_reads() {
        let (yaml, schema) = infer("x,y\n1,a\n2,b\n3,a\n");
        assert!(schema.label.is_none() && schema.time.is_none());
        assert_eq!(schema.order, Order::None);
        assert!(yaml.contains("No label column was recognised"), "{yaml}");
    }

    #[test]
    fn data_in_place_of_a_header_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0,tcp,1,2\n0,udp,3,4\n").unwrap();
        let message = infer_schema(file.path()).unwrap_err().to_string();
        assert!(message.contains("line 1: the first line seems to hold data"), "{message}");
    }
}
