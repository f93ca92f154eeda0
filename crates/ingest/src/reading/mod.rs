//! Files whole, files and streams batch by batch, and small tables of any columns.

pub(crate) mod batches;
pub(crate) mod odd_columns;
pub(crate) mod plain_columns;
pub(crate) mod summary;
pub(crate) mod whole;
