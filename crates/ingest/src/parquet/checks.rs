//! Holds what a Parquet file says of itself against the file, before the reader believes it and allocates: the footer when
//! the file is opened, the pages of a row group when its turn comes. What the values are is not looked at.

use std::io::Read;

use polars_io::parquet::read::FileMetadata;
use polars_parquet::parquet::metadata::{ColumnChunkMetadata, RowGroupMetadata};

use crate::error::IngestError;
use crate::input::file::OpenInput;
use crate::parquet::thrift::{self, Field};

/// Most bytes of a page, unpacked.
const LARGEST_PAGE: i64 = 256 << 20;
/// Most bytes of the pages of a row group that are read, unpacked.
const LARGEST_ROW_GROUP: i64 = 1 << 30;
/// Most rows of a row group: a column that says the same throughout has no bytes to show for them.
const MOST_ROWS: usize = 1 << 24;
/// Most bytes of a footer, which takes many times its size once it is understood.
const LARGEST_FOOTER: u64 = 32 << 20;
/// The footer's length and the magic behind it.
const TAIL: u64 = 8;
/// Bytes in which the header of a page is looked for, first and at most: it may hold the least and the greatest value.
const PAGE_HEADER: [usize; 2] = [1 << 10, 1 << 20];

/// Refuses a footer that promises lists longer than itself, which a reader would make room for.
pub(super) fn check_footer(input: &OpenInput) -> Result<(), IngestError> {
    let broken = |problem: &str| damaged(input, problem.to_owned());
    let end = input.length.checked_sub(TAIL).ok_or_else(|| broken("it is too short for a footer"))?;
    let tail = bytes_at(input, end, TAIL as usize)?;
    let [a, b, c, d, ..] = tail[..] else { return Err(broken("it ends before its footer")) };
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    let start = end.checked_sub(length).ok_or_else(|| broken("its footer is longer than the file"))?;
    if length > LARGEST_FOOTER {
        let problem = format!("a footer of {length} bytes, more than the {LARGEST_FOOTER} that are read");
        return Err(damaged(input, problem));
    }
    let footer = bytes_at(input, start, length as usize)?;
    thrift::walk(&footer, |_, _| ()).map(|_| ()).map_err(|_| broken("its footer breaks off or contradicts itself"))
}

/// Refuses counts of rows that contradict each other, too many, and columns that lie outside the file.
pub(super) fn check_metadata(input: &OpenInput, metadata: &FileMetadata) -> Result<(), IngestError> {
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
    let offsets = [Some(column.data_page_offset()), column.dictionary_page_offset(), Some(column.compressed_size())];
    let is_inside = offsets.iter().flatten().all(|n| u64::try_from(*n).is_ok_and(|n| n <= input.length))
        && column.byte_range().end <= input.length;
    if is_inside && column.num_values() >= 0 {
        return Ok(());
    }
    Err(damaged(input, format!("column `{}` lies outside the file", name(column))))
}

/// Refuses pages of the columns `wanted` that hold more than the budget or other than the row group's rows.
pub(super) fn check_pages(input: &OpenInput, group: &RowGroupMetadata, wanted: &[String]) -> Result<(), IngestError> {
    let mut unpacked = 0i64;
    for name in wanted {
        for column in group.columns_under_root_iter(name).into_iter().flatten() {
            unpacked = unpacked.saturating_add(check_column(input, column, group.num_rows())?);
        }
    }
    if unpacked > LARGEST_ROW_GROUP {
        let problem = format!("a row group of {unpacked} bytes, more than the {LARGEST_ROW_GROUP} that are read");
        return Err(damaged(input, problem));
    }
    Ok(())
}

/// Walks the headers of a column's pages; bytes of its pages, unpacked.
fn check_column(input: &OpenInput, column: &ColumnChunkMetadata, n_rows: usize) -> Result<i64, IngestError> {
    let wrong = |problem: String| damaged(input, format!("column `{}`: {problem}", name(column)));
    let range = column.byte_range();
    let (mut at, mut rows, mut unpacked) = (range.start, 0i64, 0i64);
    while at < range.end && rows < column.num_values() {
        let (length, page) = page_header(input, at, range.end).map_err(|e| match e {
            Some(error) => error,
            None => wrong(format!("no page begins at byte {at}")),
        })?;
        if !(0..=LARGEST_PAGE).contains(&page.unpacked) {
            let most = format!("more than the {LARGEST_PAGE} that are read");
            return Err(wrong(format!("a page of {} bytes when unpacked, {most}", page.unpacked)));
        }
        at = at.saturating_add(length as u64).saturating_add(page.packed as u64);
        if page.packed < 0 || at > range.end {
            return Err(wrong(format!("a page of {} bytes reaches beyond its column", page.packed)));
        }
        if page.values < 0 || (page.is_dictionary && page.values > page.unpacked) {
            return Err(wrong(format!("a page of {} bytes cannot hold {} values", page.unpacked, page.values)));
        }
        unpacked = unpacked.saturating_add(page.unpacked);
        rows = rows.saturating_add(if page.is_dictionary { 0 } else { page.values });
    }
    if rows != n_rows as i64 || column.num_values() != n_rows as i64 {
        let said = column.num_values();
        return Err(wrong(format!("its pages hold {rows} values, its footer says {said}, of {n_rows} rows")));
    }
    Ok(unpacked)
}

/// What the header of a page says.
#[derive(Default)]
struct Page {
    is_dictionary: bool,
    packed: i64,
    unpacked: i64,
    values: i64,
}

/// The header of the page at `at`, and its length. The error is `None` where none is there.
fn page_header(input: &OpenInput, at: u64, end: u64) -> Result<(usize, Page), Option<IngestError>> {
    for room in PAGE_HEADER {
        let bytes = bytes_at(input, at, room.min((end - at) as usize)).map_err(Some)?;
        let mut page = Page::default();
        let walked = thrift::walk(&bytes, |field, value| match field {
            // Fields of `PageHeader` in parquet.thrift; 5, 7 and 8 are the headers of data, dictionary and data v2.
            Field(1, 0) => page.is_dictionary = value == 2,
            Field(2, 0) => page.unpacked = value,
            Field(3, 0) => page.packed = value,
            Field(5 | 7 | 8, 1) => page.values = value,
            _ => {}
        });
        if let Ok(length) = walked {
            return Ok((length, page));
        }
    }
    Err(None)
}

/// Up to `n` bytes from `offset` on.
fn bytes_at(input: &OpenInput, offset: u64, n: usize) -> Result<Vec<u8>, IngestError> {
    let mut bytes = Vec::with_capacity(n);
    let outcome = input.bytes(offset).take(n as u64).read_to_end(&mut bytes);
    outcome.map_err(|e| IngestError::read(&input.name, &e))?;
    Ok(bytes)
}

fn name(column: &ColumnChunkMetadata) -> String {
    column.descriptor().path_in_schema.join(".")
}

fn damaged(input: &OpenInput, problem: String) -> IngestError {
    IngestError::Damaged { file: input.name.clone(), problem }
}
