//! Why a row has its score: exact Shapley values, along a tour of each tree, by quadrature.
//!
//! Along a path the Shapley weights are an integral of a polynomial in t; Gauss-Legendre points make it exact, linear in
//! the nodes, and without the divisions of polynomials that deep trees make unstable.

mod explainer;
mod quadrature;
mod tour;

pub use explainer::{Explainer, Explanations};
