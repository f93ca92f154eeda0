//! The trees once more, laid out for scoring many rows: values become places among a feature's thresholds (`ladder`), nodes
//! compare bytes (`packed`), 64 rows at a time go down a tree as a bit set (`lanes`, `sets`), or a row goes down sixteen trees
//! where the processor is made for it (`walks`). Knows no names and no files.

mod ladder;
mod lanes;
mod packed;
mod sets;
mod split;
#[cfg(target_arch = "x86_64")]
mod walks;

pub(crate) use packed::Packed;
pub(crate) use sets::SetScratch;
