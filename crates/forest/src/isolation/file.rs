//! An isolation forest as bytes, and back: a few bytes of its own, then its trees in the format of `docs/forest-format.md`.

use super::Isolation;
use crate::{Forest, ForestError};

/// Begins the file; the number is the revision.
const MAGIC: &[u8; 8] = b"NTAISOL1";

impl Isolation {
    /// Eight bytes `NTAISOL1`, the path length that scores one half (f64, little endian), the trees as
    /// [`Forest::to_bytes`] writes them.
    pub fn to_bytes(&self) -> Vec<u8> {
        [MAGIC.as_slice(), &self.half.to_le_bytes(), &self.forest.to_bytes()].concat()
    }

    /// Reads what [`Isolation::to_bytes`] wrote.
    ///
    /// # Errors
    /// Bytes that are no valid isolation forest, with the place of the first fault. Never panics.
    pub fn from_bytes(bytes: &[u8]) -> Result<Isolation, ForestError> {
        let damaged = |offset, problem| ForestError::Damaged { offset, problem };
        let begins = bytes.strip_prefix(MAGIC).ok_or_else(|| damaged(0, "it does not begin with NTAISOL1"))?;
        let (half, trees) = begins.split_first_chunk::<8>().ok_or_else(|| damaged(bytes.len(), "it ends too early"))?;
        let half = f64::from_le_bytes(*half);
        if !(half.is_finite() && half > 0.0) {
            return Err(damaged(MAGIC.len(), "the length that scores one half is not above 0"));
        }
        let begin = bytes.len() - trees.len();
        let forest = Forest::from_bytes(trees).map_err(|error| match error {
            ForestError::Damaged { offset, problem } => damaged(offset + begin, problem),
            error => error,
        })?;
        Ok(Isolation { forest, half })
    }
}

#[cfg(test)]
mod tests {
    use nta_data::{Label, Quiet, Tabular, TabularKind};

    use super::*;
    use crate::IsolationConfig;

    #[test]
    fn whatever_the_bytes_reading_ends_in_a_forest_or_in_words() {
        let columns = vec![(0..40).map(|i| i as f32).collect()];
        let x = Tabular { names: vec!["a".into()], kinds: vec![TabularKind::Numeric], columns };
        let bytes =
            IsolationConfig { trees: 2, sample: 16 }.fit(&x, &[Label::Benign; 40], 1, &Quiet).unwrap().to_bytes();
        for length in 0..bytes.len() {
            assert!(Isolation::from_bytes(&bytes[..length]).is_err());
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x55;
            if let Ok(read) = Isolation::from_bytes(&changed) {
                read.predict_proba(&x).map(drop).unwrap_or_default();
                assert_eq!(read.to_bytes(), changed);
            }
        }
        let mut none = bytes;
        none[8..16].copy_from_slice(&f64::NAN.to_le_bytes());
        assert!(Isolation::from_bytes(&none).unwrap_err().to_string().contains("one half"));
    }
}
