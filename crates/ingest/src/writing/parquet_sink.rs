//! Parquet output in row groups of a fixed size, whatever the size of the batches.
//!
//! polars' writer keeps, until the footer, every page header of every row group: 62 KB a group of 20 columns. Here each
//! group goes through a writer of its own and leaves nothing but its entry for the footer, which is moved to where the
//! group stands in the file (<https://parquet.apache.org/docs/file-format/>).

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use polars_core::error::{PolarsError, PolarsResult};
use polars_core::prelude::{DataFrame, DataType, PlSmallStr, Schema};
use polars_io::parquet::write::{BatchedWriter, ParquetWriter};
use polars_parquet::parquet::metadata::ThriftFileMetadata;
use polars_parquet::write::{FileWriter, write_metadata_sidecar};

use crate::error::IngestError;
use crate::writing::output::Output;

/// Rows of one row group: all that waits in memory.
const GROUP_ROWS: usize = 1 << 14;

/// A Parquet file being written; it begins with the first rows, which tell its columns.
pub(crate) struct ParquetSink {
    path: PathBuf,
    output: Option<Output>,
    groups: Option<Groups>,
    waiting: Option<DataFrame>,
}

impl ParquetSink {
    pub(crate) fn new(path: &Path, output: Output) -> Self {
        ParquetSink { path: path.to_owned(), output: Some(output), groups: None, waiting: None }
    }

    /// Adds rows of the columns `kinds`.
    pub(crate) fn push(&mut self, frame: DataFrame, kinds: &[(String, DataType)]) -> Result<(), IngestError> {
        self.begin(kinds)?;
        let frame = match self.waiting.take() {
            None => frame,
            Some(mut waiting) => {
                waiting.vstack_mut(&frame).map_err(|e| self.failed(&e))?;
                waiting
            }
        };
        if frame.height() < GROUP_ROWS {
            self.waiting = Some(frame);
            return Ok(());
        }
        self.write_group(frame)
    }

    /// Writes the rows that wait, and the footer.
    pub(crate) fn close(mut self) -> Result<(), IngestError> {
        self.begin(&[])?;
        if let Some(frame) = self.waiting.take() {
            self.write_group(frame)?;
        }
        match self.groups.take() {
            Some(groups) => groups.finish().map_err(|e| self.failed(&e)),
            None => Ok(()),
        }
    }

    fn begin(&mut self, kinds: &[(String, DataType)]) -> Result<(), IngestError> {
        let Some(output) = self.output.take() else { return Ok(()) };
        let fields = kinds.iter().map(|(name, kind)| (PlSmallStr::from_str(name), kind.clone()));
        self.groups = Some(Groups::new(output, &Schema::from_iter(fields)).map_err(|e| self.failed(&e))?);
        Ok(())
    }

    fn write_group(&mut self, mut frame: DataFrame) -> Result<(), IngestError> {
        frame.rechunk_mut();
        let written = self.groups.as_mut().map_or(Ok(()), |groups| groups.write(&frame));
        written.map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &PolarsError) -> IngestError {
        IngestError::write(&self.path, error)
    }
}

/// The row groups written so far.
struct Groups {
    sink: Sink,
    writer: BatchedWriter<Sink>,
    /// The footer to be: the entries of the groups, in the file's own offsets.
    footer: ThriftFileMetadata,
}

impl Groups {
    fn new(output: Output, schema: &Schema) -> PolarsResult<Self> {
        let sink = Sink(Rc::new(RefCell::new(Counted { output, written: 0, muted: false })));
        let writer = ParquetWriter::new(sink.clone()).batched(schema)?;
        let footer = end_group(&writer, &sink, true)?;
        Ok(Groups { sink, writer, footer })
    }

    fn write(&mut self, frame: &DataFrame) -> PolarsResult<()> {
        let start = self.sink.0.borrow().written;
        self.writer.write_batch(frame)?;
        let ended = end_group(&self.writer, &self.sink, false)?;
        self.footer.num_rows += ended.num_rows;
        for mut group in ended.row_groups {
            // The group's own writer counted from its magic number.
            let moved = |offset: &mut i64| *offset += start as i64;
            group.file_offset.as_mut().map(moved);
            group.ordinal = i16::try_from(self.footer.row_groups.len()).ok();
            for column in &mut group.columns {
                moved(&mut column.file_offset);
                // The page index was not written.
                (column.offset_index_offset, column.offset_index_length) = (None, None);
                (column.column_index_offset, column.column_index_length) = (None, None);
                if let Some(data) = &mut column.meta_data {
                    moved(&mut data.data_page_offset);
                    data.dictionary_page_offset.as_mut().map(moved);
                    data.index_page_offset.as_mut().map(moved);
                }
            }
            self.footer.row_groups.push(group);
        }
        Ok(())
    }

    /// Writes the footer and flushes.
    fn finish(mut self) -> PolarsResult<()> {
        // The magic number that this puts before the footer a second time is in no reader's way.
        write_metadata_sidecar(&mut self.sink, &self.footer)?;
        self.sink.0.borrow_mut().output.settle().map_err(PolarsError::from)
    }
}

/// Puts a fresh writer in place of the one that wrote the last group, whose end goes nowhere; gives that end.
fn end_group(writer: &BatchedWriter<Sink>, sink: &Sink, with_schema: bool) -> PolarsResult<ThriftFileMetadata> {
    let broken = |_| PolarsError::ComputeError("an earlier row group failed".into());
    let mut current = writer.get_writer().lock().map_err(broken)?;
    let fresh = FileWriter::try_new(sink.clone(), current.schema().clone(), current.options())?;
    let mut ended = std::mem::replace(&mut *current, fresh);
    sink.0.borrow_mut().muted = true;
    let end = ended.end(if with_schema { None } else { Some(Vec::new()) });
    sink.0.borrow_mut().muted = false;
    end?;
    Ok(ended.into_inner_and_metadata().1)
}

/// The output, shared by the writers of the groups.
#[derive(Clone)]
struct Sink(Rc<RefCell<Counted>>);

struct Counted {
    output: Output,
    written: u64,
    /// Whether what comes is dropped.
    muted: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut counted = self.0.borrow_mut();
        if counted.muted {
            return Ok(bytes.len());
        }
        let n = counted.output.write(bytes)?;
        counted.written += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut counted = self.0.borrow_mut();
        if counted.muted { Ok(()) } else { counted.output.flush() }
    }
}
