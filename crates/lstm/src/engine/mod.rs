//! What trains: the contract of an engine, ours on the CPU (`fused`) and burn's (`tensors`), and what both go by: Adam, the
//! loss, dropout. Batches come from `train`.

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
