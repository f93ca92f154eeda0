//! The rows of one row group, read from copies of the pages that hold them: a file that is cut or written to meanwhile
//! gives an error, where a mapped one would end the process.

use std::ops::Range;

use polars_buffer::Buffer;
use polars_core::error::PolarsResult;
use polars_core::prelude::{ArrowField, Column, DataFrame, Series};
use polars_core::runtime::RAYON;
use polars_parquet::parquet::schema::types::PhysicalType;
use polars_parquet::read::{ColumnChunkMetadata, FileMetadata, Filter, RowGroupMetadata, column_iter_to_arrays};
use rayon::prelude::*;

use crate::error::IngestError;
use crate::input::file::OpenInput;
use crate::parquet::guard::guarded;
use crate::parquet::pages::Pages;
use crate::parquet::{content, damaged, kinds};

/// Pages that are in memory at a time, in bytes, packed and unpacked: of as many columns as that is enough for, of one in
/// any case.
const PAGES_AT_ONCE: usize = 256 << 20;
/// Pages of text for one block, in bytes: they may stay as long as the block.
const MOST_TEXT: usize = 512 << 20;

/// A row group that is being read.
#[derive(Debug)]
pub(super) struct RowGroup {
    /// Its place in the footer.
    index: usize,
    columns: Vec<(ArrowField, Pages)>,
}

/// What polars reads a column's rows from.
struct Part<'a> {
    field: &'a ArrowField,
    column: &'a ColumnChunkMetadata,
    bytes: Buffer<u8>,
    n_pages: usize,
    /// The rows wanted, counted from the first row in `bytes`.
    rows: Range<usize>,
}

impl RowGroup {
    /// Finds and checks the pages of the columns `wanted`.
    pub(super) fn open(
        input: &OpenInput,
        metadata: &FileMetadata,
        index: usize,
        wanted: &[&ArrowField],
    ) -> Result<RowGroup, IngestError> {
        let group = &metadata.row_groups[index];
        let find = |field: &&ArrowField| {
            let column = the_column(input, group, field)?;
            Ok(((*field).clone(), Pages::find(input, column, group.num_rows())?))
        };
        Ok(RowGroup { index, columns: wanted.iter().map(find).collect::<Result<_, IngestError>>()? })
    }

    /// The rows `rows` of the row group, columns as they were wanted.
    pub(super) fn read(
        &self,
        input: &OpenInput,
        metadata: &FileMetadata,
        rows: &Range<usize>,
    ) -> Result<DataFrame, IngestError> {
        let group = &metadata.row_groups[self.index];
        let mut columns: Vec<Column> = Vec::with_capacity(self.columns.len());
        let (mut parts, mut at_once, mut text) = (Vec::new(), 0usize, 0usize);
        for (field, pages) in &self.columns {
            let column = the_column(input, group, field)?;
            let cost = pages.cost_of(rows);
            text += if column.physical_type() == PhysicalType::ByteArray { cost } else { 0 };
            if text > MOST_TEXT {
                let problem = format!("the text of {} rows takes more than the {MOST_TEXT} bytes read", rows.len());
                return Err(damaged(input, problem));
            }
            if at_once + cost > PAGES_AT_ONCE && !parts.is_empty() {
                columns.extend(decoded(input, std::mem::take(&mut parts))?);
                at_once = 0;
            }
            at_once += cost;
            parts.push(Part::read(input, field, column, pages, rows)?);
        }
        columns.extend(decoded(input, parts)?);
        if columns.iter().any(|column| column.len() != rows.len()) {
            return Err(damaged(input, "its footer promises rows and some are not there".to_owned()));
        }
        DataFrame::new(rows.len(), columns).map_err(|e| damaged(input, e.to_string()))
    }
}

/// The one column of a row group that a field is, for fields of more are left out.
fn the_column<'a>(
    input: &OpenInput,
    group: &'a RowGroupMetadata,
    field: &ArrowField,
) -> Result<&'a ColumnChunkMetadata, IngestError> {
    let found = group.columns_under_root_iter(&field.name).and_then(|mut columns| columns.next());
    found.ok_or_else(|| damaged(input, format!("a row group lacks column `{}`", field.name)))
}

impl<'a> Part<'a> {
    /// Copies the pages that hold `rows` out of the file.
    fn read(
        input: &OpenInput,
        field: &'a ArrowField,
        column: &'a ColumnChunkMetadata,
        pages: &Pages,
        rows: &Range<usize>,
    ) -> Result<Part<'a>, IngestError> {
        let data = pages.data_of(rows);
        let mut bytes = Vec::new();
        for page in pages.dictionary.iter().chain(data) {
            bytes.extend(input.exactly(page.bytes.start, page.length())?);
        }
        let first = data.first().map_or(rows.start, |page| page.rows.start);
        let rows = rows.start - first..rows.end - first;
        Ok(Part { field, column, bytes: bytes.into(), n_pages: data.len(), rows })
    }

    fn decode(self) -> PolarsResult<Column> {
        content::check(self.column, &self.bytes, self.n_pages)?;
        let pages = content::page_reader(self.column, self.bytes);
        let types = vec![&self.column.descriptor().descriptor.primitive_type];
        let filter = Filter::new_ranged(self.rows.start, self.rows.end);
        let field = kinds::read_as(self.field, self.column);
        let (arrays, _) = column_iter_to_arrays(vec![pages], types, field.clone(), Some(filter))?;
        kinds::as_usable(Series::try_from((&field, arrays))?, self.field, self.column)
    }
}

/// The columns, decoded by all threads.
fn decoded(input: &OpenInput, parts: Vec<Part<'_>>) -> Result<Vec<Column>, IngestError> {
    guarded(&input.name, || RAYON.install(|| parts.into_par_iter().map(Part::decode).collect()))
}
