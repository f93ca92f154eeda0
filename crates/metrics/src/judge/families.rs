//! Recall by attack family: what a single recall hides.

use nta_data::{Categories, Label};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::input::{JudgeInput, JudgedMember};
use crate::Named;

/// Recall on one attack family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FamilyRecall {
    /// Flows of this family.
    pub flows: u64,
    /// Share flagged at the chosen threshold.
    pub recall_at_budget: f64,
    /// Share flagged at 0.5.
    pub recall_at_half: f64,
    /// Whether the training part holds this family.
    pub seen_in_training: bool,
}

/// Recall on all attack families that are absent from training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnseenFamilies {
    /// Families.
    pub families: u64,
    /// Flows of these families.
    pub flows: u64,
    /// Share flagged at the chosen threshold; null where there is no such flow.
    pub recall_at_budget: Option<f64>,
    /// Share flagged at 0.5; null where there is no such flow.
    pub recall_at_half: Option<f64>,
}

/// Attacks and flags of one family.
#[derive(Clone, Copy, Default)]
struct FamilyCount {
    flows: u64,
    at_budget: u64,
    at_half: u64,
}

/// Recall of `member` on each family, and on those absent from training together, at its own threshold and at `half`.
pub(crate) fn by_family(
    input: &JudgeInput<'_>,
    member: &JudgedMember<'_>,
    half: f32,
) -> (Named<FamilyRecall>, UnseenFamilies) {
    let mut unseen = FamilyCount::default();
    let mut n_unseen = 0;
    let mut named: Vec<(&str, FamilyRecall)> = Vec::new();
    if let Some(families) = input.families {
        for (name, count) in families.values.iter().zip(count(input.labels, families, member, half)) {
            if count.flows == 0 {
                continue;
            }
            let seen_in_training = (input.seen_in_training)(name);
            let share = |hits: u64| hits as f64 / count.flows as f64;
            let (recall_at_budget, recall_at_half) = (share(count.at_budget), share(count.at_half));
            named.push((name, FamilyRecall { flows: count.flows, recall_at_budget, recall_at_half, seen_in_training }));
            if !seen_in_training {
                n_unseen += 1;
                unseen.flows += count.flows;
                unseen.at_budget += count.at_budget;
                unseen.at_half += count.at_half;
            }
        }
    }
    named.sort_by(|a, b| b.1.flows.cmp(&a.1.flows).then(a.0.cmp(b.0)));
    let share = |hits: u64| (unseen.flows > 0).then(|| hits as f64 / unseen.flows as f64);
    let (recall_at_budget, recall_at_half) = (share(unseen.at_budget), share(unseen.at_half));
    let unseen = UnseenFamilies { families: n_unseen, flows: unseen.flows, recall_at_budget, recall_at_half };
    (named.into_iter().collect(), unseen)
}

fn count(labels: &[Label], families: &Categories, member: &JudgedMember<'_>, half: f32) -> Vec<FamilyCount> {
    let mut counts = vec![FamilyCount::default(); families.values.len()];
    let rows = labels.iter().zip(&families.codes).zip(member.scores.iter().zip(member.flags));
    for ((label, &code), (&score, &flag)) in rows {
        if label.is_attack() && code != Categories::MISSING {
            let count = &mut counts[code as usize];
            count.flows += 1;
            count.at_budget += u64::from(flag);
            count.at_half += u64::from(score > half);
        }
    }
    counts
}
