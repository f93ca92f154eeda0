//! What one cell says: a number, a time, a text, or nothing.

pub(crate) mod cell;
pub(crate) mod missing;
pub(crate) mod notation;
pub(crate) mod number;
pub(crate) mod time;
