//! What every stage of a run has at hand: the config, the run's log, and the clock.

use std::time::Instant;

use nta_metrics::{ChosenThreshold, CrossFitted};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::columns::ColumnCheck;
use super::log::RunLog;
use crate::config::RunConfig;
use crate::error::{PipelineError, failed};
use crate::event::{Event, Outcome, Stage};
use crate::project::Project;

/// A run under way.
pub(crate) struct Context<'a> {
    /// As it was asked for; once the rows are read and dealt, with what every `auto` became.
    pub(crate) config: RunConfig,
    pub(crate) project: &'a Project,
    /// The version, `name/3`, that this run's model is made from, where it is made from one.
    pub(crate) parent: Option<String>,
    pub(crate) log: RunLog<'a>,
    /// What each feature says of the label by itself; nothing before the rows are dealt.
    pub(crate) columns: ColumnCheck,
    /// The threshold of the plain average, where it stands beside another fusion.
    pub(crate) beside: Option<ChosenThreshold>,
    /// What the members to ship were fitted on, where that is more than the training part.
    pub(crate) cross_fitted: Option<CrossFitted>,
}

impl Context<'_> {
    /// Does one stage: tells of its begin and end, keeps its time, stops before it if asked to. `work` answers what it
    /// made and what is told of it.
    pub(crate) fn stage<T>(
        &mut self,
        stage: Stage,
        work: impl FnOnce(&mut Self) -> Result<(T, Outcome), PipelineError>,
    ) -> Result<T, PipelineError> {
        if self.log.listener.cancelled() {
            return Err(PipelineError::Interrupted(format!("before {}", stage.name())));
        }
        self.log.tell(&Event::StageBegun { stage })?;
        let begun = Instant::now();
        let (made, outcome) = work(self)?;
        let seconds = begun.elapsed().as_secs_f64();
        self.log.dir.update(|record| record.note_stage(stage.name(), seconds)).map_err(failed)?;
        self.log.tell(&Event::StageDone { outcome, seconds })?;
        Ok(made)
    }

    /// Keeps what a stage made as JSON, for a resume.
    pub(crate) fn keep(&self, name: &str, made: &impl Serialize) -> Result<(), PipelineError> {
        let text = serde_json::to_vec(made).map_err(failed)?;
        self.log.dir.write_checkpoint(name, &text).map_err(failed)
    }

    /// What a stage of the interrupted run made, if it got that far.
    pub(crate) fn kept<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, PipelineError> {
        let Some(bytes) = self.log.dir.read_checkpoint(name).map_err(failed)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| self.damaged(name, &error.to_string()))
    }

    /// A checkpoint that cannot be used.
    pub(crate) fn damaged(&self, name: &str, why: &str) -> PipelineError {
        let path = self.log.dir.path().join("checkpoints").join(name);
        PipelineError::fail(format!("{} is damaged: {why}; remove it and resume again", path.display()))
    }
}
