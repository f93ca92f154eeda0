//! Parquet in, through polars. What would make it allocate without end is refused before, and its panics on damaged bytes
//! are caught here. Written in [`crate::writing`].

pub(crate) mod blocks;
mod checks;
pub(crate) mod guard;
mod thrift;
