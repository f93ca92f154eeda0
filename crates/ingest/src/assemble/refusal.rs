//! What is wrong with a cell, said so that the reader can mend it.

use crate::assemble::fault::{Fault, FaultKind};
use crate::assemble::plan::{Plan, PlannedFile};
use crate::assemble::truth::MOST_LABELS;
use crate::block::Block;
use crate::error::{CellError, IngestError};
use crate::options::Advice;

/// The refusal of a cell of `column` of a block of `file`.
pub(crate) fn refusal(fault: Fault, file: &PlannedFile, block: &Block, column: &str, plan: &Plan) -> IngestError {
    let at = block.position(fault.row);
    let (file, column, value) = (file.file.clone(), column.to_owned(), fault.value);
    if let FaultKind::TooManyLabels { examples } = fault.kind {
        return IngestError::NoLabelColumn { file, column, limit: MOST_LABELS, examples: examples.join(", ") };
    }
    let (problem, remedy) = in_words(&fault.kind, plan);
    let remedy = remedy.to_owned();
    IngestError::Cell(Box::new(CellError { file, at, column, value, problem, remedy }))
}

/// Why a cell is no value of its column, and what to do.
pub(crate) fn in_words(kind: &FaultKind, plan: &Plan) -> (String, &'static str) {
    let schema = &plan.schema.name;
    let is_fixed = plan.advice == Advice::Options;
    match kind {
        FaultKind::NoNumber { .. } if is_fixed => {
            ("is not a number".to_owned(), "mend the cell, or leave such rows out with `--bad-rows set-aside`")
        }
        FaultKind::NoTime { expected } if is_fixed => {
            (format!("is not {expected}"), "say how times are written here, with `--time-format` or `--time-unit`")
        }
        FaultKind::NoNumber { hex_would_do: true } => {
            ("is hexadecimal".to_owned(), "allow it with `hex: true` for this column in the schema")
        }
        FaultKind::NoNumber { hex_would_do: false } => (
            "is not a number".to_owned(),
            "mend the cell, or list the column under `categorical` or `ignored` in the schema",
        ),
        FaultKind::NoTime { expected } => {
            (format!("is not {expected}"), "mend the cell, or set `time.format` and `time.unit` in the schema")
        }
        FaultKind::MissingTime => ("is no time".to_owned(), "every flow needs one: fill it in, or remove the line"),
        FaultKind::MissingHost => {
            ("names no host".to_owned(), "sequences need one for every flow: fill it in, or remove the line")
        }
        FaultKind::LabelTwice { given } => (
            format!("is a label, and the rows of this file are to get theirs from elsewhere ({given})"),
            "keep one of them: the column, the `label:` of the file in the config, or the file of labels",
        ),
        // Told of the column, not of a cell.
        FaultKind::TooManyLabels { .. } => ("is one label too many".to_owned(), "name the right `label.column`"),
        FaultKind::UnknownLabel => {
            let known = plan.label.as_ref().map(|rule| rule.known()).unwrap_or_default();
            let problem = format!("is no label that schema {schema} knows ({known})");
            (problem, "list it under `label.benign`, `label.attack` or `label.ignore`")
        }
        FaultKind::AmbiguousLabel { benign, attack } => (
            format!("matches the label `{benign}` (benign) and the label `{attack}` (attack)"),
            "change the lists in the schema so that one of them fits",
        ),
    }
}
