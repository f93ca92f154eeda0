//! How a threshold is chosen: by a budget, by the best F1, or fixed. Every member and the hybrid get theirs by the
//! same rule.

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::budget::{Budget, umbrella_threshold};
use super::group_by::Groups;
use crate::error::{MetricsError, all_scores, same_length};
use crate::percent::percent;
use crate::{ConfusionMatrix, Ranking};

/// The rule by which a threshold is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ThresholdRule {
    /// At most this share of false alarms, with this confidence, on the threshold part.
    Budget(Budget),
    /// The highest F1 on the calibration part.
    BestF1,
    /// This value.
    Fixed(f32),
    /// The cut that holds in most groups of benign flows of the threshold part.
    Groups(Groups),
}

/// The scores of one member on one part.
#[derive(Debug, Clone, Copy)]
pub struct PartScores<'a> {
    /// Probability of attack, `(n_rows)`.
    pub scores: &'a [f32],
    /// Truth, `(n_rows)`.
    pub labels: &'a [Label],
    /// Whether a row's exact copy stands in train, `(n_rows)`, where that is known.
    pub copies: Option<&'a [bool]>,
}

/// A threshold and how it came about. A flow is flagged when `score > value`, strictly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChosenThreshold {
    /// The threshold; for a budget a hair above the order statistic, between it and a score that is further off than rounding.
    pub value: f32,
    /// The rule that chose it.
    pub rule: ThresholdRule,
    /// Benign rows of the part it was chosen on (the threshold part; the calibration part for `best_f1`).
    pub benign_rows: u64,
    /// Attacks of that part.
    pub attack_rows: u64,
    /// Share of that part's benign rows that lie above it: the rate to expect; null where it has none.
    pub expected_fpr: Option<f64>,
    /// Share of that part's attacks that lie above it; null where it has none.
    pub expected_recall: Option<f64>,
    /// For a budget: rank of the order statistic among the benign scores, ascending, from 1.
    pub rank: Option<u64>,
    /// For a budget: bound on the probability that the true rate exceeds it.
    pub violation_bound: Option<f64>,
    /// Benign rows whose score equals the threshold, or the order statistic it lies above, and which are therefore not flagged.
    pub tied_benign_rows: u64,
    /// What the same rule chooses when rows whose exact copy stands in train are left out; null where that is not
    /// known, or where the rows left are too few.
    pub without_copies: Option<f32>,
    /// Why nothing is flagged, or why less than the budget allows; null where neither is so.
    pub reason: Option<String>,
}

impl ChosenThreshold {
    /// Whether no score can lie above the threshold.
    pub fn flags_nothing(&self) -> bool {
        self.value >= 1.0
    }

    /// Whether a flow of this score is flagged.
    pub fn flags(&self, score: f32) -> bool {
        score > self.value
    }
}

impl ThresholdRule {
    /// Chooses the threshold for one member's scores. A budget reads the `threshold` part, `best_f1` the
    /// `calibration` part; `fixed` reads the threshold part only to say what to expect of it.
    pub fn choose(
        &self,
        calibration: &PartScores<'_>,
        threshold: &PartScores<'_>,
    ) -> Result<ChosenThreshold, MetricsError> {
        let (part, name) = match self {
            ThresholdRule::BestF1 => (calibration, "calibration"),
            ThresholdRule::Budget(_) | ThresholdRule::Fixed(_) | ThresholdRule::Groups(_) => (threshold, "threshold"),
        };
        part.check(name)?;
        let mut chosen = self.choose_on(part.scores, part.labels)?;
        if let Some(copies) = part.copies {
            let (scores, labels) = part.without(copies);
            chosen.without_copies = self.choose_on(&scores, &labels).ok().map(|fresh| fresh.value);
        }
        Ok(chosen)
    }

    fn choose_on(&self, scores: &[f32], labels: &[Label]) -> Result<ChosenThreshold, MetricsError> {
        let (value, tied_at, rank, violation_bound, reason) = match self {
            ThresholdRule::Fixed(value) => (*value, *value, None, None, None),
            // Rows alone have no groups: see `Groups::choose`.
            ThresholdRule::Groups(_) => return Err(MetricsError::NoGroups { rows: labels.len() }),
            ThresholdRule::BestF1 => {
                let value = best_f1_threshold(scores, labels)?;
                (value, value, None, None, None)
            }
            ThresholdRule::Budget(budget) => {
                let benign: Vec<f32> =
                    scores.iter().zip(labels).filter(|(_, l)| !l.is_attack()).map(|(s, _)| *s).collect();
                let found = umbrella_threshold(&benign, budget.false_positive_rate, budget.confidence)?;
                let value = just_above(found.value, scores);
                (value, found.value, Some(found.rank), Some(found.violation_bound), found.reason)
            }
        };
        let matrix = ConfusionMatrix::at_threshold(labels, scores, value)?;
        let tied = scores.iter().zip(labels).filter(|(s, l)| **s == tied_at && !l.is_attack()).count();
        Ok(ChosenThreshold {
            value,
            rule: *self,
            benign_rows: matrix.benign(),
            attack_rows: matrix.attacks(),
            expected_fpr: matrix.fpr(),
            expected_recall: matrix.recall(),
            rank,
            violation_bound,
            tied_benign_rows: tied as u64,
            without_copies: None,
            reason,
        })
    }

    /// The rule in a few words: `FPR <= 1.0 % at 95.0 % confidence`, `best F1`, `fixed at 0.5`.
    pub fn describe(&self) -> String {
        match self {
            ThresholdRule::Budget(budget) => {
                format!("FPR ≤ {} at {} confidence", percent(budget.false_positive_rate), percent(budget.confidence))
            }
            ThresholdRule::BestF1 => "best F1".to_owned(),
            ThresholdRule::Fixed(value) => format!("fixed at {value}"),
            ThresholdRule::Groups(groups) => {
                let (rate, share) = (percent(groups.false_positive_rate), percent(groups.share));
                format!("FPR ≤ {rate} in {share} of {}", groups.by.groups())
            }
        }
    }
}

impl PartScores<'_> {
    fn check(&self, part: &str) -> Result<(), MetricsError> {
        let n = self.labels.len();
        same_length(&format!("the {part} part's scores column"), n, self.scores.len())?;
        all_scores(&format!("the {part} part's"), self.scores)?;
        self.copies.map_or(Ok(()), |c| same_length(&format!("the {part} part's copies column"), n, c.len()))
    }

    fn without(&self, copies: &[bool]) -> (Vec<f32>, Vec<Label>) {
        let rows = self.scores.iter().zip(self.labels).zip(copies);
        rows.filter(|(_, copy)| !**copy).map(|((score, label), _)| (*score, *label)).unzip()
    }
}

/// A threshold lies at most this far above its order statistic.
const MOST_ABOVE: f32 = 1.0 / 4_096.0;

/// Scores nearer to each other than this share of themselves are one score: the rounding of another program moves a
/// network's score by some millionths of itself.
pub(super) const ONE_SCORE: f32 = 1.0 / 65_536.0;

/// Scores that a threshold passes at most in search of room; then it takes the widest that it met.
const MOST_PASSED: usize = 16;

/// Half-way from `value` to the next score above it among `scores`, but hardly above `value`: the same rows are flagged, and
/// the budget is kept all the more. A row that has this very score again is then told apart from the threshold by more
/// than another program's rounding. Where the next score leaves no room for that, it counts as the same score, and the
/// threshold lies above it too. A threshold that flags nothing stays.
pub(super) fn just_above(value: f32, scores: &[f32]) -> f32 {
    let mut above: Vec<f32> = scores.iter().copied().filter(|score| *score > value).collect();
    above.sort_unstable_by(f32::total_cmp);
    above.dedup();
    let places: Vec<f32> = std::iter::once(value).chain(above).chain([1.0]).collect();
    let gaps = || places.windows(2).take(1 + MOST_PASSED).map(|gap| (gap[0], gap[1]));
    let room = |(low, high): &(f32, f32)| (high - low) / low;
    let wide = gaps().find(|gap| room(gap) > ONE_SCORE);
    let widest = || gaps().max_by(|a, b| room(a).total_cmp(&room(b)));
    let (low, high) = wide.or_else(widest).unwrap_or((value, value));
    let middle = low + ((high - low) / 2.0).min(MOST_ABOVE);
    // Neighbouring floats have no middle.
    if middle < high { middle } else { low }
}

/// The threshold of highest F1, half-way between the lowest score flagged and the next one below. Of equal F1 the
/// highest threshold, for it raises fewer alarms. A score of 0 is never flagged.
pub fn best_f1_threshold(scores: &[f32], labels: &[Label]) -> Result<f32, MetricsError> {
    let ranking = Ranking::new(scores, labels)?;
    if ranking.attacks() == 0 {
        return Err(MetricsError::NoAttacks { rows: labels.len() });
    }
    let cuts = ranking.cuts();
    let mut best = (0.0, 1.0f32);
    for (i, cut) in cuts.iter().enumerate().filter(|(_, cut)| cut.score > 0.0) {
        let f1 = ranking.confusion(cut).f1().unwrap_or(0.0);
        if f1 > best.0 {
            let below = cuts.get(i + 1).map_or(0.0, |next| next.score);
            let middle = below + (cut.score - below) / 2.0;
            // Neighbouring floats have no middle; the lower one serves, for a flag needs a score strictly above.
            best = (f1, if middle < cut.score { middle } else { below });
        }
    }
    Ok(best.1)
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::tests::{LABELS, SCORES};

    fn part<'a>(scores: &'a [f32], labels: &'a [Label], copies: Option<&'a [bool]>) -> PartScores<'a> {
        PartScores { scores, labels, copies }
    }

    #[test]
    fn the_best_f1_lies_where_scikit_learn_finds_it() {
        // scikit-learn 1.9.1, f1_score over all cuts: 0.7692 at scores >= 0.5; the next score below is 0.25.
        assert_eq!(best_f1_threshold(&SCORES, &LABELS).unwrap(), 0.375);
        let matrix = ConfusionMatrix::at_threshold(&LABELS, &SCORES, 0.375).unwrap();
        assert!((matrix.f1().unwrap() - 0.7692307692307693).abs() < 1e-15);
    }

    #[test]
    fn best_f1_between_neighbouring_floats_still_parts_them() {
        let low = 0.5f32;
        let high = f32::from_bits(low.to_bits() + 1);
        let threshold = best_f1_threshold(&[low, high], &[Label::Benign, Label::Attack]).unwrap();
        assert!(high > threshold && low <= threshold);
        // Attacks of score 0 cannot be flagged at all.
        assert_eq!(best_f1_threshold(&[0.0, 0.0], &[Label::Attack, Label::Benign]).unwrap(), 1.0);
        assert_eq!(best_f1_threshold(&[0.5], &[Label::Benign]).unwrap_err(), MetricsError::NoAttacks { rows: 1 });
    }

    #[test]
    fn each_rule_reads_its_own_part() {
        let (calibration, threshold) = ([0.25, 0.75], [0.125, 0.625]);
        let labels = [Label::Benign, Label::Attack];
        let choose = |rule: ThresholdRule| {
            rule.choose(&part(&calibration, &labels, None), &part(&threshold, &labels, None)).unwrap()
        };
        assert_eq!(choose(ThresholdRule::BestF1).value, 0.5);
        let fixed = choose(ThresholdRule::Fixed(0.625));
        assert_eq!((fixed.value, fixed.expected_fpr, fixed.expected_recall), (0.625, Some(0.0), Some(0.0)));
        let budget = Budget { false_positive_rate: 0.9, confidence: 0.5 };
        let chosen = choose(ThresholdRule::Budget(budget));
        assert_eq!(
            (chosen.value, chosen.rank, chosen.benign_rows, chosen.tied_benign_rows),
            (0.125 + MOST_ABOVE, Some(1), 1, 1)
        );
        assert!(chosen.violation_bound.unwrap() <= 0.5 && chosen.flags(0.2) && !chosen.flags(0.125));
        assert_eq!(ThresholdRule::Budget(budget).describe(), "FPR ≤ 90.0 % at 50.0 % confidence");
    }

    #[test]
    fn the_threshold_without_copies_stands_beside_the_one_with_them() {
        let scores: Vec<f32> = (0..1_000).map(|i| i as f32 / 1_000.0).collect();
        let labels = vec![Label::Benign; 1_000];
        let copies: Vec<bool> = (0..1_000).map(|i| i >= 500).collect();
        let rule = ThresholdRule::Budget(Budget::default());
        let chosen = rule.choose(&part(&[], &[], None), &part(&scores, &labels, Some(&copies))).unwrap();
        // scipy 1.17.1: of 1,000 rows 4 may lie above, of 500 one (0.0398; two: 0.1234).
        assert_eq!((chosen.value, chosen.without_copies), (0.995 + MOST_ABOVE, Some(0.498 + MOST_ABOVE)));
        let few: Vec<bool> = (0..1_000).map(|i| i >= 100).collect();
        let chosen = rule.choose(&part(&[], &[], None), &part(&scores, &labels, Some(&few))).unwrap();
        assert_eq!((chosen.value, chosen.without_copies), (0.995 + MOST_ABOVE, None));
    }

    #[test]
    fn a_budgets_threshold_lies_between_scores_and_flags_the_same_rows() {
        let next = |value: f32| f32::from_bits(value.to_bits() + 1);
        for (value, scores, expected) in [
            (0.5, vec![0.25, 0.5, 0.500_1], 0.500_05),
            (0.5, vec![0.25, 0.5, 0.75], 0.5 + MOST_ABOVE),
            (0.5, vec![0.25, 0.5], 0.5 + MOST_ABOVE),
            (0.0, vec![0.0, 0.0, 1e-6], 5e-7),
            (1.0, vec![0.5, 1.0], 1.0),
        ] {
            let found = just_above(value, &scores);
            assert!((found - expected).abs() < 1e-7, "{value} among {scores:?}: {found}");
            assert!(scores.iter().all(|&score| (score > found) == (score > value)), "{value} among {scores:?}");
        }
        // Scores that another program may take for each other are one: the threshold lies above all of them.
        assert_eq!(just_above(0.5, &[0.5, next(0.5), 0.75]), next(0.5) + MOST_ABOVE);
        // Where there is no room far and wide, not all alarms are given up for it.
        let dense: Vec<f32> = (0..1_000).map(|i| f32::from_bits(0.5f32.to_bits() + 2 * i)).collect();
        let found = just_above(0.5, &dense);
        assert!(found > 0.5 && dense.iter().filter(|&&score| score > found).count() > 980, "{found}");
    }

    #[test]
    fn a_chosen_threshold_survives_json_to_the_last_bit() {
        let rule = ThresholdRule::Fixed(0.1);
        let labels = [Label::Benign];
        let mut chosen = rule.choose(&part(&[], &[], None), &part(&[0.3], &labels, None)).unwrap();
        for bits in (0x3d00_0000u32..0x3f80_0000).step_by(104_729) {
            chosen.value = f32::from_bits(bits);
            let text = serde_json::to_string(&chosen).unwrap();
            assert_eq!(serde_json::from_str::<ChosenThreshold>(&text).unwrap(), chosen);
        }
    }
}
