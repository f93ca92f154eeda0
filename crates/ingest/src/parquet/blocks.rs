//! Parquet files, read by polars in slices of rows.

use std::sync::Arc;

use polars_core::prelude::{ArrowDataType, DataFrame};
use polars_io::parquet::read::{FileMetadata, ParallelStrategy, ParquetReader};
use polars_io::prelude::SerReader;

use crate::block::{Block, BlockLimit, BlockReader, Places, places_of};
use crate::error::IngestError;
use crate::input::file::OpenInput;
use crate::limits::BLOCK_CELLS;
use crate::parquet::{checks, guard};
use crate::schema::layout;

/// A Parquet file.
#[derive(Debug)]
pub(crate) struct ParquetBlocks {
    input: OpenInput,
    file: String,
    metadata: Arc<FileMetadata>,
    /// Names as they stand in the file, and trimmed.
    stored_names: Vec<String>,
    names: Vec<String>,
    wanted: Vec<usize>,
    checked: Checked,
    next_row: usize,
}

/// Row groups whose pages were checked, and the rows in them.
#[derive(Debug, Default)]
struct Checked {
    groups: usize,
    rows: usize,
}

impl ParquetBlocks {
    /// Reads the footer. Columns of kinds that no role can use (lists, structs) are left out.
    pub(crate) fn open(input: &OpenInput) -> Result<Self, IngestError> {
        let file = input.name.clone();
        checks::check_footer(input)?;
        let (metadata, stored_names) = guarded(&file, || {
            let mut reader = ParquetReader::new(input.handle()?);
            let mut metadata = FileMetadata::clone(reader.get_metadata()?);
            // The Arrow schema kept beside Parquet's own adds kinds (dictionaries, durations) that say nothing more.
            metadata.key_value_metadata = None;
            let metadata = Arc::new(metadata);
            let mut reader = ParquetReader::new(input.handle()?);
            reader.set_metadata(Arc::clone(&metadata));
            let schema = reader.schema()?;
            let usable = schema.iter_values().filter(|field| is_usable(field.dtype()));
            Ok((metadata, usable.map(|field| field.name.to_string()).collect::<Vec<String>>()))
        })?;
        if stored_names.is_empty() {
            let problem = "none of its columns holds numbers, text, flags or times".to_owned();
            return Err(IngestError::Damaged { file, problem });
        }
        checks::check_metadata(input, &metadata)?;
        let names = layout::clean_names(&stored_names, &file)?;
        let wanted = (0..names.len()).collect();
        let input = input.clone();
        Ok(ParquetBlocks {
            input,
            file,
            metadata,
            stored_names,
            names,
            wanted,
            checked: Checked::default(),
            next_row: 0,
        })
    }

    /// Rows in the file, by its footer.
    pub(crate) fn n_rows(&self) -> usize {
        self.metadata.num_rows
    }

    /// Checks the pages of the row groups that hold the rows before `end`.
    fn check_up_to(&mut self, end: usize, columns: &[String]) -> Result<(), IngestError> {
        while self.checked.rows < end
            && let Some(group) = self.metadata.row_groups.get(self.checked.groups)
        {
            checks::check_pages(&self.input, group, columns)?;
            self.checked.groups += 1;
            self.checked.rows += group.num_rows();
        }
        Ok(())
    }

    /// The rows `[first, first + n)` of the wanted columns, named as stored.
    fn slice(&mut self, first: usize, n: usize) -> Result<DataFrame, IngestError> {
        let columns: Vec<String> = self.wanted.iter().map(|i| self.stored_names[*i].clone()).collect();
        self.check_up_to(first + n, &columns)?;
        guarded(&self.file, || {
            let mut reader = ParquetReader::new(self.input.handle()?);
            reader.set_metadata(Arc::clone(&self.metadata));
            reader
                .with_slice(Some((first, n)))
                .with_columns(Some(columns))
                .read_parallel(ParallelStrategy::Columns)
                .finish()
        })
    }
}

/// Whether some role can use the kind of column: not lists, structs, decimals or raw bytes.
fn is_usable(kind: &ArrowDataType) -> bool {
    use ArrowDataType as D;
    matches!(
        kind,
        D::Boolean
            | D::Int8
            | D::Int16
            | D::Int32
            | D::Int64
            | D::UInt8
            | D::UInt16
            | D::UInt32
            | D::UInt64
            | D::Float32
            | D::Float64
            | D::Utf8
            | D::LargeUtf8
            | D::Utf8View
            | D::Date32
            | D::Timestamp(_, _)
            | D::Null
    )
}

impl BlockReader for ParquetBlocks {
    fn columns(&self) -> &[String] {
        &self.names
    }

    fn project(&mut self, columns: &[String]) {
        self.wanted = places_of(columns, &self.names);
    }

    fn next_block(&mut self, limit: BlockLimit) -> Result<Option<Block>, IngestError> {
        let most = (BLOCK_CELLS / self.wanted.len().max(1)).max(1);
        let n = limit.rows.min(most).min(self.n_rows() - self.next_row);
        if n == 0 {
            return Ok(None);
        }
        let mut frame = self.slice(self.next_row, n)?;
        if frame.height() != n || frame.columns().iter().any(|column| column.len() != n) {
            let problem = format!("its footer promises {} rows and some are not there", self.n_rows());
            return Err(IngestError::Damaged { file: self.file.clone(), problem });
        }
        let names: Vec<&str> = self.wanted.iter().map(|i| self.names[*i].as_str()).collect();
        frame.set_column_names(&names).map_err(|e| IngestError::internal(&self.file, e))?;
        let rows = (self.next_row as u64..).take(n).collect();
        self.next_row += n;
        Ok(Some(Block { frame, rows, places: Places::Rows, texts: None, rejects: Vec::new(), end: None }))
    }

    fn bytes_read(&self) -> u64 {
        match self.n_rows() {
            0 => self.input.length,
            n => (self.input.length as f64 * self.next_row as f64 / n as f64) as u64,
        }
    }
}

/// Runs a reader of polars on bytes that may be hostile: its panics are errors too.
fn guarded<T>(file: &str, work: impl FnOnce() -> polars_core::error::PolarsResult<T>) -> Result<T, IngestError> {
    let damaged = |problem: String| IngestError::Damaged { file: file.to_owned(), problem };
    match guard::caught(work) {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(damaged(error.to_string())),
        None => Err(damaged("its parts contradict each other".to_owned())),
    }
}
