//! A published model's folder: what stands in it, written whole or not at all, and held against itself again.

mod card;
mod contract;
mod mlflow;
mod signature;
mod sums;
mod write;

pub use card::Card;
pub use signature::{PrivateKey, PublicKey, SUMS};
pub use sums::{is_published, verify_files};
pub use write::{Publication, write};
