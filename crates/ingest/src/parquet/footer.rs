//! Reads a Parquet file's footer, and holds what it says against the file before the reader believes it.

use polars_core::prelude::ArrowSchema;
use polars_parquet::parquet::read::deserialize_metadata;
use polars_parquet::read::{ColumnChunkMetadata, FileMetadata, infer_schema};

use crate::error::IngestError;
use crate::input::file::OpenInput;
use crate::limits::MOST_COLUMNS;
use crate::parquet::arrow_schema::name_durations;
use crate::parquet::guard::guarded;
use crate::parquet::thrift::{self, Field, Met};
use crate::parquet::{damaged, path_of};

/// Most rows of a row group: a column that says the same throughout has no bytes to show for them.
const MOST_ROWS: usize = 1 << 24;
/// Most bytes of a footer, which takes many times its size once it is understood.
const LARGEST_FOOTER: u64 = 32 << 20;
/// Groups of columns inside each other: each is a step on the reader's stack.
const DEEPEST_COLUMN: usize = 64;
/// Columns and groups of them, also those of kinds that are left out.
const MOST_ELEMENTS: usize = 4 * MOST_COLUMNS;
/// The footer's length and the magic behind it.
const TAIL: u64 = 8;
const MAGIC: &[u8] = b"PAR1";

/// The footer and the columns of its table.
pub(super) fn read(input: &OpenInput) -> Result<(FileMetadata, ArrowSchema), IngestError> {
    let bytes = checked_bytes(input)?;
    let (metadata, schema) = guarded(&input.name, || {
        let mut metadata = deserialize_metadata(bytes.into())?;
        // Of the Arrow schema kept beside Parquet's own, durations alone say more.
        let beside = metadata.key_value_metadata.take().unwrap_or_default();
        let mut schema = infer_schema(&metadata)?;
        name_durations(&mut schema, &beside);
        Ok((metadata, schema))
    })?;
    check_metadata(input, &metadata)?;
    Ok((metadata, schema))
}

/// The footer's bytes, of which a reader will not make more than they are.
fn checked_bytes(input: &OpenInput) -> Result<Vec<u8>, IngestError> {
    let broken = |problem: &str| damaged(input, problem.to_owned());
    let end = input.length.checked_sub(TAIL).ok_or_else(|| broken("it is too short for a footer"))?;
    let tail = input.exactly(end, TAIL as usize)?;
    let (length, magic) = tail.split_at(4);
    if magic != MAGIC {
        return Err(broken("it does not end as Parquet does; it was cut short, or its footer is encrypted"));
    }
    let length = length.iter().rev().fold(0u64, |length, byte| length << 8 | u64::from(*byte));
    let start = end.checked_sub(length).ok_or_else(|| broken("its footer is longer than the file"))?;
    if length > LARGEST_FOOTER {
        let problem = format!("a footer of {length} bytes, more than the {LARGEST_FOOTER} that are read");
        return Err(damaged(input, problem));
    }
    let footer = input.exactly(start, length as usize)?;
    let mut elements = Elements::default();
    let walked = thrift::walk(&footer, |met| elements.see(met));
    walked.map_err(|_| broken("its footer breaks off or contradicts itself"))?;
    if elements.n > MOST_ELEMENTS {
        return Err(IngestError::TooManyColumns { file: input.name.clone(), found: elements.n, limit: MOST_COLUMNS });
    }
    if elements.deepest > DEEPEST_COLUMN {
        let problem =
            format!("columns {} deep inside each other, more than the {DEEPEST_COLUMN} read", elements.deepest);
        return Err(damaged(input, problem));
    }
    Ok(footer)
}

/// Counts the columns, and how deep they lie: field 2 of `FileMetaData` lists each element before its children, field 5
/// of an element says how many it has (`parquet.thrift`).
#[derive(Default)]
struct Elements {
    n: usize,
    n_children: i64,
    /// Children that each open element still waits for.
    open: Vec<i64>,
    deepest: usize,
}

impl Elements {
    fn see(&mut self, met: Met) {
        match met {
            Met::Number(Field(2, 5), n) => self.n_children = n,
            Met::Item(2) => self.add(),
            _ => {}
        }
    }

    fn add(&mut self) {
        self.n += 1;
        let n_children = std::mem::take(&mut self.n_children);
        if self.deepest > DEEPEST_COLUMN {
            return;
        }
        if let Some(left) = self.open.last_mut() {
            *left -= 1;
        }
        self.open.push(n_children);
        self.deepest = self.deepest.max(self.open.len());
        while self.open.last().is_some_and(|left| *left <= 0) {
            self.open.pop();
        }
    }
}

/// Refuses counts of rows that contradict each other, too many, and columns that lie outside the file or each other.
fn check_metadata(input: &OpenInput, metadata: &FileMetadata) -> Result<(), IngestError> {
    let mut n_rows = 0usize;
    for group in &metadata.row_groups {
        n_rows = n_rows.saturating_add(group.num_rows());
        if group.num_rows() > MOST_ROWS {
            let problem = format!("a row group of {} rows, more than the {MOST_ROWS} that are read", group.num_rows());
            return Err(damaged(input, problem));
        }
        for column in group.parquet_columns() {
            check_place(input, column)?;
        }
    }
    if n_rows != metadata.num_rows {
        let problem = format!("its footer promises {} rows and its row groups hold {n_rows}", metadata.num_rows);
        return Err(damaged(input, problem));
    }
    Ok(())
}

fn check_place(input: &OpenInput, column: &ColumnChunkMetadata) -> Result<(), IngestError> {
    let numbers = [Some(column.data_page_offset()), column.dictionary_page_offset(), Some(column.compressed_size())];
    let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
    let end = start.checked_add(column.compressed_size()).and_then(|end| u64::try_from(end).ok());
    let is_inside = numbers.iter().flatten().all(|n| *n >= 0) && end.is_some_and(|end| end <= input.length);
    if is_inside && column.num_values() >= 0 {
        return Ok(());
    }
    Err(damaged(input, format!("column `{}` lies outside the file", path_of(column))))
}
