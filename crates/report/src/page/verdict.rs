//! What the reader came for: was the promise kept, does the hybrid pay.

use nta_data::listed;
use nta_metrics::{CrossFitted, Evaluation, MemberEvaluation, Moved, MovedColumn, Promise, ThresholdRule, metric};
use nta_plots::{a_day, percent, thousands};
use serde::Serialize;

use crate::RunReport;
use crate::names::counted;
use crate::numbers;

/// The front of the page.
#[derive(Serialize)]
pub(crate) struct Verdict {
    promise: Option<PromiseView>,
    /// Why there is no promise.
    no_promise: String,
    /// Whether the hybrid pays.
    sentence: String,
    /// What that is in alerts a day.
    per_day: Option<String>,
    tiles: Vec<Tile>,
}

#[derive(Serialize)]
struct PromiseView {
    /// `kept`, `missed`, `near` or `unknown`: also the style's class.
    state: &'static str,
    badge: &'static str,
    budget: String,
    confidence: String,
    observed: String,
    /// What was counted, and how sure it is.
    evidence: Vec<String>,
    /// For which traffic it was made, and whether the test's is such.
    holds_for: Option<HoldsFor>,
    gauge: Option<Gauge>,
}

#[derive(Serialize)]
struct HoldsFor {
    claim: &'static str,
    evidence: Vec<String>,
}

/// Places on a strip from 0 to beyond everything shown, in percent of its length.
#[derive(Serialize)]
struct Gauge {
    budget: f64,
    low: f64,
    width: f64,
    observed: f64,
    /// Where the budget's label goes: `start`, `middle` or `end`; near an end it takes that end's label's place.
    side: &'static str,
    end: String,
}

#[derive(Serialize)]
struct Tile {
    name: &'static str,
    value: String,
    hint: &'static str,
}

pub(crate) fn verdict(run: &RunReport) -> Verdict {
    let evaluation = &run.evaluation;
    let hybrid = evaluation.hybrid();
    let why = evaluation.undefined.get("promise").cloned();
    Verdict {
        promise: evaluation.promise.as_ref().map(|promise| {
            let mut view = promise_view(promise, hybrid);
            view.holds_for = evaluation.moved.as_ref().map(holds_for);
            view.evidence.extend(evaluation.cross_fitted.iter().flat_map(rests_on));
            view
        }),
        no_promise: why.unwrap_or_else(|| "no false positive budget was set".into()),
        sentence: evaluation.verdict.clone(),
        per_day: per_day(evaluation),
        tiles: hybrid.map(tiles).unwrap_or_default(),
    }
}

/// Alerts a day, and how many of them the promise lets be false.
fn per_day(evaluation: &Evaluation) -> Option<String> {
    let (flows, confusion) = (evaluation.flows_per_day?, &evaluation.hybrid()?.at_budget.confusion);
    let n_flows = confusion.total();
    let share = (n_flows > 0).then(|| (confusion.tp + confusion.fp) as f64 / n_flows as f64)?;
    let [flows_told, alerts] = [flows, flows * share].map(a_day);
    let false_ones = evaluation.promise.as_ref().map(|promise| a_day(flows * promise.budget));
    let false_ones =
        false_ones.map_or_else(String::new, |n| format!("; where the promise holds, at most {n} are false"));
    Some(format!(
        "At the pace of the test traffic, {flows_told} flows a day, {alerts} alerts are raised a day{false_ones}."
    ))
}

fn promise_view(promise: &Promise, hybrid: Option<&MemberEvaluation>) -> PromiseView {
    let within_error = promise.interval.is_some_and(|interval| interval.low <= promise.budget);
    let (state, badge) = match (promise.kept, within_error) {
        (Some(true), _) => ("kept", "✓ kept"),
        (Some(false), true) => ("near", "✗ missed, within sampling error"),
        (Some(false), false) => ("missed", "✗ missed"),
        (None, _) => ("unknown", "not tested"),
    };
    PromiseView {
        state,
        badge,
        budget: rate(promise.budget),
        confidence: rate(promise.confidence),
        observed: promise.observed_fpr.map_or("nothing".into(), percent),
        evidence: evidence(promise, hybrid),
        holds_for: None,
        gauge: gauge(promise),
    }
}

/// What a threshold for members fitted on all rows rests on, and what it may promise.
fn rests_on(fitted: &CrossFitted) -> [String; 2] {
    let said = fitted.describe();
    let mut letters = said.chars();
    let said: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let kept_back = if fitted.in_time { "three quarters" } else { "half" };
    let guarantee = format!(
        "So no row judged itself, but no score is the shipped members' own: the promise holds for exchangeable \
                     traffic as far as the further training rows do not move benign scores. Whatever the learner, the folds' \
                     models together would keep twice the budget (Barber et al. 2021). For that, {kept_back} of the error that the \
                     confidence allows are kept back, and the threshold keeps the budget in every fold by itself."
    );
    [format!("{said}."), guarantee]
}

fn holds_for(found: &Moved) -> HoldsFor {
    let (auc, own, limit) = (found.auc, found.own_auc, found.limit);
    let mut evidence = vec![format!(
        "Told from features alone, before the labels were read: a classifier tells {} benign training flows from {} test \
         flows that the model leaves unflagged with AUC {auc:.2}, and stretches of the training traffic from each other with \
         {own:.2} at most; from {limit:.2} on it counts.",
        thousands(found.trained_rows),
        thousands(found.fresh_rows),
    )];
    let column = |column: &MovedColumn| format!("{} ({:.2})", column.name, column.distance);
    let columns: Vec<String> = found.columns.iter().map(column).collect();
    if !columns.is_empty() {
        let columns = listed(&columns);
        evidence.push(format!("The columns that differ most, with the distance of their distributions: {columns}."));
    }
    let claim = match found.moved {
        false => "The promise is for traffic like the training file's, and the test traffic is.",
        true => {
            "No promise for another site: the test traffic moved. Benign flows of that site make one for it (nta baseline)."
        }
    };
    HoldsFor { claim, evidence }
}

/// A configured rate, without needless zeros.
fn rate(fraction: f64) -> String {
    let text = format!("{:.4}", fraction * 100.0);
    format!("{}\u{a0}%", text.trim_end_matches('0').trim_end_matches('.'))
}

fn evidence(promise: &Promise, hybrid: Option<&MemberEvaluation>) -> Vec<String> {
    let mut lines = Vec::new();
    let flows = counted(promise.benign_rows, "benign test flow", "benign test flows");
    match &promise.interval {
        Some(interval) => lines.push(format!(
            "{} among {flows}. If flows were independent, the true rate would lie between {} and {} ({} interval).",
            counted(promise.false_alarms, "false alarm", "false alarms"),
            percent(interval.low),
            percent(interval.high),
            rate(interval.confidence),
        )),
        None => lines.push("The test part holds no benign flow, so no false alarm could occur.".into()),
    }
    if let Some(clustered) = &promise.clustered {
        let spread = match (&clustered.interval, &clustered.reason) {
            (Some(interval), _) => format!("between {} and {}", percent(interval.low), percent(interval.high)),
            (None, reason) => format!("not to be told: {}", reason.as_deref().unwrap_or("too few entities")),
        };
        lines.push(format!(
            "Flows of one entity (a host, a pair, a capture) are not independent. By entity ({} of {} raised a false \
             alarm) the interval is {spread}.",
            thousands(clustered.entities_with_false_alarms),
            thousands(clustered.entities),
        ));
    }
    lines.extend(hybrid.map(|hybrid| {
        let threshold = &hybrid.threshold;
        let expected =
            threshold.expected_fpr.map_or(String::new(), |fpr| format!("; {} of them lie above it", percent(fpr)));
        let rows = counted(threshold.benign_rows, "other benign flow", "other benign flows");
        let how = match threshold.rule {
            ThresholdRule::Budget(_) => format!("chosen on {rows}"),
            ThresholdRule::BestF1 => format!("the best F1 on a part with {rows}"),
            ThresholdRule::Groups(_) => format!("that holds by the rule {} on {rows}", threshold.rule.describe()),
            ThresholdRule::Fixed(_) => format!("fixed in the config and held against {rows}"),
        };
        let value = nta_plots::threshold(f64::from(threshold.value));
        format!("The hybrid flags scores above {value}, a threshold {how}{expected}.")
    }));
    lines
}

fn gauge(promise: &Promise) -> Option<Gauge> {
    let (observed, interval) = promise.observed_fpr.zip(promise.interval)?;
    let end = (interval.high.max(promise.budget) * 1.15).min(1.0);
    let place = |rate: f64| (rate / end * 1000.0).clamp(0.0, 1000.0).round() / 10.0;
    Some(Gauge {
        budget: place(promise.budget),
        low: place(interval.low),
        width: (place(interval.high) - place(interval.low)).max(0.4),
        observed: place(observed),
        side: match place(promise.budget) {
            low if low < 14.0 => "start",
            high if high > 80.0 => "end",
            _ => "middle",
        },
        end: percent(end),
    })
}

/// What the tiles show, and how each number reads on.
const TILES: [(&str, &str); 6] = [
    ("recall", "of the attacks are flagged"),
    ("precision", "of the alarms are attacks"),
    ("fpr", "of the benign flows are flagged"),
    ("f1", "harmonic mean of precision and recall"),
    ("average_precision", "area under precision and recall"),
    ("roc_auc", "area under the ROC curve"),
];

fn tiles(hybrid: &MemberEvaluation) -> Vec<Tile> {
    let tile = |(name, hint): (&str, &'static str)| {
        let metric = metric(name)?;
        let value = numbers::cell(metric, hybrid.value(name));
        Some(Tile { name: metric.words.split(" (").next().unwrap_or(metric.words), value, hint })
    };
    TILES.into_iter().filter_map(tile).collect()
}

#[cfg(test)]
mod tests {
    use nta_metrics::Interval;

    use super::*;

    fn promise(observed: f64, low: f64, high: f64, kept: bool) -> Promise {
        Promise {
            budget: 0.01,
            confidence: 0.95,
            observed_fpr: Some(observed),
            kept: Some(kept),
            false_alarms: 10,
            benign_rows: 1_000,
            interval: Some(Interval { low, high, confidence: 0.95 }),
            clustered: None,
        }
    }

    #[test]
    fn a_miss_within_sampling_error_is_not_called_a_plain_miss() {
        assert_eq!(promise_view(&promise(0.012, 0.009, 0.02, false), None).state, "near");
        assert_eq!(promise_view(&promise(0.098, 0.092, 0.104, false), None).state, "missed");
        assert_eq!(promise_view(&promise(0.008, 0.006, 0.011, true), None).badge, "✓ kept");
        let nothing = Promise { observed_fpr: None, kept: None, interval: None, ..promise(0.0, 0.0, 0.0, true) };
        assert_eq!(promise_view(&nothing, None).state, "unknown");
    }

    #[test]
    fn alerts_a_day_are_told_where_times_tell_the_flows_of_one() {
        let mut evaluation = crate::sample::usual().evaluation;
        assert_eq!(per_day(&evaluation), None);
        let confusion = &evaluation.hybrid().unwrap().at_budget.confusion;
        let (flagged, all) = (confusion.tp + confusion.fp, confusion.total());
        evaluation.flows_per_day = Some(all as f64);
        let said = per_day(&evaluation).unwrap();
        assert!(said.contains(&format!("{} flows a day, {} alerts", thousands(all), thousands(flagged))), "{said}");
        assert!(said.contains("at most"), "{said}");
        evaluation.promise = None;
        assert!(!per_day(&evaluation).unwrap().contains("at most"));
        assert_eq!([a_day(0.25), a_day(9.0), a_day(1234.4)], ["0.2", "9.0", "1,234"]);
    }

    #[test]
    fn every_tile_is_a_metric_of_a_member() {
        let run = crate::sample::small();
        assert_eq!(tiles(run.evaluation.hybrid().unwrap()).len(), TILES.len());
        for (name, _) in TILES {
            assert!(run.evaluation.hybrid().unwrap().value(name).is_some(), "{name}");
        }
    }

    #[test]
    fn the_gauge_holds_budget_and_interval() {
        let gauge = gauge(&promise(0.098, 0.092, 0.104, false)).unwrap();
        assert!(gauge.budget < gauge.low && gauge.low < gauge.observed);
        assert!(gauge.low + gauge.width <= 100.0);
        assert_eq!(rate(0.001), "0.1\u{a0}%");
        assert_eq!(rate(0.95), "95\u{a0}%");
    }
}
