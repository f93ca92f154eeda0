//! The trees once more, laid out for scoring many rows: values become places among a feature's thresholds (`ladder`), nodes
//! compare bytes (`packed`), 64 rows at a time go down a tree as a bit set (`lanes`, `sets`). Knows no names and no files.
//!
//! The forest is laid out twice: the file and the single row use eight-byte nodes on f32, a table is scored over byte codes.
//! Rows are sorted so that like stands with like, and those that go the same way cost one walk. A forest that does not fit
//! the cache takes many rows through one tree before the next.

mod ladder;
mod lanes;
mod packed;
mod sets;

pub(crate) use packed::Packed;
pub(crate) use sets::SetScratch;
