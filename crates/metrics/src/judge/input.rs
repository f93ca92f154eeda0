//! What is judged: the truth, and what the frozen model said about it.

use nta_data::{Categories, Label};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{MetricsError, all_scores, same_length};
use crate::{ChosenThreshold, Named};

/// What the frozen model said about the test part, and the truth. Rows stand in arrival order.
#[derive(Clone, Copy)]
pub struct JudgeInput<'a> {
    /// Truth, `(n_rows)`.
    pub labels: &'a [Label],
    /// Attack families, `(n_rows)`, where the data names them.
    pub families: Option<&'a Categories>,
    /// Whether the training part holds attacks of this family.
    pub seen_in_training: &'a dyn Fn(&str) -> bool,
    /// Members in the model's order, then the hybrid under its own name.
    pub members: &'a [JudgedMember<'a>],
    /// Whose sequence each row belongs to, `(n_rows)`; empty for data without order.
    pub entity: &'a [u64],
    /// Whose flow each row is, `(n_rows)`: the same for all rows of a host, also where `entity` tells segments apart;
    /// empty for data without order. Rows of different hosts are taken as independent.
    pub host: &'a [u64],
    /// Whether a row's exact copy stands in train, `(n_rows)`, where that is asked.
    pub copies: Option<&'a [bool]>,
    /// Sizes of the parts, as the report shows them.
    pub parts: &'a Named<PartSize>,
    /// The probability reported for each row, `(n_rows)`, where there is one.
    pub probability: Option<&'a [f32]>,
    /// Digest of the model.
    pub digest: &'a str,
}

/// One member's scores and flags on the test part.
#[derive(Debug, Clone, Copy)]
pub struct JudgedMember<'a> {
    /// `forest`, `lstm`, …, `hybrid`.
    pub name: &'a str,
    /// Probability of attack, `(n_rows)`.
    pub scores: &'a [f32],
    /// The threshold, chosen before the test part was opened.
    pub threshold: &'a ChosenThreshold,
    /// Whether the scorer flagged the row, `(n_rows)`; must equal `score > threshold`.
    pub flags: &'a [bool],
}

/// Size of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartSize {
    /// Rows.
    pub rows: u64,
    /// Benign rows.
    pub benign: u64,
    /// Attacks.
    pub attacks: u64,
}

impl JudgeInput<'_> {
    /// Refuses columns of different lengths, scores that are no probabilities, and flags that their scores deny.
    pub(crate) fn check(&self) -> Result<(), MetricsError> {
        let n = self.labels.len();
        if self.members.is_empty() {
            return Err(MetricsError::NoMembers);
        }
        if let Some(families) = self.families {
            same_length("the family column", n, families.codes.len())?;
        }
        if let Some(copies) = self.copies {
            same_length("the copies column", n, copies.len())?;
        }
        if !self.entity.is_empty() {
            same_length("the entity column", n, self.entity.len())?;
            same_length("the host column", n, self.host.len())?;
        }
        self.members.iter().try_for_each(|member| member.check(n))
    }
}

impl JudgedMember<'_> {
    fn check(&self, n_rows: usize) -> Result<(), MetricsError> {
        same_length(&format!("{}'s scores column", self.name), n_rows, self.scores.len())?;
        same_length(&format!("{}'s flags column", self.name), n_rows, self.flags.len())?;
        all_scores(&format!("{}:", self.name), self.scores)?;
        match self.scores.iter().zip(self.flags).position(|(s, f)| self.threshold.flags(*s) != *f) {
            None => Ok(()),
            Some(row) => Err(MetricsError::FlagDiffers {
                member: self.name.to_owned(),
                row,
                score: self.scores[row],
                threshold: self.threshold.value,
                flag: self.flags[row],
            }),
        }
    }
}
