//! What every file format gives: named columns, block by block, each row with its place in the file.

use std::path::Path;

use nta_data::Schema;
use polars_core::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use crate::error::Position;
use crate::separated::SeparatedTable;
use crate::zeek::{Dialect, ZeekTable};
use crate::{IngestError, format, parquet};

/// The kind of a file, told by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Separated text.
    Csv,
    /// Argus bidirectional flows, separated by commas or tabs.
    Argus,
    /// Zeek's own log format.
    ZeekTsv,
    /// Zeek logs as one JSON object a line.
    ZeekJson,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// The format's name for a person.
    pub fn title(self) -> &'static str {
        match self {
            Format::Csv => "CSV",
            Format::Argus => "Argus binetflow",
            Format::ZeekTsv => "Zeek log",
            Format::ZeekJson => "Zeek JSON log",
            Format::Parquet => "Parquet",
        }
    }
}

/// Rows that follow each other in one file.
pub(crate) struct Block {
    /// The columns asked for, named as in the file's header, trimmed.
    pub(crate) frame: DataFrame,
    /// Data row of the file, from 0, of the first row here.
    pub(crate) first_row: u64,
    pub(crate) places: Places,
}

/// Where the rows of a block stand.
pub(crate) enum Places {
    /// Line of each row.
    Lines(Vec<u64>),
    /// Rows are counted, for files without lines.
    Rows,
}

impl Block {
    /// Place of row `i` of the block, for messages.
    pub(crate) fn position(&self, i: usize) -> Position {
        match &self.places {
            Places::Lines(lines) => Position::Line(lines[i]),
            Places::Rows => Position::Row(self.first_row + i as u64 + 1),
        }
    }
}

/// How much one block may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockSize {
    pub(crate) rows: usize,
    /// Text read before a block is closed, whatever its rows.
    pub(crate) bytes: usize,
}

/// A file being read as a table.
pub(crate) trait Table: Send {
    /// The kind of file.
    fn format(&self) -> Format;
    /// Column names in file order, trimmed, all different.
    fn columns(&self) -> &[String];
    /// Gives these columns only, from now on.
    fn project(&mut self, columns: &[String]);
    /// The next rows, `None` at the end.
    fn next_block(&mut self, size: BlockSize) -> Result<Option<Block>, IngestError>;
    /// Bytes of the file behind the reader.
    fn bytes_read(&self) -> u64;
}

/// Opens a file; the format is told by its content.
pub(crate) fn open(path: &Path, schema: &Schema) -> Result<Box<dyn Table>, IngestError> {
    let file = path.display().to_string();
    if !path.exists() {
        return Err(IngestError::Missing { file });
    }
    if path.is_dir() {
        return Err(IngestError::IsFolder { file });
    }
    let (kind, stream) = format::detect(path)?;
    Ok(match kind {
        format::Kind::Parquet => Box::new(parquet::ParquetTable::open(path)?),
        format::Kind::ZeekTsv => Box::new(ZeekTable::open(stream, &file, Dialect::Tsv)?),
        format::Kind::ZeekJson => Box::new(ZeekTable::open(stream, &file, Dialect::Json)?),
        format::Kind::Separated => Box::new(SeparatedTable::open(stream, &file, schema)?),
    })
}
