//! A threshold from cross-fitted scores: each row's by a model that has not seen it, of which there are several, and none of
//! them is the one that the threshold is for.
//!
//! That the shipped model's rate is the folds' needs more than exchangeable rows: that some more training rows hardly move
//! benign scores. (The folds' models together, each held against the scores of its own fold, would keep twice the budget
//! whatever the learner: Barber, Candès, Ramdas and Tibshirani 2021, "Predictive inference with the jackknife+", Annals of
//! Statistics 49; for out-of-bag scores Kim, Xu and Barber 2020.) So a part of the error that the confidence allows is kept
//! back for it, and the cut has to hold in every fold by itself: where models of different rows score differently, the fold
//! that scores highest decides.

use nta_data::Label;

use super::budget::{BudgetError, rows_needed};
use super::rule::just_above;
use super::{Budget, ChosenThreshold, PartScores, ThresholdRule};
use crate::ConfusionMatrix;
use crate::error::MetricsError;

/// What the fits that scored rows have learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// All other rows, or the rows that a tree has not drawn: nearly what the members to ship learn from.
    Dealt,
    /// The rows before those that they scored: much less, and rates of the members to ship scatter more about theirs.
    InTime,
}

impl Folding {
    /// The part of the error that is left to chance among the rows; measured in docs/cross-fitting.md.
    fn left_to_chance(self) -> f64 {
        match self {
            Folding::Dealt => 0.5,
            Folding::InTime => 0.25,
        }
    }

    fn strict(self, budget: &Budget) -> Budget {
        Budget { confidence: 1.0 - (1.0 - budget.confidence) * self.left_to_chance(), ..*budget }
    }
}

impl ThresholdRule {
    /// Benign rows that a threshold by [`ThresholdRule::choose_cross_fitted`] needs; 0 where the rule is no budget.
    ///
    /// # Errors
    /// A budget out of range.
    pub fn cross_fitted_rows_needed(&self, folding: Folding) -> Result<u64, BudgetError> {
        match self {
            ThresholdRule::Budget(budget) => rows_needed(&folding.strict(budget)),
            _ => Ok(0),
        }
    }

    /// Chooses as [`ThresholdRule::choose`] does, where `fold` `(n_rows)` tells by which model a row of `threshold` was
    /// scored, each fitted by `folding`.
    ///
    /// # Errors
    /// Those of `choose`; fewer benign rows than the budget needs at the part of its error that is left.
    pub fn choose_cross_fitted(
        &self,
        calibration: &PartScores<'_>,
        threshold: &PartScores<'_>,
        fold: &[u32],
        folding: Folding,
    ) -> Result<ChosenThreshold, MetricsError> {
        let ThresholdRule::Budget(budget) = self else { return self.choose(calibration, threshold) };
        let budget = folding.strict(budget);
        let mut chosen = self.raised(&budget, threshold.scores, threshold.labels, fold)?;
        if let Some(copies) = threshold.copies {
            let fresh: Vec<usize> = (0..fold.len()).filter(|&row| !copies[row]).collect();
            let scores: Vec<f32> = fresh.iter().map(|&row| threshold.scores[row]).collect();
            let labels: Vec<Label> = fresh.iter().map(|&row| threshold.labels[row]).collect();
            let fold: Vec<u32> = fresh.iter().map(|&row| fold[row]).collect();
            chosen.without_copies = self.raised(&budget, &scores, &labels, &fold).ok().map(|fresh| fresh.value);
        }
        Ok(chosen)
    }

    fn raised(
        &self,
        strict: &Budget,
        scores: &[f32],
        labels: &[Label],
        fold: &[u32],
    ) -> Result<ChosenThreshold, MetricsError> {
        let part = PartScores { scores, labels, copies: None };
        let chosen = ThresholdRule::Budget(*strict).choose(&part, &part)?;
        let floor = highest_of_folds(strict.false_positive_rate, scores, labels, fold);
        let chosen = ChosenThreshold { rule: *self, ..chosen };
        if floor < chosen.value {
            return Ok(chosen);
        }
        let value = just_above(floor, scores);
        let matrix = ConfusionMatrix::at_threshold(labels, scores, value)?;
        let benign = |is: &dyn Fn(f32) -> bool| {
            scores.iter().zip(labels).filter(|(score, label)| !label.is_attack() && is(**score)).count() as u64
        };
        let nothing = "the cut that holds in each fold by itself lies above all scores".to_owned();
        Ok(ChosenThreshold {
            value,
            expected_fpr: matrix.fpr(),
            expected_recall: matrix.recall(),
            rank: Some(benign(&|score| score <= value)),
            tied_benign_rows: benign(&|score| score == floor),
            reason: chosen.reason.or((value >= 1.0).then_some(nothing)),
            ..chosen
        })
    }
}

/// The highest of the folds' cuts at which each keeps the rate by itself. A fold too small for one false alarm within the
/// rate has no say.
fn highest_of_folds(rate: f64, scores: &[f32], labels: &[Label], fold: &[u32]) -> f32 {
    let n_folds = fold.iter().max().map_or(0, |most| *most as usize + 1);
    let mut of_fold = vec![Vec::new(); n_folds];
    for ((score, label), &fold) in scores.iter().zip(labels).zip(fold) {
        if !label.is_attack() {
            of_fold[fold as usize].push(*score);
        }
    }
    let cut = |mut benign: Vec<f32>| {
        let allowed = (benign.len() as f64 * rate) as usize;
        benign.sort_unstable_by(f32::total_cmp);
        (allowed > 0).then(|| benign[benign.len() - 1 - allowed])
    };
    of_fold.into_iter().filter_map(cut).fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(scores: &[f32], fold: &[u32], copies: Option<&[bool]>) -> ChosenThreshold {
        choose_by(Folding::Dealt, scores, fold, copies)
    }

    fn choose_by(folding: Folding, scores: &[f32], fold: &[u32], copies: Option<&[bool]>) -> ChosenThreshold {
        let labels = vec![Label::Benign; scores.len()];
        let part = PartScores { scores, labels: &labels, copies };
        ThresholdRule::Budget(Budget::default()).choose_cross_fitted(&part, &part, fold, folding).unwrap()
    }

    #[test]
    fn half_of_the_error_is_kept_back() {
        // scipy 1.17.1: of 1,000 rows 4 may lie above at 95 %, 3 at 97.5 %.
        let scores: Vec<f32> = (0..1_000).map(|i| i as f32 / 1_000.0).collect();
        let fold: Vec<u32> = (0..1_000).map(|i| i % 2).collect();
        let chosen = choose(&scores, &fold, None);
        assert_eq!((chosen.expected_fpr, chosen.rank), (Some(0.003), Some(997)));
        assert_eq!(chosen.rule, ThresholdRule::Budget(Budget::default()));
        assert!(chosen.violation_bound.unwrap() <= 0.025);
        // ln .025 and ln .0125 over ln .99, rounded up.
        let needed = |folding| ThresholdRule::Budget(Budget::default()).cross_fitted_rows_needed(folding).unwrap();
        assert_eq!((needed(Folding::Dealt), needed(Folding::InTime)), (368, 437));
    }

    #[test]
    fn three_quarters_of_the_error_are_kept_back_where_folds_are_cut_in_time() {
        // scipy 1.17.1: of 2,000 rows 11 may lie above at 97.5 %, 10 at 98.75 %.
        let scores: Vec<f32> = (0..2_000).map(|i| i as f32 / 2_000.0).collect();
        let fold: Vec<u32> = (0..2_000).map(|i| i % 2).collect();
        let rate = |folding| choose_by(folding, &scores, &fold, None).expected_fpr;
        assert_eq!([rate(Folding::Dealt), rate(Folding::InTime)], [Some(0.0055), Some(0.005)]);
    }

    #[test]
    fn the_fold_that_scores_highest_decides() {
        // The second fold's scores lie above the first's: alone it keeps 1 % at its 991st, .95 + .0001 * 990.
        let scores: Vec<f32> = (0..20_000)
            .map(|i| if i < 19_000 { i as f32 / 40_000.0 } else { 0.5 + (i - 19_000) as f32 / 4_000.0 })
            .collect();
        let fold: Vec<u32> = (0..20_000).map(|i| u32::from(i >= 19_000)).collect();
        let chosen = choose(&scores, &fold, None);
        assert_eq!((chosen.expected_fpr, chosen.rank), (Some(10.0 / 20_000.0), Some(19_990)));
        let alike = choose(&scores, &vec![0; 20_000], None);
        assert!(alike.value < chosen.value && alike.expected_fpr.unwrap() > 0.008);
    }

    #[test]
    fn copies_are_left_out_with_their_folds() {
        let scores: Vec<f32> = (0..2_000).map(|i| i as f32 / 2_000.0).collect();
        let fold: Vec<u32> = (0..2_000).map(|i| i % 2).collect();
        let copies: Vec<bool> = (0..2_000).map(|i| i >= 1_000).collect();
        let chosen = choose(&scores, &fold, Some(&copies));
        assert!((chosen.without_copies.unwrap() - 0.498).abs() < 1e-3, "{:?}", chosen.without_copies);
        // Of 600 rows none may lie above at 97.5 %; the highest score ties with the threshold.
        assert_eq!(choose(&scores[..600], &fold[..600], None).expected_fpr, Some(1.0 / 600.0));
    }
}
