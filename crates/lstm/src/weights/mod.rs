//! What a network has learned: its sizes, its weights as one run of numbers, their names in PyTorch.

pub(crate) mod embedding;
mod shape;
mod torch;
mod values;

pub(crate) use shape::{Parameter, Shape};
pub use torch::Tensor;
pub(crate) use values::Weights;
