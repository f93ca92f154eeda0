//! A trained network at work: one flow at a time, whole tables, its file, its weights by name.

mod export;
mod file;
mod lstm;
mod predict;
mod stretch;

pub use lstm::{Lstm, LstmState, Scratch};
