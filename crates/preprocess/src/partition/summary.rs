//! What the report says about the parts.

use std::collections::BTreeMap;

use nta_data::{Census, Label};
use serde::{Deserialize, Serialize};

use super::config::{GroupBy, Strategy};
use super::part::Part;

/// How the rows were dealt, and what each part holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartitionSummary {
    /// The strategy used.
    pub strategy: Strategy,
    /// With `provided`: how the training file was dealt.
    pub inside: Option<Strategy>,
    /// With `grouped`: what stayed together.
    pub by: Option<GroupBy>,
    /// With `blocked`: rows in a block.
    pub block_rows: Option<usize>,
    /// With `blocked`: rows dropped behind each seam.
    pub gap_rows: Option<usize>,
    /// Rows of no part, dropped at seams.
    pub dropped_rows: usize,
    /// What was chosen without being asked for, and what the reader has to know; may be empty.
    pub note: String,
    /// The five parts, training first, test last.
    pub parts: Vec<PartSummary>,
}

/// What one part holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartSummary {
    /// Which part.
    pub part: Part,
    /// All rows.
    pub rows: usize,
    /// Benign rows.
    pub benign: usize,
    /// Attacks.
    pub attacks: usize,
    /// Attacks by family; empty where families are not known.
    pub families: BTreeMap<String, usize>,
    /// Runs of consecutive rows that sequences do not cross; 1 but for `blocked`.
    pub segments: usize,
    /// Rows whose exact features stand in the training part; 0 for the training part itself.
    pub copies: usize,
    /// Attacks among the copies.
    pub copied_attacks: usize,
}

impl PartitionSummary {
    /// What `part` holds.
    pub fn part(&self, part: Part) -> &PartSummary {
        &self.parts[part as usize]
    }
}

/// Benign rows and attacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ClassCounts {
    pub(crate) benign: usize,
    pub(crate) attacks: usize,
}

impl ClassCounts {
    pub(crate) fn of(labels: impl Iterator<Item = Label>) -> Self {
        let mut counts = ClassCounts::default();
        for label in labels {
            match label {
                Label::Benign => counts.benign += 1,
                Label::Attack => counts.attacks += 1,
            }
        }
        counts
    }
}

/// Tells of one part; `copies` is empty for the training part.
pub(crate) fn summarise(part: Part, census: Census, segments: &[u32], copies: &[bool]) -> PartSummary {
    PartSummary {
        part,
        rows: census.rows,
        benign: census.benign,
        attacks: census.attacks,
        families: census.families,
        segments: segments.chunk_by(|a, b| a == b).count().max(1),
        copies: copies.iter().filter(|copy| **copy).count(),
        copied_attacks: census.marked_attacks,
    }
}
