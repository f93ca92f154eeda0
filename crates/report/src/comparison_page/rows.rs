//! The page's tables: each metric, part and setting as a row, each group as a cell.

use nta_metrics::{Better, Difference, Metric, Promise};
use nta_plots::thousands;

use super::{CellView, ComparisonGroup, RowView, TableView};
use crate::comparison::{flatten, shown};
use crate::names::spoken;
use crate::numbers::{cell, difference};

type Groups<'g> = [ComparisonGroup<'g>];

/// The hybrid, the other members, the parts, the config.
pub(super) fn tables(groups: &Groups<'_>) -> Vec<TableView> {
    let mut tables = vec![promise(groups)];
    tables.extend(members(groups).iter().map(|member| member_table(groups, member)));
    tables.push(parts(groups));
    tables.push(config(groups));
    tables
}

fn table(title: &str, rows: Vec<RowView>, is_words: bool) -> TableView {
    TableView { title: title.to_owned(), n_same: rows.iter().filter(|row| row.same).count(), rows, is_words }
}

fn row(name: &str, cells: Vec<CellView>) -> RowView {
    let same = cells.windows(2).all(|pair| (&pair[0].text, &pair[0].spread) == (&pair[1].text, &pair[1].spread))
        && cells.iter().all(|cell| cell.sense.is_empty());
    RowView { name: name.to_owned(), same, cells }
}

/// Each distinct text of the group's runs once.
fn text_row(groups: &Groups<'_>, name: &str, of: impl Fn(usize, usize) -> String) -> RowView {
    let cell = |(g, group): (usize, &ComparisonGroup<'_>)| {
        let mut texts: Vec<String> = Vec::new();
        for text in (0..group.runs.len()).map(|r| of(g, r)) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        CellView { text: texts.join(" · "), ..CellView::default() }
    };
    row(name, groups.iter().enumerate().map(cell).collect())
}

fn promise(groups: &Groups<'_>) -> TableView {
    let evaluation = |g: usize, r: usize| groups[g].runs[r].evaluation;
    let promised = |g, r| evaluation(g, r).promise.as_ref().map_or("no budget".to_owned(), Promise::describe);
    let rows = vec![
        text_row(groups, "false positive rate", promised),
        text_row(groups, "verdict", |g, r| evaluation(g, r).verdict.clone()),
    ];
    table("Promise", rows, true)
}

/// The hybrid first, then the others as they first occur.
fn members(groups: &Groups<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in groups.iter().flat_map(|group| &group.runs).flat_map(|run| run.evaluation.members.iter()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names.sort_by_key(|name| name != nta_metrics::HYBRID);
    names
}

fn member_table(groups: &Groups<'_>, member: &str) -> TableView {
    let rows = shown().map(|metric| {
        let values: Vec<Vec<f64>> = groups.iter().map(|group| values(group, member, metric)).collect();
        let baseline = mean(&values[0]);
        let cells = groups.iter().zip(&values).enumerate();
        let cells = cells.map(|(place, (group, values))| {
            let paired = group.differences.iter().find(|(name, _)| name == member);
            let paired = paired.and_then(|(_, all)| all.iter().find(|found| found.metric == metric.name));
            metric_cell(metric, values, baseline.filter(|_| place > 0), paired)
        });
        row(metric.words, cells.collect())
    });
    table(&spoken(member), rows.collect(), false)
}

/// The metric in every run that defines it.
fn values(group: &ComparisonGroup<'_>, member: &str, metric: &Metric) -> Vec<f64> {
    let of = |run: &super::ComparedRun<'_>| run.evaluation.members.get(member)?.value(metric.name);
    group.runs.iter().filter_map(of).collect()
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Standard deviation over seeds; `None` for one.
fn deviation(values: &[f64]) -> Option<f64> {
    let centre = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

fn metric_cell(metric: &Metric, values: &[f64], baseline: Option<f64>, paired: Option<&Difference>) -> CellView {
    let value = mean(values);
    let plain = value.zip(baseline).map(|(value, baseline)| difference(metric, value - baseline));
    let (text, sense) = match paired {
        Some(found) => (Some(with_interval(metric, found)), sense(metric, found)),
        None => (plain, ""),
    };
    let spread =
        deviation(values).map(|deviation| format!("± {}", difference(metric, deviation).trim_start_matches('+')));
    CellView { text: cell(metric, value), spread, difference: text, sense }
}

fn with_interval(metric: &Metric, found: &Difference) -> String {
    let shown = difference(metric, found.difference);
    match found.interval {
        Some(interval) => {
            let (low, high) = (difference(metric, interval.low), difference(metric, interval.high));
            format!("{shown} [{low}, {high}]")
        }
        None => shown,
    }
}

/// Which way it differs beyond chance.
fn sense(metric: &Metric, found: &Difference) -> &'static str {
    let Some(interval) = found.interval.filter(|interval| !interval.contains(0.0)) else { return "" };
    match (metric.better, interval.low > 0.0) {
        (Better::Higher, true) | (Better::Lower, false) => "better",
        (Better::Higher, false) | (Better::Lower, true) => "worse",
        (Better::Neither, _) => "",
    }
}

fn parts(groups: &Groups<'_>) -> TableView {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in groups.iter().flat_map(|group| &group.runs).flat_map(|run| run.evaluation.parts.iter()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let of = |name: &str, g: usize, r: usize| match groups[g].runs[r].evaluation.parts.get(name) {
        Some(part) => format!("{} ({} attacks)", thousands(part.rows), thousands(part.attacks)),
        None => "–".to_owned(),
    };
    let rows = names.iter().map(|name| text_row(groups, name, |g, r| of(name, g, r)));
    table("Flows in each part", rows.collect(), false)
}

fn config(groups: &Groups<'_>) -> TableView {
    let flat: Vec<Vec<Vec<(String, String)>>> =
        groups.iter().map(|group| group.runs.iter().map(|run| flatten(run.config)).collect()).collect();
    let mut keys: Vec<&String> = Vec::new();
    for (key, _) in flat.iter().flatten().flatten() {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let of = |key: &str, g: usize, r: usize| {
        let found = flat[g][r].iter().find(|(known, _)| known == key);
        found.map_or_else(|| "–".to_owned(), |(_, value)| value.clone())
    };
    let rows = keys.iter().map(|key| text_row(groups, key, |g, r| of(key, g, r)));
    table("Config", rows.collect(), true)
}

#[cfg(test)]
mod tests {
    use nta_metrics::{Interval, metric};

    use super::*;

    #[test]
    fn seeds_are_a_mean_with_their_spread_and_a_difference_beyond_chance_has_a_sense() {
        let recall = metric("recall").unwrap();
        let interval = |low, high| Some(Interval { low, high, confidence: 0.95 });
        let found =
            |low, high| Difference { metric: "recall", difference: (low + high) / 2.0, interval: interval(low, high) };
        let shown = metric_cell(recall, &[0.5, 0.7], Some(0.5), Some(&found(0.05, 0.15)));
        assert_eq!((shown.text.as_str(), shown.spread.as_deref()), ("60.00\u{a0}%", Some("± 14.14 pp")));
        assert_eq!((shown.difference.as_deref(), shown.sense), (Some("+10.00 pp [+5.00 pp, +15.00 pp]"), "better"));
        assert_eq!(sense(recall, &found(-0.1, 0.1)), "");
        assert_eq!(sense(metric("fpr").unwrap(), &found(0.05, 0.15)), "worse");
        let single = metric_cell(recall, &[0.5], None, None);
        assert_eq!((single.spread, single.difference, single.sense), (None, None, ""));
    }
}
