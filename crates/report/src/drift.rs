//! Drift as a page: what moved, how far, and how each column was spread then and now.

use nta_audit::{ColumnDrift, ColumnKind, Drift, ObservedRate};
use nta_data::listed;
use nta_plots::{Shift, Theme, percent, shifts, significant};
use nta_preprocess::Bins;
use serde::Serialize;

use crate::names::{counted, spoken};
use crate::{Artefact, ReportError, page};

/// What the page says of where its numbers are from.
#[derive(Debug, Clone)]
pub struct DriftHead {
    /// The model, as `name/3` or a path.
    pub model: String,
    /// The fresh traffic's files.
    pub fresh: Vec<String>,
    /// Budget and false alarms, where the traffic is labelled.
    pub promise: Option<(f64, ObservedRate)>,
    /// What is past its limit.
    pub past_limit: Vec<String>,
}

/// Columns whose bins are drawn; the JSON holds all.
const DRAWN: usize = 40;

#[derive(Serialize)]
struct Page<'a> {
    style: String,
    model: &'a str,
    fresh: &'a [String],
    state: &'static str,
    badge: &'static str,
    claim: String,
    promise: Option<String>,
    alerts: String,
    rows: [String; 2],
    limits: [String; 3],
    figure: String,
    figure_width: u32,
    columns: Vec<Row>,
    spreads: Vec<SpreadView>,
    n_not_drawn: usize,
}

#[derive(Serialize)]
struct Row {
    name: String,
    kind: &'static str,
    psi: String,
    interval: String,
    ks: String,
    missing: String,
    others: String,
    q: String,
    drifted: bool,
}

/// A column's bins, then and now.
#[derive(Serialize)]
struct SpreadView {
    name: String,
    drifted: bool,
    /// What the bin holds, and its share in training and now: as text and as length in percent of the longest.
    bins: Vec<(String, [String; 2], [u32; 2])>,
}

/// The page `drift.html` and its figure. The same drift gives the same bytes.
///
/// # Errors
/// A figure or a template that cannot be made.
pub fn render_drift(head: &DriftHead, drift: &Drift) -> Result<Vec<Artefact>, ReportError> {
    let moved = |column: &ColumnDrift| Shift {
        name: shown_name(column),
        value: column.psi,
        interval: column.psi_interval,
        moved: column.drifted,
    };
    let data: Vec<Shift> = drift.columns.iter().map(moved).collect();
    let figure = shifts(&data, drift.config.psi, "stability index", Theme::Light, "Drift by column")
        .map_err(|source| ReportError::Figure { name: "drift".into(), source })?;
    let kept = head.past_limit.is_empty();
    let page = Page {
        style: page::style(),
        model: &head.model,
        fresh: &head.fresh,
        state: if kept { "kept" } else { "missed" },
        badge: if kept { "within the limits" } else { "past the limits" },
        claim: claim(head, drift),
        promise: head.promise.as_ref().map(promise),
        alerts: alerts(drift),
        rows: [counted(drift.trained_rows, "flow", "flows"), counted(drift.fresh_rows, "flow", "flows")],
        limits: [drift.config.psi, drift.config.alert_factor, drift.config.false_discovery].map(significant),
        figure: figure.inline_svg(),
        figure_width: figure.width,
        columns: drift.columns.iter().map(row).collect(),
        spreads: drift.columns.iter().take(DRAWN).map(spread).collect(),
        n_not_drawn: drift.columns.len().saturating_sub(DRAWN),
    };
    let html = page::fill(include_str!("../templates/drift.html"), &page)?;
    Ok(vec![
        Artefact { path: "drift.html".into(), bytes: html.into_bytes() },
        Artefact { path: "figures/drift.png".into(), bytes: figure.png },
        Artefact { path: "figures/drift.svg".into(), bytes: figure.svg.into_bytes() },
    ])
}

fn claim(head: &DriftHead, drift: &Drift) -> String {
    let columns = drift.columns.len();
    match head.past_limit.as_slice() {
        [] => {
            format!("None of {columns} columns and scores, nor the alert rate, has moved past its limit beyond chance.")
        }
        moved => format!("Past the limit, beyond chance: {}.", listed(moved)),
    }
}

fn promise((budget, observed): &(f64, ObservedRate)) -> String {
    let rate = observed.rate.map_or("–".into(), percent);
    let interval =
        observed.interval.map_or(String::new(), |(low, high)| format!(" [{}, {}]", percent(low), percent(high)));
    let rows = counted(observed.rows, "benign flow", "benign flows");
    format!(
        "Promised: at most {} of benign flows flagged. Observed on these {rows}: {rate}{interval}.",
        percent(*budget)
    )
}

fn alerts(drift: &Drift) -> String {
    let alerts = &drift.alerts;
    let (low, high) = alerts.factor_interval;
    format!(
        "The hybrid flags {} of these flows; of the part that set its threshold it flagged {}: {:.2} times as many [{low:.2}, {high:.2}].",
        percent(alerts.fresh),
        percent(alerts.trained),
        alerts.factor
    )
}

fn shown_name(column: &ColumnDrift) -> String {
    match column.kind {
        ColumnKind::Score => format!("score of {}", spoken(&column.name)),
        _ => column.name.clone(),
    }
}

fn row(column: &ColumnDrift) -> Row {
    let then_now = |(then, now): (f64, f64)| format!("{} → {}", percent(then), percent(now));
    Row {
        name: shown_name(column),
        kind: column.kind.name(),
        psi: format!("{:.3}", column.psi),
        interval: format!("[{:.3}, {:.3}]", column.psi_interval.0, column.psi_interval.1),
        ks: column.ks.map_or("–".into(), |ks| format!("{ks:.3}")),
        missing: if column.missing == (0.0, 0.0) { "–".into() } else { then_now(column.missing) },
        others: column.others.filter(|others| *others != (0.0, 0.0)).map_or("–".into(), then_now),
        q: if column.q < 0.001 { "< 0.001".into() } else { format!("{:.3}", column.q) },
        drifted: column.drifted,
    }
}

fn spread(column: &ColumnDrift) -> SpreadView {
    let (trained, fresh) = (grouped(&column.bins, &column.trained), grouped(&column.bins, &column.fresh));
    let share = |rows: &[u64], i: usize| rows[i] as f64 / rows.iter().sum::<u64>().max(1) as f64;
    let pairs: Vec<[f64; 2]> = (0..trained.len()).map(|i| [share(&trained, i), share(&fresh, i)]).collect();
    let longest = pairs.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
    let length = |share: f64| (100.0 * share / longest).round() as u32;
    let bins = bin_names(&column.bins).into_iter().zip(pairs).filter(|(_, pair)| *pair != [0.0, 0.0]);
    let bins = bins.map(|(name, pair)| (name, pair.map(percent), pair.map(length))).collect();
    SpreadView { name: shown_name(column), drifted: column.drifted, bins }
}

/// Bins of scores that make one on the page.
const SCORES_IN_ONE: usize = 5;

fn grouped(bins: &Bins, rows: &[u64]) -> Vec<u64> {
    let width = if *bins == Bins::Scores { SCORES_IN_ONE } else { 1 };
    rows.chunks(width).map(|group| group.iter().sum()).collect()
}

fn bin_names(bins: &Bins) -> Vec<String> {
    match bins {
        Bins::Numbers { bounds } => {
            let bounds: Vec<String> = bounds.iter().map(|bound| significant(f64::from(*bound))).collect();
            let first = bounds.first().map(|bound| format!("up to {bound}"));
            let between = bounds.windows(2).map(|pair| format!("to {}", pair[1]));
            let last = bounds.last().map_or("any".into(), |bound| format!("above {bound}"));
            first.into_iter().chain(between).chain([last, "missing".into()]).collect()
        }
        Bins::Texts { values } => values.iter().cloned().chain(["all others".into(), "missing".into()]).collect(),
        Bins::Scores => {
            let groups = bins.len() / SCORES_IN_ONE;
            let bound = |i: usize| significant(i as f64 / groups as f64);
            (0..groups).map(|i| format!("{} to {}", bound(i), bound(i + 1))).collect()
        }
        Bins::Alerts => vec!["not flagged".into(), "flagged".into()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bin_has_a_name_of_its_own() {
        let all = [
            Bins::Numbers { bounds: vec![0.0, 1.5] },
            Bins::Texts { values: vec!["tcp".into()] },
            Bins::Scores,
            Bins::Alerts,
        ];
        for bins in all {
            let names = bin_names(&bins);
            assert_eq!(names.len(), grouped(&bins, &vec![1; bins.len()]).len(), "{names:?}");
        }
        assert_eq!(bin_names(&Bins::Numbers { bounds: vec![0.0, 1.5] }), ["up to 0", "to 1.5", "above 1.5", "missing"]);
        assert_eq!(bin_names(&Bins::Scores)[9], "0.9 to 1");
    }
}
