//! Files and streams batch by batch, in bounded memory.

use std::io::{Cursor, Read};
use std::sync::Arc;

use nta_data::{Dataset, Schema};

use crate::assemble::assembler::{Assembled, Assembler};
use crate::assemble::plan::Plan;
use crate::assemble::screen::screen;
use crate::assemble::truth::WithoutTruth;
use crate::block::{Block, BlockLimit, BlockReader, TextPosition};
use crate::error::IngestError;
use crate::format;
use crate::framing::framer::Framer;
use crate::input::feed::Feed;
use crate::input::sensor::sensor_name;
use crate::input::source::Source;
use crate::input::tap::Hashing;
use crate::input::unpack::Unpacked;
use crate::labelling::join::Joined;
use crate::left_out::LeftOut;
use crate::limits::BATCH_BYTES;
use crate::options::ReadOptions;
use crate::reading::odd_columns::{OddColumn, odd_columns};
use crate::rejects::ledger::Ledger;
use crate::rejects::reject::Reject;
use crate::values::time::span::TimeSpan;
use crate::writing::raw::RawBatch;

/// Some rows of a source, as a dataset and as they stood in the file.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The rows.
    pub dataset: Dataset,
    /// All input columns of the same rows, for passing through.
    pub raw: RawBatch,
    /// Rows of which no truth is known, by why: among these with [`crate::Truth::IfPresent`], left out before and among
    /// them with [`crate::Truth::Required`].
    pub without_truth: WithoutTruth,
    /// With [`crate::Truth::IfPresent`]: places of those rows. What stands in the dataset's label and family there means
    /// nothing.
    pub unjudged: Vec<u32>,
    /// From when until when its flows began, as they were read; `None` without a time column.
    pub span: Option<TimeSpan>,
    /// What was found in [`ReadOptions::labels`], of these rows and of those left out before them.
    pub joined: Option<Joined>,
    /// Where the text goes on after these rows; `None` for files without lines.
    pub end: Option<TextPosition>,
}

/// Reads a source or a stream batch by batch; memory does not grow with it.
///
/// A batch never spans two files. Codes of a batch mean nothing in another.
pub struct Batches {
    plan: Plan,
    names: Vec<String>,
    limit: BlockLimit,
    index: usize,
    reader: Option<Box<dyn BlockReader>>,
    file_is_empty: bool,
    ledger: Ledger,
    before: Before,
    done: bool,
}

/// Opens `source` for reading in batches of at most `options.batch_rows` rows and 64 MiB of text. One class among the labels is no error
/// here.
pub fn batches(source: &Source, options: &ReadOptions) -> Result<Batches, IngestError> {
    let plan = Plan::new(source, options)?;
    Ok(Batches::new(plan, source.names().to_vec(), None, options))
}

/// Follows a stream of text (a pipe, a socket, a [`crate::Tail`]) called `name`: a batch ends at `options.batch_rows`
/// rows, or `options.deadline` after its first record came. Packed streams are unpacked.
///
/// The stream is read by a thread of its own, which ends with the stream, or with the next bytes after the batches are
/// dropped. Waits for the first line, which tells the format, and for the header. Refuses what [`batches`] refuses, and
/// Parquet.
pub fn follow(stream: impl Read + Send + 'static, name: &str, options: &ReadOptions) -> Result<Batches, IngestError> {
    let feed = Feed::start(stream, &options.contact).map_err(|e| IngestError::read(name, &e))?;
    let framer = Framer::new(Box::new(feed), name, &options.contact);
    let opened = format::open_stream(framer, &options.schema, options.bad_rows)?;
    let plan = Plan::of_stream(&opened, name, &sensor_name(name), options)?;
    Ok(Batches::new(plan, vec![name.to_owned()], Some(opened.reader), options))
}

/// Reads `text`, which is all there, as [`follow`] reads a stream of these bytes that ends: without a thread, and of its
/// columns only those that a role reads, which are then all that [`Batch::raw`] holds.
///
/// # Errors
/// As [`follow`].
pub fn in_memory(text: Vec<u8>, name: &str, options: &ReadOptions) -> Result<Batches, IngestError> {
    let bytes = Unpacked::new(Cursor::new(text)).map_err(|e| IngestError::read(name, &e))?;
    let framer = Framer::new(Box::new(bytes), name, &options.contact);
    let mut opened = format::open_stream(framer, &options.schema, options.bad_rows)?;
    let plan = Plan::of_stream(&opened, name, &sensor_name(name), options)?;
    plan.files.iter().for_each(|file| opened.reader.project(&plan.columns_read(file)));
    Ok(Batches::new(plan, vec![name.to_owned()], Some(opened.reader), options))
}

impl Batches {
    fn new(plan: Plan, names: Vec<String>, reader: Option<Box<dyn BlockReader>>, options: &ReadOptions) -> Batches {
        Batches {
            plan,
            names,
            limit: BlockLimit { rows: options.batch_rows.max(1), bytes: BATCH_BYTES, deadline: options.deadline },
            index: 0,
            reader,
            file_is_empty: true,
            ledger: Ledger::new(options.bad_rows),
            before: Before::default(),
            done: false,
        }
    }

    /// The schema without optional columns that the files lack, which every batch carries.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.plan.schema
    }

    /// Rows set aside so far.
    pub fn set_aside(&self) -> u64 {
        self.ledger.n_set_aside()
    }

    /// Lines so far that hold no flow.
    pub fn without_flow(&self) -> LeftOut {
        self.ledger.left_out()
    }

    /// Columns of the files that stand twice in a header, and columns of kinds that are not read.
    pub fn odd_columns(&self) -> Vec<OddColumn> {
        odd_columns(&self.plan)
    }

    /// The rows set aside since this was last asked. They are kept until then, so ask after each batch and once at the
    /// end.
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        self.ledger.take()
    }

    /// Rows left out since the last batch, for want of a label or by it. Ask at the end.
    pub fn without_truth(&self) -> &WithoutTruth {
        &self.before.0
    }

    fn next_batch(&mut self) -> Result<Option<Batch>, IngestError> {
        while let Some(block) = self.next_block()? {
            let (block, rejects) = screen(&self.plan, self.index, block)?;
            self.ledger.add(block.rows.len(), rejects, &self.plan.files[self.index].file)?;
            let batch = self.assemble(block)?;
            if batch.is_some() {
                return Ok(batch);
            }
        }
        self.ledger.refuse_nothing_left(&self.plan.file_names())?;
        Ok(None)
    }

    /// The next block of the file that is open, or of the next.
    fn next_block(&mut self) -> Result<Option<Block>, IngestError> {
        while let Some(file) = self.plan.files.get(self.index) {
            // Blocks may give no batch for long.
            if self.plan.contact.cancelled() {
                return Err(IngestError::Cancelled);
            }
            let reader = match &mut self.reader {
                Some(reader) => reader,
                none => none.insert(self.plan.open(file, Hashing::No)?.1.reader),
            };
            if let Some(block) = reader.next_block(self.limit)? {
                self.file_is_empty &= block.is_empty();
                self.ledger.leave_out(block.left_out);
                return Ok(Some(block));
            }
            if self.file_is_empty {
                return Err(IngestError::HeaderOnly { file: file.file.clone() });
            }
            if let Some(input) = &file.input {
                input.refuse_changed()?;
            }
            self.reader = None;
            self.index += 1;
            self.file_is_empty = true;
        }
        Ok(None)
    }

    /// The block as a batch; `None` where none of its rows is kept.
    fn assemble(&mut self, block: Block) -> Result<Option<Batch>, IngestError> {
        let mut assembler = Assembler::new(&self.plan);
        let kept = assembler.push(self.index, &block)?;
        let Assembled { dataset, unjudged, without_truth, joined, span, .. } = assembler.finish(self.names.clone());
        self.before.0.add(&without_truth);
        if let Some(joined) = joined {
            self.before.1.get_or_insert_default().add(&joined);
        }
        if dataset.n_rows() == 0 {
            return Ok(None);
        }
        let raw = RawBatch::new(block.frame, block.lines, kept.as_deref(), &self.plan.files[self.index].file)?;
        let (without_truth, joined) = std::mem::take(&mut self.before);
        Ok(Some(Batch { dataset, raw, without_truth, unjudged, span, joined, end: block.end }))
    }
}

/// What was counted of rows since the last batch.
type Before = (WithoutTruth, Option<Joined>);

impl Iterator for Batches {
    type Item = Result<Batch, IngestError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.next_batch().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}
