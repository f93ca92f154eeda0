//! Parquet in, through polars, whose panics on damaged bytes are caught here. Written in [`crate::writing`].

pub(crate) mod blocks;
pub(crate) mod guard;
