//! Training: rows are checked and cut into pieces, pieces dealt to batches, and an engine takes its steps, epoch by epoch,
//! each leaving a checkpoint and a report.

mod batches;
mod checkpoint;
mod fit;
mod pieces;
mod report;
mod rows;
mod schedule;

#[cfg(test)]
pub(crate) use batches::{assemble, plan_epoch};
pub use checkpoint::Checkpoint;
#[cfg(test)]
pub(crate) use pieces::Pieces;
pub use report::{EpochReport, Fitted};
pub use rows::Rows;
