//! The trees once more, laid out for scoring many rows: values become places among a feature's thresholds (`ladder`), nodes
//! compare bytes (`packed`), 64 rows at a time go down a tree as a bit set (`lanes`, `sets`). Knows no names and no files.

mod ladder;
mod lanes;
mod packed;
mod sets;

pub(crate) use packed::Packed;
pub(crate) use sets::SetScratch;
