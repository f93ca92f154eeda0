//! Parquet output in row groups of a fixed size, whatever the size of the batches.

use std::path::{Path, PathBuf};

use polars_core::error::PolarsError;
use polars_core::prelude::{DataFrame, DataType, PlSmallStr, Schema};
use polars_io::parquet::write::{BatchedWriter, ParquetWriter};

use crate::IngestError;
use crate::output::Output;

/// Rows of one row group: all that waits in memory.
const GROUP_ROWS: usize = 1 << 14;

/// A Parquet file being written; it begins with the first rows, which tell its columns.
pub(crate) struct ParquetSink {
    path: PathBuf,
    output: Option<Output>,
    writer: Option<BatchedWriter<Output>>,
    waiting: Option<DataFrame>,
}

impl ParquetSink {
    pub(crate) fn new(path: &Path, output: Output) -> Self {
        ParquetSink { path: path.to_owned(), output: Some(output), writer: None, waiting: None }
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
        match &self.writer {
            // Flushes too.
            Some(writer) => writer.finish().map(|_| ()).map_err(|e| self.failed(&e)),
            None => Ok(()),
        }
    }

    fn begin(&mut self, kinds: &[(String, DataType)]) -> Result<(), IngestError> {
        let Some(output) = self.output.take() else { return Ok(()) };
        let fields = kinds.iter().map(|(name, kind)| (PlSmallStr::from_str(name), kind.clone()));
        let writer = ParquetWriter::new(output).batched(&Schema::from_iter(fields)).map_err(|e| self.failed(&e))?;
        self.writer = Some(writer);
        Ok(())
    }

    fn write_group(&mut self, mut frame: DataFrame) -> Result<(), IngestError> {
        frame.rechunk_mut();
        let written = self.writer.as_mut().map_or(Ok(()), |writer| writer.write_batch(&frame));
        written.map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &PolarsError) -> IngestError {
        IngestError::write(&self.path, error)
    }
}
