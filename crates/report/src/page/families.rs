//! Attack families: what an average over all attacks hides.

use nta_metrics::Evaluation;
use nta_plots::{percent_in_column, thousands};
use serde::Serialize;

use crate::names::spoken;

/// Rows on the page; all of them are in tables/families.csv.
const SHOWN: usize = 60;

#[derive(Serialize)]
pub(crate) struct FamiliesTable {
    members: Vec<String>,
    rows: Vec<FamilyRow>,
    n_left_out: usize,
    /// All families together that training never held.
    unseen: Option<FamilyRow>,
}

#[derive(Serialize)]
struct FamilyRow {
    name: String,
    flows: String,
    seen: bool,
    /// Recall of each member at its own threshold.
    recalls: Vec<String>,
}

pub(crate) fn families_table(evaluation: &Evaluation) -> FamiliesTable {
    let members = &evaluation.members;
    let recall = |value: Option<f64>| value.map_or("–".into(), percent_in_column);
    // Which families there are, and how many flows of each, is the same for all.
    let Some((_, any)) = members.iter().next() else {
        return FamiliesTable { members: vec![], rows: vec![], n_left_out: 0, unseen: None };
    };
    let rows = any.families.iter().take(SHOWN).map(|(name, family)| FamilyRow {
        name: name.to_owned(),
        flows: thousands(family.flows),
        seen: family.seen_in_training,
        recalls: members.iter().map(|(_, m)| recall(m.families.get(name).map(|f| f.recall_at_budget))).collect(),
    });
    let unseen = (any.unseen.flows > 0).then(|| FamilyRow {
        name: crate::names::counted(any.unseen.families, "family", "families"),
        flows: thousands(any.unseen.flows),
        seen: false,
        recalls: members.iter().map(|(_, m)| recall(m.unseen.recall_at_budget)).collect(),
    });
    FamiliesTable {
        members: members.iter().map(|(name, _)| spoken(name)).collect(),
        rows: rows.collect(),
        n_left_out: any.families.len().saturating_sub(SHOWN),
        unseen,
    }
}
