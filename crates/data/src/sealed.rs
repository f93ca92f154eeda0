//! The test part, closed until a frozen model is judged on it.

use crate::{Categories, Census, DataError, Dataset, Label, Schema};

/// Rows that nothing may learn from. What can be asked before [`Sealed::open`] takes the seal off, by value, once, stands
/// here by name, and none of it tells a row's label or a feature's value: how many rows of which kind there are, in which
/// order they came, whose they are, which of them are the same.
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

    /// The roles that the rows were read by.
    pub fn schema(&self) -> &Schema {
        &self.0.schema
    }

    /// Refuses rows without labels: nothing can be judged on them.
    ///
    /// # Errors
    /// [`DataError::Unlabelled`].
    pub fn check_labelled(&self) -> Result<(), DataError> {
        self.0.labels().map(|_| ())
    }

    /// How many rows of which kind there are, and how many of those `marked` are attacks, see [`Dataset::census`].
    pub fn census(&self, marked: &[bool]) -> Census {
        self.0.census(marked)
    }

    /// Hashes of the rows' features, for counting copies of training rows. `(n_rows)`.
    pub fn feature_hashes(&self) -> Vec<u128> {
        self.0.feature_hashes()
    }

    /// The entity of each row, `(n_rows)`; empty where rows belong to none.
    pub fn entities(&self) -> &[u64] {
        &self.0.entity
    }

    /// The same rows in the order in which the sensor delivered them, see [`Dataset::arrival_order`].
    pub fn in_arrival_order(self) -> Self {
        Sealed(self.0.take(&self.0.arrival_order()))
    }

    /// Takes the seal off the features, for a frozen model to score and for a comparison of traffic that must not know the
    /// labels. Those stay sealed.
    pub fn features(self) -> (Dataset, SealedLabels) {
        let Sealed(mut rows) = self;
        let labels = SealedLabels { label: rows.label.take(), family: rows.family.take() };
        (rows, labels)
    }

    /// Takes the seal off. Called by the evaluation alone, with the model frozen.
    pub fn open(self) -> Dataset {
        self.0
    }
}

/// The truth about rows whose features are known.
#[derive(Debug)]
pub struct SealedLabels {
    label: Option<Vec<Label>>,
    family: Option<Categories>,
}

impl SealedLabels {
    /// Takes the seal off: `rows`, as [`Sealed::features`] gave them, with their truth.
    pub fn open(self, rows: Dataset) -> Dataset {
        Dataset { label: self.label, family: self.family, ..rows }
    }
}
