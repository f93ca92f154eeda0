//! A finished run as a comparison takes it: what its folder keeps.

use std::path::PathBuf;

use nta_metrics::Evaluation;
use nta_report::LearnedEpoch;
use nta_tracking::RunRecord;
use serde_json::Value;

use super::predictions::Predictions;
use crate::error::{PipelineError, refused};
use crate::project::Project;
use crate::runs::{evaluation_of, show};
use crate::yaml;

/// What is known of a finished run.
pub(super) struct JudgedRun {
    /// `name/id`.
    pub(super) label: String,
    pub(super) record: RunRecord,
    pub(super) evaluation: Evaluation,
    /// config.yaml.
    pub(super) config: Value,
    folder: PathBuf,
}

impl JudgedRun {
    pub(super) fn load(project: &Project, asked: &str) -> Result<JudgedRun, PipelineError> {
        let run = show(project, asked)?;
        let path = run.folder.join("config.yaml");
        if path.exists() && !path.is_file() {
            return Err(PipelineError::refuse(format!("{}: this is no regular file", path.display())));
        }
        let text = yaml::read(&path)
            .map_err(|error| PipelineError::refuse(format!("cannot read {}: {error}", path.display())))?;
        let config = yaml::parse(&text)
            .map_err(|error| PipelineError::refuse(format!("{}: {}", path.display(), error.message)))?;
        let label = format!("{}/{}", run.record.name, run.record.id);
        let evaluation = evaluation_of(&run)?.clone();
        Ok(JudgedRun { label, record: run.record, evaluation, config: config.value, folder: run.folder })
    }

    /// predictions.parquet; an error says why it is not on hand.
    pub(super) fn predictions(&self) -> Result<Predictions, PipelineError> {
        Predictions::read(&self.folder, &self.record)
    }

    /// The network's epochs, as metrics.jsonl holds them.
    pub(super) fn epochs(&self) -> Result<Vec<LearnedEpoch>, PipelineError> {
        let mut epochs: Vec<LearnedEpoch> = Vec::new();
        for metric in nta_tracking::metrics(&self.folder).map_err(refused)? {
            let number = metric.step as u32;
            let place = epochs.iter().position(|epoch| epoch.epoch == number).unwrap_or_else(|| {
                let (train_loss, validation_loss, average_precision) = (f64::NAN, None, None);
                epochs.push(LearnedEpoch { epoch: number, train_loss, validation_loss, average_precision });
                epochs.len() - 1
            });
            match metric.key.as_str() {
                "lstm/train_loss" => epochs[place].train_loss = metric.value,
                "lstm/validation_log_loss" => epochs[place].validation_loss = Some(metric.value),
                "lstm/validation_average_precision" => epochs[place].average_precision = Some(metric.value),
                _ => {}
            }
        }
        epochs.sort_by_key(|epoch| epoch.epoch);
        Ok(epochs)
    }

    /// The config without its seed, and the digests of what was read: what the seeds of one config share.
    pub(super) fn but_for_the_seed(&self) -> (Value, Vec<(String, String)>) {
        let mut config = self.config.clone();
        if let Some(keys) = config.as_object_mut() {
            keys.remove("seed");
        }
        // Simulated traffic follows from the seed, and is called by it.
        let is_file = |name: &&String| !name.contains("simulated from seed");
        let digests = self.record.digests.iter().filter(|(name, _)| is_file(name));
        (config, digests.map(|(name, digest)| (name.clone(), digest.clone())).collect())
    }
}
