//! The two views of a table: columns for the forest, rows for the LSTM.

use nta_data::{Categories, Dataset, Dense, Features, Tabular, TabularKind};
use rayon::prelude::*;

use super::columns::Columns;
use super::config::{CategoricalConfig, Rank};
use super::error::PreprocessError;
use super::gap::{GAP_NAMES, GapMemory, entity_and_end};
use super::{FittedCategorical, Preprocessor};

/// Rows that one task turns into dense rows.
const ROWS_PER_TASK: usize = 1_024;

impl Preprocessor {
    /// Both views of a whole part, rows in arrival order; the gap inputs are filled from a memory that starts empty.
    ///
    /// # Errors
    /// Names a column that is missing, or the time or entity where the model was trained with gaps.
    pub fn transform(&self, dataset: &Dataset) -> Result<Features, PreprocessError> {
        Ok(Features { tabular: self.tabular(dataset)?, dense: self.dense(dataset)? })
    }

    /// The LSTM's view of a whole part, rows in arrival order; the gap inputs are filled from a memory that starts empty.
    ///
    /// # Errors
    /// Names a column that is missing, or the time or entity where the model was trained with gaps.
    pub fn dense(&self, dataset: &Dataset) -> Result<Dense, PreprocessError> {
        let mut dense = self.dense_without_gap(dataset)?;
        if let Some(gap) = &self.gap {
            let (entity, end) = entity_and_end(dataset)?;
            let previous = GapMemory::new(&gap.memory).previous_ends(entity, end);
            let width = dense.numeric_names.len();
            for (row, (previous, &end)) in dense.numeric.chunks_exact_mut(width).zip(previous.iter().zip(end)) {
                row[width - GAP_NAMES.len()..].copy_from_slice(&gap.inputs(*previous, end));
            }
        }
        Ok(dense)
    }

    /// The forest's view: numbers as read, missing kept as NaN, categories as their rank.
    ///
    /// # Errors
    /// Names a column that is missing.
    pub fn tabular(&self, dataset: &Dataset) -> Result<Tabular, PreprocessError> {
        self.tabular_by(dataset, &|fitted, column| fitted.map(column, |category| category.rank as f32))
    }

    /// The forest's view of `train`, the rows that this was fitted on, for a forest to learn from: with `rank: cross_fitted`
    /// a category's rank is that by other rows' attacks, else it is [`Preprocessor::tabular`].
    ///
    /// # Errors
    /// Names a column that is missing; rows without labels.
    pub fn tabular_to_learn(&self, train: &Dataset) -> Result<Tabular, PreprocessError> {
        let CategoricalConfig { rank, smoothing, .. } = self.config.categorical;
        if rank != Rank::CrossFitted {
            return self.tabular(train);
        }
        let labels = train.labels()?;
        self.tabular_by(train, &|fitted, column| fitted.cross_fitted_ranks(column, labels, smoothing))
    }

    fn tabular_by(
        &self,
        dataset: &Dataset,
        ranks: &(dyn Fn(&FittedCategorical, &Categories) -> Vec<f32> + Sync),
    ) -> Result<Tabular, PreprocessError> {
        let from = Columns::of(self, dataset)?;
        let finite = |column: &&[f32]| -> Vec<f32> {
            column.iter().map(|&x| if x.is_finite() { x } else { f32::NAN }).collect()
        };
        let mut columns: Vec<Vec<f32>> = from.numeric.par_iter().map(finite).collect();
        let ranked: Vec<Vec<f32>> =
            self.categorical.par_iter().zip(&from.categorical).map(|(fitted, column)| ranks(fitted, column)).collect();
        columns.extend(ranked);
        let mut kinds = vec![TabularKind::Numeric; self.numeric.len()];
        kinds.resize(columns.len(), TabularKind::RankedCategory);
        Ok(Tabular { names: self.tabular_names(), kinds, columns })
    }

    /// The LSTM's view, the gap inputs (if any) left at 0 for the caller to fill with [`Preprocessor::gap_inputs`].
    ///
    /// # Errors
    /// Names a column that is missing.
    pub fn dense_without_gap(&self, dataset: &Dataset) -> Result<Dense, PreprocessError> {
        let from = Columns::of(self, dataset)?;
        let n_rows = dataset.n_rows();
        let numeric_names = self.numeric_names();
        let width = numeric_names.len();
        let mut numeric = vec![0f32; n_rows * width];
        numeric
            .par_chunks_mut((ROWS_PER_TASK * width).max(1))
            .enumerate()
            .for_each(|(task, rows)| self.fill_numeric(&from, task * ROWS_PER_TASK, rows));
        Ok(Dense {
            numeric_names,
            numeric,
            code_names: self.code_names(),
            codes: self.codes(&from, n_rows),
            cardinality: self.cardinality(),
            n_rows,
        })
    }

    /// Fills dense rows `first_row..`, `(n, n_numeric)`, column by column.
    fn fill_numeric(&self, from: &Columns, first_row: usize, rows: &mut [f32]) {
        let width = self.n_numeric();
        let transform = self.config.numeric.transform;
        let mut indicator = self.numeric.len();
        for (place, (fitted, column)) in self.numeric.iter().zip(&from.numeric).enumerate() {
            for (row, &x) in rows.chunks_exact_mut(width).zip(&column[first_row..]) {
                row[place] = fitted.scaled(x, transform);
            }
            if fitted.missing_rows > 0 {
                for (row, &x) in rows.chunks_exact_mut(width).zip(&column[first_row..]) {
                    row[indicator] = if x.is_finite() { 0.0 } else { 1.0 };
                }
                indicator += 1;
            }
        }
    }

    /// Fitted codes, `(n_rows, n_codes)` row-major.
    fn codes(&self, from: &Columns, n_rows: usize) -> Vec<u32> {
        let columns: Vec<Vec<u32>> = self
            .categorical
            .par_iter()
            .zip(&from.categorical)
            .map(|(fitted, column)| fitted.map(column, |category| category.code))
            .collect();
        let width = columns.len();
        let mut codes = vec![0u32; n_rows * width];
        codes.par_chunks_mut((ROWS_PER_TASK * width).max(1)).enumerate().for_each(|(task, rows)| {
            for (place, column) in columns.iter().enumerate() {
                for (row, &code) in rows.chunks_exact_mut(width).zip(&column[task * ROWS_PER_TASK..]) {
                    row[place] = code;
                }
            }
        });
        codes
    }
}
