//! Why a cell is no value of its column's role.

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
    NoNumber {
        hex_would_do: bool,
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
