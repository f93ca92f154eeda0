//! Writes tables: CSV or lines of JSON, plain or packed, or Parquet, batch by batch, whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use nta_atomic::AtomicFile;
use polars_core::prelude::{Column, DataFrame, DataType, IntoColumn, NamedFrom, PlSmallStr, Series};
use polars_io::csv::write::CsvWriter;
use polars_io::prelude::SerWriter;

use crate::error::IngestError;
use crate::values::cell::{CellValue, TypedColumn};
use crate::writing::added::{Added, AddedValues};
use crate::writing::beside_lines;
use crate::writing::output::Output;
use crate::writing::parquet_sink::ParquetSink;
use crate::writing::raw::RawBatch;

/// A table being written. Nothing stands at its path before [`TableWriter::finish`]; dropped before that, it leaves
/// nothing.
pub struct TableWriter {
    path: PathBuf,
    file: AtomicFile,
    sink: Sink,
    /// Names and kinds of the columns, settled by the first rows (or by the pattern given at the start).
    columns: Option<Vec<(String, DataType)>>,
    raw_columns: Option<Vec<String>>,
}

/// A format of tables, by the ending of the file's name.
#[derive(Clone, Copy)]
enum Kind {
    Text { is_lines: bool, packed: Packed },
    Parquet,
}

#[derive(Clone, Copy)]
enum Packed {
    Not,
    Gzip,
    Zstd,
}

impl Kind {
    fn of(path: &Path) -> Result<Kind, IngestError> {
        let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
        let (bare, packed) = match (name.strip_suffix(".gz"), name.strip_suffix(".zst")) {
            (Some(bare), _) => (bare, Packed::Gzip),
            (None, Some(bare)) => (bare, Packed::Zstd),
            (None, None) => (name.as_str(), Packed::Not),
        };
        match bare.rsplit_once('.').map(|(_, ending)| ending) {
            Some("csv") => Ok(Kind::Text { is_lines: false, packed }),
            Some("jsonl") => Ok(Kind::Text { is_lines: true, packed }),
            Some("parquet") if matches!(packed, Packed::Not) => Ok(Kind::Parquet),
            _ => Err(IngestError::UnknownOutput { path: path.to_owned() }),
        }
    }
}

enum Sink {
    Csv(Output),
    JsonLines(Output),
    Parquet(Box<ParquetSink>),
}

impl TableWriter {
    /// Begins a table at `path`, whose ending tells the format: `.csv` or `.jsonl`, each also with
    /// `.gz` or `.zst` behind, or `.parquet`. With `like`, rows
    /// written later must have that batch's columns.
    pub fn create(path: &Path, like: Option<&RawBatch>) -> Result<Self, IngestError> {
        let kind = Kind::of(path)?;
        let file = AtomicFile::create(path).map_err(|e| IngestError::write(path, e.source))?;
        let raw_columns = like.map(RawBatch::column_names);
        Ok(TableWriter { raw_columns, ..TableWriter::begin(path, kind, file)? })
    }

    /// Whether a table at `path` can be written by one process after the other: text that is not packed.
    ///
    /// # Errors
    /// An ending that tells no format.
    pub fn can_go_on(path: &Path) -> Result<bool, IngestError> {
        Kind::of(path).map(|kind| matches!(kind, Kind::Text { packed: Packed::Not, .. }))
    }

    /// Begins a table at `path` that stands at `part` until it is finished, or goes on with it behind the first `length`
    /// bytes, which [`TableWriter::settle`] told. Of rows that stand there, give [`TableWriter::pass`] the first ones.
    pub fn go_on(path: &Path, part: &Path, length: u64) -> Result<Self, IngestError> {
        let file = AtomicFile::resume(path, part, length).map_err(|e| IngestError::write(path, e.source))?;
        TableWriter::begin(path, Kind::of(path)?, file)
    }

    fn begin(path: &Path, kind: Kind, file: AtomicFile) -> Result<Self, IngestError> {
        let handle = file.handle().map_err(|e| IngestError::write(path, e.source))?;
        let sink = match kind {
            Kind::Parquet => Sink::Parquet(Box::new(ParquetSink::new(path, Output::plain(handle)))),
            Kind::Text { is_lines, packed } => {
                let output = match packed {
                    Packed::Not => Output::plain(handle),
                    Packed::Gzip => Output::gzip(handle),
                    Packed::Zstd => Output::zstd(handle).map_err(|e| IngestError::write(path, e))?,
                };
                if is_lines { Sink::JsonLines(output) } else { Sink::Csv(output) }
            }
        };
        Ok(TableWriter { path: path.to_owned(), file, sink, columns: None, raw_columns: None })
    }

    /// Takes the columns of rows that stand in the table already, and writes nothing: later rows must have the same.
    pub fn pass(&mut self, raw: &RawBatch, added: &[Added<'_>]) -> Result<(), IngestError> {
        self.check(raw, added)?;
        self.frame(raw.n_rows(), beside(raw, added)).map(drop)
    }

    /// Brings the rows so far to disk: of a table that can go on, the bytes that they are.
    pub fn settle(&mut self) -> Result<u64, IngestError> {
        let flushed = match &mut self.sink {
            Sink::Csv(output) | Sink::JsonLines(output) => output.settle(),
            Sink::Parquet(_) => Ok(()),
        };
        flushed.map_err(|e| IngestError::write(&self.path, e))?;
        self.file.settle().map_err(|e| IngestError::write(&self.path, e.source))
    }

    /// Appends input rows with columns beside them. Refused: an added column that the input has, another number of
    /// values than rows, other columns than before.
    pub fn write(&mut self, raw: &RawBatch, added: &[Added<'_>]) -> Result<(), IngestError> {
        let names = self.check(raw, added)?;
        if let (Sink::Csv(output), Some(lines)) = (&mut self.sink, &raw.lines)
            && self.columns.as_ref().is_some_and(|columns| is_text_beside(columns, &names, added))
            && added.iter().all(|column| column.values.len() == raw.n_rows())
        {
            return beside_lines::write(output, lines, added).map_err(|e| IngestError::write(&self.path, e));
        }
        self.append(raw.n_rows(), beside(raw, added))
    }

    /// The names of the input's columns, which must be those of the rows before, and none of those added.
    fn check(&mut self, raw: &RawBatch, added: &[Added<'_>]) -> Result<Vec<String>, IngestError> {
        let names = raw.column_names();
        if self.raw_columns.get_or_insert_with(|| names.clone()) != &names {
            let problem =
                "these input rows have other columns than those before; write them to another file".to_owned();
            return Err(IngestError::Mismatch { path: self.path.clone(), problem });
        }
        if let Some(taken) = added.iter().find(|a| names.iter().any(|n| n == a.name)) {
            return Err(IngestError::ColumnTaken { column: taken.name.to_owned() });
        }
        Ok(names)
    }

    /// Appends rows that stand on their own.
    pub fn write_columns(&mut self, columns: &[Added<'_>]) -> Result<(), IngestError> {
        let n_rows = columns.first().map_or(0, |c| c.values.len());
        self.append(n_rows, columns.iter().map(column).collect())
    }

    /// Puts the table at its path.
    pub fn finish(self) -> Result<(), IngestError> {
        let TableWriter { path, file, sink, .. } = self;
        match sink {
            Sink::Csv(output) | Sink::JsonLines(output) => output.close().map_err(|e| IngestError::write(&path, e))?,
            Sink::Parquet(sink) => sink.close()?,
        }
        file.commit().map_err(|e| IngestError::write(&path, e.source))
    }

    fn append(&mut self, n_rows: usize, columns: Vec<Column>) -> Result<(), IngestError> {
        let is_first = self.columns.is_none();
        let frame = self.frame(n_rows, columns)?;
        match &mut self.sink {
            Sink::Csv(output) => write_csv(&self.path, output, frame, is_first),
            Sink::JsonLines(output) => write_lines(output, frame).map_err(|e| IngestError::write(&self.path, e)),
            Sink::Parquet(sink) => sink.push(frame, self.columns.as_deref().unwrap_or_default()),
        }
    }

    /// Rows of the columns that all rows have.
    fn frame(&mut self, n_rows: usize, columns: Vec<Column>) -> Result<DataFrame, IngestError> {
        let mismatch = |problem: String| IngestError::Mismatch { path: self.path.clone(), problem };
        if let Some(odd) = columns.iter().find(|c| c.len() != n_rows) {
            return Err(mismatch(format!("column `{}` has {} values for {n_rows} rows", odd.name(), odd.len())));
        }
        let is_csv = matches!(self.sink, Sink::Csv(_));
        let columns = if is_csv { columns.iter().map(plain).collect() } else { columns };
        let frame = DataFrame::new(n_rows, columns).map_err(|e| mismatch(e.to_string()))?;
        let kinds: Vec<(String, DataType)> =
            frame.columns().iter().map(|c| (c.name().to_string(), c.dtype().clone())).collect();
        if self.columns.get_or_insert_with(|| kinds.clone()) != &kinds {
            return Err(mismatch(
                "these rows have other columns than those before; write them to another file".to_owned(),
            ));
        }
        Ok(frame)
    }
}

/// The input's columns and those beside them.
fn beside(raw: &RawBatch, added: &[Added<'_>]) -> Vec<Column> {
    let mut columns = raw.frame.columns().to_vec();
    columns.extend(added.iter().map(column));
    columns
}

/// Whether `columns` are text under the `names`, and behind them `added`.
fn is_text_beside(columns: &[(String, DataType)], names: &[String], added: &[Added<'_>]) -> bool {
    let kind = |values: AddedValues<'_>| match values {
        AddedValues::Float(_) => DataType::Float32,
        AddedValues::Flag(_) => DataType::Boolean,
        AddedValues::Text(_) => DataType::String,
        AddedValues::Integer(_) => DataType::Int64,
    };
    let (texts, behind) = columns.split_at(names.len().min(columns.len()));
    texts.iter().map(|(name, _)| name).eq(names)
        && texts.iter().all(|(_, kind)| *kind == DataType::String)
        && behind.len() == added.len()
        && behind.iter().zip(added).all(|((name, is), added)| name == added.name && *is == kind(added.values))
}

fn column(added: &Added<'_>) -> Column {
    let name = PlSmallStr::from_str(added.name);
    match added.values {
        AddedValues::Float(v) => Series::new(name, v),
        AddedValues::Flag(v) => Series::new(name, v),
        AddedValues::Text(v) => Series::new(name, v),
        AddedValues::Integer(v) => Series::new(name, v),
    }
    .into_column()
}

/// A column of a kind that CSV is written from: times become RFC 3339, small integers plain ones.
fn plain(column: &Column) -> Column {
    use DataType as D;
    match column.dtype() {
        D::Int8 | D::Int16 | D::UInt8 | D::UInt16 => column.cast(&D::Int64).unwrap_or_else(|_| column.clone()),
        D::Date | D::Datetime(_, _) => time_text(column),
        _ => column.clone(),
    }
}

fn time_text(column: &Column) -> Column {
    let mut texts: Vec<Option<String>> = Vec::with_capacity(column.len());
    if let Some(cells) = TypedColumn::of(column.as_materialized_series()) {
        let _: Result<(), ()> = cells.try_each(|_, cell| {
            let micros = if let CellValue::Time(micros) = cell { Some(micros) } else { None };
            let time = micros.and_then(|m| jiff::Timestamp::from_microsecond(m).ok());
            texts.push(time.map(|t| t.to_string()));
            Ok(())
        });
    }
    Series::new(column.name().clone(), texts).into_column()
}

fn write_lines(output: &mut Output, frame: DataFrame) -> std::io::Result<()> {
    let lines = RawBatch::of(frame).json_members();
    lines.iter().try_for_each(|members| writeln!(output, "{{{members}}}"))
}

fn write_csv(path: &Path, output: &mut Output, mut frame: DataFrame, with_header: bool) -> Result<(), IngestError> {
    frame.align_chunks();
    CsvWriter::new(output).include_header(with_header).finish(&mut frame).map_err(|e| IngestError::write(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColumnValues, read_columns};

    fn added<'a>() -> [Added<'a>; 4] {
        [
            Added { name: "score", values: AddedValues::Float(&[0.25, 1.0]) },
            Added { name: "flagged", values: AddedValues::Flag(&[false, true]) },
            Added { name: "family", values: AddedValues::Text(&["benign", "a,\"b\""]) },
            Added { name: "row", values: AddedValues::Integer(&[7, -8]) },
        ]
    }

    #[test]
    fn tables_come_back_as_written_in_every_format() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["t.csv", "t.csv.gz", "t.csv.zst", "t.parquet"] {
            let path = folder.path().join(name);
            let mut writer = TableWriter::create(&path, None).unwrap();
            writer.write_columns(&added()).unwrap();
            writer.write_columns(&added()).unwrap();
            assert!(!path.exists(), "nothing stands there before the end");
            writer.finish().unwrap();
            let table = read_columns(&path).unwrap();
            assert_eq!(table.names(), ["score", "flagged", "family", "row"], "{name}");
            assert_eq!(table.get("score"), Some(&ColumnValues::Float(vec![0.25, 1.0, 0.25, 1.0])), "{name}");
            assert_eq!(table.get("flagged"), Some(&ColumnValues::Flag(vec![false, true, false, true])), "{name}");
            assert_eq!(table.get("row"), Some(&ColumnValues::Integer(vec![7, -8, 7, -8])), "{name}");
            let ColumnValues::Text(family) = table.get("family").unwrap() else { panic!("{name}: family is text") };
            assert_eq!(family[1].as_deref(), Some("a,\"b\""), "{name}");
        }
    }

    #[test]
    fn lines_of_json_hold_a_row_each_packed_or_not() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["t.jsonl", "t.jsonl.gz", "t.jsonl.zst"] {
            let path = folder.path().join(name);
            let mut writer = TableWriter::create(&path, None).unwrap();
            writer.write_columns(&added()).unwrap();
            writer.finish().unwrap();
            let mut unpacked = crate::input::unpack::Unpacked::new(std::fs::File::open(&path).unwrap()).unwrap();
            let mut text = String::new();
            std::io::Read::read_to_string(&mut unpacked, &mut text).unwrap();
            let second = text.lines().nth(1).unwrap();
            assert_eq!(second, r#"{"score":1.0,"flagged":true,"family":"a,\"b\"","row":-8}"#, "{name}");
        }
    }

    #[test]
    fn parquet_of_several_row_groups_comes_back_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let mut writer = TableWriter::create(&path, None).unwrap();
        let numbers: Vec<i64> = (0..40_000).collect();
        let names: Vec<String> = numbers.iter().map(|i| format!("host{}", i % 97)).collect();
        for start in (0..40_000).step_by(9_000) {
            let rows = start..40_000.min(start + 9_000);
            let text: Vec<&str> = names[rows.clone()].iter().map(String::as_str).collect();
            let columns = [
                Added { name: "row", values: AddedValues::Integer(&numbers[rows]) },
                Added { name: "host", values: AddedValues::Text(&text) },
            ];
            writer.write_columns(&columns).unwrap();
        }
        writer.finish().unwrap();
        let table = read_columns(&path).unwrap();
        assert_eq!(table.get("row"), Some(&ColumnValues::Integer(numbers)));
        let ColumnValues::Text(hosts) = table.get("host").unwrap() else { panic!("host is text") };
        assert!(hosts.iter().zip(&names).all(|(found, name)| found.as_ref() == Some(name)));
    }

    #[test]
    fn a_table_that_goes_on_is_the_one_written_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["t.csv", "t.jsonl"] {
            assert!(TableWriter::can_go_on(&at(name)).unwrap());
            let mut whole = TableWriter::create(&at(name), None).unwrap();
            (0..2).for_each(|_| whole.write_columns(&added()).unwrap());
            whole.finish().unwrap();
            let expected = std::fs::read(at(name)).unwrap();
            let raw = RawBatch { frame: DataFrame::empty_with_height(2), lines: None };
            let mut first = TableWriter::go_on(&at(name), &at("part"), 0).unwrap();
            first.write(&raw, &added()).unwrap();
            let settled = first.settle().unwrap();
            first.write(&raw, &added()[..]).unwrap();
            drop(first);
            let mut second = TableWriter::go_on(&at(name), &at("part"), settled).unwrap();
            second.pass(&raw, &added()).unwrap();
            assert!(second.write(&raw, &added()[1..]).is_err(), "other columns than those that stand there");
            second.write(&raw, &added()).unwrap();
            second.finish().unwrap();
            assert_eq!(std::fs::read(at(name)).unwrap(), expected, "{name}");
        }
        assert!(
            ["t.parquet", "t.csv.gz", "t.jsonl.zst"].iter().all(|name| !TableWriter::can_go_on(&at(name)).unwrap())
        );
    }

    #[test]
    fn a_dropped_writer_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = TableWriter::create(&folder.path().join("t.parquet"), None).unwrap();
        writer.write_columns(&added()).unwrap();
        drop(writer);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn unknown_endings_and_uneven_columns_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refuse = |e: Option<IngestError>| e.unwrap().to_string();
        let message = refuse(TableWriter::create(&folder.path().join("t.xlsx"), None).err());
        assert!(message.contains("end the name in .csv, .jsonl or .parquet"), "{message}");
        let mut writer = TableWriter::create(&folder.path().join("t.csv"), None).unwrap();
        let uneven = [added()[0], Added { name: "x", values: AddedValues::Integer(&[1]) }];
        let message = refuse(writer.write_columns(&uneven).err());
        assert!(message.contains("column `x` has 1 values for 2 rows"), "{message}");
        writer.write_columns(&added()).unwrap();
        let message = refuse(writer.write_columns(&added()[..2]).err());
        assert!(message.contains("other columns than those before"), "{message}");
    }
}
