//! Tables out: CSV or lines of JSON, plain or packed, or Parquet, whole or not at all.

pub(crate) mod added;
pub(crate) mod beside_lines;
pub(crate) mod early_sync;
pub(crate) mod json_rows;
pub(crate) mod output;
pub(crate) mod parquet_sink;
pub(crate) mod raw;
pub(crate) mod table_writer;
