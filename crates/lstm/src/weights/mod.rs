//! What a network has learned: its sizes, its weights as one run of numbers, their names in PyTorch.
//!
//! An embedding is a one-hot matrix of low rank: a code's row of the first layer's matrix is its vector × the matrix's rows
//! for that column. The CPU engine and the scorer know one-hot rows alone; embeddings are unfolded before a step and the
//! gradient folded back after it, so scoring costs the same with either. What is saved is the vectors.

pub(crate) mod embedding;
mod shape;
mod torch;
mod values;

pub(crate) use shape::{Parameter, Shape};
pub use torch::Tensor;
pub(crate) use values::Weights;
