//! The columns that hold the truth: labels, and the families of attacks.

use nta_data::{Categories, Label};

use crate::assemble::columns::{Interner, Kept, is_kept};
use crate::assemble::fault::{Fault, FaultKind};
use crate::assemble::labels::{LabelRule, Verdict};
use crate::values::cell::{CellValue, TypedColumn};

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
    pub(crate) fn push(&mut self, cells: &TypedColumn<'_>) -> Result<Option<Vec<bool>>, Fault> {
        let mut kept = Vec::new();
        let mut scratch = String::new();
        cells.try_each(|row, cell| {
            // A label such as `-` is no label, but NaN-like words could be one.
            let text = label_text(cell, &mut scratch).ok_or_else(|| Fault::new(row, cell, FaultKind::MissingLabel))?;
            let code = self.interner.code(text);
            if code as usize == self.verdicts.len() {
                self.verdicts.push(self.rule.judge(text));
                self.counts.push(0);
                if self.verdicts.len() > MOST_LABELS {
                    let examples = self.interner.values.iter().take(3).cloned().collect();
                    return Err(Fault::new(row, cell, FaultKind::TooManyLabels { examples }));
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
                Verdict::Unknown => return Err(Fault::new(row, cell, FaultKind::UnknownLabel)),
                Verdict::Ambiguous { benign, attack } => {
                    let (benign, attack) = (benign.clone(), attack.clone());
                    return Err(Fault::new(row, cell, FaultKind::AmbiguousLabel { benign, attack }));
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
pub(crate) fn label_text<'s>(cell: CellValue<'s>, scratch: &'s mut String) -> Option<&'s str> {
    match cell {
        CellValue::Text(text) => Some(text.trim()).filter(|t| !t.is_empty() && *t != "-"),
        _ => cell.text(scratch),
    }
}

/// The row at which the first label stands, for files whose label column is empty throughout.
pub(crate) fn first_labelled(cells: &TypedColumn<'_>) -> Option<usize> {
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
