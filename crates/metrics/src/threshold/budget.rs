//! A threshold that keeps a false positive budget: the Neyman–Pearson umbrella algorithm (Tong, Feng and Li 2018,
//! "Neyman-Pearson classification algorithms and NP receiver operating characteristics", Science Advances 4).
//!
//! Among `n` benign scores the k-th smallest as threshold lets the true false positive rate exceed `α` with
//! probability at most P[Binomial(n, 1 - α) >= k], whatever the scores' distribution. The smallest k whose bound is at
//! most `δ = 1 - confidence` is taken. Because a flow is flagged only when its score lies strictly above the
//! threshold, the bound holds with ties too: the rate exceeds α only where the k-th smallest score lies below the
//! (1 - α) quantile, and a row lies strictly below that quantile with probability at most 1 - α.
//! The bound assumes exchangeable rows; [`crate::clustered_fpr`] stands beside it where rows come from hosts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binomial::largest_count_within;
use crate::percent::percent;

/// What false alarms are affordable, and how surely they shall not be exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Largest share of benign flows that may be flagged, between 0 and 1 (0.01 is 1 %).
    pub false_positive_rate: f64,
    /// Probability that the threshold keeps the budget on traffic like that it was chosen on, between 0 and 1.
    pub confidence: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { false_positive_rate: 0.01, confidence: 0.95 }
    }
}

/// A budget that cannot be kept.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum BudgetError {
    /// So few benign rows that even their highest score bounds nothing.
    #[error(
        "a false positive budget of {} at {} confidence needs {needed} benign rows to choose the threshold on, and \
         there are {found}: {}", percent(*budget), percent(*confidence), supported_in_words(*found, *supported_budget)
    )]
    TooFewRows { budget: f64, confidence: f64, needed: u64, found: u64, supported_budget: f64 },
    /// A number that is no share.
    #[error("`{key}` is {value}: it must lie between 0 and 1, both excluded")]
    NotAShare { key: &'static str, value: f64 },
    /// NaN or worse among the scores.
    #[error("benign row {row} has the score {value}: a score is a number from 0 to 1")]
    NotAScore { row: usize, value: f32 },
}

fn supported_in_words(found: u64, supported: f64) -> String {
    if found == 0 {
        return "choose a split that leaves benign rows for it".to_owned();
    }
    // Rounded up, so that what is named can be asked for.
    let named = (supported * 1e5).ceil() / 1e5;
    format!("they support a budget of {named} or more; ask for that, or enlarge the threshold part")
}

/// The order statistic that keeps the budget. A flow is flagged when its score is above `value`, strictly.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetThreshold {
    /// The threshold.
    pub value: f32,
    /// Its rank among the benign scores in ascending order, from 1.
    pub rank: u64,
    /// Benign scores.
    pub benign_rows: u64,
    /// Bound on the probability that the true false positive rate exceeds the budget; at most 1 - confidence.
    pub violation_bound: f64,
    /// Benign scores above the threshold: the false alarms among these rows.
    pub above: u64,
    /// Benign scores equal to the threshold.
    pub tied: u64,
    /// Why nothing is flagged, or why less than the budget allows; `None` where neither is so.
    pub reason: Option<String>,
}

impl BudgetThreshold {
    /// Whether no score can lie above the threshold.
    pub fn flags_nothing(&self) -> bool {
        self.value >= 1.0
    }
}

/// Benign rows that a budget needs: the smallest n with `(1 - α)^n <= 1 - confidence`, ln δ / ln(1 - α) rounded up.
pub fn rows_needed(budget: &Budget) -> Result<u64, BudgetError> {
    check(budget)?;
    let exact = (1.0 - budget.confidence).ln() / (-budget.false_positive_rate).ln_1p();
    // An exact whole number may come out a rounding error above itself.
    let nearest = exact.round();
    let rows = if (exact - nearest).abs() < 1e-9 * nearest { nearest } else { exact.ceil() };
    Ok(rows.max(1.0) as u64)
}

/// The smallest budget that `rows` benign rows support at this confidence: `1 - δ^(1/n)`; 1 where there is no row.
pub fn supported_budget(rows: u64, confidence: f64) -> f64 {
    if rows == 0 { 1.0 } else { -((1.0 - confidence).ln() / rows as f64).exp_m1() }
}

/// The umbrella threshold for a false positive rate of at most `alpha` at `confidence`, from the scores of benign rows
/// that no fitted thing has seen, `(n)` in any order.
pub fn umbrella_threshold(benign_scores: &[f32], alpha: f64, confidence: f64) -> Result<BudgetThreshold, BudgetError> {
    let budget = Budget { false_positive_rate: alpha, confidence };
    let needed = rows_needed(&budget)?;
    if let Some(row) = benign_scores.iter().position(|s| !(0.0..=1.0).contains(s)) {
        return Err(BudgetError::NotAScore { row, value: benign_scores[row] });
    }
    let n = benign_scores.len() as u64;
    let allowed = if n < needed { None } else { largest_count_within(n, alpha, 1.0 - confidence) };
    let Some((allowed_above, violation_bound)) = allowed else {
        let supported_budget = supported_budget(n, confidence);
        return Err(BudgetError::TooFewRows { budget: alpha, confidence, needed, found: n, supported_budget });
    };
    let mut sorted = benign_scores.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    // `allowed_above < n`, since all of n rows lie above with probability α^n only.
    let rank = n - allowed_above;
    let value = sorted[rank as usize - 1];
    let above = n - sorted.partition_point(|s| *s <= value) as u64;
    let tied = n - above - sorted.partition_point(|s| *s < value) as u64;
    let reason = tie_reason(value, tied, above, n, alpha);
    Ok(BudgetThreshold { value, rank, benign_rows: n, violation_bound, above, tied, reason })
}

/// Ties at the threshold that leave the budget unused, in words.
fn tie_reason(value: f32, tied: u64, above: u64, n: u64, alpha: f64) -> Option<String> {
    let share = percent(tied as f64 / n as f64);
    if value >= 1.0 {
        return Some(format!(
            "nothing is flagged: {tied} of {n} benign rows ({share}) have the highest score there is, 1, which is more \
             than a budget of {} can bear",
            percent(alpha)
        ));
    }
    let too_many = above == 0 && tied as f64 > alpha * n as f64;
    too_many.then(|| {
        format!(
            "{tied} of {n} benign rows ({share}) share the highest benign score, {value}, more than a budget of {} can \
             bear: only scores above every benign one are flagged",
            percent(alpha)
        )
    })
}

fn check(budget: &Budget) -> Result<(), BudgetError> {
    for (key, value) in [("false_positive_rate", budget.false_positive_rate), ("confidence", budget.confidence)] {
        if !(value > 0.0 && value < 1.0) {
            return Err(BudgetError::NotAShare { key, value });
        }
    }
    Ok(())
}
#[cfg(test)]
mod tests {
    use super::*;

    fn spread(n: u32) -> Vec<f32> {
        (0..n).map(|i| i as f32 / n as f32).collect()
    }

    #[test]
    fn a_budget_needs_ln_delta_over_ln_of_one_minus_alpha_rows() {
        let needed = |alpha, confidence| rows_needed(&Budget { false_positive_rate: alpha, confidence }).unwrap();
        assert_eq!((needed(0.01, 0.95), needed(0.001, 0.95), needed(0.5, 0.75)), (299, 2_995, 2));
        let enough = umbrella_threshold(&spread(299), 0.01, 0.95).unwrap();
        assert_eq!((enough.rank, enough.above, enough.reason), (299, 0, None));
        let error = umbrella_threshold(&spread(298), 0.01, 0.95).unwrap_err();
        let BudgetError::TooFewRows { needed, found, supported_budget, .. } = &error else { panic!("{error}") };
        assert_eq!((*needed, *found), (299, 298));
        assert!((0.01..0.01003).contains(supported_budget));
        assert_eq!(
            error.to_string(),
            "a false positive budget of 1.0 % at 95.0 % confidence needs 299 benign rows to choose the threshold on, \
             and there are 298: they support a budget of 0.01001 or more; ask for that, or enlarge the threshold part"
        );
        assert!(umbrella_threshold(&spread(298), 0.01001, 0.95).is_ok());
        assert!(umbrella_threshold(&[], 0.01, 0.95).unwrap_err().to_string().contains("choose a split"));
    }

    #[test]
    fn the_order_statistic_is_the_smallest_whose_tail_is_bounded() {
        // scipy 1.17.1: P[Binomial(9448, 0.01) <= 78] = 0.0460, <= 79 exceeds 0.05.
        let found = umbrella_threshold(&spread(9_448), 0.01, 0.95).unwrap();
        assert_eq!((found.rank, found.above, found.tied), (9_370, 78, 1));
        assert!((found.violation_bound - 0.04603620055562839).abs() < 1e-10);
        assert_eq!(found.value, 9_369.0 / 9_448.0);
        let shuffled: Vec<f32> = (0..9_448u32).map(|i| (i * 7_919 % 9_448) as f32 / 9_448.0).collect();
        assert_eq!(umbrella_threshold(&shuffled, 0.01, 0.95).unwrap(), found);
    }

    #[test]
    fn ties_at_the_highest_score_flag_nothing_and_say_why() {
        let mut scores = spread(950);
        scores.extend([1.0; 50]);
        let found = umbrella_threshold(&scores, 0.01, 0.95).unwrap();
        assert!(found.flags_nothing() && found.above == 0 && found.tied == 50);
        let reason = found.reason.unwrap();
        assert!(reason.starts_with("nothing is flagged: 50 of 1000 benign rows (5.0 %)"), "{reason}");
        // Below the highest score there is room for attacks, and none of the tied rows is flagged.
        scores[950..].fill(0.999);
        let found = umbrella_threshold(&scores, 0.01, 0.95).unwrap();
        assert_eq!((found.value, found.above, found.flags_nothing()), (0.999, 0, false));
        assert!(found.reason.unwrap().contains("only scores above every benign one"));
    }

    #[test]
    fn the_budget_is_exceeded_no_more_often_than_promised_ties_or_not() {
        use nta_data::{Purpose, rng};
        use rand_core::RngCore;
        // True rates are known: scores are uniform on `levels` values. 95 % confidence, so 5 % of 2,000 trials may
        // miss, and four standard deviations (0.0049 each) more by chance.
        for levels in [1u64 << 20, 150] {
            let mut random = rng(7, Purpose::Interval, levels, 0);
            let mut missed = 0;
            for _ in 0..2_000 {
                let scores: Vec<f32> = (0..400).map(|_| (random.next_u64() % levels) as f32 / levels as f32).collect();
                let value = f64::from(umbrella_threshold(&scores, 0.02, 0.95).unwrap().value);
                let true_rate = 1.0 - ((value * levels as f64).round() + 1.0) / levels as f64;
                missed += u32::from(true_rate > 0.02);
            }
            assert!(f64::from(missed) / 2_000.0 <= 0.05 + 0.02, "{missed} of 2000 at {levels} levels");
        }
    }

    #[test]
    fn what_is_no_share_or_no_score_is_refused() {
        let message =
            |scores: &[f32], alpha, confidence| umbrella_threshold(scores, alpha, confidence).unwrap_err().to_string();
        assert!(message(&[0.5], 0.0, 0.95).starts_with("`false_positive_rate` is 0: it must lie"));
        assert!(message(&[0.5], 0.01, 1.0).starts_with("`confidence` is 1: it must lie"));
        assert!(message(&[0.5], f64::NAN, 0.95).contains("NaN"));
        assert!(message(&[f32::NAN; 400], 0.01, 0.95).starts_with("benign row 0 has the score NaN"));
    }

    #[test]
    fn a_million_rows_take_no_time_worth_naming() {
        let found = umbrella_threshold(&spread(1_000_000), 0.01, 0.95).unwrap();
        assert_eq!(found.rank, 1_000_000 - 9_836);
    }
}
