//! The training profile in words: a row a column, a strip of bars a score.

use nta_plots::{percent, share, significant, thousands};
use serde::Serialize;

use crate::names::{counted, spoken};
use crate::{CategoricalProfile, NumericProfile, ProfileSection, ScoreProfile};

/// Tables of more rows than this are folded.
const LONG: usize = 12;
/// Columns on the page; the model keeps them all.
const SHOWN: usize = 200;
/// Values told of a categorical column.
const VALUES: usize = 5;

#[derive(Serialize)]
pub(crate) struct ProfileView {
    /// How many flows it rests on, where that is known.
    rows: Option<String>,
    numeric: Option<FoldedTable<NumericRow>>,
    /// Names of the quantiles, as wide as each row's.
    quantiles: Vec<String>,
    categorical: Option<FoldedTable<CategoricalRow>>,
    scores: Vec<ScoreStrip>,
}

/// A table that is folded where it is long.
#[derive(Serialize)]
struct FoldedTable<R> {
    summary: String,
    open: bool,
    rows: Vec<R>,
    n_left_out: usize,
}

#[derive(Serialize)]
struct NumericRow {
    name: String,
    missing: String,
    quantiles: Vec<String>,
}

#[derive(Serialize)]
struct CategoricalRow {
    name: String,
    missing: String,
    distinct: String,
    /// Value and share, most first.
    top: Vec<[String; 2]>,
    others: Option<String>,
}

#[derive(Serialize)]
struct ScoreStrip {
    name: String,
    rows: String,
    /// Heights in percent of the strip's; logarithmic, 0 for an empty bin.
    bars: Vec<u32>,
    /// The same in words.
    alt: String,
}

pub(crate) fn profile_view(profile: &ProfileSection) -> ProfileView {
    let shares = quantile_shares(&profile.numeric);
    let rows = profile.numeric.iter().map(|column| column.rows).max();
    ProfileView {
        rows: rows.map(|rows| counted(rows, "flow", "flows")),
        numeric: folded(&profile.numeric, ("numeric column", "numeric columns"), |p| numeric_row(p, &shares)),
        quantiles: shares.iter().map(|share| quantile_name(*share)).collect(),
        categorical: folded(&profile.categorical, ("categorical column", "categorical columns"), categorical_row),
        scores: profile.scores.iter().map(score_strip).collect(),
    }
}

fn folded<P, R>(columns: &[P], (one, many): (&str, &str), row: impl Fn(&P) -> R) -> Option<FoldedTable<R>> {
    (!columns.is_empty()).then(|| FoldedTable {
        summary: counted(columns.len() as u64, one, many),
        open: columns.len() <= LONG,
        rows: columns.iter().take(SHOWN).map(row).collect(),
        n_left_out: columns.len().saturating_sub(SHOWN),
    })
}

/// Every share that some column gives a value for, ascending.
fn quantile_shares(columns: &[NumericProfile]) -> Vec<f64> {
    let mut shares: Vec<f64> = columns.iter().flat_map(|c| c.quantiles.iter().map(|(share, _)| *share)).collect();
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    shares
}

/// `lowest`, `1 %`, `median`, `highest`.
fn quantile_name(share: f64) -> String {
    match share {
        0.0 => "lowest".into(),
        0.5 => "median".into(),
        1.0 => "highest".into(),
        share => format!("{}\u{a0}%", significant(share * 100.0)),
    }
}

fn numeric_row(profile: &NumericProfile, shares: &[f64]) -> NumericRow {
    let value = |share: &f64| profile.quantiles.iter().find(|(known, _)| known == share).map(|(_, value)| *value);
    NumericRow {
        name: profile.name.clone(),
        missing: missing(profile.missing_rate),
        quantiles: shares.iter().map(|share| value(share).map_or("–".into(), significant)).collect(),
    }
}

fn categorical_row(profile: &CategoricalProfile) -> CategoricalRow {
    let counted: u64 = profile.top.iter().map(|(_, rows)| rows).sum::<u64>() + profile.others;
    let told = profile.top.iter().take(VALUES);
    let others = counted - told.clone().map(|(_, rows)| rows).sum::<u64>();
    CategoricalRow {
        name: profile.name.clone(),
        missing: missing(profile.missing_rate),
        distinct: thousands(profile.distinct),
        top: told.map(|(value, rows)| [value.clone(), share(*rows, counted)]).collect(),
        others: (others > 0).then(|| share(others, counted)),
    }
}

/// A column without gaps is the usual case, and reads best as nothing.
fn missing(rate: f64) -> String {
    if rate == 0.0 { "–".into() } else { percent(rate) }
}

fn score_strip(profile: &ScoreProfile) -> ScoreStrip {
    let rows: u64 = profile.bins.iter().sum();
    let highest = profile.bins.iter().copied().max().unwrap_or(0).max(1);
    // One row must be seen beside a million: a decade is a step, and the first row already one.
    let height = |rows: u64| if rows == 0 { 0.0 } else { 100.0 * (1.0 + log10(rows)) / (1.0 + log10(highest)) };
    let upper: u64 = profile.bins.iter().skip(profile.bins.len().div_ceil(2)).sum();
    ScoreStrip {
        name: spoken(&profile.name),
        rows: thousands(rows),
        bars: profile.bins.iter().map(|rows| height(*rows).round() as u32).collect(),
        alt: format!("{} of {} score above 0.5", share(upper, rows), counted(rows, "flow", "flows")),
    }
}

fn log10(rows: u64) -> f64 {
    (rows as f64).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(name: &str, quantiles: &[(f64, f64)]) -> NumericProfile {
        NumericProfile { name: name.into(), rows: 100, missing_rate: 0.0, quantiles: quantiles.into() }
    }

    #[test]
    fn columns_of_different_quantiles_stand_in_one_table() {
        let numeric = vec![
            numeric("duration", &[(0.0, 0.0), (0.5, 0.25), (1.0, 58_329.0)]),
            numeric("rate", &[(0.5, 0.123_456), (0.99, 1.0)]),
            numeric("empty", &[]),
        ];
        let view = profile_view(&ProfileSection { numeric, ..ProfileSection::default() });
        assert_eq!(view.quantiles, ["lowest", "median", "99\u{a0}%", "highest"]);
        let table = view.numeric.unwrap();
        assert_eq!(table.rows[0].quantiles, ["0", "0.25", "–", "58,329"]);
        assert_eq!(table.rows[1].quantiles, ["–", "0.1235", "1", "–"]);
        assert_eq!(table.rows[2].quantiles, ["–"; 4]);
        assert!(table.open && view.categorical.is_none());
    }

    #[test]
    fn values_beyond_the_told_ones_count_among_the_others() {
        let top: Vec<(String, u64)> = (0..7u64).map(|i| (format!("v{i}"), 10)).collect();
        let row = categorical_row(&CategoricalProfile {
            name: "service".into(),
            missing_rate: 0.001,
            distinct: 70,
            top,
            others: 30,
        });
        assert_eq!(row.top.len(), VALUES);
        assert_eq!((row.top[0][1].as_str(), row.others.as_deref()), ("10.0\u{a0}%", Some("50.0\u{a0}%")));
        assert_eq!(row.missing, "0.10\u{a0}%");
    }

    #[test]
    fn a_single_row_shows_beside_a_million_and_none_does_not() {
        let strip = score_strip(&ScoreProfile { name: "lstm".into(), bins: vec![1_000_000, 0, 1, 0] });
        assert_eq!(strip.bars, [100, 0, 14, 0]);
        assert_eq!(strip.alt, "<\u{a0}0.01\u{a0}% of 1,000,001 flows score above 0.5");
        assert_eq!(score_strip(&ScoreProfile { name: "x".into(), bins: vec![] }).bars, [0u32; 0]);
    }
}
