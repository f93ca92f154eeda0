//! Trees as they are kept: nodes of eight bytes, all trees of a forest in one list, and the plain walk.

mod node;
mod trees;

pub use node::LEAF_UNITS;
pub(crate) use node::{Links, Node, walk, walk_block};
pub(crate) use trees::{Trees, depth_of};
