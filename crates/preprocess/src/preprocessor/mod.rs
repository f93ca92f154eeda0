//! Everything learned about columns, fitted on the training part alone.

#[cfg(test)]
mod by_hand;
mod categorical;
mod columns;
mod config;
mod error;
mod gap;
mod npy;
mod numeric;
mod saved;
#[cfg(test)]
mod tests;
mod views;

use nta_data::{Dataset, Schema, listed};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use categorical::{Category, FittedCategorical};
pub use config::{CategoricalConfig, Impute, NumericConfig, PreprocessConfig, Rank, Scale, Sequencing, Transform};
pub use error::PreprocessError;
pub use gap::{GapMemory, GapScaling};
pub use numeric::{CLIP, FittedNumeric};

use gap::GAP_NAMES;

/// What was learned, and how it is applied to any table that has the columns. Cannot exist unfitted.
///
/// Inputs of the dense view, in order: one number per kept number column, one 0/1 per number column that has missing
/// cells in training, then, where rows form sequences in time, the gap and whether the flow is a first one.
///
/// All of it can be done by hand from what is public here, in f64 and rounded to f32 at the end:
/// - a number x ([`Preprocessor::numeric`]), `fill` in the place of one that is missing or infinite:
///   (transform(x) - `center`) / `spread`, held within ±[`CLIP`]; the transform is that of [`Preprocessor::config`];
/// - whether it was missing: 1 or 0, for columns with `missing_rows` above 0;
/// - the gap ([`Preprocessor::gap`]): (ln(1 + seconds) - `mean`) / `deviation`, held within ±[`CLIP`], and 0; or 0 and 1 at
///   a first flow. Seconds run from the end of the entity's flow before to the end of this one, at least 0;
/// - a text ([`Preprocessor::categorical`]): the `code` of its entry in `values`, else of `other`; that of `missing`, else
///   of `other`, for a cell without text.
///
/// The forest's view holds numbers as read, NaN where missing or infinite, then each text's `rank` in place of its `code`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "saved::Saved", into = "saved::Saved")]
pub struct Preprocessor {
    config: PreprocessConfig,
    training: TrainingRows,
    numeric: Vec<FittedNumeric>,
    categorical: Vec<FittedCategorical>,
    gap: Option<GapScaling>,
    dropped: Vec<(String, String)>,
}

/// What it was fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRows {
    /// Rows of the training part.
    pub rows: usize,
    /// Share of attacks among them.
    pub attack_rate: f64,
}

impl PreprocessConfig {
    /// Fits on the training part, in arrival order. Gap inputs come about where `sequencing` asks for them and the
    /// rows have times and entities.
    ///
    /// # Errors
    /// Values out of range, a part without rows or labels, or one in which no column varies.
    pub fn fit(&self, train: &Dataset, sequencing: Sequencing) -> Result<Preprocessor, PreprocessError> {
        self.check()?;
        let labels = train.labels()?;
        if train.n_rows() == 0 {
            return Err(PreprocessError::NoRows);
        }
        let attack_rate = train.n_attacks() as f64 / train.n_rows() as f64;
        let schema: &Schema = &train.schema;
        let numeric: Vec<Result<FittedNumeric, String>> = schema
            .numeric
            .par_iter()
            .zip(&train.numeric)
            .map(|(role, column)| FittedNumeric::fit(&role.name, column, &self.numeric))
            .collect();
        let categorical: Vec<Result<FittedCategorical, String>> = schema
            .categorical
            .par_iter()
            .zip(&train.categorical)
            .map(|(role, column)| FittedCategorical::fit(&role.name, column, labels, attack_rate, &self.categorical))
            .collect();
        let mut dropped = Vec::new();
        let fitted = Preprocessor {
            config: self.clone(),
            training: TrainingRows { rows: train.n_rows(), attack_rate },
            numeric: keep(schema.numeric.iter().map(|c| &c.name), numeric, &mut dropped),
            categorical: keep(schema.categorical.iter().map(|c| &c.name), categorical, &mut dropped),
            gap: match &sequencing {
                Sequencing::None => None,
                Sequencing::Gap(memory) => GapScaling::fit(train, memory),
            },
            dropped,
        };
        if fitted.numeric.is_empty() && fitted.categorical.is_empty() {
            let columns: Vec<&str> = fitted.dropped.iter().map(|d| d.0.as_str()).collect();
            return Err(PreprocessError::NothingLeft { columns: listed(&columns) });
        }
        Ok(fitted)
    }
}

/// The columns that carry something; the others go to `dropped` with the reason.
fn keep<'a, T>(
    names: impl Iterator<Item = &'a String>,
    looks: Vec<Result<T, String>>,
    dropped: &mut Vec<(String, String)>,
) -> Vec<T> {
    let mut kept = Vec::with_capacity(looks.len());
    for (name, look) in names.zip(looks) {
        match look {
            Ok(column) => kept.push(column),
            Err(why) => dropped.push((name.clone(), why)),
        }
    }
    kept
}

impl Preprocessor {
    /// The two last numeric inputs of the dense view for a flow that ended at `end`, whose entity's previous flow
    /// ended at `previous_end` (microseconds; as [`GapMemory::visit`] answers): the scaled gap, and 1 for a first
    /// flow. Training, files and live traffic all call this. Of no meaning where [`Preprocessor::gap`] is `None`.
    pub fn gap_inputs(&self, previous_end: Option<i64>, end: i64) -> [f32; 2] {
        match &self.gap {
            Some(gap) => gap.inputs(previous_end, end),
            None => [0.0, 1.0],
        }
    }

    /// How the gap is scaled and remembered; `None` where the dense view has no gap inputs.
    pub fn gap(&self) -> Option<&GapScaling> {
        self.gap.as_ref()
    }

    /// Columns that carry nothing in the training part, and why.
    pub fn dropped(&self) -> &[(String, String)] {
        &self.dropped
    }

    /// The config it was fitted with.
    pub fn config(&self) -> &PreprocessConfig {
        &self.config
    }

    /// What it was fitted on.
    pub fn training(&self) -> TrainingRows {
        self.training
    }

    /// The kept number columns.
    pub fn numeric(&self) -> &[FittedNumeric] {
        &self.numeric
    }

    /// The kept text columns.
    pub fn categorical(&self) -> &[FittedCategorical] {
        &self.categorical
    }

    /// Names of the forest's columns. A text column that is also a number column is told apart by its name's end.
    pub fn tabular_names(&self) -> Vec<String> {
        self.numeric.iter().map(|c| c.name.clone()).chain(self.code_names()).collect()
    }

    /// Names of the dense view's numeric inputs, `(n_numeric)`.
    pub fn numeric_names(&self) -> Vec<String> {
        let numbers = self.numeric.iter().map(|c| c.name.clone());
        let indicators = self.with_missing().map(|c| format!("{} is missing", c.name));
        let gap = self.gap.iter().flat_map(|_| GAP_NAMES.map(str::to_owned));
        numbers.chain(indicators).chain(gap).collect()
    }

    /// Width of the dense view's numeric rows.
    pub fn n_numeric(&self) -> usize {
        self.numeric.len() + self.with_missing().count() + self.gap.iter().len() * GAP_NAMES.len()
    }

    /// Names of the dense view's categorical inputs.
    pub fn code_names(&self) -> Vec<String> {
        let is_number = |name: &str| self.numeric.iter().any(|c| c.name == name);
        let name = |name: &String| if is_number(name) { format!("{name} (as text)") } else { name.clone() };
        self.categorical.iter().map(|c| name(&c.name)).collect()
    }

    /// Distinct codes of each categorical input, `other` included.
    pub fn cardinality(&self) -> Vec<u32> {
        self.categorical.iter().map(FittedCategorical::cardinality).collect()
    }

    /// `scaler_lstm.npy`: f64 `(2, n_numeric)`, what is subtracted from each input of the dense view after filling and
    /// transforming, and what then divides it (mean and deviation with `scale: standard`); 0 and 1 for 0/1 inputs.
    pub fn scaler_npy(&self) -> Vec<u8> {
        let mut centers: Vec<f64> = self.numeric.iter().map(|c| c.center).collect();
        let mut spreads: Vec<f64> = self.numeric.iter().map(|c| c.spread).collect();
        centers.resize(self.numeric.len() + self.with_missing().count(), 0.0);
        spreads.resize(centers.len(), 1.0);
        if let Some(gap) = &self.gap {
            centers.extend([gap.mean, 0.0]);
            spreads.extend([gap.deviation, 1.0]);
        }
        npy::npy(&[centers, spreads])
    }

    /// Columns whose absence is an input.
    fn with_missing(&self) -> impl Iterator<Item = &FittedNumeric> {
        self.numeric.iter().filter(|c| c.missing_rows > 0)
    }
}
