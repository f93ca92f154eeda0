//! The test part, closed until a frozen model is judged on it.

use crate::{Dataset, Label};

/// Rows that nothing may learn from. Only questions that need no label can be asked until [`Sealed::open`] takes the
/// seal off, by value, once.
#[derive(Debug)]
pub struct Sealed(Dataset);

impl Sealed {
    /// Seals the rows.
    pub fn new(rows: Dataset) -> Self {
        Sealed(rows)
    }

    /// Rows under the seal.
    pub fn n_rows(&self) -> usize {
        self.0.n_rows()
    }

    /// Hashes of the rows' features, for counting copies of training rows.
    pub fn feature_hashes(&self) -> Vec<u128> {
        self.0.feature_hashes()
    }

    /// Whether both classes occur, which a test needs to say anything.
    pub fn has_both_classes(&self) -> bool {
        let labels = self.0.label.as_deref().unwrap_or_default();
        labels.contains(&Label::Attack) && labels.contains(&Label::Benign)
    }

    /// Benign and attack rows, as the partition table shows them.
    pub fn class_counts(&self) -> (usize, usize) {
        let attacks = self.0.n_attacks();
        (self.0.n_rows() - attacks, attacks)
    }

    /// Takes the seal off. Called by the evaluation alone, with the model frozen.
    pub fn open(self) -> Dataset {
        self.0
    }
}
