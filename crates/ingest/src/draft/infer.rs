//! Drafts a schema for a file: guesses by names and values, each with a comment on what to check. A draft is for
//! editing, so what is doubtful is left out of the features and said.

use std::path::Path;

use nta_data::Contact;

use crate::block::BlockLimit;
use crate::draft::guess::{self, ColumnKind};
use crate::draft::labels;
use crate::draft::sample::Sample;
use crate::draft::yaml::{Draft, render};
use crate::error::{IngestError, Position};
use crate::format;
use crate::framing::quoting;
use crate::input::file::{Input, OpenInput};
use crate::input::tap::Hashing;
use crate::rejects::reject::BadRows;
use crate::schema::any::any_columns;

/// Rows looked at.
const LOOK_ROWS: usize = 20_000;

/// Drafts a schema for the file at `path` as commented YAML, from its first 20,000 rows. Addresses, identifiers and
/// times are never proposed as features. What cannot be guessed stands as a comment to fill in. `contact` may end it.
///
/// # Errors
/// A file that cannot be read, or whose first line is data.
pub fn infer_schema(path: &Path, contact: &Contact) -> Result<String, IngestError> {
    let input = Input::new(path, true).open(contact)?;
    let file = input.name.clone();
    let mut schema = any_columns();
    schema.name = "inferred".to_owned();
    schema.delimiter = sniff_delimiter(&input)?;
    let mut reader = format::open(&input, &schema, BadRows::Refuse, Hashing::No)?.reader;
    let names = reader.columns().to_vec();
    refuse_headless(&names, &file)?;
    let Some(block) = reader.next_block(BlockLimit { rows: LOOK_ROWS, bytes: 64 << 20, deadline: None })? else {
        return Err(IngestError::HeaderOnly { file });
    };
    let samples: Vec<Sample> = names.iter().map(|name| Sample::of(&block.frame, name)).collect();
    let draft = draft(&samples);
    let title = path.file_stem().map_or_else(|| "flows".to_owned(), |s| s.to_string_lossy().to_lowercase());
    let title = title.split('.').next().unwrap_or("flows").to_owned();
    Ok(render(&title, &file, schema.delimiter, &draft))
}

/// The separator that cuts the first line into most pieces; `None` for a comma.
pub(crate) fn sniff_delimiter(input: &OpenInput) -> Result<Option<char>, IngestError> {
    let Some(line) = format::separated_first_line(input)? else { return Ok(None) };
    let pieces = |d: u8| quoting::values(&line, d).count();
    let best = [b',', b'\t', b';', b'|'].into_iter().rev().max_by_key(|d| pieces(*d));
    Ok(best.filter(|d| *d != b',' && pieces(*d) > 1).map(char::from))
}

fn refuse_headless(names: &[String], file: &str) -> Result<(), IngestError> {
    let n_numbers = names.iter().filter(|n| n.parse::<f64>().is_ok()).count();
    if n_numbers * 3 < names.len() {
        return Ok(());
    }
    let problem = "the first line seems to hold data, not names; write a schema with the names under `header:`";
    let at = Position::Line(1);
    Err(IngestError::BadLine { file: file.to_owned(), at, problem: problem.to_owned() })
}

fn draft(samples: &[Sample]) -> Draft {
    let label = labels::label(samples);
    let family = labels::family(samples, label.as_ref());
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
        .map(|s| match labels::is_blank_label(s) {
            true => (s.name.clone(), ColumnKind::Empty),
            false => (s.name.clone(), guess::kind(s, duration.as_deref() == Some(s.name.as_str()))),
        })
        .collect();
    Draft { label, family, time, duration, src, dst, order, features }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use nta_data::{Order, Schema, TimeUnit};

    use super::*;

    fn infer(text: &str) -> (String, Schema) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("my flows.csv"), text).unwrap();
        let yaml = infer_schema(&folder.path().join("my flows.csv"), &Contact::default()).unwrap();
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
        let message = infer_schema(file.path(), &Contact::default()).unwrap_err().to_string();
        assert!(message.contains("line 1: the first line seems to hold data"), "{message}");
    }
}
