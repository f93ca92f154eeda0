//! Attacks of the training traffic as members score them that have not learned from them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use nta_data::{Dataset, ScoreColumn};
use nta_model::Model;

use super::crossfit::Refitted;
use super::training::Training;
use crate::error::{PipelineError, failed};
use crate::run::score_held_out;

/// A family with fewer attacks says nothing by itself.
pub(super) const FEWEST_OF_FAMILY: usize = 15;

/// Attacks to choose by.
pub(super) struct Attacks {
    /// The members' scores of them. Those of `unjudged` ones are 0, and nothing asks for them.
    pub(super) columns: Vec<ScoreColumn>,
    /// Rows of each family that is large enough.
    pub(super) families: BTreeMap<String, Vec<usize>>,
    /// Members that have learned from them, and can be judged by none.
    pub(super) unjudged: Vec<String>,
}

impl Attacks {
    pub(super) fn of(refitted: &Refitted, model: &Arc<Model>, training: &Training<'_>) -> Result<Self, PipelineError> {
        let mut attacks = match training.is_learned_whole() {
            true => Attacks::out_of_bag(refitted, model, training)?,
            false => Attacks::held_out(refitted, model, training)?,
        };
        attacks.families.retain(|_, rows| rows.len() >= FEWEST_OF_FAMILY);
        Ok(attacks)
    }

    /// Those of the calibration and the threshold part, one behind the other, without copies of training rows.
    fn held_out(refitted: &Refitted, model: &Arc<Model>, training: &Training<'_>) -> Result<Self, PipelineError> {
        let parts = training.parts;
        let now = Model { members: refitted.members.clone(), hybrid: refitted.hybrid.clone(), ..(**model).clone() };
        let [mut scores, threshold] = score_held_out(training.listener, &Arc::new(now), parts)?;
        let n_calibration = scores.n_rows();
        scores.append(threshold).map_err(failed)?;
        let mut families = BTreeMap::new();
        let tables = [(&parts.calibration, &parts.copies.calibration), (&parts.threshold, &parts.copies.threshold)];
        for ((table, copies), before) in tables.into_iter().zip([0, n_calibration]) {
            let labels = table.labels().map_err(failed)?;
            for row in (0..table.n_rows()).filter(|&row| labels[row].is_attack() && !copies[row]) {
                into_family(&mut families, table, row, before + row);
            }
        }
        Ok(Attacks { columns: scores.members().to_vec(), families, unjudged: Vec::new() })
    }

    /// Those of all that was learned, each set of copies once: a forest's votes out of bag, and the scores of members that learn
    /// no attack. Any other member has learned every one of them.
    fn out_of_bag(refitted: &Refitted, model: &Arc<Model>, training: &Training<'_>) -> Result<Self, PipelineError> {
        let learned = &*training.learned;
        let (labels, hashes) = (learned.labels().map_err(failed)?, learned.feature_hashes());
        let has_votes = |row: usize| refitted.votes.values().all(|votes| votes[row].is_some());
        let mut met = HashSet::new();
        let rows: Vec<u32> = (0..learned.n_rows())
            .filter(|&row| labels[row].is_attack() && has_votes(row) && met.insert(hashes[row]))
            .map(|row| row as u32)
            .collect();
        let attacks = learned.take(&rows);
        let tabular = model.preprocessor.tabular(&attacks).map_err(failed)?;
        let (mut columns, mut unjudged) = (Vec::new(), Vec::new());
        for named in &refitted.members {
            let votes = refitted.votes.get(&named.name);
            let alone = || named.member.judge_alone(&tabular).filter(|_| named.member.knows_no_attacks());
            let scores = match votes {
                Some(votes) => rows.iter().filter_map(|&row| votes[row as usize]).collect(),
                None => match alone() {
                    Some(scores) => scores.map_err(failed)?,
                    None => {
                        unjudged.push(named.name.clone());
                        vec![0.0; rows.len()]
                    }
                },
            };
            columns.push(ScoreColumn::new(named.name.clone(), scores, |_| false));
        }
        let mut families = BTreeMap::new();
        (0..rows.len()).for_each(|row| into_family(&mut families, &attacks, row, row));
        Ok(Attacks { columns, families, unjudged })
    }

    pub(super) fn n_rows(&self) -> u64 {
        self.families.values().map(|rows| rows.len() as u64).sum()
    }

    /// The share of those with `scores` above `threshold`, the mean over families.
    pub(super) fn recall(&self, scores: &[f32], threshold: f32) -> f64 {
        let share =
            |rows: &Vec<usize>| rows.iter().filter(|&&row| scores[row] > threshold).count() as f64 / rows.len() as f64;
        self.families.values().map(share).sum::<f64>() / self.families.len() as f64
    }
}

/// Puts the score in place `at` to the family of `row`.
fn into_family(families: &mut BTreeMap<String, Vec<usize>>, table: &Dataset, row: usize, at: usize) {
    families.entry(table.family_of(row).unwrap_or("attack").to_owned()).or_default().push(at);
}
