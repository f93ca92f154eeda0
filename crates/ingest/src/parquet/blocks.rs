//! Parquet files, read in slices of rows.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use nta_data::TimeUnit;
use polars_core::error::PolarsResult;
use polars_core::prelude::{
    ArrowDataType, ArrowField, BooleanChunked, DataFrame, Float64Chunked, IntoColumn, IntoSeries,
};
use polars_parquet::read::FileMetadata;

use crate::block::{Block, BlockLimit, BlockReader, places_of};
use crate::error::{IngestError, Position};
use crate::input::file::OpenInput;
use crate::input::pieces::places;
use crate::left_out::LeftOut;
use crate::limits::{BATCH_BYTES, BLOCK_CELLS, LONGEST_VALUE};
use crate::parquet::row_group::RowGroup;
use crate::parquet::{damaged, footer, kinds};
use crate::schema::header::{Double, Names, clean_names};
use crate::values::time::epoch::ratio;

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
    /// The column whose durations are given in another unit than seconds, and how many of that are a second.
    durations_in: Option<(String, f64)>,
    /// The rows that are read, in order; the first range holds the next row.
    ranges: VecDeque<Range<usize>>,
    rows_done: usize,
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
        let ranges = ranges_read(input, metadata.num_rows);
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
            durations_in: None,
            ranges,
            rows_done: 0,
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

    /// Scales the durations that are wanted in another unit than seconds.
    fn in_its_unit(&self, frame: &mut DataFrame) -> PolarsResult<()> {
        let Some((name, per_second)) = &self.durations_in else { return Ok(()) };
        let Some(place) = frame.get_column_index(name) else { return Ok(()) };
        let seconds = frame.columns()[place].f64()?;
        let scaled: Float64Chunked = seconds.iter().map(|cell| cell.map(|seconds| seconds * per_second)).collect();
        frame.replace_column(place, scaled.with_name(name.as_str().into()).into_series().into_column())?;
        Ok(())
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

/// The rows that are read of `n_rows`: all, or those of some places.
fn ranges_read(input: &OpenInput, n_rows: usize) -> VecDeque<Range<usize>> {
    let Some(sampling) = input.sampling else { return std::iter::once(0..n_rows).collect() };
    let share = sampling.bytes as f64 / input.length.max(1) as f64;
    let most = ((n_rows as f64 * share) as u64).clamp(1, n_rows.max(1) as u64);
    let ranges = places(n_rows as u64, most).into_iter().map(|range| range.start as usize..range.end as usize);
    ranges.filter(|range| range.end <= n_rows).collect()
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
        while self.ranges.front().is_some_and(|range| range.end <= self.next_row) {
            self.ranges.pop_front();
        }
        let Some(range) = self.ranges.front() else { return Ok(None) };
        self.next_row = self.next_row.max(range.start);
        let first = self.next_row;
        let n = limit.rows.min(most).min(range.end - first);
        let (mut frame, mut text) = self.next_rows(n)?;
        // Small row groups are read together, until there is half of what a batch may hold.
        while frame.height() < n && text < BATCH_BYTES / 2 {
            let (more, more_text) = self.next_rows(n - frame.height())?;
            frame.vstack_mut_owned(more).map_err(|e| IngestError::internal(&self.input.name, e))?;
            text += more_text;
        }
        let names: Vec<&str> = self.wanted.iter().map(|i| self.names[*i].as_str()).collect();
        frame.set_column_names(&names).map_err(|e| IngestError::internal(&self.input.name, e))?;
        self.rows_done += self.next_row - first;
        self.in_its_unit(&mut frame).map_err(|e| IngestError::internal(&self.input.name, e))?;
        let mut rows: Vec<u64> = (first as u64..self.next_row as u64).collect();
        let mut left_out = LeftOut::default();
        if let Some(mask) = rows_with_values(&frame) {
            frame = frame.filter(&mask).map_err(|e| IngestError::internal(&self.input.name, e))?;
            let n_rows = rows.len();
            let mut kept = mask.iter();
            rows.retain(|_| kept.next().flatten() == Some(true));
            left_out.empty_rows = (n_rows - rows.len()) as u64;
        }
        Ok(Some(Block::of_rows(frame, rows, left_out)))
    }

    fn doubles(&self) -> &[Double] {
        &self.doubles
    }

    fn unread(&self) -> &[(String, String)] {
        &self.unread
    }

    fn durations(&self) -> Vec<String> {
        let is_duration = |(_, field): &(&String, &ArrowField)| matches!(field.dtype, ArrowDataType::Duration(_));
        self.names.iter().zip(&self.fields).filter(is_duration).map(|(name, _)| name.clone()).collect()
    }

    fn give_durations_in(&mut self, column: &str, unit: TimeUnit) {
        let is_one = self.durations().iter().any(|name| name == column) && unit != TimeUnit::Unknown;
        self.durations_in = is_one.then(|| (column.to_owned(), ratio(TimeUnit::Seconds, unit)));
    }

    fn bytes_read(&self) -> u64 {
        match self.n_rows() {
            0 => self.input.length,
            n => (self.input.length as f64 * self.rows_done as f64 / n as f64) as u64,
        }
    }
}
