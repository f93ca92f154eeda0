//! A trained network at work: one flow at a time, whole tables, its file, its weights by name.
//!
//! A file is scored in stretches of steps: the inputs of a stretch go through one product, then the recurrence through its
//! steps; another thread prepares the next stretch meanwhile, which is all that can be shared where a file is one sequence.
//! Weights begin at a cache line, and the blocks of a step are taken forward and backward in turns, so that half of the
//! 64 KB of recurrent weights is still in the first cache. Each row's sums keep their order: the bits are those of row by
//! row.

mod export;
mod file;
mod lstm;
mod predict;
mod stretch;

pub use lstm::{Lstm, LstmState, Scratch};
