//! Held-out rows whose exact features also stand in the training part.

use std::collections::HashSet;

/// For each held-out part, whether each row's features stand in the training part. Such rows are left out of early
/// stopping and fusion; the threshold keeps them, and the test is reported with and without them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copies {
    /// `(n_rows)` of the validation part.
    pub validation: Vec<bool>,
    /// `(n_rows)` of the calibration part.
    pub calibration: Vec<bool>,
    /// `(n_rows)` of the threshold part.
    pub threshold: Vec<bool>,
    /// `(n_rows)` of the test part; known from hashes, without its labels.
    pub test: Vec<bool>,
}

/// Whether each of `held_out` occurs in `train`; both are hashes of rows' features.
pub(crate) fn in_train(train: &HashSet<u128>, held_out: &[u128]) -> Vec<bool> {
    held_out.iter().map(|hash| train.contains(hash)).collect()
}
