//! Arithmetic in vectors, whatever the CPU: the units and the choice among them, the tile that every product is made of,
//! the functions that gates need. Knows nothing of networks.
//!
//! # Decisions
//! - **One register tile for every product.** Library products pack their operands at each call and switch kernels with the
//!   number of rows. Ours (`tile`, over weights as `cell::panels` lays them out) takes weights gate beside gate: four sums
//!   of a hidden unit become its gates before they leave the registers, training and scoring share the code, and each sum
//!   runs from first to last, so a row's bits depend on nothing beside it. A tile holds its shorter side and lets the
//!   longer go by: with the 16 registers of AVX2 the other way put sums away in the inner loop, at a third of the speed. A
//!   body is written once over the trait `Vectors` and compiled for AVX-512, AVX2 and portable vectors; the tests hold each
//!   against f64 and against burn.
//! - **bf16 is a vector unit whose words are pairs.** Two neighbouring terms of a sum stand as bf16 in the place of one f32
//!   (`Vectors::TERMS`), so `lstm.precision: bf16` runs through the same tile with half the depth, into f32 sums. What
//!   enters a product is kept in words beside its f32 (`words`; the weights' gradient sums over rows, so its words pair
//!   rows); weights, Adam, activations, states and all scoring are f32.

mod activation;
mod aligned;
mod multiversion;
mod simd;
mod tile;
mod vectors;
pub(crate) mod words;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use activation::{exp_negative, log_loss, loss_and_probability, probability, sigmoid, tanh};
pub(crate) use aligned::Aligned;
pub(crate) use multiversion::multiversion;
pub(crate) use simd::{Simd, Unit};
pub(crate) use tile::{Left, Right, accumulate, for_height, next_tile};
pub(crate) use vectors::{Portable, Vectors};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512, Avx512Bf16};
