//! Arithmetic in vectors, whatever the CPU: the units and the choice among them, the tile that every product is made of,
//! the functions that gates need. Knows nothing of networks.

mod activation;
mod aligned;
mod multiversion;
mod simd;
mod tile;
mod vectors;
pub(crate) mod words;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use activation::{RationalTanh, TANH};
pub(crate) use activation::{exp_negative, log_loss, loss_and_probability, probability, sigmoid, tanh};
pub(crate) use aligned::Aligned;
pub(crate) use multiversion::multiversion;
pub(crate) use simd::{Simd, Unit};
pub(crate) use tile::{Left, Right, accumulate, for_height, next_tile};
pub(crate) use vectors::{Portable, Vectors};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512, Avx512Bf16};
