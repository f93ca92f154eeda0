//! Why rows have their scores, by the features of the forest.

use std::sync::Arc;

use nta_data::Dataset;
use nta_forest::Explainer;

use crate::{Model, ModelError};

/// What a feature added to a row's score by the forest, or took from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The feature's name.
    pub feature: String,
    /// Its Shapley value: all features' together are the score minus the forest's mean score in training.
    pub contribution: f32,
}

/// Finds the reasons for a model's scores, made ready once for any number of rows.
#[derive(Debug)]
pub struct Reasons {
    model: Arc<Model>,
    explainer: Explainer,
}

impl Reasons {
    /// Lays out the forest of `model` for explanations.
    ///
    /// # Errors
    /// A model without a forest, a forest from a file too old to explain.
    pub fn new(model: Arc<Model>) -> Result<Self, ModelError> {
        let forest = model.members.iter().find_map(|m| m.member.forest());
        let forest = forest.ok_or_else(|| ModelError::parts("no member is a forest, which alone can be explained"))?;
        let explainer = forest.explainer().map_err(ModelError::parts)?;
        Ok(Reasons { model, explainer })
    }

    /// The `most` features of the largest contributions to the forest's score, for each of the rows `which` of `rows`,
    /// largest first; features that contributed nothing are left out. See [`nta_forest::Explainer::explain`].
    ///
    /// # Errors
    /// Rows of another schema.
    pub fn of(&self, rows: &Dataset, which: &[u32], most: usize) -> Result<Vec<Vec<Reason>>, ModelError> {
        let tabular = self.model.preprocessor.tabular(&rows.take(which)).map_err(ModelError::rows)?;
        let all: Vec<u32> = (0..which.len() as u32).collect();
        let explained = self.explainer.explain(&tabular, &all).map_err(ModelError::rows)?;
        let of = |i: usize| {
            let row = explained.row(i);
            let mut order: Vec<usize> = (0..row.len()).filter(|&j| row[j] != 0.0).collect();
            // Equal contributions stay in the order of the features.
            order.sort_by(|&a, &b| row[b].abs().total_cmp(&row[a].abs()));
            order.truncate(most);
            let reason = |j: usize| Reason { feature: self.explainer.names()[j].clone(), contribution: row[j] };
            order.into_iter().map(reason).collect()
        };
        Ok((0..which.len()).map(of).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nta_data::Order;

    use crate::fixture::{model, traffic};
    use crate::{Reasons, Scorer};

    #[test]
    fn all_reasons_together_are_the_score_minus_the_mean_in_training() {
        let (model, rows) = (model(Order::None), traffic(60, 9, Order::None));
        let scores = Scorer::new(Arc::clone(&model)).unwrap().score(&rows).unwrap();
        let which = [3u32, 41, 7];
        let finder = Reasons::new(model).unwrap();
        let reasons = finder.of(&rows, &which, usize::MAX).unwrap();
        let sum = |i: usize| reasons[i].iter().map(|r| f64::from(r.contribution)).sum::<f64>();
        let score = |i: usize| f64::from(scores.members()[0].p_attack[which[i] as usize]);
        let base = score(0) - sum(0);
        for i in 1..3 {
            assert!((score(i) - sum(i) - base).abs() < 1e-5, "{} and {base}", score(i) - sum(i));
        }
        let two = finder.of(&rows, &which, 2).unwrap();
        assert_eq!(two[1][..], reasons[1][..two[1].len()]);
        assert!(reasons.iter().all(|r| r.is_sorted_by(|a, b| a.contribution.abs() >= b.contribution.abs())));
    }
}
