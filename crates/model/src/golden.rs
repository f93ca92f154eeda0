//! Rows that every copy of a model must judge alike, in whatever program it runs: stored with the model, asked again by
//! `nta verify`.

use std::sync::Arc;

use nta_data::{Categories, Dataset, RowId, Schema, Scores};
use serde::{Deserialize, Serialize};

use crate::{Model, ModelError, Scorer};

/// Scores agree to this across processors; on one model of processor they are the same bits.
const TOLERANCE: f32 = 1e-5;

/// Rows kept: half from the start, so that some entities come again, half spread over the rest.
const ROWS: usize = 64;

/// A few rows in arrival order, as read, and what the model said to them from cold memory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// In arrival order.
    pub rows: Vec<GoldenRow>,
}

/// One row and its scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenRow {
    /// In the schema's order; null is missing.
    pub numeric: Vec<Option<f32>>,
    /// In the schema's order; null is missing.
    pub categorical: Vec<Option<String>>,
    /// The entity's hash, 16 hex letters; absent where rows have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// End of the flow, microseconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
    /// Each member's score in the model's order, then the hybrid's.
    pub scores: Vec<f32>,
}

impl Model {
    /// Picks golden rows from `rows` (in arrival order), scores them and keeps both with the model.
    pub fn record_golden(&mut self, rows: &Dataset) -> Result<(), ModelError> {
        let chosen = rows.take(&chosen_rows(rows.n_rows()));
        let scores = Scorer::new(self)?.score(&chosen)?;
        self.golden = Golden { rows: (0..chosen.n_rows()).map(|i| golden_row(&chosen, &scores, i)).collect() };
        Ok(())
    }

    /// Scores the golden rows again. Returns the largest difference, which is 0 on the model of processor that it was
    /// trained on, and is refused above 1e-5.
    pub fn verify(&self) -> Result<f32, ModelError> {
        let rows = self.golden.to_dataset(&self.schema)?;
        let scores = Scorer::new(self)?.score(&rows)?;
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

impl Golden {
    /// The rows as a table, unlabelled.
    fn to_dataset(&self, schema: &Schema) -> Result<Dataset, ModelError> {
        let mut table = Dataset::empty(Arc::new(schema.clone()));
        let fits = |row: &GoldenRow| {
            (row.numeric.len(), row.categorical.len()) == (schema.numeric.len(), schema.categorical.len())
        };
        if !self.rows.iter().all(fits) {
            return Err(ModelError::parts("the golden rows have other columns than the schema"));
        }
        for (j, column) in table.numeric.iter_mut().enumerate() {
            *column = self.rows.iter().map(|row| row.numeric[j].unwrap_or(f32::NAN)).collect();
        }
        for (j, column) in table.categorical.iter_mut().enumerate() {
            *column = Categories::from_texts(self.rows.iter().map(|row| row.categorical[j].as_deref()));
        }
        let entities = self.rows.iter().filter_map(|row| u64::from_str_radix(row.entity.as_deref()?, 16).ok());
        table.entity = entities.collect();
        if !table.entity.is_empty() && table.entity.len() != self.rows.len() {
            return Err(ModelError::parts("some golden rows have an entity and others none"));
        }
        table.end_time = self.rows.iter().map(|row| row.end_time).collect();
        table.row = (0..self.rows.len() as u64).map(|row| RowId { file: 0, row }).collect();
        table.files = vec!["golden.json".into()];
        Ok(table)
    }
}

fn chosen_rows(n_rows: usize) -> Vec<u32> {
    let first = n_rows.min(ROWS / 2);
    let rest = n_rows - first;
    let spread = rest.min(ROWS / 2);
    let later = (0..spread).map(|i| first + i * rest / spread);
    (0..first).chain(later).map(|row| row as u32).collect()
}

fn golden_row(rows: &Dataset, scores: &Scores, i: usize) -> GoldenRow {
    GoldenRow {
        numeric: rows.numeric.iter().map(|column| Some(column[i]).filter(|x| x.is_finite())).collect(),
        categorical: rows.categorical.iter().map(|column| column.text(i).map(str::to_owned)).collect(),
        entity: rows.entity.get(i).map(|entity| format!("{entity:016x}")),
        end_time: rows.end_time.as_ref().map(|end| end[i]),
        scores: row_scores(scores, i),
    }
}

fn row_scores(scores: &Scores, i: usize) -> Vec<f32> {
    scores.members.iter().map(|member| member.p_attack[i]).chain([scores.hybrid[i]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_rows_begin_together_and_then_spread() {
        assert!(chosen_rows(0).is_empty());
        assert_eq!(chosen_rows(3), [0, 1, 2]);
        let many = chosen_rows(1_000_000);
        assert_eq!(many.len(), ROWS);
        assert_eq!(&many[..33], (0..33).collect::<Vec<u32>>());
        assert!(many.is_sorted() && many[63] > 900_000);
    }

    #[test]
    fn a_model_that_says_something_else_is_found_out() {
        let mut model = crate::fixture::model(nta_data::Order::File);
        assert_eq!(model.verify().unwrap(), 0.0);
        let nan_kept = model.golden.rows.iter().any(|row| row.numeric[0].is_none());
        assert!(nan_kept && model.golden.rows.iter().any(|row| row.categorical[0].is_none()));
        model.golden.rows[3].scores[1] += 1e-3;
        let error = model.verify().unwrap_err().to_string();
        assert!(error.contains("golden row 3: lstm says"), "{error}");
        model.golden.rows[3].scores[1] = f32::NAN;
        assert!(model.verify().is_err());
        model.golden.rows[3].scores.pop();
        assert!(matches!(model.verify(), Err(ModelError::Parts { .. })));
    }
}
