//! From what a run told and measured to the points that a server charts. What stands before a name's first `/` is a section
//! of the server's page: train, validation, test, importances, data, stages, system.

use std::collections::BTreeSet;

use nta_tracking::mlflow::{DataName, Point};
use nta_tracking::{Moment, StepMetric};
use serde_json::Value;

use crate::event::{Event, Outcome};

/// An event and when it was told.
pub(super) struct Told {
    /// Milliseconds since 1970-01-01 UTC.
    pub(super) timestamp: i64,
    pub(super) event: Event,
}

/// The events of a run as its folder keeps them; what is none of ours, as the line of its end, is passed over.
pub(super) fn told(lines: &[Value]) -> Vec<Told> {
    let read = |line: &Value| {
        let time: Moment = serde_json::from_value(line["time"].clone()).ok()?;
        Some(Told { timestamp: time.milliseconds(), event: serde_json::from_value(line.clone()).ok()? })
    };
    lines.iter().filter_map(read).collect()
}

/// Points as they are gathered. A number that is made again after an interruption is the same number: its first point
/// stands, for a server may hold it already.
struct Points {
    points: Vec<Point>,
    known: BTreeSet<(String, u64)>,
}

impl Points {
    fn put(&mut self, point: Point) {
        if self.known.insert((point.key.clone(), point.step)) {
            self.points.push(point);
        }
    }
}

/// The points of a run's events. `test` names the rows that the evaluation was measured on.
pub(super) fn of_events(told: &[Told], test: &DataName) -> Vec<Point> {
    let mut points = Points { points: Vec::new(), known: BTreeSet::new() };
    let mut attempt: u64 = 0;
    for Told { timestamp, event } in told {
        let mut put = |key: String, value: f64, step: u64, of_model: Option<DataName>| {
            points.put(Point { key, value, step, timestamp: *timestamp, of_model });
        };
        match event {
            Event::Begun(begun) => attempt += u64::from(begun.resumed),
            Event::Epoch(epoch) if epoch.seconds > 0.0 => {
                put("system/lstm_flows_per_second".to_owned(), epoch.flows as f64 / epoch.seconds, epoch.epoch, None);
            }
            Event::StageDone { outcome, seconds } => {
                let stage = outcome.stage().name();
                put(format!("stages/{stage}_seconds"), *seconds, attempt, None);
                if let Some(flows) = flows(outcome).filter(|_| *seconds > 0.0) {
                    put(format!("system/{stage}_flows_per_second"), flows as f64 / seconds, attempt, None);
                }
                let of_model = matches!(outcome, Outcome::Evaluate { .. }).then(|| test.clone());
                for (key, value) in numbers(outcome) {
                    put(key, value, 0, of_model.clone());
                }
            }
            _ => {}
        }
    }
    points.points
}

/// Flows that a stage went through once.
fn flows(outcome: &Outcome) -> Option<u64> {
    match outcome {
        Outcome::Read { rows, .. } | Outcome::Evaluate { rows, .. } => Some(*rows),
        _ => None,
    }
}

/// What a stage made, each number under its section.
fn numbers(outcome: &Outcome) -> Vec<(String, f64)> {
    let named = |name: &str, value: u64| (name.to_owned(), value as f64);
    match outcome {
        Outcome::Read { rows, columns, files, .. } => {
            vec![named("data/rows", *rows), named("data/columns", *columns), named("data/files", *files)]
        }
        Outcome::Partition { parts } => {
            parts.iter().map(|part| named(&format!("data/{}_rows", part.part), part.rows)).collect()
        }
        Outcome::Preprocess { tabular, numeric, categorical } => vec![
            named("data/forest_columns", *tabular),
            named("data/lstm_numbers", *numeric),
            named("data/lstm_categories", *categorical),
        ],
        Outcome::Forest { trees, out_of_bag_auc } => {
            let auc = out_of_bag_auc.map(|auc| ("train/forest_out_of_bag_roc_auc".to_owned(), auc));
            [named("train/forest_trees", *trees)].into_iter().chain(auc).collect()
        }
        Outcome::Importances { largest, .. } => {
            largest.iter().map(|feature| (format!("importances/{}", feature.feature), feature.loss)).collect()
        }
        Outcome::Lstm { epochs, best_epoch, .. } => {
            vec![named("train/lstm_epochs", *epochs), named("train/lstm_best_epoch", *best_epoch)]
        }
        Outcome::Density { half, .. } => vec![("train/novelty_half_nats".to_owned(), *half)],
        Outcome::Isolation { half, .. } => vec![("train/novelty_half_splits".to_owned(), *half)],
        Outcome::Hybrid { threshold, .. } => vec![("validation/hybrid_threshold".to_owned(), f64::from(*threshold))],
        Outcome::Evaluate { metrics, .. } => metrics.iter().map(|(name, value)| (of_test(name), *value)).collect(),
        Outcome::Decide { gain, .. } => vec![("retrain/gain".to_owned(), *gain)],
        Outcome::LeaveOut { unseen, .. } => {
            unseen.iter().map(|u| ("train/left_out_detection".to_owned(), *u)).collect()
        }
        Outcome::CrossFit { rows, .. } => vec![named("train/cross_fitted_rows", *rows)],
        Outcome::Refit { rows, .. } => vec![named("train/refitted_rows", *rows)],
        Outcome::Audit { .. }
        | Outcome::Replay { .. }
        | Outcome::Drift { .. }
        | Outcome::Prove { .. }
        | Outcome::Report { .. }
        | Outcome::Save { .. }
        | Outcome::Score { .. }
        | Outcome::Baseline { .. }
        | Outcome::Simulate { .. } => Vec::new(),
    }
}

/// `hybrid/at_budget.recall` under `test/hybrid/at_budget`: one section for all would hold hundreds of charts.
fn of_test(name: &str) -> String {
    format!("test/{}", name.replacen('.', "/", 1))
}

/// The points of a run's step metrics, in the order in which they were made: `lstm/train_loss` is charted as
/// `train/lstm_loss`.
pub(super) fn of_steps(metrics: &[StepMetric]) -> Vec<Point> {
    let mut points = Points { points: Vec::new(), known: BTreeSet::new() };
    for metric in metrics {
        points.put(Point { key: in_section(&metric.key), ..of_step(metric) });
    }
    points.points
}

/// The points of the machine's samples.
pub(super) fn of_machine(samples: &[StepMetric]) -> Vec<Point> {
    samples.iter().map(of_step).collect()
}

fn of_step(metric: &StepMetric) -> Point {
    let StepMetric { key, value, step, timestamp } = metric.clone();
    Point { key, value, step, timestamp, of_model: None }
}

fn in_section(key: &str) -> String {
    let Some((member, what)) = key.split_once('/') else { return format!("train/{key}") };
    let sections = ["train", "validation"].iter();
    let mut found = sections.filter_map(|section| Some((section, what.strip_prefix(section)?.strip_prefix('_')?)));
    found
        .next()
        .map_or_else(|| format!("train/{member}_{what}"), |(section, what)| format!("{section}/{member}_{what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_metrics_stand_in_their_section() {
        assert_eq!(in_section("lstm/train_loss"), "train/lstm_loss");
        assert_eq!(in_section("lstm/validation_log_loss"), "validation/lstm_log_loss");
        assert_eq!(in_section("lstm/gradient"), "train/lstm_gradient");
        assert_eq!(in_section("loss"), "train/loss");
    }

    #[test]
    fn a_step_made_again_keeps_its_first_point() {
        let metric = |value, step, timestamp| StepMetric { key: "lstm/train_loss".into(), value, step, timestamp };
        let points = of_steps(&[metric(0.5, 1, 10), metric(f64::NAN, 2, 20), metric(0.5, 1, 30)]);
        assert_eq!(points.iter().map(|p| (p.step, p.timestamp)).collect::<Vec<_>>(), [(1, 10), (2, 20)]);
        assert!(points[1].value.is_nan());
    }
}
