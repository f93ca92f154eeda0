//! The network from outside. One binary: each further one would link burn again.
//!
//! - `bf16`: training with products of 16 bits
//! - `contract`: what both models of nta keep, and what only a model of sequences must
//! - `export`: the tensors from outside are all that a score is made of
//! - `gpu`: engines on devices that are here say what the CPU says
//! - `pytorch`: saved weights, loaded by PyTorch, give the same scores

mod bf16;
mod contract;
mod export;
mod gpu;
mod pytorch;

use std::io::Write;

/// Says why a test does nothing here. Straight to the stream: what tests print through macros is swallowed when they pass.
fn skip(why: &str) {
    let _ = std::io::stderr().write_all(format!("skipped: {why}\n").as_bytes());
}
