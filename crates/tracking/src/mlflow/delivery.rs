//! Sends what a server lacks of a run, and keeps what it acknowledged. Every call is one that may come twice, or is looked
//! up before it is made: so a run is there once and each point is, whatever is killed when.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::api::{NewServerRun, RUN_TAG};
use super::delivered::{Delivered, SendLock, Stamp};
use super::http::{Http, Wait};
use super::limits::{self, BYTES_A_BATCH, METRICS_A_BATCH, PAIRS_A_BATCH};
use super::model_api::key_values;
use super::tracked::{Point, SentFile, Standing, Tracked};
use super::{Server, batches};
use crate::TrackingError;

/// A run that this process sends to a server.
pub struct Delivery<'a> {
    folder: PathBuf,
    pub(super) http: Http<'a>,
    pub(super) delivered: Delivered,
    progress: Box<dyn Fn() + Send>,
    _lock: SendLock,
}

/// One thing that a server is told of a run.
type Step<D> = fn(&mut D, &Tracked) -> Result<(), TrackingError>;

impl<'a> Delivery<'a> {
    /// Begins to send the run in `folder`, once nobody else does; `None` where `wait` ends before that.
    ///
    /// # Errors
    /// A folder that cannot be written, certificates that cannot be used.
    pub fn open(folder: &Path, server: Server, wait: Wait<'a>) -> Result<Option<Self>, TrackingError> {
        let Some(lock) = SendLock::take(folder, &wait)? else { return Ok(None) };
        // Read under the lock: another process may have sent in between.
        let delivered = Delivered::read(folder).filter(|d| d.server == server.base);
        let delivered = delivered.unwrap_or_else(|| Delivered { server: server.base.clone(), ..Delivered::default() });
        let http = Http::new(server, wait)?;
        Ok(Some(Delivery { folder: folder.to_owned(), http, delivered, progress: Box::new(|| {}), _lock: lock }))
    }

    /// What was acknowledged.
    pub fn delivered(&self) -> &Delivered {
        &self.delivered
    }

    /// Calls `progress` with every answer that brought something further.
    pub fn on_progress(&mut self, progress: Box<dyn Fn() + Send>) {
        self.progress = progress;
    }

    /// Sends what the server lacks of `tracked`. What it refuses does not keep the rest from it.
    ///
    /// # Errors
    /// The first refusal; a server that cannot be reached or does not know who asks ends the sending at once.
    pub fn deliver(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        if self.delivered.experiment != tracked.experiment {
            self.forget(tracked)?;
        }
        let knew = !self.delivered.run_id.is_empty();
        match self.all_steps(tracked) {
            // The server has lost the run: another database behind the same address.
            Err(error) if knew && error.says("RESOURCE_DOES_NOT_EXIST") => {
                self.forget(tracked)?;
                self.all_steps(tracked)
            }
            sent => sent,
        }
    }

    fn forget(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let (server, experiment) = (self.delivered.server.clone(), tracked.experiment.clone());
        self.delivered = Delivered { server, experiment, ..Delivered::default() };
        self.delivered.write(&self.folder)
    }

    fn all_steps(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        self.find_run(tracked)?;
        let steps: [Step<Self>; 8] = [
            Self::send_tags,
            Self::send_params,
            Self::send_datasets,
            Self::make_model,
            Self::send_points,
            |this, tracked| this.send_files(&tracked.files, &this.delivered.artifacts.clone()),
            Self::publish_model,
            Self::set_standing,
        ];
        let mut refusal = None;
        for step in steps {
            match step(self, tracked) {
                Err(error) if error.concerns_one_request() && !error.says("RESOURCE_DOES_NOT_EXIST") => {
                    refusal.get_or_insert(error);
                }
                done => done?,
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// Finds the run on the server by our tag, or makes it.
    fn find_run(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        if !self.delivered.run_id.is_empty() {
            return Ok(());
        }
        let experiment = self.http.experiment(&tracked.experiment)?;
        let (run, standing) = match self.http.runs_of(&experiment, &tracked.run)?.into_iter().next() {
            Some(found) => (found, ""),
            None => {
                let new = NewServerRun {
                    name: &tracked.run,
                    user: &tracked.user,
                    started: tracked.started,
                    run: &tracked.run,
                };
                (self.http.create_run(&experiment, &new)?, Standing::Running.word())
            }
        };
        self.keep(|d| {
            d.experiment_id = experiment;
            d.run_id = run.id;
            d.artifacts = run.artifacts;
            d.standing = standing.to_owned();
        })
    }

    fn send_tags(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
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
            self.keep(|d| d.tags.extend(batch.iter().cloned()))?;
        }
        Ok(())
    }

    fn send_params(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let unsent = tracked.params.get(self.delivered.params..).unwrap_or_default();
        for batch in unsent.chunks(PAIRS_A_BATCH) {
            let cut: Vec<(String, String)> = batch.iter().map(|(k, v)| (limits::key(k), limits::param(v))).collect();
            self.log_batch("params", &key_values(&cut))?;
            self.keep(|d| d.params += batch.len())?;
        }
        Ok(())
    }

    fn send_datasets(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let unsent = tracked.datasets.get(self.delivered.datasets..).unwrap_or_default();
        if unsent.is_empty() {
            return Ok(());
        }
        let datasets: Vec<Value> = unsent.iter().map(|dataset| dataset.to_json()).collect();
        self.http.log_inputs(&self.delivered.run_id, &datasets)?;
        self.keep(|d| d.datasets += unsent.len())
    }

    fn send_points(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let model = Some(self.delivered.model.id.clone()).filter(|id| !id.is_empty());
        // While a model may still come, its numbers wait for it.
        let waits =
            |point: &Point| point.of_model.is_some() && model.is_none() && tracked.standing == Standing::Running;
        for (&stream, points) in &tracked.streams {
            let sent = self.delivered.points.get(stream).copied().unwrap_or(0);
            let unsent = points.get(sent..).unwrap_or_default();
            let unsent = &unsent[..unsent.iter().position(waits).unwrap_or(unsent.len())];
            let entries: Vec<Value> = unsent.iter().map(|point| point.to_json(model.as_deref())).collect();
            for batch in batches::of(&entries, METRICS_A_BATCH, BYTES_A_BATCH) {
                self.log_batch("metrics", batch)?;
                self.keep(|d| *d.points.entry(stream.to_owned()).or_default() += batch.len())?;
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
                self.keep(|d| _ = d.files.insert(to, stamp))?;
            }
        }
        Ok(())
    }

    fn set_standing(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let word = tracked.standing.word();
        if self.delivered.standing == word {
            return Ok(());
        }
        self.http.update_run(&self.delivered.run_id, word, tracked.ended)?;
        if tracked.standing != Standing::Running {
            self.take_doubles_away(tracked)?;
        }
        self.keep(|d| d.standing = word.to_owned())
    }

    /// A server that answered too late may have made a run or a model that we then made again.
    fn take_doubles_away(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let (experiment, ours) = (&self.delivered.experiment_id, &self.delivered.run_id);
        for double in self.http.runs_of(experiment, &tracked.run)?.iter().filter(|run| run.id != *ours) {
            self.http.delete_run(&double.id)?;
        }
        for double in self.http.models_of(experiment, &tracked.run)? {
            if double.id != self.delivered.model.id {
                self.http.delete_model(&double.id)?;
            }
        }
        let Some(model) = &tracked.model else { return Ok(()) };
        for double in self.http.versions_of(&model.name, &tracked.run)? {
            if double != self.delivered.model.version {
                self.http.delete_version(&model.name, &double)?;
            }
        }
        Ok(())
    }

    /// Takes the run away from the server, as a refused run leaves nothing.
    pub(crate) fn abandon(&mut self) -> Result<(), TrackingError> {
        match self.delivered.run_id.as_str() {
            "" => Ok(()),
            run => self.http.delete_run(run),
        }
    }

    fn log_batch(&self, kind: &str, entries: &[Value]) -> Result<(), TrackingError> {
        self.http.log_batch(&self.delivered.run_id, kind, entries)
    }

    /// Notes what was acknowledged, on disk before anything else is sent.
    pub(super) fn keep(&mut self, change: impl FnOnce(&mut Delivered)) -> Result<(), TrackingError> {
        change(&mut self.delivered);
        (self.progress)();
        self.delivered.write(&self.folder)
    }
}

/// The tag that shows a run below another.
const PARENT_TAG: &str = "mlflow.parentRunId";

/// The path below the server's own artifacts, where `uri` says that it keeps them: `mlflow-artifacts:/1/…` or
/// `mlflow-artifacts://host/1/…`.
pub(super) fn proxied(uri: &str) -> Option<&str> {
    let path = uri.strip_prefix("mlflow-artifacts:")?;
    let path = match path.strip_prefix("//") {
        Some(with_host) => with_host.split_once('/')?.1,
        None => path.trim_start_matches('/'),
    };
    let steps = || path.split('/');
    (!path.is_empty() && steps().all(|step| !matches!(step, "" | "." | ".."))).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_go_where_the_server_keeps_them_itself() {
        assert_eq!(proxied("mlflow-artifacts:/1/r/artifacts"), Some("1/r/artifacts"));
        assert_eq!(proxied("mlflow-artifacts://host:1/1/r"), Some("1/r"));
        for other in
            ["s3://bucket/1", "file:///1", "mlflow-artifacts:/1/../2", "mlflow-artifacts:/", "mlflow-artifacts://h"]
        {
            assert_eq!(proxied(other), None, "{other}");
        }
    }
}
