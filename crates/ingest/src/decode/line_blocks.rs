//! Blocks of rows from framed records: the one way in which files, pipes and files that grow are read, whatever the text
//! format.

use std::time::Instant;

use crate::block::{Block, BlockLimit, BlockReader, Places, TextPosition, Texts, places_of};
use crate::decode::decoder::{Decoded, Decoder, LineFault};
use crate::error::{IngestError, Position};
use crate::framing::framer::{Framed, Framer, Record};
use crate::framing::quoting;
use crate::input::tap::Tap;
use crate::left_out::LeftOut;
use crate::limits::{BLOCK_CELLS, LONGEST_LEFT_OUT, refuse_gap, refuse_without_flow};
use crate::rejects::reject::{BadRows, Reject};
use crate::schema::header::Double;

/// A text being read as a table.
pub(crate) struct LineBlocks {
    framer: Framer,
    decoder: Box<dyn Decoder>,
    bad_rows: BadRows,
    next_row: u64,
    /// Line and offset behind the last flow, or reject.
    after_flow: (u64, u64),
    /// The same, behind the last line that was left out and counted, where that came later.
    after_counted: (u64, u64),
    /// Lines before the header that hold no flow, until the first block tells of them.
    before_rows: LeftOut,
    tap: Tap,
    file: String,
}

/// A block in the making.
struct Growing {
    rows: Vec<u64>,
    lines: Vec<u64>,
    texts: Option<Texts>,
    rejects: Vec<Reject>,
    left_out: LeftOut,
    bytes: usize,
    /// When the block is closed, from its first record on.
    until: Option<Instant>,
}

impl LineBlocks {
    /// Rows that `decoder` makes of the records of `framer`, before which `before_rows` were left out; `tap` counts the
    /// bytes behind it.
    pub(crate) fn new(
        framer: Framer,
        decoder: Box<dyn Decoder>,
        bad_rows: BadRows,
        before_rows: LeftOut,
        tap: Tap,
    ) -> Self {
        let file = framer.file().to_owned();
        let after_flow = (framer.line(), framer.offset());
        LineBlocks {
            framer,
            decoder,
            bad_rows,
            next_row: 0,
            after_flow,
            after_counted: after_flow,
            before_rows,
            tap,
            file,
        }
    }

    /// Takes the next record into `block`; `false` where the block ends before it.
    fn grow(&mut self, block: &mut Growing) -> Result<bool, IngestError> {
        let (record, outcome) = match self.framer.next(block.until)? {
            Framed::End | Framed::Nothing => return Ok(false),
            Framed::Broken(record, problem) => (record, Err(Fault::Quotes(problem))),
            Framed::Record(record) => (record, self.decoder.take(&record).map_err(Fault::Line)),
        };
        match outcome {
            Ok(Decoded::NoRow) => {
                refuse_gap(self.after_counted, self.framer.offset(), &self.file)?;
                return Ok(true);
            }
            Ok(Decoded::LeftOut(kind)) => {
                block.bytes += record.bytes.len();
                block.left_out.add(kind);
                refuse_without_flow(LONGEST_LEFT_OUT, self.after_flow, self.framer.offset(), &self.file)?;
                self.after_counted = (self.framer.line(), self.framer.offset());
                return Ok(true);
            }
            Ok(Decoded::Row) => {
                block.push(&record, self.next_row);
                self.next_row += 1;
            }
            Err(fault) => {
                if self.bad_rows == BadRows::Refuse {
                    return Err(fault.error(&self.file, record.line, self.next_row == 0));
                }
                block.bytes += record.bytes.len();
                let text = Some(quoting::text(record.bytes).into_owned());
                block.rejects.push(Reject::new(&self.file, Position::Line(record.line), fault.reason(), text));
                self.next_row += 1;
            }
        }
        self.after_flow = (self.framer.line(), self.framer.offset());
        self.after_counted = self.after_flow;
        Ok(true)
    }
}

/// What is wrong with a record.
enum Fault {
    Quotes(&'static str),
    Line(LineFault),
}

impl Fault {
    /// The refusal; in the first row it may be the header that is wrong.
    fn error(&self, file: &str, line: u64, is_first_row: bool) -> IngestError {
        let (file, at) = (file.to_owned(), Position::Line(line));
        match self {
            Fault::Quotes(problem) => IngestError::BadQuote { file, at, problem: (*problem).to_owned() },
            Fault::Line(LineFault::Problem(problem)) => IngestError::BadLine { file, at, problem: problem.clone() },
            Fault::Line(LineFault::Width { found, expected }) => {
                let remedy = match is_first_row {
                    true => "mend or remove the line, or, if the line before it is no header, that one",
                    false => "mend or remove the line",
                };
                IngestError::Ragged { file, at, found: *found, expected: *expected, remedy }
            }
        }
    }

    fn reason(&self) -> String {
        match self {
            Fault::Quotes(problem) => (*problem).to_owned(),
            Fault::Line(LineFault::Problem(problem)) => problem.clone(),
            Fault::Line(LineFault::Width { found, expected }) => {
                format!("{found} values where there are {expected} columns")
            }
        }
    }
}

impl Growing {
    fn push(&mut self, record: &Record<'_>, row: u64) {
        self.rows.push(row);
        self.lines.push(record.line);
        self.bytes += record.bytes.len();
        if let Some(texts) = &mut self.texts {
            texts.push(record.bytes);
        }
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.rejects.is_empty()
    }

    fn is_full(&self, limit: &BlockLimit) -> bool {
        self.rows.len() >= limit.rows || self.bytes >= limit.bytes || self.rejects.len() >= limit.rows
    }
}

impl BlockReader for LineBlocks {
    fn columns(&self) -> &[String] {
        self.decoder.columns()
    }

    fn project(&mut self, columns: &[String]) {
        let places = places_of(columns, self.decoder.columns());
        self.decoder.project(places);
    }

    fn next_block(&mut self, limit: BlockLimit) -> Result<Option<Block>, IngestError> {
        let texts = (self.bad_rows != BadRows::Refuse).then(Texts::default);
        let limit = BlockLimit { rows: limit.rows.min(BLOCK_CELLS / self.columns().len().max(1)).max(1), ..limit };
        let left_out = std::mem::take(&mut self.before_rows);
        let mut block = Growing {
            rows: Vec::new(),
            lines: Vec::new(),
            texts,
            rejects: Vec::new(),
            left_out,
            bytes: 0,
            until: None,
        };
        while !block.is_full(&limit) && self.grow(&mut block)? {
            if block.until.is_none() && !block.is_empty() {
                block.until = limit.deadline.map(|deadline| Instant::now() + deadline);
            }
        }
        if block.is_empty() && block.left_out == LeftOut::default() {
            return Ok(None);
        }
        let internal = |problem: String| {
            let line = block.lines.first().copied().unwrap_or_default();
            let problem = format!("the rows from line {line} on could not be parsed: {problem}");
            IngestError::internal(&self.file, problem)
        };
        let frame = self.decoder.finish_block().map_err(internal)?;
        let written = self.decoder.take_lines();
        if frame.height() != block.rows.len() {
            return Err(internal(format!("{} rows were read where {} stand", frame.height(), block.rows.len())));
        }
        let end = Some(TextPosition { line: self.framer.line(), offset: self.framer.offset() });
        let Growing { rows, lines, texts, rejects, left_out, .. } = block;
        Ok(Some(Block { frame, lines: written, rows, places: Places::Lines(lines), texts, rejects, left_out, end }))
    }

    fn doubles(&self) -> &[Double] {
        self.decoder.doubles()
    }

    fn bytes_read(&self) -> u64 {
        self.tap.bytes_read()
    }
}
