//! What parts must hold for the stages that use them.

/// What the stages after this one need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Benign rows that the threshold part must hold for the false positive budget; 0 where no budget is set.
    pub threshold_benign_rows: usize,
}
