//! Why a cell is no value of its column's role.

use nta_data::NumberNotation;

use crate::values::cell::CellValue;

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
    /// Not a number as the column's are `written`; it would be one if they were hexadecimal, or written as `would_do`.
    NoNumber {
        hex_would_do: bool,
        would_do: Option<NumberNotation>,
        written: NumberNotation,
    },
    NoTime {
        expected: String,
    },
    MissingTime,
    MissingHost,
    UnknownLabel,
    AmbiguousLabel {
        benign: String,
        attack: String,
    },
    /// The label comes from outside the file, and the file has one of its own.
    LabelTwice {
        given: String,
    },
    TooManyLabels {
        examples: Vec<String>,
    },
}

impl Fault {
    pub(crate) fn new(row: usize, cell: CellValue<'_>, kind: FaultKind) -> Fault {
        Fault { row, value: cell.shown(), kind }
    }
}
