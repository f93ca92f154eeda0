//! Grows the columns of a dataset from cells, one builder a role. Each builder fails with the row it fails at.

use std::collections::HashMap;

use nta_data::{Categories, Label, TimeUnit, entity_hash};

use crate::cells::{Cell, Cells};
use crate::labels::{LabelRule, Verdict};
use crate::number::{Number, as_feature, is_missing, number};
use crate::time::{TimeReader, duration_micros};

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Row of the block.
    pub(crate) row: usize,
    /// The cell, as messages show it.
    pub(crate) value: String,
    pub(crate) kind: FaultKind,
}

/// Why a cell is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FaultKind {
    NoNumber { hex_would_do: bool },
    NoTime { expected: String },
    MissingTime,
    MissingHost,
    MissingLabel,
    UnknownLabel,
    AmbiguousLabel { benign: String, attack: String },
    LabelAfterNone,
    TooManyLabels { examples: Vec<String> },
}

/// Which rows of a block take part; all where it is `None`.
pub(crate) type Kept<'a> = Option<&'a [bool]>;

fn is_kept(kept: Kept<'_>, row: usize) -> bool {
    kept.is_none_or(|k| k[row])
}

fn fault(row: usize, cell: Cell<'_>, kind: FaultKind) -> Fault {
    Fault { row, value: cell.shown(), kind }
}

/// A number feature.
#[derive(Debug, Default)]
pub(crate) struct NumericBuilder {
    pub(crate) hex: bool,
    pub(crate) values: Vec<f32>,
    pub(crate) n_missing: u64,
}

impl NumericBuilder {
    pub(crate) fn push(&mut self, cells: &Cells<'_>, kept: Kept<'_>) -> Result<(), Fault> {
        let (hex, values, n_missing) = (self.hex, &mut self.values, &mut self.n_missing);
        cells.try_each(|row, cell| {
            if !is_kept(kept, row) {
                return Ok(());
            }
            let value = match numeric_value(cell, hex) {
                Number::Value(value) => as_feature(value),
                Number::Missing => f32::NAN,
                Number::Bad => {
                    let hex_would_do = numeric_value(cell, true) != Number::Bad;
                    return Err(fault(row, cell, FaultKind::NoNumber { hex_would_do }));
                }
            };
            *n_missing += u64::from(value.is_nan());
            values.push(value);
            Ok(())
        })
    }
}

fn numeric_value(cell: Cell<'_>, hex: bool) -> Number {
    match cell {
        Cell::Missing => Number::Missing,
        Cell::Text(text) => number(text, hex),
        Cell::Float(value) => Number::Value(value),
        Cell::Integer(value) => Number::Value(value as f64),
        Cell::Flag(value) => Number::Value(f64::from(u8::from(value))),
        Cell::Time(micros) => Number::Value(micros as f64 / 1e6),
    }
}

/// Gives each distinct text a code, in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    code_of: HashMap<String, u32>,
    pub(crate) values: Vec<String>,
    last: Option<u32>,
}

impl Interner {
    pub(crate) fn code(&mut self, text: &str) -> u32 {
        // Neighbouring rows often agree.
        if let Some(last) = self.last
            && self.values[last as usize] == text
        {
            return last;
        }
        let code = match self.code_of.get(text) {
            Some(code) => *code,
            None => {
                let code = self.values.len() as u32;
                self.code_of.insert(text.to_owned(), code);
                self.values.push(text.to_owned());
                code
            }
        };
        self.last = Some(code);
        code
    }
}

/// A text feature.
#[derive(Debug, Default)]
pub(crate) struct CategoryBuilder {
    pub(crate) interner: Interner,
    pub(crate) codes: Vec<u32>,
    pub(crate) n_missing: u64,
}

impl CategoryBuilder {
    pub(crate) fn push(&mut self, cells: &Cells<'_>, kept: Kept<'_>) {
        let mut scratch = String::new();
        let _: Result<(), ()> = cells.try_each(|row, cell| {
            if is_kept(kept, row) {
                let code = match cell.text(&mut scratch) {
                    Some(text) => self.interner.code(text),
                    None => Categories::MISSING,
                };
                self.n_missing += u64::from(code == Categories::MISSING);
                self.codes.push(code);
            }
            Ok(())
        });
    }

    pub(crate) fn finish(self) -> Categories {
        Categories { codes: self.codes, values: self.interner.values }
    }
}

/// The start of each flow.
#[derive(Debug)]
pub(crate) struct TimeBuilder {
    pub(crate) reader: TimeReader,
    pub(crate) micros: Vec<i64>,
}

impl TimeBuilder {
    pub(crate) fn push(&mut self, cells: &Cells<'_>, kept: Kept<'_>) -> Result<(), Fault> {
        let (reader, micros) = (&self.reader, &mut self.micros);
        cells.try_each(|row, cell| {
            if !is_kept(kept, row) {
                return Ok(());
            }
            let time = match cell {
                Cell::Missing | Cell::Flag(_) => None,
                Cell::Text(text) => reader.text(text),
                Cell::Float(value) => reader.number(value),
                Cell::Integer(value) => reader.integer(value),
                Cell::Time(micros) => Some(micros),
            };
            let is_empty = match cell {
                Cell::Missing => true,
                Cell::Text(text) => is_missing(text.trim()),
                _ => false,
            };
            match time {
                _ if is_empty => Err(fault(row, cell, FaultKind::MissingTime)),
                Some(time) => {
                    micros.push(time);
                    Ok(())
                }
                None => Err(fault(row, cell, FaultKind::NoTime { expected: reader.expected() })),
            }
        })
    }
}

/// How long each flow lasted; a missing duration counts as none.
#[derive(Debug, Default)]
pub(crate) struct DurationBuilder {
    pub(crate) unit: TimeUnit,
    pub(crate) micros: Vec<i64>,
}

impl DurationBuilder {
    pub(crate) fn push(&mut self, cells: &Cells<'_>, kept: Kept<'_>) -> Result<(), Fault> {
        let (unit, micros) = (self.unit, &mut self.micros);
        cells.try_each(|row, cell| {
            if !is_kept(kept, row) {
                return Ok(());
            }
            micros.push(match numeric_value(cell, false) {
                Number::Value(value) => duration_micros(value, unit),
                Number::Missing => 0,
                Number::Bad => return Err(fault(row, cell, FaultKind::NoNumber { hex_would_do: false })),
            });
            Ok(())
        })
    }
}

/// Texts that identify whose sequence a row belongs to (a capture, a host); none may be missing.
pub(crate) fn identifiers(cells: &Cells<'_>, kept: Kept<'_>) -> Result<Vec<String>, Fault> {
    let mut texts = Vec::new();
    let mut scratch = String::new();
    cells.try_each(|row, cell| {
        if !is_kept(kept, row) {
            return Ok(());
        }
        match cell.text(&mut scratch) {
            Some(text) => {
                texts.push(text.to_owned());
                Ok(())
            }
            None => Err(fault(row, cell, FaultKind::MissingHost)),
        }
    })?;
    Ok(texts)
}

/// Keyed hashes of `n_rows` (capture, hosts…).
pub(crate) fn entities(key: &[u8; 16], n_rows: usize, capture: &Capture, hosts: &[Vec<String>]) -> Vec<u64> {
    (0..n_rows)
        .map(|i| {
            let capture = match capture {
                Capture::File(index) => index.as_bytes(),
                Capture::Column(texts) => texts[i].as_bytes(),
            };
            match hosts {
                [] => entity_hash(key, &[capture]),
                [host] => entity_hash(key, &[capture, host[i].as_bytes()]),
                [src, dst, ..] => entity_hash(key, &[capture, src[i].as_bytes(), dst[i].as_bytes()]),
            }
        })
        .collect()
}

/// What names a row's capture.
#[derive(Debug)]
pub(crate) enum Capture {
    /// The file's index in the source, in decimal.
    File(String),
    /// The capture column's text, one a row.
    Column(Vec<String>),
}

/// The truth, and what the label texts were.
#[derive(Debug)]
pub(crate) struct LabelBuilder {
    rule: LabelRule,
    interner: Interner,
    verdicts: Vec<Verdict>,
    pub(crate) counts: Vec<u64>,
    /// One a kept row.
    pub(crate) labels: Vec<Label>,
    /// Code of the label's text, one a kept row.
    pub(crate) codes: Vec<u32>,
    pub(crate) n_ignored: u64,
    /// `Some` where rows of an ignored label are kept all the same: their places among the kept rows. What stands in
    /// `labels` there means nothing.
    pub(crate) unjudged: Option<Vec<u32>>,
}

/// More different labels than any data set has: the column is something else.
pub(crate) const MOST_LABELS: usize = 1_000;

impl LabelBuilder {
    pub(crate) fn new(rule: LabelRule) -> Self {
        LabelBuilder {
            rule,
            interner: Interner::default(),
            verdicts: Vec::new(),
            counts: Vec::new(),
            labels: Vec::new(),
            codes: Vec::new(),
            n_ignored: 0,
            unjudged: None,
        }
    }

    /// The texts met so far, by code.
    pub(crate) fn texts(&self) -> &[String] {
        &self.interner.values
    }

    /// The rule in force.
    pub(crate) fn rule(&self) -> &LabelRule {
        &self.rule
    }

    /// Reads the labels of a block; returns which rows are kept, `None` where all are.
    pub(crate) fn push(&mut self, cells: &Cells<'_>) -> Result<Option<Vec<bool>>, Fault> {
        let mut kept = Vec::new();
        let mut scratch = String::new();
        cells.try_each(|row, cell| {
            // A label such as `-` is no label, but NaN-like words could be one.
            let text = label_text(cell, &mut scratch).ok_or_else(|| fault(row, cell, FaultKind::MissingLabel))?;
            let code = self.interner.code(text);
            if code as usize == self.verdicts.len() {
                self.verdicts.push(self.rule.judge(text));
                self.counts.push(0);
                if self.verdicts.len() > MOST_LABELS {
                    let examples = self.interner.values.iter().take(3).cloned().collect();
                    return Err(fault(row, cell, FaultKind::TooManyLabels { examples }));
                }
            }
            self.counts[code as usize] += 1;
            let label = match &self.verdicts[code as usize] {
                Verdict::Benign => Label::Benign,
                Verdict::Attack => Label::Attack,
                Verdict::Ignored => {
                    self.n_ignored += 1;
                    let Some(unjudged) = &mut self.unjudged else {
                        kept.push(false);
                        return Ok(());
                    };
                    unjudged.push(self.labels.len() as u32);
                    Label::Benign
                }
                Verdict::Unknown => return Err(fault(row, cell, FaultKind::UnknownLabel)),
                Verdict::Ambiguous { benign, attack } => {
                    let (benign, attack) = (benign.clone(), attack.clone());
                    return Err(fault(row, cell, FaultKind::AmbiguousLabel { benign, attack }));
                }
            };
            kept.push(true);
            self.labels.push(label);
            self.codes.push(code);
            Ok(())
        })?;
        Ok(kept.contains(&false).then_some(kept))
    }
}

/// The text of a label cell, `None` where it holds nothing.
pub(crate) fn label_text<'s>(cell: Cell<'s>, scratch: &'s mut String) -> Option<&'s str> {
    match cell {
        Cell::Text(text) => Some(text.trim()).filter(|t| !t.is_empty() && *t != "-"),
        _ => cell.text(scratch),
    }
}

/// The row at which the first label stands, for files whose label column is empty throughout.
pub(crate) fn first_labelled(cells: &Cells<'_>) -> Option<usize> {
    let mut scratch = String::new();
    cells.try_each(|row, cell| if label_text(cell, &mut scratch).is_some() { Err(row) } else { Ok(()) }).err()
}

/// The family of each kept row: its own column's text, else the label's.
#[derive(Debug, Default)]
pub(crate) struct FamilyBuilder {
    pub(crate) interner: Interner,
    pub(crate) codes: Vec<u32>,
}

impl FamilyBuilder {
    /// `labels` are the label texts of the kept rows of this block.
    pub(crate) fn push<'t>(
        &mut self,
        cells: Option<&Cells<'_>>,
        kept: Kept<'_>,
        labels: impl Iterator<Item = &'t str>,
    ) {
        let Some(cells) = cells else {
            self.codes.extend(labels.map(|label| self.interner.code(label)));
            return;
        };
        let mut labels = labels;
        let mut scratch = String::new();
        let _: Result<(), ()> = cells.try_each(|row, cell| {
            if is_kept(kept, row) {
                let label = labels.next().unwrap_or_default();
                self.codes.push(self.interner.code(cell.text(&mut scratch).unwrap_or(label)));
            }
            Ok(())
        });
    }

    pub(crate) fn finish(self) -> Categories {
        Categories { codes: self.codes, values: self.interner.values }
    }
}
