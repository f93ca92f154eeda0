//! What the page of a comparison is made of: runs in groups, and each group held against the baseline.

use nta_metrics::{ComparedRows, Curves, Difference, HYBRID, ScoredRows, curves, differences};
use nta_report::{ComparedRun, ComparisonGroup, ComparisonPage, render_comparison};

use super::judged::JudgedRun;
use super::predictions::Predictions;
use super::rows;
use crate::error::{PipelineError, failed};

/// Of the draws behind every interval: the same page for the same runs.
const SEED: u64 = 7;

/// The page; the first run's group is the baseline.
pub(super) fn render(runs: &[JudgedRun]) -> Result<String, PipelineError> {
    let groups = grouped(runs);
    let predictions: Vec<Vec<Option<Predictions>>> =
        groups.iter().map(|group| group.iter().map(|run| run.predictions().ok()).collect()).collect();
    let mut columns = Vec::with_capacity(groups.len());
    for (place, group) in groups.iter().enumerate() {
        let paired = if place == 0 { Paired::Baseline } else { Paired::of(&predictions[place], &predictions[0])? };
        let (differences, not_paired) = paired.told();
        columns.push(ComparisonGroup {
            label: label(group, &groups),
            runs: group.iter().map(|run| compared(run)).collect(),
            differences,
            not_paired,
            curves: predictions[place].iter().flatten().next().map(hybrid_curves).transpose()?.flatten(),
            epochs: group.iter().map(|run| run.epochs()).collect::<Result<_, _>>()?,
        });
    }
    let page = ComparisonPage { groups: columns, other_rows: rows::differ_on(runs) };
    render_comparison(&page).map_err(failed)
}

/// Runs that differ in nothing but the seed stand together, in the order of their first.
fn grouped(runs: &[JudgedRun]) -> Vec<Vec<&JudgedRun>> {
    let mut groups: Vec<Vec<&JudgedRun>> = Vec::new();
    for run in runs {
        let same = |group: &&mut Vec<&JudgedRun>| {
            group.iter().all(|known| known.record.seed != run.record.seed)
                && group[0].but_for_the_seed() == run.but_for_the_seed()
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(run),
            None => groups.push(vec![run]),
        }
    }
    groups
}

/// The experiment's name; with the end of the run's id where another group has it too.
fn label(group: &[&JudgedRun], groups: &[Vec<&JudgedRun>]) -> String {
    let record = &group[0].record;
    let shared = groups.iter().filter(|other| other[0].record.name == record.name).count() > 1;
    let end = record.id.rsplit('-').next().unwrap_or(&record.id);
    if shared { format!("{} {end}", record.name) } else { record.name.clone() }
}

fn compared(run: &JudgedRun) -> ComparedRun<'_> {
    ComparedRun {
        id: &run.record.id,
        seed: run.record.seed,
        started: run.record.started.to_string(),
        model: run.record.model.as_deref(),
        evaluation: &run.evaluation,
        config: &run.config,
    }
}

fn hybrid_curves(predictions: &Predictions) -> Result<Option<Curves>, PipelineError> {
    let hybrid = predictions.scores.iter().find(|(name, _)| name == HYBRID);
    hybrid.map(|(_, scores)| curves(scores, &predictions.labels).map_err(failed)).transpose()
}

/// How a group stands to the baseline.
enum Paired {
    Baseline,
    NotOnHand,
    OtherRows,
    /// Member by member.
    Differs(Vec<(String, Vec<Difference>)>),
}

impl Paired {
    /// Holds each of our runs against those of the baseline that judged the same rows.
    fn of(ours: &[Option<Predictions>], baseline: &[Option<Predictions>]) -> Result<Paired, PipelineError> {
        if ours.iter().chain(baseline).any(Option::is_none) {
            return Ok(Paired::NotOnHand);
        }
        let (ours, baseline): (Vec<_>, Vec<_>) = (ours.iter().flatten().collect(), baseline.iter().flatten().collect());
        let mut rows: Vec<&str> = ours.iter().map(|run| run.rows.as_str()).collect();
        rows.sort_unstable();
        rows.dedup();
        rows.retain(|rows| baseline.iter().any(|run| run.rows == *rows));
        if rows.is_empty() {
            return Ok(Paired::OtherRows);
        }
        let of_member = |name: &String| {
            let table = |rows: &&str| member_rows(name, rows, &ours, &baseline);
            let tables: Option<Vec<ComparedRows<'_>>> = rows.iter().map(table).collect();
            let found = tables.map(|tables| differences(&tables, SEED).map_err(failed));
            found.map(|found| found.map(|found| (name.clone(), found)))
        };
        let names = ours.first().map(|run| run.scores.iter().map(|(name, _)| name)).into_iter().flatten();
        names.filter_map(of_member).collect::<Result<_, _>>().map(Paired::Differs)
    }

    /// The differences, or why there are none.
    fn told(self) -> (Vec<(String, Vec<Difference>)>, Option<String>) {
        match self {
            Paired::Baseline => (Vec::new(), None),
            Paired::Differs(found) => (found, None),
            Paired::NotOnHand => {
                (Vec::new(), Some("no intervals, for a run keeps no predictions.parquet any more".to_owned()))
            }
            Paired::OtherRows => {
                (Vec::new(), Some("no intervals, for it did not judge the baseline’s rows".to_owned()))
            }
        }
    }
}

/// One member's scores on `rows`, ours and the baseline's; `None` where either lacks the member.
fn member_rows<'a>(
    name: &str,
    rows: &str,
    ours: &[&'a Predictions],
    baseline: &[&'a Predictions],
) -> Option<ComparedRows<'a>> {
    let scored = |runs: &[&'a Predictions]| -> Option<Vec<ScoredRows<'a>>> {
        let of = |run: &&'a Predictions| {
            let (_, scores) = run.scores.iter().find(|(known, _)| known == name)?;
            Some(ScoredRows { scores, flags: (name == HYBRID).then_some(run.flags.as_slice()) })
        };
        runs.iter().filter(|run| run.rows == rows).map(of).collect()
    };
    let labels = &ours.iter().find(|run| run.rows == rows)?.labels;
    Some(ComparedRows { labels, ours: scored(ours)?, baseline: scored(baseline)? })
}
