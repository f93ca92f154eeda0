//! Runs side by side: what was measured, and what differs between their configs.

use nta_metrics::{AT_THRESHOLD, Evaluation, MemberEvaluation, Metric, RANKING};
use serde::Serialize;
use serde_json::Value;

use crate::names::spoken;
use crate::numbers::{cell, difference, is_no_count};

/// What a comparison needs of a run.
#[derive(Debug, Clone, Copy)]
pub struct RunView<'a> {
    /// How its column is called: name and id, or what the user typed.
    pub label: &'a str,
    /// What was measured.
    pub evaluation: &'a Evaluation,
    /// The resolved config.
    pub config: &'a Value,
}

/// Whether runs can be held against each other, then tables, the most important first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Where the runs judged different test rows: what they differ on, as `content of train/flows.csv`, `split.test`.
    pub other_rows: Option<Vec<String>>,
    /// Promise, one table a member (hybrid first), parts, config.
    pub sections: Vec<ComparisonTable>,
}

/// One table; a row's first cell is its name, then one cell a run, then, for two runs and numbers, the difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparisonTable {
    /// What it is about.
    pub title: String,
    /// Column names.
    pub header: Vec<String>,
    /// Rows as wide as the header.
    pub rows: Vec<Vec<String>>,
}

/// Puts runs side by side, in the given order.
pub fn compare(runs: &[RunView<'_>], other_rows: Option<Vec<String>>) -> Comparison {
    let mut sections = vec![promise(runs)];
    for member in member_names(runs) {
        sections.push(member_table(runs, &member));
    }
    sections.push(parts(runs));
    sections.push(config(runs));
    Comparison { other_rows, sections }
}

impl Comparison {
    /// The tables as Markdown; empty ones say that nothing differs.
    pub fn to_markdown(&self) -> String {
        self.sections.iter().map(ComparisonTable::to_markdown).collect::<Vec<_>>().join("\n")
    }
}

impl ComparisonTable {
    fn new(title: &str, runs: &[RunView<'_>], more: Option<&str>) -> Self {
        let labels = runs.iter().map(|run| run.label.to_owned());
        let header = std::iter::once(String::new()).chain(labels).chain(more.map(str::to_owned)).collect();
        ComparisonTable { title: title.to_owned(), header, rows: Vec::new() }
    }

    /// As Markdown, its heading included.
    pub fn to_markdown(&self) -> String {
        let mut text = format!("## {}\n\n", self.title);
        if self.rows.is_empty() {
            return text + "No difference.\n";
        }
        let line = |cells: &[String]| {
            let cells = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " "));
            format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
        };
        text += &line(&self.header);
        let rule = self.header.iter().enumerate().map(|(i, _)| if i == 0 { ":--" } else { "--:" });
        text += &format!("|{}|\n", rule.collect::<Vec<_>>().join("|"));
        self.rows.iter().for_each(|row| text += &line(row));
        text
    }
}

fn promise(runs: &[RunView<'_>]) -> ComparisonTable {
    let mut table = ComparisonTable::new("Promise", runs, None);
    let mut row = |name: &str, cell: &dyn Fn(&Evaluation) -> String| {
        table.rows.push(std::iter::once(name.to_owned()).chain(runs.iter().map(|run| cell(run.evaluation))).collect());
    };
    row("false positive rate", &|e| e.promise.as_ref().map_or("no budget".into(), nta_metrics::Promise::describe));
    row("verdict", &|e| e.verdict.clone());
    row("model digest", &|e| e.digest.chars().take(19).collect());
    table
}

/// The hybrid first, then the others as they first occur.
fn member_names(runs: &[RunView<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in runs.iter().flat_map(|run| run.evaluation.members.iter()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names.sort_by_key(|name| name != nta_metrics::HYBRID);
    names
}

fn member_table(runs: &[RunView<'_>], member: &str) -> ComparisonTable {
    let pair = (runs.len() == 2).then_some("difference");
    let mut table = ComparisonTable::new(&spoken(member), runs, pair);
    let members: Vec<Option<&MemberEvaluation>> = runs.iter().map(|run| run.evaluation.members.get(member)).collect();
    for metric in shown() {
        let values: Vec<Option<f64>> = members.iter().map(|m| m.and_then(|m| m.value(metric.name))).collect();
        let cells = values.iter().map(|value| cell(metric, *value));
        let mut row: Vec<String> = std::iter::once(metric.words.to_owned()).chain(cells).collect();
        if let [a, b] = values.as_slice() {
            row.push(a.zip(*b).map_or("–".into(), |(a, b)| difference(metric, b - a)));
        }
        table.rows.push(row);
    }
    table
}

/// What is compared of a member: its ranking, then its own threshold.
pub(crate) fn shown() -> impl Iterator<Item = &'static Metric> {
    let at_threshold = AT_THRESHOLD.iter().map(|entry| &entry.metric);
    RANKING.iter().map(|entry| &entry.metric).chain(at_threshold).filter(|metric| is_no_count(metric))
}

fn parts(runs: &[RunView<'_>]) -> ComparisonTable {
    let mut table = ComparisonTable::new("Flows in each part", runs, None);
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in runs.iter().flat_map(|run| run.evaluation.parts.iter()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        let cells = runs.iter().map(|run| match run.evaluation.parts.get(name) {
            Some(part) => {
                format!("{} ({} attacks)", nta_plots::thousands(part.rows), nta_plots::thousands(part.attacks))
            }
            None => "–".into(),
        });
        table.rows.push(std::iter::once(name.to_owned()).chain(cells).collect());
    }
    table
}

/// Only the keys whose values are not the same everywhere.
fn config(runs: &[RunView<'_>]) -> ComparisonTable {
    let mut table = ComparisonTable::new("Config", runs, None);
    let flat: Vec<Vec<(String, String)>> = runs.iter().map(|run| flatten(run.config)).collect();
    let mut keys: Vec<&String> = Vec::new();
    for (key, _) in flat.iter().flatten() {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    for key in keys {
        let find = |config: &Vec<(String, String)>| config.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
        let values: Vec<Option<String>> = flat.iter().map(find).collect();
        if values.windows(2).any(|pair| pair[0] != pair[1]) {
            let cells = values.into_iter().map(|value| value.unwrap_or_else(|| "–".into()));
            table.rows.push(std::iter::once(key.clone()).chain(cells).collect());
        }
    }
    table
}

/// Keys joined by dots, values as JSON without the quotes of plain texts; lists stay whole.
pub(crate) fn flatten(config: &Value) -> Vec<(String, String)> {
    fn walk(prefix: &str, value: &Value, flat: &mut Vec<(String, String)>) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (key, value) in map {
                    let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    walk(&path, value, flat);
                }
            }
            Value::String(text) => flat.push((prefix.to_owned(), text.clone())),
            other => flat.push((prefix.to_owned(), other.to_string())),
        }
    }
    let mut flat = Vec::new();
    walk("", config, &mut flat);
    flat
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample;

    #[test]
    fn only_differing_keys_of_the_config_are_shown() {
        let run = sample::small();
        let a =
            json!({ "seed": 7, "forest": { "trees": 100, "max_features": "sqrt" }, "data": { "benign": ["a", "b"] } });
        let b = json!({ "seed": 7, "forest": { "trees": 500, "max_features": "sqrt" }, "lstm": { "hidden": 64 } });
        let view = |label, config| RunView { label, evaluation: &run.evaluation, config };
        let comparison = compare(&[view("a", &a), view("b", &b)], None);
        let config = comparison.sections.last().unwrap();
        insta::assert_snapshot!(config.to_markdown(), @r#"
        ## Config

        |  | a | b |
        |:--|--:|--:|
        | forest.trees | 100 | 500 |
        | data.benign | ["a","b"] | – |
        | lstm.hidden | – | 64 |
        "#);
    }

    #[test]
    fn a_run_against_itself_differs_in_nothing() {
        let run = sample::small();
        let config = json!({ "seed": 7 });
        let view = RunView { label: "a", evaluation: &run.evaluation, config: &config };
        let comparison = compare(&[view, view], None);
        assert_eq!(comparison.sections[1].title, "hybrid");
        for row in &comparison.sections[1].rows {
            assert!(["0", "–"].contains(&row[3].as_str()), "{row:?}");
            assert_eq!(row.len(), comparison.sections[1].header.len());
        }
        assert!(comparison.sections.last().unwrap().rows.is_empty());
        assert!(comparison.to_markdown().ends_with("## Config\n\nNo difference.\n"));
    }
}
