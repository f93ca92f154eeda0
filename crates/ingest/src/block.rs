//! What every format gives: rows of named columns, block by block, each row with its place in the file.

use std::collections::HashSet;
use std::time::Duration;

use nta_data::TimeUnit;
use polars_core::prelude::DataFrame;

use crate::error::{IngestError, Position};
use crate::left_out::LeftOut;
use crate::lines::Lines;
use crate::rejects::reject::Reject;
use crate::schema::header::Double;

/// Rows that follow each other in one file.
pub(crate) struct Block {
    /// The columns asked for, named as in the file's header, trimmed.
    pub(crate) frame: DataFrame,
    /// The same rows as text, where they can be written as that.
    pub(crate) lines: Option<Lines>,
    /// Data row of the file, from 0, of each row here.
    pub(crate) rows: Vec<u64>,
    pub(crate) places: Places,
    /// What each row's text was, where bad rows are set aside.
    pub(crate) texts: Option<Texts>,
    /// Lines among these rows that gave none.
    pub(crate) rejects: Vec<Reject>,
    /// Lines among them, and before them, that hold no flow.
    pub(crate) left_out: LeftOut,
    /// Where the text goes on after these rows; `None` for files without lines.
    pub(crate) end: Option<TextPosition>,
}

impl Block {
    /// Rows of a file without lines.
    pub(crate) fn of_rows(frame: DataFrame, rows: Vec<u64>, left_out: LeftOut) -> Block {
        Block { frame, lines: None, rows, places: Places::Rows, texts: None, rejects: Vec::new(), left_out, end: None }
    }
}

/// A place in a text: in a file, in a pipe, or in a file that grows and was rotated since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextPosition {
    /// Line, from 1.
    pub line: u64,
    /// Bytes before it, unpacked and without a byte order mark.
    pub offset: u64,
}

/// Where the rows of a block stand.
pub(crate) enum Places {
    /// Line of each row.
    Lines(Vec<u64>),
    /// Rows are counted, for files without lines.
    Rows,
}

/// The texts of rows, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    /// The text of row `i`.
    pub(crate) fn get(&self, i: usize) -> &[u8] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[start..self.ends[i]]
    }
}

impl Block {
    /// Whether it holds neither rows nor rejects.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.rejects.is_empty()
    }

    /// Place of row `i` of the block, for messages.
    pub(crate) fn position(&self, i: usize) -> Position {
        match &self.places {
            Places::Lines(lines) => Position::Line(lines[i]),
            Places::Rows => Position::Row(self.rows[i] + 1),
        }
    }
}

/// What closes a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockLimit {
    /// Most rows.
    pub(crate) rows: usize,
    /// Text read, whatever its rows.
    pub(crate) bytes: usize,
    /// Time since the first record, where records are waited for.
    pub(crate) deadline: Option<Duration>,
}

/// A file or stream being read block by block.
pub(crate) trait BlockReader: Send {
    /// Column names in file order, trimmed, all different.
    fn columns(&self) -> &[String];
    /// Gives these columns only, from now on.
    fn project(&mut self, columns: &[String]);
    /// The next rows, `None` at the end. There may be rejects and no rows, or nothing but lines left out.
    fn next_block(&mut self, limit: BlockLimit) -> Result<Option<Block>, IngestError>;
    /// Columns under a name that stood before them in the header, and the name that they go by.
    fn doubles(&self) -> &[Double] {
        &[]
    }
    /// Columns of kinds that no role can use, and those kinds.
    fn unread(&self) -> &[(String, String)] {
        &[]
    }
    /// Columns that the file itself keeps as durations; they are given in seconds.
    fn durations(&self) -> Vec<String> {
        Vec::new()
    }
    /// Gives `column` in `unit`, where the file itself keeps it as durations.
    fn give_durations_in(&mut self, _column: &str, _unit: TimeUnit) {}
    /// Bytes of the file behind the reader.
    fn bytes_read(&self) -> u64;
}

/// Places among `names` of the columns that are `wanted`.
pub(crate) fn places_of(wanted: &[String], names: &[String]) -> Vec<usize> {
    let wanted: HashSet<&String> = wanted.iter().collect();
    (0..names.len()).filter(|i| wanted.contains(&names[*i])).collect()
}
