//! What comes in: the columns a network knows, sequences that are whole, rows side by side. Checked here, once.

mod columns;
mod pack;
mod sequences;

pub(crate) use columns::Inputs;
pub(crate) use pack::Pack;
pub(crate) use sequences::check_sequences;
