//! Which member or fusion the hybrid is at a site: by what each finds, at the threshold that the site's flows give it, of attacks
//! that none of its members has learned from. Known attacks of the training traffic; no test part is asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use nta_data::{Label, NOVELTY};
use nta_hybrid::{Combine, Hybrid, HybridConfig};
use nta_metrics::Budget;
use nta_model::{Model, SiteCandidate, SiteChoice};

use super::attacks::{Attacks, FEWEST_OF_FAMILY};
use super::crossfit::Refitted;
use super::in_words;
use super::training::Training;
use super::units::FlowUnits;
use crate::error::{PipelineError, failed};
use crate::run::fusions;

/// What comes of a choice: what was chosen, or why nothing could be.
pub(super) type Chosen = Result<SiteChoice, String>;

/// Puts the chosen fusion into `refitted`.
pub(super) fn choose(
    refitted: &mut Refitted,
    model: &Arc<Model>,
    training: &Training<'_>,
    budget: &Budget,
    units: &FlowUnits,
) -> Result<Chosen, PipelineError> {
    let attacks = Attacks::of(refitted, model, training)?;
    if attacks.families.is_empty() {
        let why = "no family of its training's traffic has as many as";
        return Ok(Err(format!("{why} {FEWEST_OF_FAMILY} attacks that can be judged by")));
    }
    let labels = vec![Label::Benign; scores_of(refitted)];
    let mut all = candidates(refitted, &labels)?;
    all.retain(|(_, hybrid)| attacks.unjudged.iter().all(|name| !hybrid.fuses(name)));
    if all.len() < 2 {
        let learned = attacks.unjudged.join(" and ");
        return Ok(Err(format!(
            "`split.fit: all` has kept no attack from {learned}, and without what has learned them there is nothing to choose between"
        )));
    }
    let mut found = Vec::new();
    let halves = units.halves();
    // What each candidate finds at the cut of each half.
    let mut by_half: Vec<Vec<SiteCandidate>> = vec![Vec::new(); halves.len()];
    for (name, hybrid) in all {
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
    let chosen = candidates[place].name.clone();
    let (attacks, unjudged) = (attacks.n_rows(), attacks.unjudged);
    Ok(Ok(SiteChoice { chosen, attacks, out_of_bag: training.is_learned_whole(), unjudged, rivals, candidates }))
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
