//! A trained forest and what can be asked of it: scores, what its features are worth, its bytes.

mod file;
mod permutation;
mod predict;
mod trained;

pub use permutation::{PermutationImportances, Quality};
pub use trained::Forest;
