//! What a server is told of a run beside the run itself: tags, params, datasets, points, files.

use serde_json::Value;

use super::api::RUN_TAG;
use super::delivered::Stamp;
use super::delivery::proxied;
use super::limits::{self, BYTES_A_BATCH, METRICS_A_BATCH, MODEL_METRICS_A_BATCH, PAIRS_A_BATCH};
use super::model_api::key_values;
use super::tracked::{Point, SentFile, Standing, Tracked};
use super::{Delivery, batches};
use crate::TrackingError;

/// The tag that shows a run below another.
const PARENT_TAG: &str = "mlflow.parentRunId";

impl Delivery<'_> {
    pub(super) fn send_tags(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        for (key, value) in &tracked.experiment_tags {
            let kept = format!("experiment:{key}");
            if self.delivered.tags.get(&kept) != Some(value) {
                self.http.tag_experiment(&self.delivered.experiment_id, key, value)?;
                self.keep(|d| _ = d.tags.insert(kept, value.clone()))?;
            }
        }
        let mut tags = tracked.tags.clone();
        if let Some(parent) = &tracked.parent
            && !self.delivered.tags.contains_key(PARENT_TAG)
            && let Some(parent) = self.http.runs_of(&self.delivered.experiment_id, parent)?.into_iter().next()
        {
            tags.insert(PARENT_TAG.to_owned(), parent.id);
        }
        tags.insert(RUN_TAG.to_owned(), tracked.run.clone());
        let new = |(key, value): &(String, String)| self.delivered.tags.get(key) != Some(value);
        let new: Vec<(String, String)> = tags.into_iter().filter(new).collect();
        for batch in new.chunks(PAIRS_A_BATCH) {
            let cut: Vec<(String, String)> = batch.iter().map(|(k, v)| (limits::key(k), limits::tag(v))).collect();
            self.log_batch("tags", &key_values(&cut))?;
            self.note(|d| d.tags.extend(batch.iter().cloned()))?;
        }
        Ok(())
    }

    pub(super) fn send_params(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let unsent = tracked.params.get(self.delivered.params..).unwrap_or_default();
        for batch in unsent.chunks(PAIRS_A_BATCH) {
            let cut: Vec<(String, String)> = batch.iter().map(|(k, v)| (limits::key(k), limits::param(v))).collect();
            self.log_batch("params", &key_values(&cut))?;
            self.note(|d| d.params += batch.len())?;
        }
        Ok(())
    }

    pub(super) fn send_datasets(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let unsent = tracked.datasets.get(self.delivered.datasets..).unwrap_or_default();
        if unsent.is_empty() {
            return Ok(());
        }
        let datasets: Vec<Value> = unsent.iter().map(|dataset| dataset.to_json()).collect();
        self.http.log_inputs(&self.delivered.run_id, &datasets)?;
        self.note(|d| d.datasets += unsent.len())
    }

    pub(super) fn send_points(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let model = Some(self.delivered.model.id.clone()).filter(|id| !id.is_empty());
        // While a model may still come, its numbers wait for it.
        let waits =
            |point: &Point| point.of_model.is_some() && model.is_none() && tracked.standing == Standing::Running;
        for (&stream, points) in &tracked.streams {
            let sent = self.delivered.points.get(stream).copied().unwrap_or(0);
            let unsent = points.get(sent..).unwrap_or_default();
            let unsent = &unsent[..unsent.iter().position(waits).unwrap_or(unsent.len())];
            for alike in unsent.chunk_by(|a, b| a.of_model.is_some() == b.of_model.is_some()) {
                let of_model = alike.iter().any(|point| point.of_model.is_some());
                let most = if of_model { MODEL_METRICS_A_BATCH } else { METRICS_A_BATCH };
                let entries: Vec<Value> = alike.iter().map(|point| point.to_json(model.as_deref())).collect();
                for batch in batches::of(&entries, most, BYTES_A_BATCH) {
                    self.log_batch("metrics", batch)?;
                    self.note(|d| *d.points.entry(stream.to_owned()).or_default() += batch.len())?;
                }
            }
        }
        Ok(())
    }

    /// Puts files below `artifacts`, where the server keeps artifacts itself.
    pub(super) fn send_files(&mut self, files: &[SentFile], artifacts: &str) -> Result<(), TrackingError> {
        let Some(root) = proxied(artifacts) else {
            return if self.delivered.no_place_for_files { Ok(()) } else { self.keep(|d| d.no_place_for_files = true) };
        };
        for file in files {
            let to = format!("{root}/{}", file.to);
            // Stamped before it is read: what changes in between is sent again.
            let stamp = Stamp::of(&file.from)?;
            if self.delivered.files.get(&to) != Some(&stamp) {
                self.http.put_file(&to, &file.from)?;
                self.note(|d| _ = d.files.insert(to, stamp))?;
            }
        }
        Ok(())
    }

    fn log_batch(&self, kind: &str, entries: &[Value]) -> Result<(), TrackingError> {
        self.http.log_batch(&self.delivered.run_id, kind, entries)
    }
}
