//! Parquet files, read in slices of rows.

use std::sync::Arc;

use polars_core::prelude::{ArrowField, BooleanChunked, DataFrame};
use polars_parquet::read::FileMetadata;

use crate::block::{Block, BlockLimit, BlockReader, Places, places_of};
use crate::error::{IngestError, Position};
use crate::input::file::OpenInput;
use crate::left_out::LeftOut;
use crate::limits::{BATCH_BYTES, BLOCK_CELLS, LONGEST_VALUE};
use crate::parquet::row_group::RowGroup;
use crate::parquet::{damaged, footer, kinds};
use crate::schema::header::{Double, Names, clean_names};

/// A Parquet file.
#[derive(Debug)]
pub(crate) struct ParquetBlocks {
    input: OpenInput,
    metadata: Arc<FileMetadata>,
    /// Columns that some role can use, as they stand in the file.
    fields: Vec<ArrowField>,
    /// Their names, trimmed.
    names: Vec<String>,
    doubles: Vec<Double>,
    /// The other columns, and their kinds.
    unread: Vec<(String, String)>,
    wanted: Vec<usize>,
    /// The row group that holds the next row, once that was asked for.
    group: Option<RowGroup>,
    /// Its place, and the file's rows before it.
    group_index: usize,
    rows_before: usize,
    next_row: usize,
}

impl ParquetBlocks {
    /// Reads the footer. Columns of kinds that no role can use (lists, structs) are left out and named.
    pub(crate) fn open(input: &OpenInput) -> Result<Self, IngestError> {
        let (metadata, schema) = footer::read(input)?;
        let all: Vec<ArrowField> = schema.into_iter_values().collect();
        let (fields, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|field| is_usable(&metadata, field));
        let unread = others.iter().map(|f| (f.name.trim().to_owned(), kinds::title(f.dtype()))).collect();
        if fields.is_empty() {
            return Err(damaged(input, "none of its columns holds numbers, text, flags or times".to_owned()));
        }
        let stored_names: Vec<String> = fields.iter().map(|field| field.name.to_string()).collect();
        let Names { names, doubles } = clean_names(&stored_names, &input.name)?;
        let wanted = (0..names.len()).collect();
        Ok(ParquetBlocks {
            input: input.clone(),
            metadata: Arc::new(metadata),
            fields,
            names,
            doubles,
            unread,
            wanted,
            group: None,
            group_index: 0,
            rows_before: 0,
            next_row: 0,
        })
    }

    /// Rows in the file, by its footer.
    pub(crate) fn n_rows(&self) -> usize {
        self.metadata.num_rows
    }

    /// The next rows of the wanted columns, `most` at most and of one row group, and the bytes of their text.
    fn next_rows(&mut self, most: usize) -> Result<(DataFrame, usize), IngestError> {
        let rows_of = |index: usize| self.metadata.row_groups[index].num_rows();
        while self.next_row >= self.rows_before + rows_of(self.group_index) {
            self.rows_before += rows_of(self.group_index);
            self.group_index += 1;
            self.group = None;
        }
        let index = self.group_index;
        let group = match &self.group {
            Some(group) => group,
            None => {
                let wanted: Vec<&ArrowField> = self.wanted.iter().map(|i| &self.fields[*i]).collect();
                self.group.insert(RowGroup::open(&self.input, &self.metadata, index, &wanted)?)
            }
        };
        let first = self.next_row - self.rows_before;
        let end = self.metadata.row_groups[index].num_rows().min(first + most);
        let mut frame = group.read(&self.input, &self.metadata, &(first..end))?;
        let mut text = self.text_bytes(&frame)?;
        while text > BATCH_BYTES && frame.height() > 1 {
            frame = frame.head(Some(frame.height() / 2));
            text = self.text_bytes(&frame)?;
        }
        self.next_row += frame.height();
        Ok((frame, text))
    }

    /// Bytes of all texts in `frame`, which begins at the next row; refuses one that is too long.
    fn text_bytes(&self, frame: &DataFrame) -> Result<usize, IngestError> {
        let mut total = 0;
        for column in frame.columns() {
            let Ok(texts) = column.str() else { continue };
            for (i, length) in texts.downcast_iter().flat_map(|texts| texts.len_iter()).enumerate() {
                if length as usize > LONGEST_VALUE {
                    let (file, at) = (self.input.name.clone(), Position::Row((self.next_row + i) as u64 + 1));
                    let name = column.name();
                    let problem =
                        format!("value `{name}` is {length} bytes long, more than the {LONGEST_VALUE} that are read");
                    return Err(IngestError::BadLine { file, at, problem });
                }
                total += length as usize;
            }
        }
        Ok(total)
    }
}

/// Whether some role can use the column: a field of one column, of a kind that is read.
fn is_usable(metadata: &FileMetadata, field: &ArrowField) -> bool {
    let column = metadata.row_groups.first().and_then(|group| group.columns_under_root_iter(&field.name)?.next());
    kinds::is_usable(field.dtype(), column)
}

/// Which rows hold a value in some column; `None` where all do.
fn rows_with_values(frame: &DataFrame) -> Option<BooleanChunked> {
    let columns = frame.columns();
    if columns.iter().any(|column| column.null_count() == 0) {
        return None;
    }
    let masks = columns.iter().map(|column| column.is_not_null());
    masks.reduce(|a, b| &a | &b).filter(|mask| !mask.all())
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
        let first = self.next_row;
        let n = limit.rows.min(most).min(self.n_rows() - first);
        if n == 0 {
            return Ok(None);
        }
        let (mut frame, mut text) = self.next_rows(n)?;
        // Small row groups are read together, until there is half of what a batch may hold.
        while frame.height() < n && text < BATCH_BYTES / 2 {
            let (more, more_text) = self.next_rows(n - frame.height())?;
            frame.vstack_mut_owned(more).map_err(|e| IngestError::internal(&self.input.name, e))?;
            text += more_text;
        }
        let names: Vec<&str> = self.wanted.iter().map(|i| self.names[*i].as_str()).collect();
        frame.set_column_names(&names).map_err(|e| IngestError::internal(&self.input.name, e))?;
        let mut rows: Vec<u64> = (first as u64..self.next_row as u64).collect();
        let mut left_out = LeftOut::default();
        if let Some(mask) = rows_with_values(&frame) {
            frame = frame.filter(&mask).map_err(|e| IngestError::internal(&self.input.name, e))?;
            let n_rows = rows.len();
            let mut kept = mask.iter();
            rows.retain(|_| kept.next().flatten() == Some(true));
            left_out.empty_rows = (n_rows - rows.len()) as u64;
        }
        Ok(Some(Block { frame, rows, places: Places::Rows, texts: None, rejects: Vec::new(), left_out, end: None }))
    }

    fn doubles(&self) -> &[Double] {
        &self.doubles
    }

    fn unread(&self) -> &[(String, String)] {
        &self.unread
    }

    fn bytes_read(&self) -> u64 {
        match self.n_rows() {
            0 => self.input.length,
            n => (self.input.length as f64 * self.next_row as f64 / n as f64) as u64,
        }
    }
}
