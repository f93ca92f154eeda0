//! `auto`: the way that suits the rows, tried from the most telling test to the least.

use super::config::{GroupBy, SplitConfig};
use super::material::Material;
use super::plan::Plan;
use super::requirements::Requirements;
use super::way::Way;

/// Captures that are worth dealing whole: two for each of the five parts.
const MANY_CAPTURES: usize = 10;
/// A part of whole groups that holds less than this share of the rows it should have is none.
const LEAST_FILLED: f64 = 0.5;

/// What could deal these rows, the most telling test first. A key that only one strategy heeds asks for that strategy.
pub(super) fn candidates(config: &SplitConfig, material: &Material, has_test: bool) -> Vec<Way> {
    let blocked = Way::Blocked { block_rows: config.block_rows, gap_rows: config.gap_rows };
    if let Some(by) = config.by {
        return vec![Way::Grouped(by)];
    }
    if config.block_rows.is_some() || config.gap_rows.is_some() {
        return vec![blocked];
    }
    let (by_host, by_capture) = (Way::Grouped(GroupBy::Entity), Way::Grouped(GroupBy::Capture));
    match (material.has_order(), has_test) {
        (true, false) => vec![Way::Temporal, blocked, by_host, by_capture],
        (true, true) => vec![blocked, by_host, by_capture],
        (false, false) if n_captures(material) >= MANY_CAPTURES => vec![by_capture, Way::Stratified],
        (false, _) => vec![Way::Stratified],
    }
}

/// The first of `candidates` under which every part can do its job, else the last that deals no groups, whose refusal
/// says most; and why the first would not do.
pub(super) fn first_that_does(
    candidates: &[Way],
    material: &Material,
    seed: u64,
    requirements: &Requirements,
) -> (Way, Vec<String>) {
    let mut passed_over = Vec::new();
    for (i, way) in candidates.iter().enumerate() {
        if way.unsuited(material).is_some() {
            continue;
        }
        let plan = way.plan(material, seed, requirements);
        match plan.shortfall(material, requirements) {
            None if matches!(way, Way::Grouped(_)) && !is_filled(&plan, material) => {}
            None => return (*way, passed_over),
            Some((part, lack)) if i == 0 => passed_over.push(match way {
                Way::Temporal => format!("a cut in time would leave the {part} part with {lack}"),
                way => format!("{way} would leave the {part} part with {lack}"),
            }),
            Some(_) => {}
        }
    }
    let fallback = candidates.iter().rfind(|way| !matches!(way, Way::Grouped(_))).or(candidates.last());
    (fallback.copied().unwrap_or(Way::Stratified), passed_over)
}

/// Whether every part holds about the share of rows that it was to have.
fn is_filled(plan: &Plan, material: &Material) -> bool {
    let n_rows = material.n_rows() as f64;
    let mut parts = material.parts();
    parts.all(|p| plan.rows[p as usize].len() as f64 >= LEAST_FILLED * material.shares[p as usize] * n_rows)
}

fn n_captures(material: &Material) -> usize {
    material.groups(GroupBy::Capture).iter().max().map_or(0, |last| *last as usize + 1)
}
