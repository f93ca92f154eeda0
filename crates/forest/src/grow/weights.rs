//! Weights of rows as whole numbers, so that sums of them are exact and need no order.

use rayon::prelude::*;

use nta_data::Label;

use crate::ForestError;

/// What the power of two at or above the largest weight is held as. Weights that are whole numbers, or fractions with a
/// power of two below, lose nothing within nine decimal digits of the largest.
pub(crate) const UNITS: u32 = 1 << 30;

/// Weights `(n_rows)` in units, 0 only for 0: a row that takes no part.
pub(crate) fn in_units(weights: &[f32], y: &[Label]) -> Result<Vec<u32>, ForestError> {
    if weights.len() != y.len() {
        return Err(ForestError::WeightsDiffer { rows: y.len(), weights: weights.len() });
    }
    if let Some(row) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        return Err(ForestError::BadWeight { row, value: weights[row] });
    }
    for (label, class) in [(Label::Benign, "benign"), (Label::Attack, "attacks")] {
        if !weights.iter().zip(y).any(|(w, l)| *w > 0.0 && *l == label) {
            return Err(ForestError::NoWeight { class });
        }
    }
    let largest = weights.iter().fold(0.0f32, |a, &b| a.max(b));
    let scale = f64::from(UNITS) / f64::from(largest).log2().ceil().exp2();
    let unit = |&weight: &f32| match weight > 0.0 {
        true => ((f64::from(weight) * scale).round() as u32).clamp(1, UNITS),
        false => 0,
    };
    Ok(weights.par_iter().map(unit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_weights_keep_their_proportions_exactly() {
        let y = [Label::Benign, Label::Attack, Label::Attack, Label::Benign, Label::Benign];
        let units = in_units(&[1.0, 2.0, 3.0, 0.0, 1e-30], &y).unwrap();
        assert_eq!(units, [1 << 28, 1 << 29, 3 << 28, 0, 1]);
        assert_eq!(in_units(&[1.0; 5], &y).unwrap(), [UNITS; 5]);
    }

    #[test]
    fn what_is_no_weight_is_named() {
        let y = [Label::Benign, Label::Attack];
        let error = |weights: &[f32]| in_units(weights, &y).unwrap_err().to_string();
        assert_eq!(error(&[1.0]), "the forest got 2 rows and 1 weights; there must be one weight a row");
        assert_eq!(error(&[1.0, -2.0]), "the weight of row 1 is -2; weights are finite and at least 0");
        assert!(error(&[f32::NAN, 1.0]).contains("row 0 is NaN"));
        assert_eq!(error(&[1.0, 0.0]), "no attacks have a weight above 0; the forest needs both classes");
    }
}
