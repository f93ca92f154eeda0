//! Members against hybrid: a row a metric, a column a member, so that it reads on a phone too.

use nta_metrics::{Evaluation, MemberEvaluation, OperatingPoint};
use nta_plots::{MetricSense, thousands};
use serde::Serialize;

use crate::metric::{AT_THRESHOLD, Metric, RANKING, at_point};
use crate::names::spoken;

#[derive(Serialize)]
pub(crate) struct MembersTable {
    columns: Vec<String>,
    /// What the baselines among the columns say.
    baselines: Vec<BaselineRule>,
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct BaselineRule {
    name: String,
    rule: String,
}

#[derive(Serialize)]
struct Group {
    name: &'static str,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
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

pub(crate) fn members_table(evaluation: &Evaluation) -> MembersTable {
    let members = evaluation.members.iter().map(|(name, _)| spoken(name));
    let baselines: Vec<BaselineRule> = evaluation
        .baselines
        .iter()
        .map(|(name, baseline)| BaselineRule { name: spoken(name), rule: baseline.rule.clone() })
        .collect();
    let columns = members.chain(baselines.iter().map(|baseline| baseline.name.clone())).collect();
    let mut groups = vec![
        Group { name: "Ranking, no threshold", rows: RANKING.iter().map(|m| ranking_row(evaluation, m)).collect() },
        Group { name: "At each one's own threshold", rows: threshold_rows(evaluation) },
        Group { name: "At a score of 0.5", rows: half_rows(evaluation) },
    ];
    groups.extend(without_copies(evaluation));
    MembersTable { columns, baselines, groups }
}

fn ranking_row(evaluation: &Evaluation, metric: &Metric) -> Row {
    let of_member = |member: &MemberEvaluation| ((metric.value)(member), why(&member.undefined, metric.key));
    let baseline = |key: &str| match metric.key {
        "average_precision" => evaluation.baselines.get(key).and_then(|b| b.average_precision),
        _ => None,
    };
    let mut cells = member_cells(evaluation, metric, of_member);
    cells.extend(evaluation.baselines.iter().map(|(key, _)| plain_cell(metric, baseline(key))));
    Row { name: metric.name, cells }
}

fn threshold_rows(evaluation: &Evaluation) -> Vec<Row> {
    let row = |metric: &'static Metric| {
        let of_member =
            |m: &MemberEvaluation| (at_point(&m.at_budget, metric.key), why(&m.at_budget.undefined, metric.key));
        let mut cells = member_cells(evaluation, metric, of_member);
        let baselines = evaluation.baselines.iter();
        cells.extend(baselines.map(|(_, b)| plain_cell(metric, at_point(&b.answers, metric.key))));
        Row { name: metric.name, cells }
    };
    AT_THRESHOLD.iter().map(row).collect()
}

fn half_rows(evaluation: &Evaluation) -> Vec<Row> {
    point_rows(evaluation, |member| Some(&member.at_half))
}

fn without_copies(evaluation: &Evaluation) -> Option<Group> {
    let (_, last) = evaluation.members.iter().next_back()?;
    last.without_copies.as_ref().filter(|without| without.copies > 0)?;
    let rows = point_rows(evaluation, |member| member.without_copies.as_ref().map(|without| &without.at_budget));
    Some(Group { name: "At each one's own threshold, without exact copies of training flows", rows })
}

/// The five numbers that tell most of an operating point.
fn point_rows(evaluation: &Evaluation, point: impl Fn(&MemberEvaluation) -> Option<&OperatingPoint>) -> Vec<Row> {
    let kept = |metric: &&Metric| ["precision", "recall", "f1", "fpr", "accuracy"].contains(&metric.key);
    let row = |metric: &'static Metric| {
        let of_member = |member: &MemberEvaluation| match point(member) {
            Some(point) => (at_point(point, metric.key), why(&point.undefined, metric.key)),
            None => (None, None),
        };
        let mut cells = member_cells(evaluation, metric, of_member);
        cells.extend(evaluation.baselines.iter().map(|_| plain_cell(metric, None)));
        Row { name: metric.name, cells }
    };
    AT_THRESHOLD.iter().filter(kept).map(row).collect()
}

fn why(undefined: &nta_metrics::Named<String>, key: &str) -> Option<String> {
    undefined.get(key).cloned()
}

/// One cell a member, the best marked where they differ.
fn member_cells(
    evaluation: &Evaluation,
    metric: &Metric,
    of_member: impl Fn(&MemberEvaluation) -> (Option<f64>, Option<String>),
) -> Vec<Cell> {
    let values: Vec<_> = evaluation.members.iter().map(|(_, member)| of_member(member)).collect();
    let numbers = values.iter().filter_map(|(value, _)| *value);
    let best = match metric.sense {
        Some(MetricSense::HigherIsBetter) => numbers.clone().reduce(f64::max),
        Some(MetricSense::LowerIsBetter) => numbers.clone().reduce(f64::min),
        None => None,
    };
    let compared = numbers.clone().any(|number| Some(number) != best);
    let cell = |(value, why): (Option<f64>, Option<String>)| Cell {
        best: compared && value.is_some() && value == best,
        ..Cell { why, ..plain_cell(metric, value) }
    };
    values.into_iter().map(cell).collect()
}

fn plain_cell(metric: &Metric, value: Option<f64>) -> Cell {
    Cell { text: value.map_or("–".into(), |value| metric.format.write(value)), best: false, why: None }
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
