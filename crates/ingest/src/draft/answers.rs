//! What somebody says of a file's columns, in place of what would be guessed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::draft::guess::ColumnKind;
use crate::draft::sample::Sample;
use crate::error::IngestError;

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnRole {
    /// Says which flows are attacks.
    Label,
    /// Names the kind of attack.
    Family,
    /// When the flow began.
    Time,
    /// How long it lasted.
    Duration,
    /// Where it came from.
    Src,
    /// Where it went.
    Dst,
    /// A feature that is a number.
    Number,
    /// A feature that is one of some texts.
    Category,
    /// Nothing that a model may see.
    Ignored,
}

impl ColumnRole {
    /// All of them.
    pub const ALL: [ColumnRole; 9] = [
        ColumnRole::Label,
        ColumnRole::Family,
        ColumnRole::Time,
        ColumnRole::Duration,
        ColumnRole::Src,
        ColumnRole::Dst,
        ColumnRole::Number,
        ColumnRole::Category,
        ColumnRole::Ignored,
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            ColumnRole::Label => "label",
            ColumnRole::Family => "family",
            ColumnRole::Time => "time",
            ColumnRole::Duration => "duration",
            ColumnRole::Src => "src",
            ColumnRole::Dst => "dst",
            ColumnRole::Number => "number",
            ColumnRole::Category => "category",
            ColumnRole::Ignored => "ignored",
        }
    }

    /// Whether one column alone can be it.
    pub(super) fn is_single(self) -> bool {
        !matches!(self, ColumnRole::Number | ColumnRole::Category | ColumnRole::Ignored)
    }
}

/// Answers to what would be guessed; without any all is guessed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// Columns, and what each is.
    pub columns: BTreeMap<String, ColumnRole>,
    /// Labels that mean benign.
    pub benign: Vec<String>,
}

impl Answers {
    /// Whether all is left to be guessed.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.benign.is_empty()
    }

    /// Refuses columns that are not there, and two for what only one can be.
    pub(super) fn check(&self, samples: &[Sample], file: &str) -> Result<(), IngestError> {
        let refuse = |message: String| Err(IngestError::Answer { file: file.to_owned(), message });
        for (name, role) in &self.columns {
            if !samples.iter().any(|sample| sample.name == *name) {
                let names: Vec<&str> = samples.iter().map(|sample| sample.name.as_str()).take(40).collect();
                return refuse(format!("there is no column `{name}`; there are {}", names.join(", ")));
            }
            let other = self.columns.iter().find(|(other, of)| *of == role && *other != name);
            if let Some((other, _)) = other.filter(|_| role.is_single()) {
                return refuse(format!("both `{name}` and `{other}` are said to be the {}", role.name()));
            }
        }
        Ok(())
    }

    /// The column that is said to have `role`.
    pub(super) fn of<'s>(&self, role: ColumnRole, samples: &'s [Sample]) -> Option<&'s Sample> {
        samples.iter().find(|sample| self.columns.get(&sample.name) == Some(&role))
    }

    /// The columns that nothing is said of: guesses are made among them.
    pub(super) fn rest(&self, samples: &[Sample]) -> Vec<Sample> {
        samples.iter().filter(|sample| !self.columns.contains_key(&sample.name)).cloned().collect()
    }

    /// What a feature is said to be.
    pub(super) fn kind(&self, sample: &Sample) -> Option<ColumnKind> {
        match self.columns.get(&sample.name)? {
            ColumnRole::Number | ColumnRole::Duration => Some(ColumnKind::Number),
            ColumnRole::Category => Some(ColumnKind::Category { n_distinct: sample.distinct.len() }),
            ColumnRole::Ignored => Some(ColumnKind::LeftOut),
            _ => None,
        }
    }
}
