//! Both models on the same rows, as the page shows them.

use nta_metrics::{Paired, UnitKind};
use nta_plots::percent;
use serde::Serialize;

use super::DecisionPage;
use super::check::p_value;
use crate::names::counted;

/// Both on some rows.
#[derive(Serialize)]
pub(super) struct Comparison {
    title: &'static str,
    rows: String,
    models: Vec<[String; 5]>,
    gain: String,
    differ: String,
    families: Vec<FamilyRow>,
}

#[derive(Serialize)]
pub(super) struct FamilyRow {
    name: String,
    flows: String,
    shares: [String; 2],
    lengths: [u32; 2],
    fell: bool,
}

pub(super) fn comparison(title: &'static str, paired: &Paired, decision: &DecisionPage<'_>) -> Comparison {
    let model = |name: &str, at: &nta_metrics::AtRate| {
        let counts = [at.false_alarms, at.detected].map(nta_plots::thousands);
        let [alarms, detected] = counts;
        [name.to_owned(), format!("{:.4}", at.threshold), alarms, detected, percent(at.recall)]
    };
    let interval = paired.interval.map_or("no interval: too few of them hold attacks".to_owned(), |(low, high)| {
        format!("[{low:+.3}, {high:+.3}] at {} an end", percent(1.0 - paired.alpha))
    });
    let units = match paired.units.by {
        UnitKind::Hosts => counted(paired.units.n, "host", "hosts"),
        UnitKind::Stretches => {
            counted(paired.units.n, "stretch of neighbouring flows", "stretches of neighbouring flows")
        }
    };
    let length = |share: f64| (100.0 * share).round() as u32;
    let family = |(name, pair): (&str, &nta_metrics::FamilyPair)| FamilyRow {
        name: name.to_owned(),
        flows: nta_plots::thousands(pair.flows),
        shares: [pair.champion, pair.challenger].map(percent),
        lengths: [pair.champion, pair.challenger].map(length),
        fell: pair.fall() > 0.0,
    };
    let (alone, other) = (paired.mcnemar.challenger_alone, paired.mcnemar.champion_alone);
    Comparison {
        title,
        rows: format!(
            "{} and {}",
            counted(paired.benign, "benign flow", "benign flows"),
            counted(paired.attacks, "attack", "attacks")
        ),
        models: vec![model(decision.champion, &paired.champion), model(decision.challenger, &paired.challenger)],
        gain: format!(
            "Gain in recall {:+.3}, {interval}, by {units} drawn again, {} of them with attacks.",
            paired.gain, paired.units.with_attacks
        ),
        differ: format!(
            "{} only the challenger finds, {} only the champion: McNemar's mid-p {}.",
            counted(alone, "attack", "attacks"),
            nta_plots::thousands(other),
            p_value(paired.mcnemar.mid_p)
        ),
        families: paired.families.iter().map(family).collect(),
    }
}
