//! Reads traffic records of any supported format into [`nta_data::Dataset`]s, and writes tables.
//!
//! The format is told by a file's content, columns by their names, and roles by a [`nta_data::Schema`]. Nothing is
//! learned here, and no type of polars leaves this crate.

mod assemble;
mod cells;
mod columns;
mod error;
mod format;
mod labels;
mod layout;
mod number;
mod parquet;
mod plan;
mod raw;
mod read;
mod records;
mod scan;
mod separated;
mod source;
mod stream;
mod table;
mod time;
mod zeek;
mod zeek_json;
mod zeek_tsv;

pub use error::{IngestError, Position};
pub use plan::Truth;
pub use raw::RawBatch;
pub use read::{Batch, Batches, ColumnMissing, FileRows, Read, ReadOptions, ReadSummary, batches, read};
pub use source::{FileDigest, Source};
pub use table::Format;
