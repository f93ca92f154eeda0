//! Reads traffic records of any supported format into [`nta_data::Dataset`]s, and writes tables.
//!
//! The format is told by a file's content, columns by their names, and roles by a [`nta_data::Schema`]. Nothing is
//! learned here, and no type of polars leaves this crate.

mod assemble;
mod cells;
mod columns;
mod error;
mod format;
mod guard;
mod guess;
mod infer;
mod labels;
mod layout;
mod number;
mod output;
mod parquet;
mod parquet_sink;
mod plan;
mod raw;
mod read;
mod read_columns;
mod records;
mod scan;
mod schemas;
mod separated;
mod source;
mod stream;
mod table;
mod time;
mod write;
mod zeek;
mod zeek_json;
mod zeek_tsv;

pub use error::{CellError, IngestError, Position};
pub use guard::panic_is_caught;
pub use infer::infer_schema;
pub use labels::with_benign;
pub use plan::Truth;
pub use raw::RawBatch;
pub use read::{Batch, Batches, ColumnMissing, FileRows, Read, ReadOptions, ReadSummary, batches, read};
pub use read_columns::{ColumnValues, Columns, read_columns};
pub use schemas::{builtin_schema, builtin_schemas, load_schema};
pub use source::{FileDigest, Source};
pub use table::Format;
pub use write::{Added, AddedValues, TableWriter};

#[cfg(test)]
mod known_files;
#[cfg(test)]
mod reading_tests;
#[cfg(test)]
mod refusal_tests;
