//! Training: rows are checked and cut into pieces, pieces dealt to batches, and an engine takes its steps, epoch by epoch,
//! each leaving a checkpoint and a report.
//!
//! Training begins where service does. The plan was to cut training sequences from zero state, while scoring carries state
//! without limit. A network trained so has seen 16 flows of past on average and is asked about thousands. So a piece that
//! goes on from another of its host is read after the `length` flows before it (`sequence.start: warm`), forward alone.
//! Pieces are ranges of one list of rows; a pack holds pieces with context or without, never both, so the way back ends at
//! one step for all of it. A third more time where hosts are busy, none where they are not.

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
