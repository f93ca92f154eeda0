//! What each feature is worth on rows that the forest has not learned from: the loss when its values are shuffled
//! (Breiman 2001).

use nta_data::{Label, Purpose, Tabular, Watch, rng};
use rand_core::RngCore;

use crate::bootstrap::below;
use crate::input::{check_finite, columns_by_name};
use crate::{Forest, ForestError};

/// How good scores are, the higher the better; `None` where it is undefined (one class only).
pub type Quality<'a> = &'a dyn Fn(&[f32], &[Label]) -> Option<f64>;

/// What shuffling a feature costs.
#[derive(Debug, Clone, PartialEq)]
pub struct PermutationImportance {
    /// The feature.
    pub name: String,
    /// Quality of the scores minus quality with the feature's values shuffled among the rows, mean over the shuffles.
    /// Below 0 if shuffling helped by chance.
    pub mean: f64,
    /// Where that mean would lie, in 95 of 100 cases, for ever more shuffles of the same rows (normal approximation).
    /// It tells nothing about other rows.
    pub interval: [f64; 2],
}

impl Forest {
    /// What shuffling each feature costs, in the order of training, `(n_features)`; exactly 0 for a feature that no tree
    /// asks for. Features that say the same stand in for each other: together they may be worth much and alone little.
    ///
    /// `x` and `y` are held-out rows, `repeats` the shuffles of each feature, at least 2. The result depends on the
    /// arguments alone. `watch` is told of every feature done and asked to stop between shuffles.
    ///
    /// # Errors
    /// What [`Forest::predict_proba`] refuses, labels that do not go with the rows, fewer than 2 repeats, a quality that
    /// is undefined on these rows, cancelled.
    pub fn permutation_importances(
        &self,
        x: &Tabular,
        y: &[Label],
        quality: Quality<'_>,
        repeats: u32,
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<Vec<PermutationImportance>, ForestError> {
        let columns = columns_by_name(&self.names, x)?;
        check_finite(x)?;
        if y.len() != x.n_rows() {
            return Err(ForestError::LabelsDiffer { rows: x.n_rows(), labels: y.len() });
        }
        if repeats < 2 {
            return Err(ForestError::TooFewRepeats { repeats });
        }
        let judge = |scores: &[f32]| quality(scores, y).ok_or(ForestError::QualityUndefined);
        let whole = judge(&self.scores(&columns, y.len()))?;
        let asked = self.features_asked();
        let mut shuffled = Vec::with_capacity(y.len());
        let mut importances = Vec::with_capacity(self.n_features());
        for (feature, name) in self.names.iter().enumerate() {
            let (column, mut costs) = (columns[feature], Vec::with_capacity(repeats as usize));
            for repeat in 0..repeats {
                if watch.cancelled() {
                    return Err(ForestError::Cancelled);
                }
                if !asked[feature] {
                    costs.push(0.0);
                    continue;
                }
                shuffle(column, &mut shuffled, seed, feature as u64, repeat.into());
                // Only this column is another one; the table stays where it is.
                let mut with_shuffled = columns.clone();
                with_shuffled[feature] = &shuffled;
                costs.push(whole - judge(&self.scores(&with_shuffled, y.len()))?);
            }
            importances.push(summary(name.clone(), &costs));
            watch.step(feature as u64 + 1, self.n_features() as u64);
        }
        Ok(importances)
    }

    fn features_asked(&self) -> Vec<bool> {
        let mut asked = vec![false; self.n_features()];
        for node in self.trees.nodes.iter().filter(|node| !node.is_leaf()) {
            asked[self.links.feature(node.link)] = true;
        }
        asked
    }
}

/// `column` in an order of its own for each (seed, feature, repeat) (Fisher and Yates).
fn shuffle(column: &[f32], shuffled: &mut Vec<f32>, seed: u64, feature: u64, repeat: u64) {
    shuffled.clear();
    shuffled.extend_from_slice(column);
    let mut random = rng(seed, Purpose::Permutation, feature, repeat);
    for last in (1..shuffled.len()).rev() {
        shuffled.swap(last, below(random.next_u32(), last + 1));
    }
}

/// `costs` holds at least two.
fn summary(name: String, costs: &[f64]) -> PermutationImportance {
    let n = costs.len() as f64;
    let mean = costs.iter().sum::<f64>() / n;
    let variance = costs.iter().map(|cost| (cost - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let reach = 1.96 * (variance / n).sqrt();
    PermutationImportance { name, mean, interval: [mean - reach, mean + reach] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_a_mean() {
        let found = summary("a".to_owned(), &[1.0, 2.0, 3.0]);
        // Standard deviation 1, standard error 1 / sqrt(3).
        assert_eq!(found.mean, 2.0);
        assert!((found.interval[1] - 2.0 - 1.96 / 3f64.sqrt()).abs() < 1e-12);
        assert!((found.interval[0] + found.interval[1] - 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_shuffle_keeps_the_values_and_each_has_its_own_order() {
        let column: Vec<f32> = (0..100).map(|i| i as f32).collect();
        let (mut one, mut other) = (Vec::new(), Vec::new());
        shuffle(&column, &mut one, 1, 2, 3);
        shuffle(&column, &mut other, 1, 2, 4);
        assert_ne!(one, other);
        one.sort_by(f32::total_cmp);
        assert_eq!(one, column);
    }
}
