//! The model of a run on the server: logged, its files there, entered with the run, a version of its name, aliases.

use super::Delivery;
use super::model_api::model_tags;
use super::tracked::Tracked;
use crate::TrackingError;

impl Delivery<'_> {
    /// Finds the logged model by our tag, or makes it: numbers of the model name it.
    pub(super) fn make_model(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let Some(model) = tracked.model.as_ref().filter(|_| self.delivered.model.id.is_empty()) else { return Ok(()) };
        let experiment = self.delivered.experiment_id.clone();
        let made = match self.http.models_of(&experiment, &tracked.run)?.into_iter().next() {
            Some(found) => found,
            None => {
                let tags = model_tags(&tracked.run, &model.version, &model.digest);
                self.http.create_model(&experiment, &self.delivered.run_id, &model.name, &tags)?
            }
        };
        self.keep(|d| {
            d.model.id = made.id;
            d.model.artifacts = made.artifacts;
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
            let version = match self.http.versions_of(&model.name, &tracked.run)?.into_iter().next() {
                Some(found) => found,
                None => {
                    let tags = model_tags(&tracked.run, &model.version, &model.digest);
                    self.http.create_version(&model.name, &run, &id, &tags)?
                }
            };
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
}
