//! How training went, and what it gives.

use serde::{Deserialize, Serialize};

use crate::Lstm;

/// How one epoch went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochReport {
    /// From 1.
    pub epoch: usize,
    /// Mean loss over the epoch's batches: the one trained on, class weights and dropout included.
    pub train_loss: f64,
    /// Mean log loss on the validation rows that count, every row the same.
    pub validation_loss: f64,
    /// Average precision on those rows; `None` without an attack among them.
    pub validation_average_precision: Option<f64>,
    /// Wall time of the epoch, validation included.
    pub seconds: f64,
    /// Flows trained on.
    pub flows: u64,
    /// Whether this is the lowest validation loss so far.
    pub best: bool,
}

/// A trained network and how it came to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// With the weights of the epoch of lowest validation loss.
    pub lstm: Lstm,
    /// One report an epoch.
    pub history: Vec<EpochReport>,
}
