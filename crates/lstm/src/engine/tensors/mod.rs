//! burn's engine: the network in tensors, batches filled up for it. The one room that knows burn, with `device`.

mod network;
mod padded;

pub(crate) use network::Tensors;
