//! What is wrong with a cell, said so that the reader can mend it.

use nta_data::{NumberNotation, TimeUnit};

use crate::assemble::fault::{Fault, FaultKind};
use crate::assemble::plan::Plan;
use crate::assemble::planned_file::PlannedFile;
use crate::block::Block;
use crate::error::{CellError, IngestError};
use crate::limits::MOST_LABELS;
use crate::options::Advice;

/// The refusal of a cell of `column` of a block of `file`.
pub(crate) fn refusal(fault: Fault, file: &PlannedFile, block: &Block, column: &str, plan: &Plan) -> IngestError {
    let at = block.position(fault.row);
    let (file, column, value) = (file.file.clone(), column.to_owned(), fault.value);
    if let FaultKind::TooManyLabels { examples } = fault.kind {
        return IngestError::NoLabelColumn { file, column, limit: MOST_LABELS, examples: examples.join(", ") };
    }
    let (problem, remedy) = in_words(&fault.kind, plan);
    IngestError::Cell(Box::new(CellError { file, at, column, value, problem, remedy }))
}

/// Why a cell is no value of its column, and what to do.
pub(crate) fn in_words(kind: &FaultKind, plan: &Plan) -> (String, String) {
    if let FaultKind::FarTime { read, unit } = kind {
        return far_time(read, *unit);
    }
    if let FaultKind::NoNumber { hex_would_do, would_do, written } = kind {
        let (problem, remedy) = no_number(*hex_would_do, *would_do, *written);
        return match plan.advice {
            Advice::Schema => (problem, remedy),
            _ => (problem, "mend the cell, or remove the line".to_owned()),
        };
    }
    let (problem, remedy) = otherwise_in_words(kind, plan);
    (problem, remedy.to_owned())
}

fn far_time(read: &str, unit: Option<TimeUnit>) -> (String, String) {
    let problem = format!("reads as {read}, and no traffic was recorded before 1990 or after 2100");
    let remedy = match unit {
        Some(unit) => format!("in {0} it is such a time: set `time.unit: {0}` in the schema", unit.name()),
        None => {
            "set `time.format` or `time.unit` in the schema, or `time.relative: true` where the column counts from the \
                 start of the capture"
                .to_owned()
        }
    };
    (problem, remedy)
}

/// Why a cell is no number. Another notation is proposed only to a column that is read plainly: one that is not is mixed.
fn no_number(hex_would_do: bool, would_do: Option<NumberNotation>, written: NumberNotation) -> (String, String) {
    if hex_would_do {
        return ("is hexadecimal".to_owned(), "allow it with `hex: true` for this column in the schema".to_owned());
    }
    let set_aside = "set rows of this kind aside (`bad_rows`), or list the column under `categorical` or `ignored` in \
                     the schema";
    if !written.is_plain() {
        let problem = format!("is not a number as the column's are written (`numbers: {}`)", written.name());
        return (problem, format!("mend the cell, {set_aside}"));
    }
    match would_do {
        Some(notation) => {
            let how = match notation {
                NumberNotation::DecimalComma => "has a decimal comma, or points between groups of digits",
                NumberNotation::CommaGroups => "has commas between groups of digits",
                NumberNotation::SpaceGroups => "has blanks between groups of digits",
                NumberNotation::UnitSuffixes | NumberNotation::Plain => "has a unit behind the number",
            };
            let name = notation.name();
            (
                how.to_owned(),
                format!(
                    "if the whole column is written so, `numbers: {name}` for it in the schema; else mend the cell, or {set_aside}"
                ),
            )
        }
        None => ("is not a number".to_owned(), format!("mend the cell, {set_aside}")),
    }
}

fn otherwise_in_words(kind: &FaultKind, plan: &Plan) -> (String, &'static str) {
    let schema = &plan.schema.name;
    match kind {
        FaultKind::NoNumber { .. } => ("is not a number".to_owned(), "mend the cell"),
        FaultKind::NoTime { expected } if plan.advice == Advice::Options => {
            (format!("is not {expected}"), "say how times are written here, with `--time-format` or `--time-unit`")
        }
        FaultKind::NoTime { expected } if plan.advice == Advice::File => {
            (format!("is not {expected}"), "write times as the model's training traffic had them")
        }
        FaultKind::NoTime { expected } => {
            (format!("is not {expected}"), "mend the cell, or set `time.format` and `time.unit` in the schema")
        }
        FaultKind::MissingTime | FaultKind::FarTime { .. } => {
            ("is no time".to_owned(), "every flow needs one: fill it in, or remove the line")
        }
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
