//! Parquet files, read by polars in slices of rows.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars_core::prelude::DataFrame;
use polars_io::parquet::read::{FileMetadata, ParallelStrategy, ParquetReader};
use polars_io::prelude::SerReader;

use crate::table::{Block, BlockSize, Format, Places, Table};
use crate::{IngestError, layout};

/// A Parquet file.
#[derive(Debug)]
pub(crate) struct ParquetTable {
    path: PathBuf,
    file: String,
    metadata: Arc<FileMetadata>,
    /// Names as they stand in the file, and trimmed.
    stored_names: Vec<String>,
    names: Vec<String>,
    wanted: Vec<usize>,
    next_row: usize,
    bytes: u64,
}

impl ParquetTable {
    /// Reads the footer. Columns of kinds that no role can use (lists, structs) are left out.
    pub(crate) fn open(path: &Path) -> Result<Self, IngestError> {
        let file = path.display().to_string();
        let opened = File::open(path).map_err(|e| IngestError::read(&file, &e))?;
        let bytes = opened.metadata().map_or(0, |m| m.len());
        let (metadata, all_names) = guarded(&file, || {
            let mut reader = ParquetReader::new(opened);
            let mut metadata = FileMetadata::clone(reader.get_metadata()?);
            // The Arrow schema kept beside Parquet's own adds kinds (dictionaries, zones) that say nothing more here.
            metadata.key_value_metadata = None;
            let mut reader = ParquetReader::new(File::open(path)?);
            let metadata = Arc::new(metadata);
            reader.set_metadata(Arc::clone(&metadata));
            let names: Vec<String> = reader.schema()?.iter_names().map(|n| n.to_string()).collect();
            Ok((metadata, names))
        })?;
        let mut table = ParquetTable {
            path: path.to_owned(),
            file,
            metadata,
            names: Vec::new(),
            wanted: (0..all_names.len()).collect(),
            stored_names: all_names,
            next_row: 0,
            bytes,
        };
        table.leave_out_unusable()?;
        table.names = layout::clean_names(&table.stored_names, &table.file)?;
        table.wanted = (0..table.names.len()).collect();
        Ok(table)
    }

    /// Rows in the file, by its footer.
    pub(crate) fn n_rows(&self) -> usize {
        self.metadata.num_rows
    }

    /// The rows `[first, first + n)` of the wanted columns, named as stored.
    fn slice(&self, first: usize, n: usize) -> Result<DataFrame, IngestError> {
        let columns: Vec<String> = self.wanted.iter().map(|i| self.stored_names[*i].clone()).collect();
        guarded(&self.file, || {
            let mut reader = ParquetReader::new(File::open(&self.path)?);
            reader.set_metadata(Arc::clone(&self.metadata));
            reader
                .with_slice(Some((first, n)))
                .with_columns(Some(columns))
                .read_parallel(ParallelStrategy::Columns)
                .finish()
        })
    }

    fn leave_out_unusable(&mut self) -> Result<(), IngestError> {
        let usable = |table: &Self, i: usize| {
            let one = ParquetTable { wanted: vec![i], ..table.shallow() };
            one.slice(0, 1).is_ok_and(|f| f.columns().iter().all(|c| is_usable(c.as_materialized_series())))
        };
        let kept: Vec<String> =
            (0..self.stored_names.len()).filter(|i| usable(self, *i)).map(|i| self.stored_names[i].clone()).collect();
        if kept.is_empty() {
            let problem = "none of its columns holds numbers, text, flags or times".to_owned();
            return Err(IngestError::Damaged { file: self.file.clone(), problem });
        }
        self.stored_names = kept;
        Ok(())
    }

    fn shallow(&self) -> ParquetTable {
        ParquetTable {
            path: self.path.clone(),
            file: self.file.clone(),
            metadata: Arc::clone(&self.metadata),
            stored_names: self.stored_names.clone(),
            names: Vec::new(),
            wanted: Vec::new(),
            next_row: 0,
            bytes: self.bytes,
        }
    }
}

fn is_usable(series: &polars_core::prelude::Series) -> bool {
    crate::cells::Cells::of(series).is_some()
}

impl Table for ParquetTable {
    fn format(&self) -> Format {
        Format::Parquet
    }

    fn columns(&self) -> &[String] {
        &self.names
    }

    fn project(&mut self, columns: &[String]) {
        self.wanted = (0..self.names.len()).filter(|i| columns.contains(&self.names[*i])).collect();
    }

    fn next_block(&mut self, size: BlockSize) -> Result<Option<Block>, IngestError> {
        let n = size.rows.min(self.n_rows() - self.next_row);
        if n == 0 {
            return Ok(None);
        }
        let mut frame = self.slice(self.next_row, n)?;
        if frame.height() != n {
            let problem = format!("its footer promises {} rows and some are not there", self.n_rows());
            return Err(IngestError::Damaged { file: self.file.clone(), problem });
        }
        let names: Vec<&str> = self.wanted.iter().map(|i| self.names[*i].as_str()).collect();
        frame.set_column_names(&names).map_err(|e| IngestError::internal(&self.file, e))?;
        let first_row = self.next_row as u64;
        self.next_row += n;
        Ok(Some(Block { frame, first_row, places: Places::Rows }))
    }

    fn bytes_read(&self) -> u64 {
        match self.n_rows() {
            0 => self.bytes,
            n => (self.bytes as f64 * self.next_row as f64 / n as f64) as u64,
        }
    }
}

/// Runs a reader of polars on bytes that may be hostile: its panics are errors too.
fn guarded<T>(file: &str, work: impl FnOnce() -> polars_core::error::PolarsResult<T>) -> Result<T, IngestError> {
    let damaged = |problem: String| IngestError::Damaged { file: file.to_owned(), problem };
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(damaged(error.to_string())),
        Err(_) => Err(damaged("its parts contradict each other".to_owned())),
    }
}
