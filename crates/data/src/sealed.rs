//! The test part, closed until a frozen model is judged on it.

use crate::Dataset;

/// Rows that nothing may learn from. Only their number and their features' hashes can be asked for until
/// [`Sealed::open`] takes the seal off, by value, once.
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

    /// Takes the seal off. Called by the evaluation alone, with the model frozen.
    pub fn open(self) -> Dataset {
        self.0
    }
}
