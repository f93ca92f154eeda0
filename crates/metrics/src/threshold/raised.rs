//! A threshold raised by what analysts say of the alerts above it. Nobody looks at what is not flagged, and nobody has to: the order
//! statistics of benign scores that a budget asks for lie above the old threshold, or the old threshold keeps the budget as it is.

use super::binomial::largest_count_within;
use super::budget::{Budget, BudgetError, rows_needed, supported_budget};
use super::rule::just_above;
use crate::clopper_pearson;
use crate::error::{MetricsError, all_scores};

/// A threshold by verdicts.
#[derive(Debug, Clone, PartialEq)]
pub struct RaisedThreshold {
    /// The threshold, never below the old one.
    pub value: f32,
    /// False alarms among the alerts.
    pub false_alarms: u64,
    /// Those of them that lie above the threshold now.
    pub above: u64,
    /// How many of them may, for the budget.
    pub allowed: u64,
    /// Flows that the budget counts: all but the true alerts.
    pub benign_rows: u64,
    /// The largest share of benign flows above the threshold, at the budget's confidence.
    pub promised: f64,
}

impl Budget {
    /// The lowest threshold, `before` or higher, that keeps the budget by the verdicts on all alerts that `flows` independent flows raised:
    /// `false_alarms` are the scores of those that were false, `true_alerts` how many were not. An attack that
    /// raised no alert counts as a benign flow, of which it makes too many by a hair.
    ///
    /// # Errors
    /// More alerts than flows, fewer flows than the budget needs, scores that are none or raised no alert.
    pub fn raise(
        &self,
        before: f32,
        false_alarms: &[f32],
        true_alerts: u64,
        flows: u64,
    ) -> Result<RaisedThreshold, MetricsError> {
        all_scores("the alerts'", false_alarms)?;
        if let Some(row) = false_alarms.iter().position(|score| *score <= before) {
            let value = false_alarms[row];
            return Err(MetricsError::NotAScore { what: format!("an alert above {before}:"), row, value });
        }
        let alerts = false_alarms.len() as u64 + true_alerts;
        let benign_rows = flows.checked_sub(true_alerts).filter(|rows| *rows >= false_alarms.len() as u64);
        let Some(n) = benign_rows else {
            let what = "the alerts column".to_owned();
            return Err(MetricsError::Lengths { what, expected: flows as usize, found: alerts as usize });
        };
        let (alpha, confidence) = (self.false_positive_rate, self.confidence);
        let needed = rows_needed(self)?;
        let Some((allowed, _)) = largest_count_within(n, alpha, 1.0 - confidence) else {
            let supported_budget = supported_budget(n, confidence);
            return Err(
                BudgetError::TooFewRows { budget: alpha, confidence, needed, found: n, supported_budget }.into()
            );
        };
        let mut sorted = false_alarms.to_vec();
        sorted.sort_unstable_by(|a, b| b.total_cmp(a));
        let value = match sorted.get(allowed as usize) {
            Some(score) => just_above(*score, false_alarms),
            None => before,
        };
        let above = sorted.iter().filter(|score| **score > value).count() as u64;
        // One-sided at the confidence: twice the error between two sides.
        let bound = clopper_pearson(above, n, 2.0 * confidence - 1.0).map_or(1.0, |interval| interval.high);
        let false_alarms = false_alarms.len() as u64;
        Ok(RaisedThreshold { value, false_alarms, above, allowed, benign_rows: n, promised: bound })
    }
}

#[cfg(test)]
mod tests {
    use nta_data::{Purpose, rng};
    use rand_core::RngCore;

    use super::*;

    const BUDGET: Budget = Budget { false_positive_rate: 0.01, confidence: 0.95 };

    #[test]
    fn a_threshold_with_few_false_alarms_stays_and_promises_what_it_shows() {
        let found = BUDGET.raise(0.5, &[0.6, 0.7], 3, 1_003).unwrap();
        // scipy 1.17.1: binom.ppf at 5 % leaves 4 of 1,000; beta.ppf(0.95, 3, 998) = 0.006282.
        assert_eq!((found.value, found.above, found.allowed, found.benign_rows), (0.5, 2, 4, 1_000));
        assert!((found.promised - 0.006282).abs() < 1e-4, "{}", found.promised);
    }

    #[test]
    fn too_many_false_alarms_raise_it_to_the_order_statistic_of_all_benign_flows() {
        let scores: Vec<f32> = (0..50).map(|i| 0.5 + (i + 1) as f32 / 200.0).collect();
        let found = BUDGET.raise(0.5, &scores, 0, 1_000).unwrap();
        let all: Vec<f32> = [vec![0.1; 950], scores].concat();
        let umbrella = super::super::umbrella_threshold(&all, 0.01, 0.95).unwrap();
        assert_eq!((found.above, found.value > umbrella.value, found.value - umbrella.value < 1e-3), (4, true, true));
        assert!(found.promised <= 0.01);
    }

    #[test]
    fn what_it_promises_is_kept() {
        // Benign scores uniform; the old threshold lets 3 % through, of 2,000 flows each time.
        let mut random = rng(3, Purpose::Interval, 0, 0);
        let mut kept = 0;
        for _ in 0..2_000 {
            let scores = (0..2_000).map(|_| (random.next_u64() >> 40) as f32 / (1u64 << 24) as f32);
            let alarms: Vec<f32> = scores.filter(|score| *score > 0.97).collect();
            let found = BUDGET.raise(0.97, &alarms, 0, 2_000).unwrap();
            kept += u32::from(1.0 - f64::from(found.value) <= BUDGET.false_positive_rate);
        }
        // 95 of 100, and three standard deviations (9.7 of 2,000 each) fewer by chance.
        assert!(kept >= 1_870, "{kept}");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(BUDGET.raise(0.5, &[0.4], 0, 1_000).is_err());
        assert!(BUDGET.raise(0.5, &[0.6], 10, 5).unwrap_err().to_string().contains("11 rows"));
        assert!(BUDGET.raise(0.5, &[0.6], 0, 200).unwrap_err().to_string().contains("needs 299 benign rows"));
    }
}
