//! The model of a run on the server: logged, its files there, entered with the run, a version of its name, aliases.

use super::Delivery;
use super::delivered::Delivered;
use super::model_api::ModelSource;
use super::tracked::{Tracked, TrackedModel};
use crate::TrackingError;

impl Delivery<'_> {
    /// Finds the logged model by our tag, or makes it: numbers of the model name it.
    pub(super) fn make_model(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let Some(model) = tracked.model.as_ref().filter(|_| self.delivered.model.id.is_empty()) else { return Ok(()) };
        let made = self.http.model(&self.source(tracked, model))?;
        self.keep(|d| {
            d.model.id = made.id;
            d.model.artifacts = made.artifacts;
            // Numbers of the model that were sent without it, as those of a run that was killed and then taken up again,
            // go once more: the run has them, the model gets them.
            for (stream, points) in &tracked.streams {
                let first = points.iter().position(|point| point.of_model.is_some()).unwrap_or(points.len());
                if let Some(sent) = d.points.get_mut(*stream) {
                    *sent = first.min(*sent);
                }
            }
        })
    }

    /// Everything of the model that comes after its numbers.
    pub(super) fn publish_model(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let Some(model) = tracked.model.as_ref().filter(|_| !self.delivered.model.id.is_empty()) else { return Ok(()) };
        let (id, artifacts) = (self.delivered.model.id.clone(), self.delivered.model.artifacts.clone());
        let run = self.delivered.run_id.clone();
        self.send_files(&model.files, &artifacts)?;
        if !self.delivered.model.ready {
            self.http.model_ready(&id)?;
            self.keep(|d| d.model.ready = true)?;
        }
        if !self.delivered.model.output {
            self.http.run_made_model(&run, &id)?;
            self.keep(|d| d.model.output = true)?;
        }
        if self.delivered.model.version.is_empty() {
            self.http.register(&model.name)?;
            let version = self.http.version(&self.source(tracked, model), &id)?;
            self.keep(|d| d.model.version = version)?;
        }
        let version = self.delivered.model.version.clone();
        for alias in &model.aliases {
            if !self.delivered.model.aliases.contains(alias) {
                self.http.set_alias(&model.name, alias, &version)?;
            }
        }
        // One that moved on here is set there by the run that it moved to.
        if self.delivered.model.aliases != model.aliases {
            self.keep(|d| d.model.aliases.clone_from(&model.aliases))?;
        }
        Ok(())
    }

    fn source<'s>(&'s self, tracked: &'s Tracked, model: &'s TrackedModel) -> ModelSource<'s> {
        let Delivered { run_id, experiment_id: experiment, .. } = &self.delivered;
        ModelSource { model, run: &tracked.run, run_id, experiment }
    }
}
