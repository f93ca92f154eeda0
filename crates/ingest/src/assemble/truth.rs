//! The columns that hold the truth: labels, and the families of attacks.

use std::collections::BTreeMap;

use nta_data::{Categories, Label};
use serde::{Deserialize, Serialize};

use crate::assemble::columns::{Interner, Kept, is_kept};
use crate::assemble::fault::{Fault, FaultKind};
use crate::assemble::label_words::says_no_label;
use crate::assemble::labels::{LabelRule, Verdict};
use crate::limits::MOST_LABELS;
use crate::values::cell::{CellValue, TypedColumn};

/// The truth, and what the label texts were.
#[derive(Debug)]
pub(crate) struct LabelBuilder {
    rule: LabelRule,
    /// Whether rows of which no truth is known are kept all the same.
    keeps_all: bool,
    interner: Interner,
    verdicts: Vec<Verdict>,
    counts: Vec<u64>,
    /// One a kept row.
    pub(crate) labels: Vec<Label>,
    /// Code of the label's text, one a kept row.
    pub(crate) codes: Vec<u32>,
    /// Where rows of which no truth is known are kept: their places among the kept rows. What stands in `labels` there
    /// means nothing.
    pub(crate) unjudged: Vec<u32>,
}

/// Rows of which no truth is known, by why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithoutTruth {
    /// Rows whose label the schema ignores.
    pub ignored: u64,
    /// Rows without a label, by what stands in its place: nothing, or a placeholder such as `NeedManualLabel`.
    pub unlabelled: BTreeMap<String, u64>,
    /// Rows of labels that the schema does not know, with [`crate::Truth::IfPresent`]; otherwise such a row is refused.
    pub unknown: BTreeMap<String, u64>,
}

impl WithoutTruth {
    /// All of them.
    pub fn n_rows(&self) -> u64 {
        self.ignored + self.n_unlabelled() + self.n_unknown()
    }

    /// Rows without a label.
    pub fn n_unlabelled(&self) -> u64 {
        self.unlabelled.values().sum()
    }

    /// Rows whose label is unknown.
    pub fn n_unknown(&self) -> u64 {
        self.unknown.values().sum()
    }

    /// Adds the counts of further rows.
    pub fn add(&mut self, more: &WithoutTruth) {
        self.ignored += more.ignored;
        for (to, from) in [(&mut self.unlabelled, &more.unlabelled), (&mut self.unknown, &more.unknown)] {
            from.iter().for_each(|(text, rows)| *to.entry(text.clone()).or_default() += rows);
        }
    }
}

impl LabelBuilder {
    /// With `keeps_all`, rows of which no truth is known stay among the rows, and no label is refused.
    pub(crate) fn new(rule: LabelRule, keeps_all: bool) -> Self {
        LabelBuilder {
            rule,
            keeps_all,
            interner: Interner::default(),
            verdicts: Vec::new(),
            counts: Vec::new(),
            labels: Vec::new(),
            codes: Vec::new(),
            unjudged: Vec::new(),
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

    /// The label texts that say something, with their rows, ignored ones too.
    pub(crate) fn label_counts(&self) -> Vec<(String, u64)> {
        let said = |v: &Verdict| *v != Verdict::Unlabelled;
        self.counted(said).map(|(text, rows)| (text.clone(), rows)).collect()
    }

    /// The rows of which no truth is known.
    pub(crate) fn without_truth(&self) -> WithoutTruth {
        let texts = |wanted: fn(&Verdict) -> bool| self.counted(wanted).map(|(t, n)| (t.clone(), n)).collect();
        WithoutTruth {
            ignored: self.counted(|v| *v == Verdict::Ignored).map(|(_, rows)| rows).sum(),
            unlabelled: texts(|v| *v == Verdict::Unlabelled),
            unknown: texts(|v| matches!(v, Verdict::Unknown | Verdict::Ambiguous { .. })),
        }
    }

    fn counted(&self, wanted: impl Fn(&Verdict) -> bool) -> impl Iterator<Item = (&String, u64)> {
        let of = self.interner.values.iter().zip(&self.counts).zip(&self.verdicts);
        of.filter(move |(_, verdict)| wanted(verdict)).map(|((text, rows), _)| (text, *rows))
    }

    /// Reads the label column of a block; returns which rows are kept, `None` where all are.
    pub(crate) fn read(&mut self, cells: &TypedColumn<'_>) -> Result<Option<Vec<bool>>, Fault> {
        let mut kept = Vec::new();
        let mut scratch = String::new();
        cells.try_each(|row, cell| {
            let label = self.push(label_text(cell, &mut scratch));
            kept.push(label.map_err(|kind| Fault::new(row, cell, kind))?);
            Ok(())
        })?;
        Ok(kept.contains(&false).then_some(kept))
    }

    /// Takes labels that stand in no column; returns which rows are kept, `None` where all are.
    pub(crate) fn take<'t>(&mut self, labels: impl Iterator<Item = &'t str>) -> Result<Option<Vec<bool>>, Fault> {
        let mut kept = Vec::new();
        for (row, text) in labels.enumerate() {
            let label = self.push(text);
            kept.push(label.map_err(|kind| Fault::new(row, CellValue::Text(text), kind))?);
        }
        Ok(kept.contains(&false).then_some(kept))
    }

    /// Adds the label of a row; whether the row is kept.
    fn push(&mut self, text: &str) -> Result<bool, FaultKind> {
        let code = self.interner.code(text);
        if code as usize == self.verdicts.len() {
            self.verdicts.push(self.rule.judge(text));
            self.counts.push(0);
            if self.verdicts.len() > MOST_LABELS {
                let examples = self.interner.values.iter().take(3).cloned().collect();
                return Err(FaultKind::TooManyLabels { examples });
            }
        }
        self.counts[code as usize] += 1;
        let label = match &self.verdicts[code as usize] {
            Verdict::Benign => Label::Benign,
            Verdict::Attack => Label::Attack,
            _ if self.keeps_all => {
                self.unjudged.push(self.labels.len() as u32);
                Label::Benign
            }
            Verdict::Ignored | Verdict::Unlabelled => return Ok(false),
            Verdict::Unknown => return Err(FaultKind::UnknownLabel),
            Verdict::Ambiguous { benign, attack } => {
                return Err(FaultKind::AmbiguousLabel { benign: benign.clone(), attack: attack.clone() });
            }
        };
        self.labels.push(label);
        self.codes.push(code);
        Ok(true)
    }
}

/// The text of a label cell; empty where it holds nothing. Words that stand for a missing number may be a label here.
pub(crate) fn label_text<'s>(cell: CellValue<'s>, scratch: &'s mut String) -> &'s str {
    match cell {
        CellValue::Text(text) => text.trim(),
        _ => cell.text(scratch).unwrap_or_default(),
    }
}

/// The first row in whose cell a label stands.
pub(crate) fn first_labelled(cells: &TypedColumn<'_>) -> Option<(usize, String)> {
    let mut scratch = String::new();
    let look = |row, cell: CellValue<'_>| match says_no_label(label_text(cell, &mut scratch)) {
        true => Ok(()),
        false => Err((row, cell.shown())),
    };
    cells.try_each(look).err()
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
        cells: Option<&TypedColumn<'_>>,
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
