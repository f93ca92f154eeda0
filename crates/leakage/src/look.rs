//! Looks at every feature column of a training part by itself.

use nta_data::{Categories, Dataset, Label, RowId};
use rayon::prelude::*;

use crate::alone::alone;
use crate::families::names_families;
use crate::finding::{Alone, Finding, Findings, Shape, Strong, Why};
use crate::name::says_measurement;
use crate::sample::{self, Values};
use crate::shape::shape;
use crate::trace;

/// Share of each class that a give-away may get wrong, held out. Shipped data sets' best column is wrong on 14 times as
/// many and more (DECISIONS.md).
const MOST_WRONG: f64 = 0.001;
/// Rows of each class without which no column is told to give the label away.
const LEAST_OF_CLASS: u64 = 30;
/// Balanced accuracy from which on a column is worth a note.
const STRONG: f64 = 0.95;

/// Rows of each class on which no column that measures something is right without exception.
const MANY_OF_CLASS: u64 = 5_000;

/// What one column is.
enum Found {
    GiveAway(Finding),
    Strong(Strong),
}

/// What is to be known of the columns of `train`, each by itself; of rows alone that nothing is judged on. At most some
/// ten thousand rows of each class are looked at. A table without labels is asked only for columns that say which row this is.
pub fn look(train: &Dataset) -> Findings {
    let rows = sample::rows(train);
    let sampled = Sampled {
        train,
        labels: train.label.as_ref().map(|labels| rows.iter().map(|&i| labels[i as usize]).collect()),
        ids: rows.iter().map(|&i| train.row[i as usize]).collect(),
        rows,
    };
    let schema = &train.schema;
    let numeric =
        schema.numeric.par_iter().zip(&train.numeric).filter_map(|(c, values)| sampled.number(&c.name, values));
    let texts = schema.categorical.par_iter().zip(&train.categorical);
    let texts = texts.filter_map(|(c, column)| sampled.text(&c.name, column));
    let mut findings = Findings { rows: sampled.rows.len() as u64, ..Findings::default() };
    for found in numeric.chain(texts).collect::<Vec<Found>>() {
        findings.add(found);
    }
    let rank = |s: &Strong| s.alone.balanced_accuracy().unwrap_or_default();
    findings.strong.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    findings
}

impl Findings {
    /// A column that is read as a number and as a text is told of once, by what is worse.
    fn add(&mut self, found: Found) {
        let is_new = |column: &str, findings: &Findings| findings.give_aways.iter().all(|f| f.column != *column);
        match found {
            Found::GiveAway(finding) if is_new(&finding.column, self) => {
                self.strong.retain(|s| s.column != finding.column);
                self.give_aways.push(finding);
            }
            Found::Strong(strong) if is_new(&strong.column, self) => {
                self.strong.retain(|s| s.column != strong.column);
                self.strong.push(strong);
            }
            _ => {}
        }
    }
}

/// The rows looked at.
struct Sampled<'a> {
    train: &'a Dataset,
    /// In the files' order.
    rows: Vec<u32>,
    /// `(n_rows)`.
    ids: Vec<RowId>,
    /// `(n_rows)`, where there is truth.
    labels: Option<Vec<Label>>,
}

impl Sampled<'_> {
    fn number(&self, name: &str, column: &[f32]) -> Option<Found> {
        let numbers: Vec<f32> = self.rows.iter().map(|&i| column[i as usize]).collect();
        let told = self.told_by(name, &Values::of_numbers(&numbers), Some(&numbers));
        if matches!(told, Some(Found::GiveAway(_))) {
            return told;
        }
        trace::of_numbers(name, &numbers, &self.ids).map(|why| give_away(name, why)).or(told)
    }

    fn text(&self, name: &str, column: &Categories) -> Option<Found> {
        if let Some(why) = trace::of_texts(column, &self.rows) {
            return Some(give_away(name, why));
        }
        let told = self.told_by(name, &Values::of_texts(column, &self.rows), None);
        if matches!(told, Some(Found::GiveAway(_))) {
            return told;
        }
        names_families(self.train, column, &self.rows).map(|why| give_away(name, why)).or(told)
    }

    fn told_by(&self, name: &str, values: &Values, numbers: Option<&[f32]>) -> Option<Found> {
        let labels = self.labels.as_deref()?;
        let alone = alone(values, labels);
        if alone.benign.min(alone.attacks) < LEAST_OF_CLASS || alone.balanced_accuracy()? < STRONG {
            return None;
        }
        let faultless = || is_faultless(&alone, name).then_some(Shape::Faultless);
        let shape = match alone.worst_error() <= MOST_WRONG {
            true => shape(name, values, numbers, labels).or_else(faultless),
            false => None,
        };
        Some(match shape {
            Some(shape) => give_away(name, Why::TellsClasses { alone, shape }),
            None => strong(name, alone),
        })
    }
}

/// Never wrong on thousands of rows of either class, under a name that speaks of no measurement.
fn is_faultless(alone: &Alone, name: &str) -> bool {
    let is_never_wrong = alone.benign_wrong == 0 && alone.attacks_wrong == 0;
    is_never_wrong && alone.benign.min(alone.attacks) >= MANY_OF_CLASS && !says_measurement(name)
}

fn give_away(column: &str, why: Why) -> Found {
    Found::GiveAway(Finding { column: column.to_owned(), why })
}

fn strong(column: &str, alone: Alone) -> Found {
    Found::Strong(Strong { column: column.to_owned(), alone })
}
