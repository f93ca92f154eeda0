//! Why a row has its score: exact Shapley values, along a tour of each tree, by quadrature.

mod explainer;
mod quadrature;
mod tour;

pub use explainer::{Explainer, Explanations};
