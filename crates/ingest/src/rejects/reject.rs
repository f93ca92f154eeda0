//! A line that cannot be read, and what becomes of such lines.

use serde::{Deserialize, Serialize};

use crate::error::Position;

/// What becomes of rows that cannot be read: of another width than the header, with quotes that break the rules, with a
/// cell that its column's role does not allow. A label that the schema does not know is no such row: it is always
/// refused.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum BadRows {
    /// The first one is an error.
    #[default]
    Refuse,
    /// They are skipped, counted and kept, up to this share of all rows (and ten in any case); more are an error.
    SetAside {
        /// Between 0 and 1.
        share: f64,
    },
}

/// A row set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// The file, as messages name it.
    pub file: String,
    /// Its line, from 1, in a text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u64>,
    /// Its row, from 1, in a file without lines.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub row: Option<u64>,
    /// What is wrong with it.
    pub reason: String,
    /// The line itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
}

impl Reject {
    pub(crate) fn new(file: &str, at: Position, reason: String, text: Option<String>) -> Reject {
        let (line, row) = match at {
            Position::Line(line) => (Some(line), None),
            Position::Row(row) => (None, Some(row)),
        };
        Reject { file: file.to_owned(), line, row, reason, text }
    }

    /// Place and reason in words.
    pub(crate) fn in_words(&self) -> String {
        let at = match (self.line, self.row) {
            (Some(line), _) => Position::Line(line),
            (None, row) => Position::Row(row.unwrap_or_default()),
        };
        format!("{at}: {}", self.reason)
    }
}
