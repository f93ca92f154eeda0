//! A trained network at work: one flow at a time, whole tables, its file, its weights by name.

mod export;
mod file;
mod lstm;
mod predict;
mod state;
mod stretch;

pub use lstm::{Lstm, Scratch};
pub use state::LstmState;
