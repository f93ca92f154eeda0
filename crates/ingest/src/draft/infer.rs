//! Drafts a schema for a file: guesses by names and values, each with a comment on what to check. A draft is for
//! editing, so what is doubtful is left out of the features and said.

use std::path::Path;

use nta_data::{Contact, Schema};
use serde::{Deserialize, Serialize};

use crate::block::{Block, BlockLimit};
use crate::draft::answers::{Answers, ColumnRole};
use crate::draft::guess::{self, ColumnKind};
use crate::draft::headless;
use crate::draft::notes::{self, NumberNote};
use crate::draft::numbers::numbers;
use crate::draft::sample::Sample;
use crate::draft::time::{Said, times_of};
use crate::draft::yaml::{Draft, render};
use crate::draft::{give_aways, labels};
use crate::error::IngestError;
use crate::format;
use crate::input::file::{Input, OpenInput};
use crate::input::tap::Hashing;
use crate::rejects::ledger::Ledger;
use crate::rejects::reject::BadRows;
use crate::schema::any::any_columns;
use crate::schema::builtin::builtin_schemas;
use crate::schema::header::Double;

/// Rows looked at.
const LOOK_ROWS: usize = 20_000;

/// Rows among them that may be odd: as many as a run of `nta init` sets aside.
const BAD_ROWS: BadRows = BadRows::SetAside { share: 0.01 };

/// A first schema for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drafted {
    /// The schema as commented YAML.
    pub yaml: String,
    /// What a person should know of the file, a sentence each: no header, columns that stand twice, lines left out, how
    /// numbers are written, cells that are none. They stand in the YAML too.
    pub notes: Vec<String>,
    /// The columns as they stand, with what they hold; none where a built-in schema names them.
    pub columns: Vec<ColumnSeen>,
}

/// What the first rows of a column hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSeen {
    /// The name that the schema calls it by.
    pub name: String,
    /// Different values, in order, at most as many as a label may have.
    pub values: Vec<String>,
    /// How many there are among the rows looked at.
    pub n_distinct: usize,
}

impl ColumnSeen {
    fn of(sample: &Sample) -> Self {
        let values = sample.distinct.iter().take(SHOWN).cloned().collect();
        ColumnSeen { name: sample.name.clone(), values, n_distinct: sample.distinct.len() }
    }
}

/// Values of a column that are told.
const SHOWN: usize = 100;

/// [`draft_schema`] without the notes.
///
/// # Errors
/// A file that cannot be read.
pub fn infer_schema(path: &Path, contact: &Contact) -> Result<String, IngestError> {
    draft_schema(path, contact).map(|drafted| drafted.yaml)
}

/// Drafts a schema for the file at `path`, from its first 20,000 rows. Addresses, identifiers and times are never
/// proposed as features. What cannot be guessed stands as a comment to fill in. Where the first line is data, it is the
/// built-in schema that reads the file, if one does, or the columns are named in the draft. `contact` may end it.
///
/// # Errors
/// A file that cannot be read.
pub fn draft_schema(path: &Path, contact: &Contact) -> Result<Drafted, IngestError> {
    draft_as_said(path, &Answers::default(), contact)
}

/// The same, with guesses only where `answers` say nothing. `None` of a built-in schema fits a file that something is said of.
pub(super) fn draft_as_said(path: &Path, answers: &Answers, contact: &Contact) -> Result<Drafted, IngestError> {
    let input = Input::new(path, true).open(contact)?;
    let file = input.name.clone();
    let mut schema = any_columns();
    schema.name = "inferred".to_owned();
    schema.delimiter = format::sniff_delimiter(&input)?;
    let mut look = Look::at(&input, &schema)?;
    let mut notes = Vec::new();
    if headless::is_data(&look.raw_names) {
        let width = look.raw_names.len();
        let builtins = headless::builtins(path, width, contact)?;
        let builtin = builtins.first().filter(|_| answers.is_empty()).and_then(|name| builtin_yaml(name));
        if let Some(yaml) = builtin {
            return Ok(of_builtin(&file, width, &builtins, yaml));
        }
        schema.header = (1..=width).map(|place| format!("c{place}")).collect();
        look = Look::at(&input, &schema)?;
        let names = headless::names(&look.samples()?);
        schema.header.clone_from(&names);
        look.rename(names)?;
        notes.push("Line 1 is data, not names: those under `header` stand for what the columns hold.".to_owned());
    }
    let samples = look.samples()?;
    answers.check(&samples, &file)?;
    let mut draft = draft(&samples, &look, schema.header, answers);
    require_times(&draft, &samples, answers, &file)?;
    give_aways::take_out(&mut draft, &samples, look.block.frame.height(), answers);
    notes.append(&mut draft.notes);
    draft.notes.clone_from(&notes);
    notes.extend(notes::of_numbers(draft.numbers.iter()));
    let title = path.file_stem().map_or_else(|| "flows".to_owned(), |s| s.to_string_lossy().to_lowercase());
    let title = title.split('.').next().unwrap_or("flows").to_owned();
    let columns = samples.iter().map(ColumnSeen::of).collect();
    Ok(Drafted { yaml: render(&title, &file, schema.delimiter, &draft), notes, columns })
}

/// Refuses a time or a duration that was said and cannot be read as one.
fn require_times(draft: &Draft, samples: &[Sample], answers: &Answers, file: &str) -> Result<(), IngestError> {
    let found = [
        (ColumnRole::Time, draft.times.start.as_ref().map(|start| &start.column), "times"),
        (ColumnRole::Duration, draft.times.duration.as_ref().map(|duration| &duration.column), "lengths of time"),
    ];
    for (role, column, what) in found {
        let Some(said) = answers.of(role, samples).filter(|said| column != Some(&said.name)) else { continue };
        let cell = said.texts.first().map(|cell| format!(", such as `{cell}`,")).unwrap_or_default();
        let needs =
            if role == ColumnRole::Duration && draft.times.start.is_none() { ", or no column is the time" } else { "" };
        let message = format!("the cells of `{}`{cell} cannot be read as {what}{needs}", said.name);
        return Err(IngestError::Answer { file: file.to_owned(), message });
    }
    Ok(())
}

fn builtin_yaml(name: &str) -> Option<&'static str> {
    builtin_schemas().iter().find(|(known, _)| *known == name).map(|(_, yaml)| *yaml)
}

/// The draft of a file without a header that a built-in schema reads: that schema.
fn of_builtin(file: &str, width: usize, builtins: &[&str], yaml: &str) -> Drafted {
    let named: Vec<String> = builtins.iter().map(|name| format!("`{name}`")).collect();
    let note = format!(
        "Line 1 is data, not names. The {width} columns are those of the built-in schema {}: `schema: {}` reads the file.",
        named.join(" or "),
        builtins[0]
    );
    Drafted { yaml: format!("# {file}\n# {note}\n{yaml}"), notes: vec![note], columns: Vec::new() }
}

/// The first rows of a file.
struct Look {
    /// Names as they stand in the header, trimmed.
    raw_names: Vec<String>,
    names: Vec<String>,
    doubles: Vec<Double>,
    unread: Vec<(String, String)>,
    /// Columns that the file itself keeps as durations.
    durations: Vec<String>,
    block: Block,
    /// The share of the file's bytes that these rows are.
    share: f64,
    file: String,
}

impl Look {
    fn at(input: &OpenInput, schema: &Schema) -> Result<Look, IngestError> {
        let file = input.name.clone();
        let mut reader = format::open(input, schema, BAD_ROWS, Hashing::No)?.reader;
        let (names, doubles, unread) = (reader.columns().to_vec(), reader.doubles().to_vec(), reader.unread().to_vec());
        let durations = reader.durations();
        let mut raw_names = names.clone();
        doubles.iter().for_each(|double| raw_names[double.place].clone_from(&double.name));
        let limit = BlockLimit { rows: LOOK_ROWS, bytes: 64 << 20, deadline: None };
        let block = reader.next_block(limit)?;
        if let Some(block) = &block {
            let mut ledger = Ledger::new(BAD_ROWS);
            ledger.add(block.rows.len(), block.rejects.clone(), &file)?;
            ledger.refuse_nothing_left(&file)?;
        }
        let block = block.filter(|block| !block.rows.is_empty());
        let block = block.ok_or_else(|| IngestError::HeaderOnly { file: file.clone() })?;
        let share = reader.bytes_read() as f64 / input.length.max(1) as f64;
        Ok(Look { raw_names, names, doubles, unread, durations, block, share, file })
    }

    fn samples(&self) -> Result<Vec<Sample>, IngestError> {
        Ok(self.names.iter().map(|name| Sample::of(&self.block.frame, name, self.durations.contains(name))).collect())
    }

    fn rename(&mut self, names: Vec<String>) -> Result<(), IngestError> {
        self.block.frame.set_column_names(&names).map_err(|e| IngestError::internal(&self.file, e))?;
        self.names = names;
        Ok(())
    }
}

fn draft(samples: &[Sample], look: &Look, header: Vec<String>, answers: &Answers) -> Draft {
    let rest = answers.rest(samples);
    let said = |role| answers.of(role, samples);
    let named = |role| said(role).map(|sample: &Sample| sample.name.clone());
    let guessed = match said(ColumnRole::Label) {
        Some(column) => Some(column),
        None => labels::label(&rest).and_then(|label| rest.iter().find(|sample| sample.name == label.column)),
    };
    let label = guessed.map(|column| labels::of_column(column, &answers.benign));
    let family = named(ColumnRole::Family).or_else(|| labels::family(&rest, label.as_ref()));
    let (src, dst) = guess::hosts(&rest);
    let (src, dst) = (named(ColumnRole::Src).or(src), named(ColumnRole::Dst).or(dst));
    let of_label = label.as_ref().map(|l| l.column.as_str());
    let mut taken: Vec<&str> =
        [of_label, family.as_deref(), src.as_deref(), dst.as_deref()].into_iter().flatten().collect();
    let no_times: Vec<&str> = taken.iter().copied().chain(answers.columns.keys().map(String::as_str)).collect();
    let said_times = Said { start: said(ColumnRole::Time), duration: said(ColumnRole::Duration) };
    let times = times_of(samples, &no_times, look.share, said_times);
    taken.extend(times.start.as_ref().map(|t| t.column.as_str()));
    let copy_of = |name: &str| {
        let double = look.doubles.iter().find(|double| double.read_as == name)?;
        notes::is_copy(samples, double).then(|| double.name.clone())
    };
    let kind = |sample: &Sample| match copy_of(&sample.name) {
        _ if answers.kind(sample).is_some() => answers.kind(sample).unwrap_or(ColumnKind::LeftOut),
        Some(of) => ColumnKind::Copy { of },
        None if labels::is_blank_label(sample) => ColumnKind::Empty,
        None => guess::kind(sample, &times),
    };
    let free = || samples.iter().filter(|s| !taken.contains(&s.name.as_str()));
    let features: Vec<(String, ColumnKind)> = free().map(|s| (s.name.clone(), kind(s))).collect();
    let is_number = |name: &str| features.iter().any(|(n, kind)| n == name && kind.is_number());
    let number_note = |s: &Sample| NumberNote::of(&numbers(s)?, s.texts.len(), &look.block);
    let numbers = free().filter(|s| is_number(&s.name)).filter_map(|s| Some((s.name.clone(), number_note(s)?)));
    let mut said: Vec<String> = look.doubles.iter().map(|d| notes::of_double(d, notes::is_copy(samples, d))).collect();
    let is_spoiled =
        |name: &str| features.iter().any(|(n, kind)| n == name && matches!(kind, ColumnKind::Spoiled { .. }));
    said.extend(free().filter(|s| is_spoiled(&s.name)).filter_map(|s| notes::of_spoiled(s, &look.block)));
    said.extend(notes::of_unread(&look.unread));
    said.extend(notes::of_left_out(&look.block.left_out));
    said.extend(notes::of_rejects(&look.block.rejects));
    said.extend(notes::of_parts(&times.parts));
    let numbers = numbers.collect();
    let given_away = Vec::new();
    Draft { label, family, src, dst, times, features, given_away, header, numbers, notes: said }
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
    fn data_in_place_of_a_header_is_said_and_the_columns_are_named() {
        let mut text = String::new();
        for i in 0..30 {
            let class = if i % 3 == 0 { "dos" } else { "background" };
            let _ = writeln!(text, "2024-05-01 09:00:{i:02},{i}.5,192.0.2.{i},203.0.113.9,TCP,{class}");
        }
        let (yaml, schema) = infer(&text);
        assert!(yaml.contains("# Line 1 is data, not names"), "{yaml}");
        assert_eq!(schema.header, ["time", "c2", "src_ip", "dst_ip", "c5", "label"]);
        assert_eq!(schema.label.unwrap().benign, ["background"]);
        assert_eq!(names(&schema.numeric, |c| &c.name), ["c2"]);
    }

    #[test]
    fn odd_cells_are_quoted_and_cost_no_column() {
        let mut text = "bytes;rate;label\n".to_owned();
        for i in 0..200 {
            let bytes = if i == 40 { "many".to_owned() } else { format!("{}", i * 3) };
            let _ = writeln!(text, "{bytes};{i},5;{}", if i % 4 == 0 { "scan" } else { "benign" });
        }
        let (yaml, schema) = infer(&text);
        assert_eq!(names(&schema.numeric, |c| &c.name), ["bytes", "rate"]);
        assert_eq!(schema.numeric[1].numbers, nta_data::NumberNotation::DecimalComma);
        assert!(yaml.contains("1 of 200 cells are no numbers: `many` (line 42)"), "{yaml}");
        assert!(yaml.contains("numbers: decimal_comma  # `0,5` is read as 0.5"), "{yaml}");
    }

    #[test]
    fn columns_that_stand_twice_are_named_and_equal_copies_ignored() {
        let mut text = "a,b,a,b,label\n".to_owned();
        let drawn = |i: usize| (i * 7 % 13, i * 5 % 17);
        (0..60).map(drawn).for_each(|(a, b)| text.push_str(&format!("{a},{b},{a},{},benign\n", b * 2)));
        let (yaml, schema) = infer(&text);
        assert_eq!(names(&schema.numeric, |c| &c.name), ["a", "b", "b_2"]);
        assert_eq!(schema.ignored, ["a_2"]);
        assert!(yaml.contains("`a` stands twice in the header, as columns 1 and 3, with equal cells"), "{yaml}");
    }
}
