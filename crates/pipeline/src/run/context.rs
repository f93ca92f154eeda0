//! What every stage of a run has at hand: the config, the run's folder, the listener, and the clock.

use std::time::Instant;

use nta_tracking::RunDir;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::RunConfig;
use crate::error::{PipelineError, failed};
use crate::event::{Event, Listener, Stage, StageWatch};
use crate::project::Project;

/// A run under way.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a RunConfig,
    pub(crate) project: &'a Project,
    pub(crate) dir: RunDir,
    pub(crate) listener: &'a dyn Listener,
}

impl Context<'_> {
    /// Does one stage: tells of its begin and end, keeps its time, stops before it if asked to. `work` answers what it
    /// made and the words that stand beside the stage's name.
    pub(crate) fn stage<T>(
        &mut self,
        stage: Stage,
        work: impl FnOnce(&mut Self) -> Result<(T, String), PipelineError>,
    ) -> Result<T, PipelineError> {
        if self.listener.cancelled() {
            return Err(PipelineError::Interrupted(format!("before {}", stage.name())));
        }
        self.listener.hear(Event::StageBegun(stage));
        self.dir.event("stage_begun", &serde_json::json!({ "stage": stage.name() })).map_err(failed)?;
        let begun = Instant::now();
        let (made, says) = work(self)?;
        let seconds = begun.elapsed().as_secs_f64();
        self.dir.stage(stage.name(), seconds).map_err(failed)?;
        self.listener.hear(Event::StageDone { stage, says, seconds });
        Ok(made)
    }

    /// Tells the user, and the run's events, something worth knowing.
    pub(crate) fn note(&self, text: &str) -> Result<(), PipelineError> {
        self.listener.hear(Event::Note(text.to_owned()));
        self.dir.event("note", &serde_json::json!({ "text": text })).map_err(failed)
    }

    /// The watch of a stage.
    pub(crate) fn watch(&self, stage: Stage, note: &str) -> StageWatch<'_> {
        StageWatch { listener: self.listener, stage, note: note.to_owned() }
    }

    /// Keeps what a stage made as JSON, for a resume.
    pub(crate) fn keep(&self, name: &str, made: &impl Serialize) -> Result<(), PipelineError> {
        let text = serde_json::to_vec(made).map_err(failed)?;
        self.dir.write_checkpoint(name, &text).map_err(failed)
    }

    /// What a stage of the interrupted run made, if it got that far.
    pub(crate) fn kept<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, PipelineError> {
        let Some(bytes) = self.dir.read_checkpoint(name).map_err(failed)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| self.damaged(name, &error.to_string()))
    }

    /// A checkpoint that cannot be used.
    pub(crate) fn damaged(&self, name: &str, why: &str) -> PipelineError {
        let path = self.dir.path().join("checkpoints").join(name);
        PipelineError::Failed(format!("{} is damaged: {why}; remove it and resume again", path.display()))
    }
}
