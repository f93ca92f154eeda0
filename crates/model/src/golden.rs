//! Rows that every copy of a model must judge alike, in whatever program it runs: as stored with the model, and as a
//! table. They are picked and asked again in `verify.rs`.

use std::sync::Arc;

use nta_data::{Categories, Dataset, RowId, Schema, Scores};
use serde::{Deserialize, Serialize};

use crate::ModelError;

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

impl Golden {
    /// Rows with the scores given to them.
    pub(crate) fn of(rows: &Dataset, scores: &Scores) -> Self {
        Golden { rows: (0..rows.n_rows()).map(|i| golden_row(rows, scores, i)).collect() }
    }

    /// The rows as a table, unlabelled.
    ///
    /// # Errors
    /// Rows of other columns than the schema's, an entity in some alone.
    pub fn to_dataset(&self, schema: &Schema) -> Result<Dataset, ModelError> {
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

/// The rows to keep of a part of so many.
pub(crate) fn chosen_rows(n_rows: usize) -> Vec<u32> {
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

/// Row `i` of every column, in their order.
pub(crate) fn row_scores(scores: &Scores, i: usize) -> Vec<f32> {
    scores.columns().map(|column| column.p_attack[i]).collect()
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
}
