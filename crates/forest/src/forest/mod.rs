//! A trained forest and what can be asked of it: scores, what its features are worth, its bytes, its trees.

mod file;
mod permutation;
mod predict;
mod trained;
mod walk;

pub use permutation::{PermutationImportances, Quality};
pub use trained::Forest;
pub use walk::{Tree, TreeNode};
