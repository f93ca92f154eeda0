//! What a text format must be able to do: turn one record into fields, and rows of fields into columns.

use std::borrow::Cow;

use polars_core::prelude::DataFrame;

use crate::framing::framer::Record;
use crate::left_out::NoFlow;
use crate::lines::Lines;
use crate::schema::header::Double;

/// What a record turned out to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// A flow.
    Row,
    /// A header line of the format's own, nothing.
    NoRow,
    /// A line that could be taken for a row, and is none.
    LeftOut(NoFlow),
}

/// Why a record gives no row though it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LineFault {
    /// More or fewer values than there are columns.
    Width { found: usize, expected: usize },
    /// What the format does not allow.
    Problem(String),
}

/// Decodes records one by one and keeps their fields until a block of them is asked for.
pub(crate) trait Decoder: Send {
    /// Column names in the order of fields, trimmed, all different.
    fn columns(&self) -> &[String];
    /// Columns under a name that stood before them in the header.
    fn doubles(&self) -> &[Double] {
        &[]
    }
    /// Keeps the columns at these places only, from now on; ascending.
    fn project(&mut self, places: Vec<usize>);
    /// Decodes one record. After a fault nothing of it is kept.
    fn take(&mut self, record: &Record<'_>) -> Result<Decoded, LineFault>;
    /// The rows since the last block, as columns.
    fn finish_block(&mut self) -> Result<DataFrame, String>;
    /// The same rows as text, where all their columns stand there as `nta score` writes them; asked once a block.
    fn take_lines(&mut self) -> Option<Lines> {
        None
    }
}

/// The smaller half of it, for formats of one flow a line: [`crate::decode::by_line::ByLine`] does the rest.
pub(crate) trait LineDecoder: Send {
    /// Column names in the order of fields, trimmed, all different.
    fn columns(&self) -> &[String];
    /// Puts one field a column into `fields`, which comes empty; `None` where it is unset. The error says what is wrong
    /// with the line.
    fn decode<'l>(&mut self, line: &'l str, fields: &mut Vec<Option<Cow<'l, str>>>) -> Result<Decoded, String>;
}
