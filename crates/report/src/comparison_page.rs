//! `compare.html`: runs as columns, the seeds of one config folded into one, and what differs from the baseline.

mod figures;
mod rows;

use nta_metrics::{Curves, Difference, Evaluation};
use nta_plots::{Epoch, series_color};
use serde::Serialize;
use serde_json::Value;

use crate::names::counted;
use crate::{ReportError, page};

/// What the page is made of.
#[derive(Debug)]
pub struct ComparisonPage<'a> {
    /// Columns; the first is the baseline.
    pub groups: Vec<ComparisonGroup<'a>>,
    /// Where not all runs judged the same test rows: what they differ on.
    pub other_rows: Option<Vec<String>>,
}

/// One run, or the seeds of one config.
#[derive(Debug)]
pub struct ComparisonGroup<'a> {
    /// What the column is called.
    pub label: String,
    /// At least one.
    pub runs: Vec<ComparedRun<'a>>,
    /// Member by member how the group differs from the baseline on the rows that both judged.
    pub differences: Vec<(String, Vec<Difference>)>,
    /// Why there are none; `None` for the baseline.
    pub not_paired: Option<String>,
    /// Of the hybrid of its first run; `None` where its scores are not on hand.
    pub curves: Option<Curves>,
    /// The network's epochs of each run.
    pub epochs: Vec<Vec<Epoch>>,
}

/// What the page tells of a run.
#[derive(Debug, Clone)]
pub struct ComparedRun<'a> {
    /// Its id.
    pub id: &'a str,
    /// Seed.
    pub seed: u64,
    /// When it began, RFC 3339.
    pub started: String,
    /// Its model version, `name/3`.
    pub model: Option<&'a str>,
    /// What was measured.
    pub evaluation: &'a Evaluation,
    /// The resolved config.
    pub config: &'a Value,
}

#[derive(Serialize)]
struct View {
    style: String,
    title: String,
    columns: Vec<ColumnView>,
    /// In pieces, the odd ones names of keys and files; empty where all runs judged the same rows.
    other_rows: Vec<String>,
    tables: Vec<TableView>,
    figures: Vec<figures::FigureView>,
    runs: Vec<RunRow>,
}

#[derive(Serialize)]
struct ColumnView {
    label: String,
    color: String,
    /// `baseline`, `3 seeds`.
    under: Vec<String>,
    /// Why nothing stands beside its numbers.
    note: Option<String>,
}

/// A table; each row has a cell for each column of the page.
#[derive(Serialize)]
pub(crate) struct TableView {
    title: String,
    rows: Vec<RowView>,
    /// Rows whose cells all say the same.
    n_same: usize,
    /// Whether its cells are sentences or settings, not numbers.
    is_words: bool,
}

#[derive(Serialize)]
pub(crate) struct RowView {
    name: String,
    same: bool,
    cells: Vec<CellView>,
}

#[derive(Default, Serialize)]
pub(crate) struct CellView {
    text: String,
    /// `± 0.0012` over seeds.
    spread: Option<String>,
    /// From the baseline, with its interval where rows are the same.
    difference: Option<String>,
    /// `better`, `worse` or nothing: only beyond chance.
    sense: &'static str,
}

#[derive(Serialize)]
struct RunRow {
    label: String,
    id: String,
    seed: u64,
    started: String,
    model: String,
}

/// The page as one HTML document without any reference to the outside. The same runs give the same bytes.
///
/// # Errors
/// A figure or a template that cannot be made.
pub fn render_comparison(compared: &ComparisonPage<'_>) -> Result<String, ReportError> {
    let groups = &compared.groups;
    let view = View {
        style: page::style(),
        title: groups.iter().map(|group| group.label.as_str()).collect::<Vec<_>>().join(" · "),
        columns: groups.iter().enumerate().map(column).collect(),
        other_rows: compared.other_rows.as_deref().map(pieces).unwrap_or_default(),
        tables: rows::tables(groups),
        figures: figures::draw(groups)?,
        runs: groups.iter().flat_map(run_rows).collect(),
    };
    page::fill(include_str!("../templates/compare.html"), &view)
}

fn column((place, group): (usize, &ComparisonGroup<'_>)) -> ColumnView {
    let mut under = Vec::new();
    if place == 0 {
        under.push("baseline".to_owned());
    }
    if group.runs.len() > 1 {
        under.push(counted(group.runs.len() as u64, "seed", "seeds"));
    }
    ColumnView { label: group.label.clone(), color: series_color(place), under, note: group.not_paired.clone() }
}

/// `content of `train/a.csv`, `seed`` cut at the backticks.
fn pieces(differ_on: &[String]) -> Vec<String> {
    differ_on.join(", ").split('`').map(str::to_owned).collect()
}

fn run_rows<'g>(group: &'g ComparisonGroup<'_>) -> impl Iterator<Item = RunRow> + 'g {
    group.runs.iter().map(|run| RunRow {
        label: group.label.clone(),
        id: run.id.to_owned(),
        seed: run.seed,
        started: run.started.chars().take(16).collect::<String>().replace('T', " "),
        model: run.model.unwrap_or("–").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use nta_metrics::Interval;
    use serde_json::json;

    use super::*;
    use crate::sample;

    #[test]
    fn the_page_stands_alone_folds_seeds_and_hides_what_is_the_same() {
        let run = sample::small();
        let configs =
            [json!({ "seed": 7, "forest": { "trees": 100 } }), json!({ "seed": 7, "forest": { "trees": 5 } })];
        let compared = |id, config| ComparedRun {
            id,
            seed: 7,
            started: "2026-11-22T10:15:03Z".to_owned(),
            model: Some("demo/1"),
            evaluation: &run.evaluation,
            config,
        };
        let interval = Some(Interval { low: 0.01, high: 0.03, confidence: 0.95 });
        let gain = Difference { metric: "average_precision", difference: 0.02, interval };
        let group = |label: &str, runs, differences| ComparisonGroup {
            label: label.to_owned(),
            runs,
            differences,
            not_paired: None,
            curves: run.curves.get("hybrid").cloned(),
            epochs: vec![vec![Epoch {
                epoch: 1,
                train_loss: 0.5,
                validation_loss: Some(0.4),
                average_precision: None,
            }]],
        };
        let page = ComparisonPage {
            groups: vec![
                group("<a>", vec![compared("r1", &configs[0])], Vec::new()),
                group(
                    "b",
                    vec![compared("r2", &configs[1]), compared("r3", &configs[1])],
                    vec![("hybrid".to_owned(), vec![gain])],
                ),
            ],
            other_rows: Some(vec!["content of `train/a.csv`".to_owned()]),
        };
        let html = render_comparison(&page).unwrap();
        for outside in ["src=\"http", "href=\"http", "url(http", "@import", "<script", "<a>"] {
            assert!(!html.contains(outside), "{outside}");
        }
        for said in [
            "2 seeds",
            "baseline",
            "+0.0200 [+0.0100, +0.0300]",
            "different test rows",
            "<code>train&#x2f;a.csv</code>",
        ] {
            assert!(html.contains(said), "{said}");
        }
        let same = html.matches("<tr class=\"same\"").count();
        assert!(same > 3, "{same} rows are marked as the same");
        assert!(html.contains("forest.trees") && html.contains("class=\"better\""));
        assert_eq!(render_comparison(&page).unwrap(), html);
    }
}
