//! Labels every flow of an entity's traffic with the probability that it is an attack, seen what came before: a
//! many-to-many LSTM, one recurrent step a flow, in training and in scoring.

mod activation;
mod adam;
mod aligned;
mod batches;
mod cell;
mod checkpoint;
mod config;
mod device;
mod embedding;
mod engine;
mod error;
mod fused;
mod inputs;
mod loss;
mod lstm;
mod panels;
mod pieces;
mod predict;
mod saved;
mod shape;
mod simd;
mod state;
mod stretch;
mod tensors;
mod tile;
mod train;
mod weights;
mod words;

pub use checkpoint::Checkpoint;
pub use config::{
    Categorical, ClassWeight, DeviceChoice, Loss, LstmConfig, Precision, Schedule, SequenceConfig, Start,
};
pub use device::{DeviceInfo, ResolvedDevice, devices, vectors};
pub use error::{ConfigError, LstmError};
pub use lstm::{Lstm, Scratch};
pub use state::LstmState;
pub use train::{EpochReport, Fitted, Rows};
