//! Sends what a server lacks of a run, and keeps what it acknowledged. Every call is one that may come twice, or is looked
//! up before it is made: so a run is there once and each point is, whatever is killed when.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Server;
use super::api::NewServerRun;
use super::delivered::{Delivered, DeliveredModel, SendLock};
use super::http::{Http, Wait};
use super::tracked::{Standing, Tracked};
use crate::TrackingError;

/// A run that this process sends to a server.
pub struct Delivery<'a> {
    folder: PathBuf,
    pub(super) http: Http<'a>,
    pub(super) delivered: Delivered,
    progress: Box<dyn Fn() + Send>,
    /// When `delivered` was last written, and whether it has grown since.
    written: Instant,
    grown: bool,
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
        let (folder, progress) = (folder.to_owned(), Box::new(|| {}));
        Ok(Some(Delivery { folder, http, delivered, progress, written: Instant::now(), grown: false, _lock: lock }))
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
        let sent = match self.all_steps(tracked) {
            // The server has lost the run: another database behind the same address.
            Err(error) if knew && error.says("RESOURCE_DOES_NOT_EXIST") => {
                self.forget(tracked)?;
                self.all_steps(tracked)
            }
            sent => sent,
        };
        if self.grown {
            self.write()?;
        }
        sent
    }

    fn forget(&mut self, tracked: &Tracked) -> Result<(), TrackingError> {
        let (server, experiment) = (self.delivered.server.clone(), tracked.experiment.clone());
        self.delivered = Delivered { server, experiment, ..Delivered::default() };
        self.write()
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
        let new = NewServerRun { user: &tracked.user, started: tracked.started, run: &tracked.run };
        let run = self.http.run(&experiment, &new)?;
        self.keep(|d| {
            d.experiment_id = experiment;
            d.run_id = run.id;
            d.artifacts = run.artifacts;
        })
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
        // Only beside one that is known: a model that is gone here may be all that is there.
        let DeliveredModel { id, version, .. } = &self.delivered.model;
        let Some(model) = tracked.model.as_ref().filter(|_| !id.is_empty() && !version.is_empty()) else {
            return Ok(());
        };
        for double in self.http.versions_of(&model.name, &tracked.run)?.iter().filter(|double| *double != version) {
            self.http.delete_version(&model.name, double)?;
        }
        for double in self.http.models_of(experiment, &tracked.run)?.iter().filter(|double| double.id != *id) {
            self.http.delete_model(&double.id)?;
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

    /// Keeps what was acknowledged, on disk before anything else is sent.
    pub(super) fn keep(&mut self, change: impl FnOnce(&mut Delivered)) -> Result<(), TrackingError> {
        change(&mut self.delivered);
        (self.progress)();
        self.write()
    }

    /// Keeps what was acknowledged and may be sent twice, on disk soon.
    pub(super) fn note(&mut self, change: impl FnOnce(&mut Delivered)) -> Result<(), TrackingError> {
        change(&mut self.delivered);
        (self.progress)();
        self.grown = true;
        if self.written.elapsed() < WRITE_EVERY { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), TrackingError> {
        self.delivered.write(&self.folder)?;
        (self.written, self.grown) = (Instant::now(), false);
        Ok(())
    }
}

/// A disk takes as long to be sure of a note as a server to answer.
const WRITE_EVERY: Duration = Duration::from_millis(500);

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
