//! What trains: the contract of an engine, ours on the CPU (`fused`) and burn's (`tensors`), and what both go by: Adam, the
//! loss, dropout. Batches come from `train`.
//!
//! # Decisions
//! - **The CPU engine is ours, burn is the second engine.** burn's autodiff on Flex trains correctly but neither its
//!   thread-independent bits nor an exact resume can be promised from outside. The fused layer reduces gradients in fixed
//!   sub-batches, the weights' every 128 rows, while these are in the cache; burn (Flex, and `wgpu`, `cuda`, `ndarray` as
//!   features) is the reference that its gradients are tested against and the way to a GPU.
//! - **`auto` is the CPU unless the build says otherwise.** GPU engines are cargo features; a program built with one takes
//!   a real GPU where it finds one, never one that the CPU imitates, and says so otherwise. A GPU's sums have no fixed
//!   order, so bits are promised for the CPU alone.

mod adam;
mod batch;
mod contract;
mod device;
mod dropout;
mod fused;
mod loss;
mod tensors;
#[cfg(test)]
mod tests;

pub(crate) use adam::{Adam, Rate};
pub(crate) use batch::Batch;
pub(crate) use contract::{Engine, Truth};
pub use device::{DeviceInfo, ResolvedDevice, devices, vectors};
pub(crate) use fused::Fused;
pub(crate) use tensors::Tensors;
