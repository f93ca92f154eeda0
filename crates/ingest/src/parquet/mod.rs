//! Parquet in, through polars: the footer when the file is opened, then the pages that hold the rows asked for, copied out
//! of the file. What would make polars allocate without end is refused before, and its panics on damaged bytes are caught
//! here. Written in [`crate::writing`].

use polars_parquet::read::ColumnChunkMetadata;

use crate::error::IngestError;
use crate::input::file::OpenInput;

mod arrow_schema;
pub(crate) mod blocks;
mod content;
mod delta;
mod footer;
pub(crate) mod guard;
mod kinds;
mod pages;
mod row_group;
mod thrift;

/// A column's name, with those of the columns that it lies in.
fn path_of(column: &ColumnChunkMetadata) -> String {
    column.descriptor().path_in_schema.join(".")
}

fn damaged(input: &OpenInput, problem: String) -> IngestError {
    IngestError::Damaged { file: input.name.clone(), problem }
}
