//! A model becomes files that other tools load, with proof that they say what the model says.

mod error;
mod evaluate;
mod graph;
mod onnx;
mod parity;

pub use error::ExportError;
pub use graph::Form;
pub use parity::{MADE_ROWS, Parity, TOLERANCE};
