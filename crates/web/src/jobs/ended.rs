//! How a job ends.

use super::kept::Made;

/// Why a job made nothing.
pub(crate) enum Ended {
    /// Somebody asked it to stop.
    Stopped,
    Failed(String),
}

pub(crate) type Done = Result<Made, Ended>;
