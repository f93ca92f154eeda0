//! Flows whose turn has come.

use std::time::Instant;

use nta_data::Dataset;
use nta_ingest::RawBatch;

/// Flows to be scored, in this order.
pub(super) struct Ready {
    pub(super) dataset: Dataset,
    pub(super) raw: RawBatch,
    /// Each flow's place among all of its source, in the order in which they came.
    pub(super) numbers: Vec<u64>,
    /// When the first of them came.
    pub(super) arrived: Instant,
}
