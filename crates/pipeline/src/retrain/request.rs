//! What is asked of a retraining, and what comes of it.

use std::path::PathBuf;

use nta_report::Standing;
use serde::Serialize;

use super::decision::Decision;
use crate::bad_rows::BadRowsWord;
use crate::error::PipelineError;
use crate::labels_file::LabelsFile;
use crate::policy::Promotion;
use crate::project::Project;

/// Which model to make a challenger of, from what.
#[derive(Debug, Clone)]
pub struct RetrainRequest {
    /// `name` (what its alias `champion` points at), `name/3` or `name@alias`.
    pub model: String,
    /// The fresh traffic, labelled.
    pub fresh: Vec<PathBuf>,
    /// `retrain.key=value` over the policy that is kept with the model.
    pub sets: Vec<String>,
    /// What becomes of a challenger that passes, in place of the policy's.
    pub promote: Option<Promotion>,
    /// The labels of the fresh traffic, where they stand in a file of their own.
    pub labels: Option<LabelsFile>,
    /// One sensor's name for all files, in place of the config's.
    pub sensor: Option<String>,
    /// What becomes of rows that cannot be read, in place of the config's.
    pub bad_rows: Option<BadRowsWord>,
    /// Where models are looked up.
    pub project: Project,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct RetrainOutcome {
    /// The version in service when it began.
    pub champion: String,
    /// Files left out, for a model of the lineage has learned from them.
    pub known: Vec<String>,
    /// The decision; null where no file is new.
    pub decision: Option<Decision>,
    /// Whether it was made by an earlier call on the same traffic, and nothing was trained.
    pub decided_before: bool,
    /// Seconds it took.
    pub seconds: f64,
}

impl RetrainOutcome {
    /// The gate: closed where the challenger did not show what the rule asks.
    pub fn gate(&self) -> Result<(), PipelineError> {
        match &self.decision {
            Some(decision) if !decision.passed => {
                let failed = decision.checks.iter().filter(|check| !check.passed).count();
                let (champion, challenger) = (&decision.champion, &decision.challenger);
                Err(PipelineError::Gate(format!(
                    "{champion} stays: {challenger} did not pass {failed} of {} checks",
                    decision.checks.len()
                )))
            }
            Some(Decision { standing: Standing::TakenBack, challenger, alias, .. }) => {
                Err(PipelineError::Gate(format!(
                    "{challenger} passed, and {alias} was moved back from it by hand: with --promote it takes over again"
                )))
            }
            _ => Ok(()),
        }
    }
}
