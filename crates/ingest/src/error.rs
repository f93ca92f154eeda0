//! What can be wrong with files, schemas and cells, said so that the reader can mend it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use nta_data::{Contact, listed};

/// Where in a file something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    /// Line of a text file, from 1.
    Line(u64),
    /// Row of a Parquet file, from 1.
    Row(u64),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Line(line) => write!(f, "line {line}"),
            Position::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// Input that cannot be used, or output that cannot be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum IngestError {
    /// No such file.
    #[error("{file}: no such file; give a path, a list of paths or a pattern such as `data/*.csv`")]
    Missing { file: String },
    /// A pattern that matches nothing.
    #[error("`{pattern}` matches no file under {}; give a path, a list of paths or a pattern such as `data/*.csv`", root.display())]
    NoMatch { pattern: String, root: PathBuf },
    /// No pattern at all.
    #[error("no input is named; give a path, a list of paths or a pattern such as `data/*.csv`")]
    NoInput,
    /// A pattern that cannot be understood.
    #[error("`{pattern}` is no file pattern: {problem}")]
    BadPattern { pattern: String, problem: String },
    /// A folder where a file is wanted.
    #[error("{file} is a folder; name its files, for instance `{file}/*.csv`")]
    IsFolder { file: String },
    /// A device where a file or a pipe is wanted.
    #[error("{file} is {what}; name a file, or give what is to be read through a pipe")]
    NotAFile { file: String, what: String },
    /// The file is not what it was when it was first looked at.
    #[error("{file} was changed or replaced while it was read; read it again when nobody writes to it, or read a copy")]
    Changed { file: String },
    /// The same rows would be counted twice.
    #[error("{file} is listed twice; its rows would count twice, so name it once")]
    ListedTwice { file: String },
    /// The system refused.
    #[error("{file} cannot be read: {problem}")]
    Read { file: String, problem: String },
    /// The bytes are not what the format says.
    #[error("{file} is damaged: {problem}; fetch or export the file again")]
    Damaged { file: String, problem: String },
    /// Nothing inside.
    #[error("{file} is empty")]
    Empty { file: String },
    /// What was said of a file's columns and cannot be.
    #[error("{file}: {message}")]
    #[allow(missing_docs)]
    Answer { file: String, message: String },
    /// Names, and no flows.
    #[error("{file} holds a header and no rows")]
    HeaderOnly { file: String },
    /// Rows, all of them left out by the schema.
    #[error("{files}: all {rows} rows carry a label that the schema leaves out ({labels}); see `label.ignore`")]
    AllIgnored { files: String, rows: u64, labels: String },
    /// Rows, none of which is labelled.
    #[error(
        "{files}: none of the {rows} rows carries a label (column `{column}` holds {found}): such traffic can be \
         scored, not trained on; if that means benign, list it under `label.benign`"
    )]
    NoLabels { files: String, column: String, rows: u64, found: String },
    /// A capture of packets none of which is in a flow.
    #[error("{file} is a packet capture, and {problem}")]
    NoFlows { file: String, problem: String },
    /// A kind of file that is not read.
    #[error("{file} looks like {kind}, which is not read in this version; {remedy}")]
    UnknownFormat { file: String, kind: String, remedy: String },
    /// The separator is another one.
    #[error(
        "{file} looks separated by {found}, not by {expected}; set `delimiter: {hint}` in the schema (scoring: `--delimiter {hint}`), or export it again"
    )]
    WrongDelimiter { file: String, expected: String, found: String, hint: String },
    /// More columns than are read.
    #[error("{file} has {found} columns, more than the {limit} that are read; keep those that the schema names")]
    TooManyColumns { file: String, found: usize, limit: usize },
    /// A column whose name is no name.
    #[error(
        "{file}: the name of column {place} is {found} bytes long, more than the {limit} that are read; rename it, or \
         check the delimiter"
    )]
    LongName { file: String, place: usize, found: usize, limit: usize },
    /// Needed columns that the file lacks.
    #[error("{file} lacks {}; {}found: {}", columns(missing), hint, listed(found))]
    MissingColumns { file: String, missing: Vec<String>, hint: String, found: Vec<String> },
    /// A column that was named and is not there.
    #[error("{file} has no column `{column}`, which is to stand for `{name}`; found: {}", listed(found))]
    NoSuchColumn { file: String, column: String, name: String, found: Vec<String> },
    /// A name that no role of the schema has.
    #[error(
        "`{column}` is to stand for `{name}`, a name that schema {schema} does not know{}",
        near.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default()
    )]
    NoSuchName { column: String, name: String, schema: String, near: Option<String> },
    /// A setting of something that the schema lacks.
    #[error("schema {schema} names no {role} column, so how it is written means nothing here")]
    NoSuchRole { schema: String, role: String },
    /// A file without a header line whose width is not the schema's.
    #[error("{file}, {at}: {found} values where schema {schema} names {expected} columns; {remedy}")]
    WrongWidth { file: String, at: Position, found: usize, schema: String, expected: usize, remedy: String },
    /// A row with more or fewer values than there are columns.
    #[error("{file}, {at}: {found} values where there are {expected} columns; {remedy}")]
    Ragged { file: String, at: Position, found: usize, expected: usize, remedy: &'static str },
    /// Quotes that do not close, or close in the middle of a value.
    #[error("{file}, {at}: {problem}; a quoted value begins and ends with \" and doubles every \" inside")]
    BadQuote { file: String, at: Position, problem: String },
    /// More rows that cannot be read than may be set aside.
    #[error(
        "{file}: {set_aside} of {rows} rows cannot be read ({}), more than the {} that may be set aside; the first: \
         {first}; mend the file, or allow a larger share (in a config: `data.bad_rows: {{ set_aside: {{ share: … }} }}`)",
        percent(*set_aside as f64 / *rows as f64),
        percent(*share)
    )]
    TooManyBadRows { file: String, set_aside: u64, rows: u64, share: f64, first: String },
    /// A line of a log that its format does not allow.
    #[error("{file}, {at}: {problem}")]
    BadLine { file: String, at: Position, problem: String },
    /// One cell: a text among numbers, a missing time, an unknown label.
    #[error(transparent)]
    Cell(Box<CellError>),
    /// A column that cannot be the label.
    #[error(
        "{file}: column `{column}` holds more than {limit} different values ({examples}, …), so it is no label column; name the right one under `label.column`"
    )]
    NoLabelColumn { file: String, column: String, limit: usize, examples: String },
    /// A table of labels without any.
    #[error("{file}: no column looks like a label; name it `label`, or as the schema does; found: {}", listed(found))]
    NoLabelInTable { file: String, found: Vec<String> },
    /// Traffic and labels that know flows by different things.
    #[error(
        "{file} and {labels} share nothing by which a flow is known: it takes a `uid` in both, or both hosts and a time \
         (ports and protocol where they are there); of these {file} has {found}, {labels} has {has}"
    )]
    NoSharedKey { file: String, found: String, labels: String, has: String },
    /// Two labels of one flow.
    #[error(
        "{file}, {first} and {second} give one flow the labels {} and {}; remove the one that is wrong",
        labels[0], labels[1]
    )]
    LabelsDiffer { file: String, first: Position, second: Position, labels: [String; 2] },
    /// Windows of time and hosts that cannot be understood.
    #[error("{file}{}: {problem}", at.map(|(l, c)| format!(", line {l}, column {c}")).unwrap_or_default())]
    BadLabels { file: String, at: Option<(u64, u64)>, problem: String },
    /// Traffic that cannot be held against windows.
    #[error("{file}: labels by windows of time and hosts need {lacks}")]
    NoWindowColumns { file: String, lacks: String },
    /// Nothing to tell apart.
    #[error(
        "{files}: column `{column}` holds one class only, {class} ({found}{note}); training and judging need both, so check \
         `label.column` and `label.benign`, or add files"
    )]
    OneClass { files: String, column: String, class: String, found: String, note: String },
    /// Labels of a second file that belong to other flows.
    #[error(
        "{files}: none of the {rows} flows is found in {labels} (by {}); check zone and unit of the times, the tolerance, \
         and whether the labels are of this traffic",
        by.join(", ")
    )]
    NothingJoined { files: String, rows: u64, labels: String, by: Vec<String> },
    /// Truth was asked of a schema without a label.
    #[error("schema {schema} names no label column; add `label:` to it, or score the file instead")]
    NoLabelRole { schema: String },
    /// Sequences that the columns do not allow.
    #[error("{file}: sequences by {by} need {need}; {remedy}")]
    NoSequences { file: String, by: String, need: String, remedy: String },
    /// A duration's unit is wrong.
    #[error(
        "{files}: column `{column}`, read in {unit}: half of the flows would last {median} s or more, and all of them began \
         within {room} s; {}",
        match fitting {
            Some(unit) => format!("set `duration_unit: {unit}` in the schema, or take the column out of `duration`"),
            None => "check `duration` and the times".to_owned(),
        }
    )]
    LongDurations { files: String, column: String, unit: String, median: f64, room: f64, fitting: Option<String> },
    /// The newest rows stand first.
    #[error(
        "{file}: column `{column}` falls from {first} to {last}: the newest rows stand first, and `order: file` would \
         train on them and judge on the oldest; set `order: end_time` in the schema, which sorts by time"
    )]
    NewestFirst { file: String, column: String, first: String, last: String },
    /// A clock of twelve hours without AM and PM.
    #[error(
        "{file}: column `{column}` has no hour above 12, and after 12:59 the clock falls back to 1:00: hours are written 1 to \
         12 without AM or PM; {}",
        match from {
            Some(from) => format!(
                "set `time.twelve_hour_from: {from}` in the schema, which takes hours before {from} for the afternoon (0: hours \
                 are what they say)"
            ),
            None => "every hour of the twelve occurs, so export the times again with 24 hours".to_owned(),
        }
    )]
    TwelveHours { file: String, column: String, from: Option<u8> },
    /// More rows than a table can hold.
    #[error("{file}: more than {limit} rows in one table; read the files in parts")]
    TooManyRows { file: String, limit: u64 },
    /// No schema of that name.
    #[error("no schema `{name}`{}; built in: {}; or give the path of a YAML file", nearest(near), known.join(", "))]
    NoSchema { name: String, near: Option<String>, known: Vec<String> },
    /// A schema file that cannot be understood.
    #[error("{file}{}: {problem}", at.map(|(l, c)| format!(", line {l}, column {c}")).unwrap_or_default())]
    BadSchema { file: String, at: Option<(u64, u64)>, problem: String },
    /// A schema that contradicts itself.
    #[error(transparent)]
    Schema(#[from] nta_data::SchemaError),
    /// An output name whose ending says no format.
    #[error("{}: cannot tell the format to write; end the name in .csv, .jsonl or .parquet, the first two also with .gz or .zst behind", path.display())]
    UnknownOutput { path: PathBuf },
    /// A column asked for that the input has not.
    #[error("the input has no column `{column}` to write; its columns are {columns}")]
    NoColumnToWrite { column: String, columns: String },
    /// An added column that the input already has.
    #[error("the input already has a column `{column}`; rename it or drop it before scoring")]
    ColumnTaken { column: String },
    /// A batch that does not fit those written before.
    #[error("{}: {problem}", path.display())]
    Mismatch { path: PathBuf, problem: String },
    /// Output that could not be written.
    #[error("cannot write {}: {problem}", path.display())]
    Write { path: PathBuf, problem: String },
    /// The caller asked to stop.
    #[error("reading was cancelled")]
    Cancelled,
    /// A mistake of this program.
    #[error("{file}: {problem}; this is a mistake in nta, please report it")]
    Internal { file: String, problem: String },
}

/// A cell that its column's role does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, {at}, column `{column}`: {value} {problem}; {remedy}")]
pub struct CellError {
    /// The file.
    pub file: String,
    /// Where in it.
    pub at: Position,
    /// The column, named as in the file.
    pub column: String,
    /// The cell, quoted and shortened.
    pub value: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl IngestError {
    pub(crate) fn read(file: &str, error: &io::Error) -> Self {
        use io::ErrorKind;
        if error.get_ref().is_some_and(|inner| inner.is::<Stopped>()) {
            return IngestError::Cancelled;
        }
        match error.kind() {
            ErrorKind::NotFound => IngestError::Missing { file: file.to_owned() },
            ErrorKind::UnexpectedEof => {
                IngestError::Damaged { file: file.to_owned(), problem: "it ends in the middle (truncated)".to_owned() }
            }
            ErrorKind::InvalidData | ErrorKind::InvalidInput => {
                IngestError::Damaged { file: file.to_owned(), problem: error.to_string() }
            }
            _ => IngestError::Read { file: file.to_owned(), problem: error.to_string() },
        }
    }

    pub(crate) fn write(path: &Path, error: impl fmt::Display) -> Self {
        IngestError::Write { path: path.to_owned(), problem: error.to_string() }
    }

    pub(crate) fn internal(file: &str, error: impl fmt::Display) -> Self {
        IngestError::Internal { file: file.to_owned(), problem: error.to_string() }
    }
}

/// That the caller asked to stop, on its way through readers that know only errors of the system.
#[derive(Debug, thiserror::Error)]
#[error("reading was cancelled")]
struct Stopped;

/// Stops a reader where the caller asked for it.
pub(crate) fn stop_if_asked(contact: &Contact) -> io::Result<()> {
    if contact.cancelled() { Err(io::Error::other(Stopped)) } else { Ok(()) }
}

/// A cell as it is shown in a message: quoted, control characters escaped, cut when long.
pub(crate) fn shown(value: &str) -> String {
    const LIMIT: usize = 60;
    if value.trim().is_empty() {
        return "an empty cell".to_owned();
    }
    let escaped: String = value.chars().take(LIMIT).flat_map(char::escape_debug).collect();
    let dots = if value.chars().nth(LIMIT).is_some() { "…" } else { "" };
    format!("`{escaped}{dots}`")
}

/// `2.06 %`, `2 %`: at most two places.
fn percent(share: f64) -> String {
    format!("{} %", (share * 1e4).round() / 1e2)
}

fn columns(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    let noun = if names.len() == 1 { "the column" } else { "the columns" };
    format!("{noun} {}", listed(&quoted))
}

fn nearest(near: &Option<String>) -> String {
    near.as_ref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_shown_short_and_without_control_characters() {
        assert_eq!(shown("a\tb"), "`a\\tb`");
        assert_eq!(shown("  "), "an empty cell");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 63);
    }

    #[test]
    fn a_missing_column_is_told_with_what_was_found() {
        let error = IngestError::MissingColumns {
            file: "a.csv".to_owned(),
            missing: vec!["label".to_owned()],
            hint: String::new(),
            found: vec!["x".to_owned(), "y".to_owned()],
        };
        assert_eq!(error.to_string(), "a.csv lacks the column `label`; found: x, y");
    }
}
