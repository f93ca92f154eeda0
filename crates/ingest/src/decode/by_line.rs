//! Text columns from a decoder of single lines.

use polars_core::prelude::{Column, DataFrame, IntoColumn, IntoSeries, PlSmallStr, StringChunkedBuilder};

use crate::decode::decoder::{Decoded, Decoder, LineDecoder, LineFault};
use crate::framing::framer::Record;
use crate::framing::quoting;
use crate::left_out::NoFlow;
use crate::limits::{LONGEST_VALUE, refuse_long_values};

/// Room made for the rows of a block, and for all of their cells.
const ROOM: usize = 1 << 12;
const ROOM_CELLS: usize = 1 << 20;

/// Rows of a format of one flow a line.
pub(crate) struct ByLine<D> {
    lines: D,
    /// Places of the columns that are kept.
    kept: Vec<usize>,
    /// One for each of those; none before the first row of a block.
    builders: Vec<StringChunkedBuilder>,
    n_rows: usize,
}

impl<D: LineDecoder> ByLine<D> {
    pub(crate) fn new(lines: D) -> Self {
        let kept = (0..lines.columns().len()).collect();
        ByLine { lines, kept, builders: Vec::new(), n_rows: 0 }
    }

    fn builders(&self) -> Vec<StringChunkedBuilder> {
        let name = |place: &usize| PlSmallStr::from_str(&self.lines.columns()[*place]);
        let room = ROOM.min(ROOM_CELLS / self.kept.len().max(1));
        self.kept.iter().map(|place| StringChunkedBuilder::new(name(place), room)).collect()
    }
}

impl<D: LineDecoder> Decoder for ByLine<D> {
    fn columns(&self) -> &[String] {
        self.lines.columns()
    }

    fn project(&mut self, places: Vec<usize>) {
        self.kept = places;
    }

    fn take(&mut self, record: &Record<'_>) -> Result<Decoded, LineFault> {
        let line = quoting::text(record.bytes);
        let mut fields = Vec::with_capacity(self.lines.columns().len());
        match self.lines.decode(&line, &mut fields).map_err(LineFault::Problem)? {
            Decoded::Row if fields.iter().all(Option::is_none) => return Ok(Decoded::LeftOut(NoFlow::Empty)),
            Decoded::Row => {}
            no_row => return Ok(no_row),
        }
        if line.len() > LONGEST_VALUE {
            let lengths = fields.iter().map(|value| value.as_ref().map_or(0, |v| v.len()));
            refuse_long_values(lengths).map_err(LineFault::Problem)?;
        }
        if self.builders.is_empty() {
            self.builders = self.builders();
        }
        for (builder, place) in self.builders.iter_mut().zip(&self.kept) {
            builder.append_option(fields[*place].as_deref());
        }
        self.n_rows += 1;
        Ok(Decoded::Row)
    }

    fn finish_block(&mut self) -> Result<DataFrame, String> {
        if self.builders.is_empty() {
            self.builders = self.builders();
        }
        let builders = std::mem::take(&mut self.builders);
        let columns: Vec<Column> = builders.into_iter().map(|b| b.finish().into_series().into_column()).collect();
        DataFrame::new(std::mem::take(&mut self.n_rows), columns).map_err(|e| e.to_string())
    }
}
