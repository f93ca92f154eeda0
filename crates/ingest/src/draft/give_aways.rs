//! Takes columns out of a draft's features that give the label away: each alone is held against the label found.

use std::sync::Arc;

use nta_data::{CategoricalColumn, Categories, Dataset, Label, NumericColumn, RowId};
use nta_leakage::{Finding, Shape, Why, look};

use crate::draft::answers::Answers;
use crate::draft::guess::ColumnKind;
use crate::draft::labels::LabelGuess;
use crate::draft::sample::Sample;
use crate::draft::yaml::Draft;
use crate::schema::any::any_columns;
use crate::values::number::{Number, number};

/// Moves give-aways, counters, clocks and identifiers among the features of `draft` to those that are given away, the one
/// that names attack types to `family`. `samples` are of the first `n_rows` rows.
///
/// A feature of which somebody said what it is stays: the run will say so again, and asks for it by name.
pub(crate) fn take_out(draft: &mut Draft, samples: &[Sample], n_rows: usize, answers: &Answers) {
    let mut found = look(&table(draft, samples, n_rows)).give_aways;
    found.retain(|finding| !answers.columns.contains_key(&finding.column));
    if draft.family.is_none() {
        draft.family = family(&found, samples, draft.label.as_ref());
    }
    draft.features.retain(|(name, _)| !found.iter().any(|f| f.column == *name));
    let others = found.into_iter().filter(|f| draft.family.as_deref() != Some(f.column.as_str()));
    draft.given_away = others.map(|f| (f.column, in_a_line(&f.why.to_string()))).collect();
}

/// The features, and the truth where the label's values are dealt to the classes.
fn table(draft: &Draft, samples: &[Sample], n_rows: usize) -> Dataset {
    let mut schema = any_columns();
    let of = |wanted: fn(&ColumnKind) -> bool| {
        let names = draft.features.iter().filter(move |(_, kind)| wanted(kind)).map(|(name, _)| name.as_str());
        names.filter_map(|name| samples.iter().find(|s| s.name == name)).collect::<Vec<_>>()
    };
    let (numbers, texts) = (of(ColumnKind::is_number), of(ColumnKind::is_category));
    schema.numeric = numbers.iter().map(|s| NumericColumn::plain(&s.name)).collect();
    schema.categorical = texts.iter().map(|s| CategoricalColumn { name: s.name.clone() }).collect();
    let mut table = Dataset::empty(Arc::new(schema));
    table.numeric = numbers.iter().map(|s| number_column(s, n_rows)).collect();
    table.categorical = texts.iter().map(|s| text_column(s, n_rows)).collect();
    table.row = (0..n_rows as u64).map(|row| RowId { file: 0, row }).collect();
    let column = |name: &str| samples.iter().find(|s| s.name == name).map(|s| text_column(s, n_rows));
    if let Some(label) = draft.label.as_ref().filter(|label| !label.benign.is_empty()) {
        table.label = column(&label.column).map(|texts| labels(label, &texts));
        table.family = column(draft.family.as_ref().unwrap_or(&label.column));
    }
    table
}

fn number_column(sample: &Sample, n_rows: usize) -> Vec<f32> {
    let mut column = vec![f32::NAN; n_rows];
    for (text, row) in sample.texts.iter().zip(&sample.rows) {
        if let Number::Value(value) = number(text, true) {
            column[*row as usize] = value as f32;
        }
    }
    column
}

fn text_column(sample: &Sample, n_rows: usize) -> Categories {
    let mut texts = vec![None; n_rows];
    sample.texts.iter().zip(&sample.rows).for_each(|(text, row)| texts[*row as usize] = Some(text.as_str()));
    Categories::from_texts(texts)
}

/// Rows without a label count as benign here: a draft does not know better, and a twin is missing where its label is.
fn labels(label: &LabelGuess, texts: &Categories) -> Vec<Label> {
    let is_attack = |i: usize| texts.text(i).is_some_and(|text| label.attack.iter().any(|value| value == text));
    (0..texts.codes.len()).map(|i| if is_attack(i) { Label::Attack } else { Label::Benign }).collect()
}

/// The give-away that says the attacks' types in words: more of them than the label has values. The one whose name says so
/// goes first, then the one of the fewest values.
fn family(found: &[Finding], samples: &[Sample], label: Option<&LabelGuess>) -> Option<String> {
    let n_labels = label.map_or(0, |l| l.benign.len() + l.attack.len());
    let is_family = |finding: &&Finding| match &finding.why {
        Why::NamesFamilies { .. } => true,
        Why::TellsClasses { shape, .. } => *shape == Shape::Code,
        _ => false,
    };
    let sample = |finding: &Finding| samples.iter().find(|s| s.name == finding.column);
    let words = |s: &&Sample| s.texts.iter().any(|t| t.chars().filter(|c| c.is_alphabetic()).count() > 2);
    let candidates = found.iter().filter(is_family).filter_map(sample).filter(words);
    let candidates = candidates.filter(|s| s.distinct.len() >= n_labels.max(3));
    let says_so = |s: &Sample| ["type", "cat", "family"].iter().any(|word| s.name.to_lowercase().contains(word));
    candidates.min_by_key(|s| (!says_so(s), s.distinct.len())).map(|s| s.name.clone())
}

/// A reason as a comment holds it.
fn in_a_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
