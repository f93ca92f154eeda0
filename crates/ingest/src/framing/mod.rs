//! From bytes to records, each with its line and its byte offset. Knows no column.

pub(crate) mod framer;
pub(crate) mod quoting;
