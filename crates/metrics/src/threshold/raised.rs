//! A threshold raised by what analysts say of the alerts above it. Nobody looks at what is not flagged, and nobody has to: the order
//! statistics of benign scores that a budget asks for lie above the old threshold, or the old threshold keeps the budget as it is.

use std::collections::HashMap;

use super::binomial::largest_count_within;
use super::budget::{Budget, BudgetError, rows_needed, supported_budget};
use super::rule::just_above;
use crate::error::{MetricsError, all_scores, same_length};
use crate::interval::clopper_pearson_real;

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
    /// Independent flows that those are worth.
    pub effective_rows: f64,
    /// The largest share of benign flows above the threshold, at the budget's confidence.
    pub promised: f64,
}

impl Budget {
    /// The lowest threshold, `before` or higher, that keeps the budget by the verdicts on all alerts that `flows` flows raised:
    /// `false_alarms` are the scores of those that were false, `true_alerts` how many were not. An attack that
    /// raised no alert counts as a benign flow, of which it makes too many by a hair.
    ///
    /// `host` tells whose flow each false alarm was; empty, and flows count as independent. Else they count for as many as they are worth:
    /// a host that raises one false alarm raises more. How many flows each host sent nobody tells, so that alarms count as if no
    /// host's flows were many: the design effect is the sum of the squares of their numbers by host over their number, at the cut
    /// of the budget and at the one chosen (as [`Budget::promised_at`] has it). Where that is too few for the budget, no
    /// false alarm stays above, and `promised` is what they promise all the same.
    ///
    /// # Errors
    /// More alerts than flows, fewer flows than the budget needs were they independent, scores that are none or raised no alert, hosts
    /// for others than the false alarms.
    pub fn raise(
        &self,
        before: f32,
        false_alarms: &[f32],
        host: &[u32],
        true_alerts: u64,
        flows: u64,
    ) -> Result<RaisedThreshold, MetricsError> {
        all_scores("the alerts'", false_alarms)?;
        if !host.is_empty() {
            same_length("the hosts column", false_alarms.len(), host.len())?;
        }
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
        let mut order: Vec<usize> = (0..false_alarms.len()).collect();
        order.sort_by(|&a, &b| false_alarms[b].total_cmp(&false_alarms[a]));
        let designs = design_effects(&order, host);
        let drawn = designs[order.len().min(allowed as usize)];
        let design = |above: usize| designs[above].max(drawn);
        // One-sided at the confidence: twice the error between two sides.
        let bound = |above: usize| {
            let design = design(above);
            clopper_pearson_real(above as f64 / design, n as f64 / design, 2.0 * confidence - 1.0).high
        };
        let is_kept = |above: usize| if design(above) > 1.0 { bound(above) <= alpha } else { above as u64 <= allowed };
        let most = (0..=order.len()).rev().find(|above| is_kept(*above)).unwrap_or(0);
        let value = match order.get(most) {
            Some(&alarm) => just_above(false_alarms[alarm], false_alarms),
            None => before,
        };
        let above = false_alarms.iter().filter(|score| **score > value).count();
        Ok(RaisedThreshold {
            value,
            false_alarms: false_alarms.len() as u64,
            above: above as u64,
            allowed,
            benign_rows: n,
            effective_rows: n as f64 / design(above),
            promised: bound(above),
        })
    }
}

/// How many dependent flows do for one independent one, by how many of the false alarms in `order` are counted, from none on;
/// `host` by alarm, or empty.
fn design_effects(order: &[usize], host: &[u32]) -> Vec<f64> {
    let mut of_host: HashMap<u32, f64> = HashMap::new();
    let mut squares = 0.0;
    let mut designs = vec![1.0];
    for (i, &alarm) in order.iter().enumerate() {
        if host.is_empty() {
            designs.push(1.0);
            continue;
        }
        let alarms = of_host.entry(host[alarm]).or_default();
        squares += 2.0 * *alarms + 1.0;
        *alarms += 1.0;
        designs.push(squares / (i as f64 + 1.0));
    }
    designs
}

#[cfg(test)]
mod tests {
    use nta_data::{Purpose, rng};
    use rand_core::RngCore;

    use super::*;

    const BUDGET: Budget = Budget { false_positive_rate: 0.01, confidence: 0.95 };

    #[test]
    fn a_threshold_with_few_false_alarms_stays_and_promises_what_it_shows() {
        let found = BUDGET.raise(0.5, &[0.6, 0.7], &[], 3, 1_003).unwrap();
        // scipy 1.17.1: binom.ppf at 5 % leaves 4 of 1,000; beta.ppf(0.95, 3, 998) = 0.006282.
        assert_eq!((found.value, found.above, found.allowed, found.benign_rows), (0.5, 2, 4, 1_000));
        assert!((found.promised - 0.006282).abs() < 1e-4, "{}", found.promised);
    }

    #[test]
    fn too_many_false_alarms_raise_it_to_the_order_statistic_of_all_benign_flows() {
        let scores: Vec<f32> = (0..50).map(|i| 0.5 + (i + 1) as f32 / 200.0).collect();
        let found = BUDGET.raise(0.5, &scores, &[], 0, 1_000).unwrap();
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
            let found = BUDGET.raise(0.97, &alarms, &[], 0, 2_000).unwrap();
            kept += u32::from(1.0 - f64::from(found.value) <= BUDGET.false_positive_rate);
        }
        // 95 of 100, and three standard deviations (9.7 of 2,000 each) fewer by chance.
        assert!(kept >= 1_870, "{kept}");
    }

    #[test]
    fn alarms_of_few_hosts_promise_what_they_can_and_keep_it() {
        // 60 hosts of 100 flows, each with a level of its own: some raise many alarms, most none.
        let mut random = rng(4, Purpose::Interval, 0, 0);
        let mut uniform = move || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let (alike, before) = (0.5, 0.9);
        let (mut kept, mut plain_kept, mut more) = (0, 0, 0);
        // P(alike · L + (1 - alike) · U > cut) for uniform L and U, both of one share: a triangle's tail.
        let rate = |cut: f32| 2.0 * (1.0 - f64::from(cut)).powi(2);
        for _ in 0..1_000 {
            let (mut alarms, mut host) = (Vec::new(), Vec::new());
            for h in 0..60 {
                let level = uniform();
                for _ in 0..100 {
                    let score = (alike * level + (1.0 - alike) * uniform()) as f32;
                    if score > before {
                        alarms.push(score);
                        host.push(h);
                    }
                }
            }
            let found = BUDGET.raise(before, &alarms, &host, 0, 6_000).unwrap();
            kept += u32::from(rate(found.value) <= found.promised);
            more += u32::from(found.promised > BUDGET.false_positive_rate);
            let plain = BUDGET.raise(before, &alarms, &[], 0, 6_000).unwrap();
            plain_kept += u32::from(rate(plain.value) <= plain.promised);
            assert!(found.effective_rows < 6_000.0 && plain.effective_rows == 6_000.0);
        }
        // 95 of 100, and three standard deviations (6.9 of 1,000 each) fewer by chance; taken for independent they do not.
        assert!(
            kept >= 930 && plain_kept < 900,
            "{kept} and {plain_kept} of 1,000, {more} promise more than was asked"
        );
    }

    #[test]
    fn alarms_of_a_host_each_count_as_independent() {
        let scores: Vec<f32> = (0..50).map(|i| 0.5 + (i + 1) as f32 / 200.0).collect();
        let host: Vec<u32> = (0..50).collect();
        let found = BUDGET.raise(0.5, &scores, &host, 0, 1_000).unwrap();
        assert_eq!(found, BUDGET.raise(0.5, &scores, &[], 0, 1_000).unwrap());
        let one = BUDGET.raise(0.5, &scores, &[7; 50], 0, 1_000).unwrap();
        assert!(one.value > found.value && one.effective_rows < 1_000.0, "{one:?}");
        assert!(BUDGET.raise(0.5, &scores, &[7; 3], 0, 1_000).is_err());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(BUDGET.raise(0.5, &[0.4], &[], 0, 1_000).is_err());
        assert!(BUDGET.raise(0.5, &[0.6], &[], 10, 5).unwrap_err().to_string().contains("11 rows"));
        assert!(BUDGET.raise(0.5, &[0.6], &[], 0, 200).unwrap_err().to_string().contains("needs 299 benign rows"));
    }
}
