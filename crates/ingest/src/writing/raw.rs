//! Rows as they stood in the file, carried from reader to writer unseen.

use std::sync::Arc;

use polars_core::prelude::{BooleanChunked, DataFrame, IdxCa, NewChunkedArray, PlSmallStr};

use crate::error::IngestError;
use crate::lines::Lines;

/// All columns of some input rows, in file order. Opaque: it is only passed to [`crate::TableWriter`].
#[derive(Clone)]
pub struct RawBatch {
    pub(crate) frame: DataFrame,
    /// The same rows as text, where they can be written as that.
    pub(crate) lines: Option<Arc<Lines>>,
}

impl RawBatch {
    /// The rows of `frame` that are to be kept, all without a flag a row; `lines` are all of them as text.
    pub(crate) fn new(
        frame: DataFrame,
        lines: Option<Lines>,
        kept: Option<&[bool]>,
        file: &str,
    ) -> Result<Self, IngestError> {
        let Some(kept) = kept else { return Ok(RawBatch { frame, lines: lines.map(Arc::new) }) };
        let mask = BooleanChunked::from_slice(PlSmallStr::EMPTY, kept);
        let frame = frame.filter(&mask).map_err(|e| IngestError::internal(file, e))?;
        Ok(RawBatch::of(frame))
    }

    /// Rows that never stood in a text.
    pub(crate) fn of(frame: DataFrame) -> Self {
        RawBatch { frame, lines: None }
    }

    /// The rows that are to be kept, one flag a row.
    ///
    /// # Errors
    /// Another number of flags than rows.
    pub fn filter(&self, kept: &[bool]) -> Result<RawBatch, IngestError> {
        RawBatch::new(self.frame.clone(), None, Some(kept), "rows")
    }

    /// The rows `rows`, in that order.
    ///
    /// # Errors
    /// A row that is not there.
    pub fn take(&self, rows: &[u32]) -> Result<RawBatch, IngestError> {
        let rows = IdxCa::from_slice(PlSmallStr::EMPTY, rows);
        let frame = self.frame.take(&rows).map_err(|e| IngestError::internal("rows", e))?;
        Ok(RawBatch::of(frame))
    }

    /// Puts the rows of `other`, of the same source, behind these.
    ///
    /// # Errors
    /// Other columns.
    pub fn append(&mut self, other: &RawBatch) -> Result<(), IngestError> {
        self.lines = None;
        self.frame.vstack_mut(&other.frame).map_err(|e| IngestError::internal("rows", e))?;
        Ok(())
    }

    /// The columns `names` alone, in that order.
    ///
    /// # Errors
    /// A column that is not there, by name.
    pub fn select(&self, names: &[String]) -> Result<RawBatch, IngestError> {
        let known = self.column_names();
        if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
            let columns = nta_data::listed(&known);
            return Err(IngestError::NoColumnToWrite { column: unknown.clone(), columns });
        }
        let frame =
            self.frame.select(names.iter().map(String::as_str)).map_err(|e| IngestError::internal("rows", e))?;
        Ok(RawBatch::of(frame))
    }

    /// Rows.
    pub fn n_rows(&self) -> usize {
        self.frame.height()
    }

    /// Column names, in file order.
    pub fn column_names(&self) -> Vec<String> {
        self.frame.get_column_names().into_iter().map(|n| n.to_string()).collect()
    }
}

impl std::fmt::Debug for RawBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawBatch").field("rows", &self.n_rows()).field("columns", &self.column_names()).finish()
    }
}
