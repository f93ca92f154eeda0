//! Which rows count, and how much.

use nta_data::Label;

use crate::DensityError;

/// Weights are whole multiples of this, so that their sums are exact in f64 in any order.
const STEP: f64 = 1.0 / (1 << 20) as f64;

/// Up to this, sums of such multiples are exact.
pub(crate) const MOST_WEIGHT: f64 = (1u64 << 32) as f64;

/// The benign rows of a weight above 0.
#[derive(Debug)]
pub(crate) struct BenignRows {
    rows: Vec<usize>,
    /// One a row; `None` where each weighs 1.
    weights: Option<Vec<f32>>,
}

impl BenignRows {
    /// The benign rows by `y`, `weights` `(n_rows)` if there are any.
    pub(crate) fn of(y: &[Label], weights: Option<&[f32]>) -> Result<Self, DensityError> {
        let benign = (0..y.len()).filter(|&row| !y[row].is_attack());
        let found = match weights {
            None => BenignRows { rows: benign.collect(), weights: None },
            Some(weights) => {
                check(weights, y.len())?;
                let rows: Vec<usize> = benign.filter(|&row| weights[row] > 0.0).collect();
                let weights = rows.iter().map(|&row| in_steps(weights[row])).collect();
                BenignRows { rows, weights: Some(weights) }
            }
        };
        let total: f64 = found.iter().map(|(_, weight)| f64::from(weight)).sum();
        match total {
            0.0 => Err(DensityError::NoBenignRows { rows: y.len() }),
            total if total > MOST_WEIGHT => Err(DensityError::TooHeavy { total, most: MOST_WEIGHT }),
            _ => Ok(found),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// One a row that counts; `None` where each weighs 1.
    pub(crate) fn weights(&self) -> Option<&[f32]> {
        self.weights.as_deref()
    }

    /// Each row that counts, and its weight.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, f32)> {
        self.rows.iter().enumerate().map(|(i, &row)| (row, self.weights.as_ref().map_or(1.0, |weights| weights[i])))
    }
}

fn check(weights: &[f32], rows: usize) -> Result<(), DensityError> {
    if weights.len() != rows {
        return Err(DensityError::WeightsDiffer { rows, weights: weights.len() });
    }
    match weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        Some(row) => Err(DensityError::BadWeight { row, value: weights[row] }),
        None => Ok(()),
    }
}

/// A weight above 0, rounded to a whole number of steps, at least one. f32 holds it: it has fewer bits than before.
pub(crate) fn in_steps(weight: f32) -> f32 {
    ((f64::from(weight) / STEP).round().max(1.0) * STEP) as f32
}
