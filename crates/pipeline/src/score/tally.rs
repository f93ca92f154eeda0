//! Counts of scored rows that need no row to be kept: how many, how many flagged, and how right the flags are.

use std::collections::BTreeMap;

use nta_data::{Label, Scores};
use nta_ingest::{Batch, Joined, LeftOut, Reject, TimeSpan, WithoutTruth};
use nta_metrics::{ConfusionMatrix, OperatingPoint};
use serde::{Deserialize, Serialize};

use super::sink::ScoreSink;
use crate::error::PipelineError;

/// Flows of one attack family.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyCount {
    /// All of them.
    pub flows: u64,
    /// Those that the hybrid flags.
    pub flagged: u64,
}

/// What is counted.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) rows: u64,
    /// By the hybrid.
    pub(crate) flagged: u64,
    /// By column of scores.
    confusion: BTreeMap<String, ConfusionMatrix>,
    labelled: bool,
    /// Rows that could not be read.
    pub(crate) set_aside: u64,
    /// Lines that hold no flow.
    pub(crate) left_out: LeftOut,
    /// Rows of which no truth is known.
    pub(crate) without_truth: WithoutTruth,
    /// What was found in a second file of labels.
    pub(crate) joined: Option<Joined>,
    pub(crate) families: BTreeMap<String, FamilyCount>,
    /// From when until when the flows began.
    pub(crate) span: Option<TimeSpan>,
}

impl Tally {
    /// How right each column's flags are; `None` where no row's truth is known.
    pub(crate) fn truth(&self) -> Option<BTreeMap<String, OperatingPoint>> {
        let points = self.confusion.iter().map(|(name, c)| (name.clone(), OperatingPoint::of(*c, None)));
        self.labelled.then(|| points.collect())
    }

    fn count_truth(&mut self, batch: &Batch, labels: &[Label], scores: &Scores) {
        let rows = &batch.dataset;
        let judged: Vec<usize> =
            (0..labels.len()).filter(|i| batch.unjudged.binary_search(&(*i as u32)).is_err()).collect();
        let labels: Vec<Label> = judged.iter().map(|&i| labels[i]).collect();
        for column in scores.columns() {
            let flags: Vec<bool> = judged.iter().map(|&i| column.flags[i]).collect();
            let confusion = self.confusion.entry(column.name.clone()).or_default();
            if let Ok(counted) = ConfusionMatrix::count(&labels, &flags) {
                *confusion += counted;
            }
        }
        for (&i, label) in judged.iter().zip(&labels) {
            if let (true, Some(family)) = (label.is_attack(), rows.family_of(i)) {
                let count = self.families.entry(family.to_owned()).or_default();
                count.flows += 1;
                count.flagged += u64::from(scores.hybrid().flags[i]);
            }
        }
    }
}

impl ScoreSink for Tally {
    type Output = Tally;

    fn take(&mut self, batch: &Batch, scores: &Scores) -> Result<(), PipelineError> {
        self.rows += scores.n_rows() as u64;
        if let Some(span) = &batch.span {
            self.span = Some(self.span.take().map_or_else(|| span.clone(), |before| before.and(span)));
        }
        self.flagged += scores.hybrid().flags.iter().filter(|f| **f).count() as u64;
        self.without_truth.add(&batch.without_truth);
        if let Some(joined) = &batch.joined {
            self.joined.get_or_insert_default().add(joined);
        }
        if let Some(labels) = &batch.dataset.label {
            self.labelled = true;
            self.count_truth(batch, labels, scores);
        }
        Ok(())
    }

    fn set_aside(&mut self, rejects: &[Reject]) -> Result<(), PipelineError> {
        self.set_aside += rejects.len() as u64;
        Ok(())
    }

    fn leave_out(&mut self, left_out: LeftOut) {
        self.left_out += left_out;
    }

    fn finish(self) -> Result<Tally, PipelineError> {
        Ok(self)
    }
}
