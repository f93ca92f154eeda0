//! A threshold that holds in most groups of benign flows (services, hours, hosts), where a budget over all flows lets the loudest
//! group have all alarms.

use std::collections::HashMap;

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dependent::group_cut;
use super::group_by::Groups;
use super::rule::just_above;
use super::{ChosenThreshold, PartScores};
use crate::error::{MetricsError, same_length};
use crate::interval::clopper_pearson_real;
use crate::{ConfusionMatrix, ThresholdRule};

/// In how many groups a cut held, and in which share of such groups it will.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldGroups {
    /// Groups with benign flows.
    pub groups: u64,
    /// Those in which at most the rate is flagged.
    pub held: u64,
    /// Least share of groups like these in which it holds, at the confidence of intervals.
    pub promised: f64,
}

impl Groups {
    /// The threshold on the benign rows of `threshold`, whose groups are `group` `(n_rows)`: any number that a group has of its
    /// own.
    ///
    /// # Errors
    /// No benign row, columns of different lengths.
    pub fn choose(
        &self,
        threshold: &PartScores<'_>,
        group: &[u64],
    ) -> Result<(ChosenThreshold, HeldGroups), MetricsError> {
        let n = threshold.labels.len();
        same_length("the groups column", n, group.len())?;
        same_length("the scores column", n, threshold.scores.len())?;
        let benign: Vec<usize> = (0..n).filter(|&row| threshold.labels[row] == Label::Benign).collect();
        if benign.is_empty() {
            return Err(MetricsError::NoGroups { rows: n });
        }
        let mut numbers: HashMap<u64, u32> = HashMap::new();
        let mut of_row = Vec::with_capacity(benign.len());
        for &row in &benign {
            let next = numbers.len() as u32;
            of_row.push(*numbers.entry(group[row]).or_insert(next));
        }
        let scores: Vec<f32> = benign.iter().map(|&row| threshold.scores[row]).collect();
        let cut = group_cut(&scores, &of_row, self.false_positive_rate, self.share);
        let value = just_above(cut, threshold.scores);
        let matrix = ConfusionMatrix::at_threshold(threshold.labels, threshold.scores, value)?;
        let mut counts = vec![(0u64, 0u64); numbers.len()];
        scores.iter().zip(&of_row).for_each(|(score, of)| {
            let count = &mut counts[*of as usize];
            *count = (count.0 + u64::from(*score > value), count.1 + 1);
        });
        let held =
            counts.iter().filter(|(alarms, rows)| *alarms as f64 <= self.false_positive_rate * *rows as f64).count();
        let confidence = crate::INTERVAL_CONFIDENCE;
        let promised = clopper_pearson_real(held as f64, counts.len() as f64, 2.0 * confidence - 1.0).low;
        let chosen = ChosenThreshold {
            value,
            rule: ThresholdRule::Groups(*self),
            benign_rows: matrix.benign(),
            attack_rows: matrix.attacks(),
            expected_fpr: matrix.fpr(),
            expected_recall: matrix.recall(),
            rank: None,
            violation_bound: None,
            tied_benign_rows: scores.iter().filter(|score| **score == cut).count() as u64,
            without_copies: None,
            reason: (value >= 1.0).then(|| {
                format!("nothing is flagged: no lower cut holds in so many of {} {}", counts.len(), self.by.groups())
            }),
        };
        Ok((chosen, HeldGroups { groups: counts.len() as u64, held: held as u64, promised }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loudest_group_is_the_one_that_may_go_beyond() {
        // Nine quiet groups below .1, a loud one at .5: a budget over all would let it have every alarm, so does this.
        let labels = [vec![Label::Benign; 1_000], vec![Label::Attack; 10]].concat();
        let scores: Vec<f32> = (0..1_010)
            .map(|i| {
                if i < 900 {
                    i as f32 / 9_000.0
                } else if i < 1_000 {
                    0.5
                } else {
                    0.9
                }
            })
            .collect();
        let group: Vec<u64> = (0..1_010).map(|i| 1_000 + i / 100).collect();
        let part = PartScores { scores: &scores, labels: &labels, copies: None };
        let (chosen, held) = Groups::default().choose(&part, &group).unwrap();
        assert!(chosen.value > 0.0998 && chosen.value < 0.5, "{}", chosen.value);
        assert_eq!((held.groups, held.held, chosen.attack_rows, chosen.expected_recall), (10, 9, 10, Some(1.0)));
        // scipy 1.17.1, stats.beta.ppf(0.05, 9, 2).
        assert!((held.promised - 0.6058).abs() < 1e-3, "{}", held.promised);
        let all = Groups { share: 1.0, ..Groups::default() };
        let (chosen, held) = all.choose(&part, &group).unwrap();
        assert!(chosen.value > 0.5 && held.held == 10 && chosen.expected_fpr == Some(0.0));
        // scipy 1.17.1, stats.beta.ppf(0.05, 10, 1).
        assert!((held.promised - 0.7411).abs() < 1e-3, "{}", held.promised);
    }

    #[test]
    fn what_has_no_groups_is_refused() {
        let part = PartScores { scores: &[0.5], labels: &[Label::Attack], copies: None };
        assert!(Groups::default().choose(&part, &[1]).unwrap_err().to_string().contains("no benign row"));
        assert!(Groups::default().choose(&part, &[]).is_err());
        let alone = ThresholdRule::Groups(Groups::default()).choose(&part, &part).unwrap_err();
        assert!(matches!(alone, MetricsError::NoGroups { .. }), "{alone}");
    }
}
