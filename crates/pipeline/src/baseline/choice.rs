//! Which member or fusion the hybrid is at a site: by what each finds, at the threshold that the site's flows give it, of attacks
//! that no member has learned from. Known attacks of the training traffic; no test part is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nta_data::{Label, NOVELTY, ScoreColumn};
use nta_hybrid::{Combine, Hybrid, HybridConfig};
use nta_metrics::Budget;
use nta_model::{Model, SiteCandidate, SiteChoice};
use nta_preprocess::Partition;

use super::crossfit::Refitted;
use super::in_words;
use super::units::FlowUnits;
use crate::error::{PipelineError, failed};
use crate::event::Listener;
use crate::run::{fusions, score_held_out};

/// A family with fewer attacks says nothing by itself.
const FEWEST_OF_FAMILY: usize = 15;

/// Puts the chosen fusion into `refitted`; `None` where there are no attacks to choose by.
pub(super) fn choose(
    refitted: &mut Refitted,
    model: &Arc<Model>,
    parts: &Partition,
    budget: &Budget,
    units: &FlowUnits,
    listener: &dyn Listener,
) -> Result<Option<SiteChoice>, PipelineError> {
    let attacks = Attacks::of(refitted, model, parts, listener)?;
    if attacks.families.is_empty() {
        return Ok(None);
    }
    let labels = vec![Label::Benign; scores_of(refitted)];
    let mut found = Vec::new();
    let halves = units.halves();
    // What each candidate finds at the cut of each half.
    let mut by_half: Vec<Vec<SiteCandidate>> = vec![Vec::new(); halves.len()];
    for (name, hybrid) in candidates(refitted, &labels)? {
        let scores = hybrid.combine(&refitted.columns).map_err(failed)?;
        let threshold = budget.choose_by_units(&scores, &units.of_row, units.by).map_err(in_words)?.chosen;
        let above = threshold.expected_fpr.unwrap_or(0.0);
        let fused = hybrid.combine(&attacks.columns).map_err(failed)?;
        for (half, told) in halves.iter().zip(&mut by_half) {
            let recall = attacks.recall(&fused, cut(&scores, half, above));
            told.push(SiteCandidate { name: name.clone(), recall });
        }
        // No single order statistic of the flows decides, for it sets the threshold too.
        let finds: f64 = by_half.iter().filter_map(|told| told.last()).map(|told| told.recall).sum();
        let recall = finds / halves.len().max(1) as f64;
        found.push((SiteCandidate { name, recall }, hybrid));
    }
    let (candidates, fusions): (Vec<SiteCandidate>, Vec<Hybrid>) = found.into_iter().unzip();
    let place = best(&candidates);
    let chosen: BTreeSet<usize> = by_half.iter().map(|told| best(told)).collect();
    let rivals = chosen.len() as u64;
    refitted.hybrid = fusions[place].clone();
    let attacks = attacks.families.values().map(|rows| rows.len() as u64).sum();
    Ok(Some(SiteChoice { chosen: candidates[place].name.clone(), attacks, rivals, candidates }))
}

fn scores_of(refitted: &Refitted) -> usize {
    refitted.columns.first().map_or(0, |column| column.p_attack.len())
}

/// The score that the share `above` of `rows` lie above.
fn cut(scores: &[f32], rows: &[usize], above: f64) -> f32 {
    let mut sorted: Vec<f32> = rows.iter().map(|&row| scores[row]).collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    sorted.get((above * rows.len() as f64) as usize).copied().unwrap_or(1.0)
}

/// Recalls no further apart than this count as one: known attacks are what the members were trained for, and say little of others.
const TOLERANCE: f64 = 0.05;

/// Of candidates that find as many known attacks: first those whose members have learned the site's flows, novelty among them, for
/// they find most of what nobody has shown them (docs/results.md, families left out); then the training's own.
const PREFERRED: [&str; 4] = ["surprise of forest and novelty", "surprise", "surprise of lstm and novelty", AS_TRAINED];

/// What the training's own fusion is called here.
const AS_TRAINED: &str = "as trained";

/// The place of the candidate that is chosen.
fn best(found: &[SiteCandidate]) -> usize {
    let highest = found.iter().map(|candidate| candidate.recall).fold(0.0, f64::max);
    let is_good = |candidate: &SiteCandidate| candidate.recall >= highest - TOLERANCE;
    let has_novelty = found.iter().any(|one| one.name == NOVELTY);
    let may = |name: &str| has_novelty || name == AS_TRAINED;
    let preferred = |name: &&str| found.iter().position(|one| one.name == **name && may(name) && is_good(one));
    let first = || found.iter().position(|candidate| candidate.recall >= highest);
    PREFERRED.iter().find_map(preferred).or_else(first).unwrap_or(0)
}

/// The training's own fusion, then single members and fusions that benign flows alone can fit.
fn candidates(refitted: &Refitted, labels: &[Label]) -> Result<Vec<(String, Hybrid)>, PipelineError> {
    let names: Vec<&str> = refitted.columns.iter().map(|column| column.name.as_str()).collect();
    let mut all = vec![(AS_TRAINED.to_owned(), refitted.hybrid.clone())];
    for (name, combine) in fusions(&names) {
        if !matches!(combine, Combine::TunedWeights | Combine::Stacking) {
            let config = HybridConfig { combine, ..HybridConfig::default() };
            all.push((name, config.fit(&refitted.columns, labels).map_err(failed)?));
        }
    }
    Ok(all)
}

/// Attacks of the calibration and the threshold part, without copies of training rows.
struct Attacks {
    /// The members' scores of both parts, one behind the other.
    columns: Vec<ScoreColumn>,
    /// Rows of each family that is large enough.
    families: BTreeMap<String, Vec<usize>>,
}

impl Attacks {
    fn of(
        refitted: &Refitted,
        model: &Arc<Model>,
        parts: &Partition,
        listener: &dyn Listener,
    ) -> Result<Self, PipelineError> {
        let now = Model { members: refitted.members.clone(), hybrid: refitted.hybrid.clone(), ..(**model).clone() };
        let [mut scores, threshold] = score_held_out(listener, &Arc::new(now), parts)?;
        let n_calibration = scores.n_rows();
        scores.append(threshold).map_err(failed)?;
        let mut families: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let tables = [(&parts.calibration, &parts.copies.calibration), (&parts.threshold, &parts.copies.threshold)];
        for ((table, copies), before) in tables.into_iter().zip([0, n_calibration]) {
            let labels = table.labels().map_err(failed)?;
            for row in (0..table.n_rows()).filter(|&row| labels[row].is_attack() && !copies[row]) {
                let family = table.family_of(row).unwrap_or("attack").to_owned();
                families.entry(family).or_default().push(before + row);
            }
        }
        families.retain(|_, rows| rows.len() >= FEWEST_OF_FAMILY);
        Ok(Attacks { columns: scores.members().to_vec(), families })
    }

    /// The share of those with `scores` above `threshold`, the mean over families.
    fn recall(&self, scores: &[f32], threshold: f32) -> f64 {
        let share =
            |rows: &Vec<usize>| rows.iter().filter(|&&row| scores[row] > threshold).count() as f64 / rows.len() as f64;
        self.families.values().map(share).sum::<f64>() / self.families.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn among_candidates_that_find_as_much_the_one_that_knows_the_site_is_chosen() {
        let found = |recalls: &[(&str, f64)]| -> Vec<SiteCandidate> {
            recalls.iter().map(|(name, recall)| SiteCandidate { name: (*name).to_owned(), recall: *recall }).collect()
        };
        let both = "surprise of forest and novelty";
        assert_eq!(best(&found(&[(AS_TRAINED, 0.99), ("novelty", 1.0), (both, 0.96)])), 2);
        assert_eq!(best(&found(&[(AS_TRAINED, 0.96), ("forest", 1.0), ("surprise", 1.0)])), 0, "no novelty");
        assert_eq!(best(&found(&[(AS_TRAINED, 0.99), ("forest", 1.0), (both, 0.5)])), 0);
        assert_eq!(best(&found(&[(AS_TRAINED, 0.2), ("forest", 0.3), ("novelty", 0.9), (both, 0.5)])), 2);
        assert_eq!(best(&found(&[(AS_TRAINED, 0.0), ("forest", 0.0)])), 0);
    }
}
