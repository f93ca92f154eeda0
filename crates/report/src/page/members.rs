//! Members against hybrid: a row a metric, a column a member, so that it reads on a phone too.

use nta_metrics::{
    AT_THRESHOLD, Baseline, Better, Evaluation, MemberEvaluation, Metric, Named, OperatingPoint, RANKING, metric,
};
use nta_plots::thousands;
use serde::Serialize;

use crate::names::spoken;
use crate::numbers;

#[derive(Serialize)]
pub(crate) struct MembersTable {
    columns: Vec<String>,
    /// What the baselines among the columns say.
    baselines: Vec<BaselineRule>,
    groups: Vec<MetricGroup>,
}

#[derive(Serialize)]
struct BaselineRule {
    name: String,
    rule: String,
}

#[derive(Serialize)]
struct MetricGroup {
    name: &'static str,
    rows: Vec<MetricRow>,
}

#[derive(Serialize)]
struct MetricRow {
    name: &'static str,
    /// What the metric tells, in a sentence.
    meaning: &'static str,
    cells: Vec<MetricCell>,
}

#[derive(Serialize)]
struct MetricCell {
    text: String,
    best: bool,
    /// Why there is no number.
    why: Option<String>,
}

/// Per-class numbers of one member.
#[derive(Serialize)]
pub(crate) struct ClassReport {
    member: String,
    rows: Vec<[String; 5]>,
}

/// The numbers that tell most of an operating point.
const IN_BRIEF: [&str; 5] = ["precision", "recall", "f1", "fpr", "accuracy"];

pub(crate) fn members_table(evaluation: &Evaluation) -> MembersTable {
    let members = evaluation.with_beside().map(|(name, _)| spoken(name));
    let baselines: Vec<BaselineRule> = evaluation
        .baselines
        .iter()
        .map(|(name, baseline)| BaselineRule { name: spoken(name), rule: baseline.rule.clone() })
        .collect();
    let columns = members.chain(baselines.iter().map(|baseline| baseline.name.clone())).collect();
    let mut groups = vec![
        MetricGroup { name: "Ranking, no threshold", rows: ranking_rows(evaluation) },
        MetricGroup { name: "At each one's own threshold", rows: threshold_rows(evaluation) },
        MetricGroup { name: "At a score of 0.5", rows: brief_rows(evaluation, |member| Some(&member.at_half)) },
    ];
    groups.extend(without_copies(evaluation));
    MembersTable { columns, baselines, groups }
}

fn ranking_rows(evaluation: &Evaluation) -> Vec<MetricRow> {
    let row = |metric: &Metric| {
        let of_member = |member: &MemberEvaluation| Found::of(member.value(metric.name), &member.undefined, metric);
        let of_baseline = |baseline: &Baseline| match metric.name {
            "average_precision" => baseline.average_precision,
            _ => None,
        };
        metric_row(evaluation, metric, of_member, of_baseline)
    };
    RANKING.iter().map(|entry| row(&entry.metric)).collect()
}

fn threshold_rows(evaluation: &Evaluation) -> Vec<MetricRow> {
    let row = |metric: &Metric| {
        let of_member = |member: &MemberEvaluation| Found::at(&member.at_budget, metric);
        metric_row(evaluation, metric, of_member, |baseline| baseline.answers.value(metric.name))
    };
    let metrics = AT_THRESHOLD.iter().map(|entry| &entry.metric);
    metrics.filter(|metric| numbers::is_no_count(metric)).map(row).collect()
}

fn without_copies(evaluation: &Evaluation) -> Option<MetricGroup> {
    evaluation.hybrid()?.without_copies.as_ref().filter(|without| without.copies > 0)?;
    let rows = brief_rows(evaluation, |member| member.without_copies.as_ref().map(|without| &without.at_budget));
    Some(MetricGroup { name: "At each one's own threshold, without exact copies of training flows", rows })
}

/// The numbers that tell most of each member's operating point.
fn brief_rows(evaluation: &Evaluation, point: impl Fn(&MemberEvaluation) -> Option<&OperatingPoint>) -> Vec<MetricRow> {
    let row = |metric: &Metric| {
        let of_member = |member: &MemberEvaluation| point(member).map_or(Found::NOTHING, |p| Found::at(p, metric));
        metric_row(evaluation, metric, of_member, |_| None)
    };
    IN_BRIEF.into_iter().filter_map(metric).map(row).collect()
}

/// A number, or why there is none.
struct Found {
    value: Option<f64>,
    why: Option<String>,
}

impl Found {
    const NOTHING: Found = Found { value: None, why: None };

    fn of(value: Option<f64>, undefined: &Named<String>, metric: &Metric) -> Self {
        Found { value, why: undefined.get(metric.name).cloned() }
    }

    fn at(point: &OperatingPoint, metric: &Metric) -> Self {
        Found::of(point.value(metric.name), &point.undefined, metric)
    }
}

/// One cell a member, the best marked where they differ, then one a baseline.
fn metric_row(
    evaluation: &Evaluation,
    metric: &Metric,
    of_member: impl Fn(&MemberEvaluation) -> Found,
    of_baseline: impl Fn(&Baseline) -> Option<f64>,
) -> MetricRow {
    let found: Vec<Found> = evaluation.with_beside().map(|(_, member)| of_member(member)).collect();
    let numbers = found.iter().filter_map(|found| found.value);
    let best = match metric.better {
        Better::Higher => numbers.clone().reduce(f64::max),
        Better::Lower => numbers.clone().reduce(f64::min),
        Better::Neither => None,
    };
    let compared = numbers.clone().any(|number| Some(number) != best);
    let member = |Found { value, why }| MetricCell {
        text: numbers::cell(metric, value),
        best: compared && value.is_some() && value == best,
        why,
    };
    let baseline = |(_, baseline): (&str, &Baseline)| MetricCell {
        text: numbers::cell(metric, of_baseline(baseline)),
        best: false,
        why: None,
    };
    let mut cells: Vec<MetricCell> = found.into_iter().map(member).collect();
    cells.extend(evaluation.baselines.iter().map(baseline));
    MetricRow { name: metric.words, meaning: metric.meaning, cells }
}

pub(crate) fn class_reports(evaluation: &Evaluation) -> Vec<ClassReport> {
    let number = |value: Option<f64>| value.map_or("–".into(), nta_plots::decimal);
    let report = |(name, member): (&str, &MemberEvaluation)| ClassReport {
        member: spoken(name),
        rows: member
            .at_budget
            .classes
            .iter()
            .map(|row| {
                let name = row.class.replace("avg", "average");
                [name, number(row.precision), number(row.recall), number(row.f1), thousands(row.support)]
            })
            .collect(),
    };
    evaluation.members.iter().map(report).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn every_number_of_the_brief_rows_is_a_metric_of_an_operating_point() {
        for name in IN_BRIEF {
            assert!(AT_THRESHOLD.iter().any(|entry| entry.metric.name == name), "{name}");
        }
    }

    #[test]
    fn the_best_member_is_marked_by_the_metrics_own_sense() {
        let evaluation = sample::usual().evaluation;
        let table = members_table(&evaluation);
        let row = |name: &str| table.groups.iter().flat_map(|g| &g.rows).find(|row| row.name == name).unwrap();
        let best = |name: &str| row(name).cells.iter().position(|cell| cell.best).unwrap();
        let value = |i: usize| evaluation.members.iter().nth(i).unwrap().1;
        let auc = best("ROC-AUC");
        assert!((0..3).all(|i| value(i).roc_auc <= value(auc).roc_auc));
        let loss = best("log loss");
        assert!((0..3).all(|i| value(i).log_loss >= value(loss).log_loss));
        assert!(row("threshold").cells.iter().all(|cell| !cell.best));
    }

    #[test]
    fn every_row_has_a_cell_for_every_column_and_a_dash_says_why() {
        let table = members_table(&sample::one_class().evaluation);
        for row in table.groups.iter().flat_map(|group| &group.rows) {
            assert_eq!(row.cells.len(), table.columns.len(), "{}", row.name);
        }
        let auc = &table.groups[0].rows[0].cells[0];
        assert_eq!(auc.text, "–");
        assert!(auc.why.is_some());
    }
}
