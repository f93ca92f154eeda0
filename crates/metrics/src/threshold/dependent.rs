//! A threshold for a budget from benign rows that are not independent: a host or a stretch of time that raises one false alarm
//! raises more. What such rows can promise is counted in independent ones (Korn and Graubard 1998, as
//! [`crate::clustered_fpr`] has it).

use nta_data::Label;

use super::budget::{Budget, supported_budget, umbrella_threshold};
use super::group_by::SHARE_OF_GROUPS;
use super::interpolated::interpolated_threshold;
use super::rule::just_above;
use super::{ChosenThreshold, PartScores, ThresholdRule};
use crate::error::{MetricsError, same_length};
use crate::interval::{clopper_pearson_real, normal_quantile_above};
use crate::paired::UnitKind;
use crate::{ClusteredRate, clustered_fpr};

/// Stretches count as dependent where chance alone would spread their alarms so unevenly once in twenty times.
const CHANCE: f64 = 0.05;

/// A threshold, and what the rows it was chosen on are worth.
#[derive(Debug, Clone, PartialEq)]
pub struct DependentThreshold {
    /// The threshold; its bound is the umbrella's, and holds where rows are independent.
    pub chosen: ChosenThreshold,
    /// The largest share of benign flows that may be flagged, at the budget's confidence: the budget, or more where dependent rows
    /// cannot promise that.
    pub promised: f64,
    /// Units.
    pub units: u64,
    /// Independent rows that these are worth, at this threshold.
    pub effective_rows: f64,
}

impl Budget {
    /// What a threshold of `value`, chosen otherwise, promises by benign `scores` `(n_rows)` of these units: the largest share of benign
    /// flows above it at the budget's confidence, and how many independent rows that rests on.
    ///
    /// # Errors
    /// Columns of different lengths.
    pub fn promised_at(&self, value: f32, scores: &[f32], unit: &[u32]) -> Result<(f64, f64), MetricsError> {
        same_length("the units column", scores.len(), unit.len())?;
        let allowed = (scores.len() as f64 * self.false_positive_rate) as usize;
        let (found, drawn) = (clustered(scores, unit, value), clustered(scores, unit, nth_highest(scores, allowed)));
        // At a cut that was raised for the very hosts they look more alike than they are; at that of all rows they do not.
        let effective_rows = found.effective_rows.min(drawn.effective_rows);
        let above = scores.iter().filter(|score| **score > value).count() as f64 / scores.len().max(1) as f64;
        let bound = clopper_pearson_real(above * effective_rows, effective_rows, 2.0 * self.confidence - 1.0).high;
        Ok((bound, effective_rows))
    }

    /// The threshold for benign `scores` `(n_rows)` of which `unit` `(n_rows)` tells what each belongs to.
    ///
    /// - `Stretches`: where their alarms, were as many raised as the budget allows, are spread as by chance, rows count as independent; else
    ///   the budget is kept with as many as they are worth. Where that is too few nothing of them lies above.
    /// - `Hosts`, a few that stand for others: the cut that holds in nine of ten hosts, but never below the umbrella's, and what it
    ///   promises for a host drawn at random.
    ///
    /// # Errors
    /// Fewer rows than the budget needs were they independent, scores that are none.
    pub fn choose_by_units(
        &self,
        scores: &[f32],
        unit: &[u32],
        by: UnitKind,
    ) -> Result<DependentThreshold, MetricsError> {
        same_length("the units column", scores.len(), unit.len())?;
        let plain = ThresholdRule::Budget(*self);
        let labels = vec![Label::Benign; scores.len()];
        let part = PartScores { scores, labels: &labels, copies: None };
        let umbrella = plain.choose(&part, &part)?;
        let at_value = |value: f32| clustered(scores, unit, value);
        let n = scores.len() as f64;
        let allowed = (n * self.false_positive_rate) as usize;
        match by {
            UnitKind::Hosts => {
                let groups = just_above(group_cut(scores, unit, self.false_positive_rate, SHARE_OF_GROUPS), scores);
                let value = groups.max(umbrella.value);
                let (bound, effective_rows) = self.promised_at(value, scores, unit)?;
                let (units, promised) = (at_value(value).entities, bound.max(self.false_positive_rate));
                Ok(DependentThreshold { chosen: at(&umbrella, value, scores), promised, units, effective_rows })
            }
            UnitKind::Stretches => {
                let cut = nth_highest(scores, allowed);
                let found = at_value(cut);
                let design = design_effect(&found, scores, cut);
                let units = found.entities;
                if design.is_none_or(|design| design <= by_chance(units)) {
                    let value = interpolated_threshold(scores, self)?;
                    let chosen = ChosenThreshold {
                        violation_bound: Some(value.violation_bound),
                        ..at(&umbrella, value.value, scores)
                    };
                    // Where it is a score itself, tied or not, a hair above it, as everywhere.
                    let chosen = if value.tied > 0 { umbrella } else { chosen };
                    return Ok(DependentThreshold {
                        chosen,
                        promised: self.false_positive_rate,
                        units,
                        effective_rows: n,
                    });
                }
                let worth = found.effective_rows.floor().max(1.0);
                let spread: Vec<f32> = (0..worth as u32).map(|i| i as f32 / worth as f32).collect();
                let kept = umbrella_threshold(&spread, self.false_positive_rate, self.confidence).ok();
                let above = kept.as_ref().map_or(0, |kept| (kept.above as f64 * n / worth) as usize);
                let value = just_above(nth_highest(scores, above), scores);
                let supported = supported_budget(worth as u64, self.confidence);
                let promised =
                    if kept.is_some() { self.false_positive_rate } else { supported.max(self.false_positive_rate) };
                Ok(DependentThreshold { chosen: at(&umbrella, value, scores), promised, units, effective_rows: worth })
            }
        }
    }
}

/// The cut at or below which a flow stays unflagged so that in `share` of the groups at most `rate` of the scores lie above: a
/// group of few rows bears no alarm. `group` `(n_rows)`; 1 where there is no row.
pub fn group_cut(scores: &[f32], group: &[u32], rate: f64, share: f64) -> f32 {
    let n_groups = group.iter().max().map_or(0, |last| *last as usize + 1);
    let mut of_group = vec![Vec::new(); n_groups];
    scores.iter().zip(group).for_each(|(score, group)| of_group[*group as usize].push(*score));
    let cut = |scores: Vec<f32>| nth_highest(&scores, (scores.len() as f64 * rate) as usize);
    let mut cuts: Vec<f32> = of_group.into_iter().filter(|scores| !scores.is_empty()).map(cut).collect();
    cuts.sort_unstable_by(f32::total_cmp);
    let held = (cuts.len() as f64 * share).ceil() as usize;
    cuts.get(held.max(1) - 1).copied().unwrap_or(1.0)
}

/// The score that `n` lie above or beside; the lowest where there are no more.
fn nth_highest(scores: &[f32], n: usize) -> f32 {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    sorted.get(n).or(sorted.last()).copied().unwrap_or(1.0)
}

/// The same threshold at another value, no lower order statistic claimed.
fn at(umbrella: &ChosenThreshold, value: f32, scores: &[f32]) -> ChosenThreshold {
    let above = scores.iter().filter(|score| **score > value).count();
    let reason = (value >= 1.0).then(|| "nothing is flagged: the cut lies at the highest score there is".to_owned());
    ChosenThreshold {
        value,
        expected_fpr: Some(above as f64 / scores.len().max(1) as f64),
        rank: Some((scores.len() - above) as u64),
        reason: umbrella.reason.clone().or(reason),
        ..umbrella.clone()
    }
}

/// Alarms at `value` with units taken as independent.
fn clustered(scores: &[f32], unit: &[u32], value: f32) -> ClusteredRate {
    let labels = vec![Label::Benign; scores.len()];
    let flags: Vec<bool> = scores.iter().map(|score| *score > value).collect();
    let entity: Vec<u64> = unit.iter().map(|unit| u64::from(*unit)).collect();
    let found = clustered_fpr(&labels, &flags, &entity).ok().flatten();
    // Benign rows are there: the umbrella has counted them.
    found.unwrap_or(ClusteredRate {
        entities: 0,
        entities_with_false_alarms: 0,
        mean_over_entities: 0.0,
        effective_rows: 1.0,
        interval: None,
        reason: None,
    })
}

/// How many dependent rows do for one independent one, without what a few units widen an interval by; `None` where no or each row is an
/// alarm, or a single unit tells nothing.
fn design_effect(found: &ClusteredRate, scores: &[f32], value: f32) -> Option<f64> {
    let n = scores.len() as f64;
    let alarms = scores.iter().filter(|score| **score > value).count() as f64;
    let tail = (1.0 - crate::INTERVAL_CONFIDENCE) / 2.0;
    let (rows, units) = (n - 1.0, found.entities as f64 - 1.0);
    if units < 1.0 || alarms == 0.0 || alarms == n {
        return None;
    }
    let widening = crate::interval::t_quantile_above(tail, rows) / crate::interval::t_quantile_above(tail, units);
    Some(n * widening * widening / found.effective_rows)
}

/// The design effect that chance alone exceeds once in twenty times: a chi-square of `units - 1` degrees of freedom by its mean
/// (Wilson and Hilferty 1931).
fn by_chance(units: u64) -> f64 {
    let df = (units.max(2) - 1) as f64;
    let spread = 2.0 / (9.0 * df);
    (1.0 - spread + normal_quantile_above(CHANCE) * spread.sqrt()).powi(3)
}

#[cfg(test)]
mod tests {
    use nta_data::{Purpose, rng};
    use rand_core::RngCore;

    use super::*;

    const BUDGET: Budget = Budget { false_positive_rate: 0.02, confidence: 0.95 };

    /// Benign scores of `hosts` hosts of which each has a level of its own (`alike` of the score), and the true rate above a cut for a host
    /// drawn at random.
    struct Site {
        random: nta_data::Rng,
        alike: f64,
    }

    impl Site {
        fn uniform(&mut self) -> f64 {
            (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
        }

        fn scores(&mut self, hosts: u32, rows: u32) -> (Vec<f32>, Vec<u32>) {
            let (mut scores, mut unit) = (Vec::new(), Vec::new());
            for host in 0..hosts {
                let level = self.uniform();
                for _ in 0..rows {
                    scores.push((self.alike * level + (1.0 - self.alike) * self.uniform()) as f32);
                    unit.push(host);
                }
            }
            (scores, unit)
        }

        /// P(alike · L + (1 - alike) · U > cut) for uniform L and U.
        fn rate(&self, cut: f32) -> f64 {
            let (a, cut, n) = (self.alike, f64::from(cut), 4_000);
            let of_level = |i: u32| 1.0 - ((cut - a * (f64::from(i) + 0.5) / f64::from(n)) / (1.0 - a)).clamp(0.0, 1.0);
            (0..n).map(of_level).sum::<f64>() / f64::from(n)
        }
    }

    #[test]
    fn few_hosts_promise_less_and_keep_what_they_promise() {
        for hosts in [4, 8, 20] {
            let mut site = Site { random: rng(5, Purpose::Interval, hosts.into(), 0), alike: 0.5 };
            let (mut kept, mut asked, mut promised) = (0, 0, 0.0);
            for _ in 0..400 {
                let (scores, unit) = site.scores(hosts, 2_400 / hosts);
                let found = BUDGET.choose_by_units(&scores, &unit, UnitKind::Hosts).unwrap();
                let rate = site.rate(found.chosen.value);
                kept += u32::from(rate <= found.promised);
                asked += u32::from(rate <= BUDGET.false_positive_rate);
                promised += found.promised / 400.0;
                assert_eq!(found.units, u64::from(hosts));
            }
            // 95 of 100, and three standard deviations (4.4 of 400 each) fewer by chance.
            assert!(kept >= 367, "{hosts}: {kept} of 400 keep {promised}, {asked} what was asked");
            assert!(promised > BUDGET.false_positive_rate, "{hosts}: {promised}");
        }
    }

    #[test]
    fn independent_rows_lose_nothing_by_their_stretches() {
        let mut site = Site { random: rng(6, Purpose::Interval, 0, 0), alike: 0.0 };
        let (mut full, mut kept) = (0, 0);
        for _ in 0..400 {
            let (scores, unit) = site.scores(64, 20);
            let found = BUDGET.choose_by_units(&scores, &unit, UnitKind::Stretches).unwrap();
            full += u32::from(found.effective_rows == 1_280.0);
            kept += u32::from(site.rate(found.chosen.value) <= found.promised);
        }
        assert!(full >= 360 && kept >= 367, "{full} {kept}");
    }

    #[test]
    fn stretches_that_are_alike_are_counted_for_what_they_are_worth() {
        let mut site = Site { random: rng(7, Purpose::Interval, 0, 0), alike: 0.4 };
        let (mut found_out, mut kept, mut plain_kept) = (0, 0, 0);
        for _ in 0..400 {
            let (scores, unit) = site.scores(64, 40);
            let found = BUDGET.choose_by_units(&scores, &unit, UnitKind::Stretches).unwrap();
            found_out += u32::from(found.effective_rows < 2_560.0);
            kept += u32::from(site.rate(found.chosen.value) <= found.promised);
            let plain = umbrella_threshold(&scores, BUDGET.false_positive_rate, BUDGET.confidence).unwrap();
            plain_kept += u32::from(site.rate(plain.value) <= BUDGET.false_positive_rate);
        }
        assert!(found_out >= 390 && kept >= 360 && plain_kept < 340, "{found_out} {kept} {plain_kept}");
    }

    #[test]
    fn the_cut_of_groups_holds_in_that_share_of_them() {
        // Ten groups of 100 rows: in group g scores rise from g/100 in steps of 1/10,000.
        let scores: Vec<f32> = (0..1_000).map(|i| (i / 100) as f32 / 100.0 + (i % 100) as f32 / 10_000.0).collect();
        let group: Vec<u32> = (0..1_000).map(|i| i / 100).collect();
        // One in a hundred may lie above: the 99th of group 8, and all of group 9 do.
        assert_eq!(group_cut(&scores, &group, 0.01, 0.9), scores[898]);
        assert_eq!(group_cut(&scores, &group, 0.01, 1.0), scores[998]);
        assert_eq!(group_cut(&scores, &group, 0.001, 0.5), scores[499]);
        assert_eq!(group_cut(&[], &[], 0.01, 0.9), 1.0);
    }

    #[test]
    fn one_host_alone_promises_nothing_for_others() {
        let scores: Vec<f32> = (0..400).map(|i| i as f32 / 400.0).collect();
        let found = BUDGET.choose_by_units(&scores, &[0; 400], UnitKind::Hosts).unwrap();
        assert!(found.promised > 0.9 && found.effective_rows == 1.0, "{found:?}");
        assert!(BUDGET.choose_by_units(&scores[..20], &[0; 20], UnitKind::Hosts).is_err());
        assert!(BUDGET.choose_by_units(&scores, &[0; 20], UnitKind::Hosts).is_err());
    }
}
