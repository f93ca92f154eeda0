//! Golden rows, picked when a model is made and asked again by `nta verify`.

use std::sync::Arc;

use nta_data::Dataset;

use crate::golden::{Golden, chosen_rows, row_scores};
use crate::{Model, ModelError, Scorer};

/// Scores agree to this across processors; on one model of processor they are the same bits.
const TOLERANCE: f32 = 1e-5;

impl Model {
    /// Picks golden rows from `rows` (in arrival order), scores them and keeps both with the model; if somebody else holds
    /// the model too, with a copy of it.
    ///
    /// # Errors
    /// What [`Scorer::score`] refuses.
    pub fn record_golden(self: &mut Arc<Self>, rows: &Dataset) -> Result<(), ModelError> {
        let chosen = rows.take(&chosen_rows(rows.n_rows()));
        let scores = Scorer::new(Arc::clone(self))?.score(&chosen)?;
        Arc::make_mut(self).golden = Golden::of(&chosen, &scores);
        Ok(())
    }

    /// Scores the golden rows again. Returns the largest difference, which is 0 on the model of processor that it was
    /// trained on, and is refused above 1e-5.
    ///
    /// # Errors
    /// The first row and member that differ, golden rows that do not fit the model.
    pub fn verify(self: &Arc<Self>) -> Result<f32, ModelError> {
        let rows = self.golden.to_dataset(&self.schema)?;
        let scores = Scorer::new(Arc::clone(self))?.score(&rows)?;
        let mut largest = 0.0f32;
        for (i, golden) in self.golden.rows.iter().enumerate() {
            let found = row_scores(&scores, i);
            if found.len() != golden.scores.len() {
                let why = format!("golden row {i} has {} scores, the model {}", golden.scores.len(), found.len());
                return Err(ModelError::Parts { why });
            }
            for ((name, &found), &expected) in self.names().zip(&found).zip(&golden.scores) {
                let difference = (found - expected).abs();
                if difference.is_nan() || difference > TOLERANCE {
                    return Err(ModelError::Golden { row: i, member: name.to_owned(), found, expected });
                }
                largest = largest.max(difference);
            }
        }
        Ok(largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_says_something_else_is_found_out() {
        let mut model = crate::fixture::model(nta_data::Order::File);
        assert_eq!(model.verify().unwrap(), 0.0);
        let nan_kept = model.golden.rows.iter().any(|row| row.numeric[0].is_none());
        assert!(nan_kept && model.golden.rows.iter().any(|row| row.categorical[0].is_none()));
        Arc::make_mut(&mut model).golden.rows[3].scores[1] += 1e-3;
        let error = model.verify().unwrap_err().to_string();
        assert!(error.contains("golden row 3: lstm says"), "{error}");
        Arc::make_mut(&mut model).golden.rows[3].scores[1] = f32::NAN;
        assert!(model.verify().is_err());
        Arc::make_mut(&mut model).golden.rows[3].scores.pop();
        assert!(matches!(model.verify(), Err(ModelError::Parts { .. })));
    }

    #[test]
    fn a_model_stored_before_scores_as_it_did() {
        // Saved by the nta of revision 300c85d, with what it said to 400 rows of 500 hosts: more than it remembers, some
        // silent for longer than it waits.
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let model = Arc::new(Model::load(&folder.join("model-revision-1")).unwrap());
        assert!(model.verify().unwrap() < 1e-6);
        let stored = std::fs::read(folder.join("rows-revision-1.json")).unwrap();
        let stored: Golden = serde_json::from_slice(&stored).unwrap();
        let rows = stored.to_dataset(&model.schema).unwrap();
        let mut scorer = Scorer::new(Arc::clone(&model)).unwrap();
        let scores = scorer.score(&rows).unwrap();
        assert!(scorer.evictions() > 50);
        for (i, row) in stored.rows.iter().enumerate() {
            let found = row_scores(&scores, i);
            assert_eq!(found.len(), row.scores.len());
            let furthest = found.iter().zip(&row.scores).fold(0f32, |most, (a, b)| most.max((a - b).abs()));
            assert!(furthest < 1e-6, "row {i}: {found:?}, and it said {:?}", row.scores);
        }
    }
}
