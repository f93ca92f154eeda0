//! A run on a tracking server: what of its folder a server is told, while it trains and later, and what is asked of one.

mod about;
mod files;
mod note;
mod picture;
mod points;
mod published;
mod remote;
mod server;
mod sync;

use std::sync::Arc;

use nta_tracking::mlflow::{Followed, Follower, Remaining, Server};
use nta_tracking::{RunDir, RunRecord, Sampler};
use serde::Serialize;

use crate::config::LoadedConfig;
use crate::error::PipelineError;
use crate::event::{Event, Listener, Remark};
use crate::project::Project;

use about::About;

pub(crate) use published::{Located, locate};
pub use remote::{RemoteRun, remote_runs};
pub use sync::{SyncLine, sync};

/// A run that a server is told of while it trains.
pub(crate) struct Tracking {
    follower: Follower,
    _sampler: Option<Sampler>,
}

/// Where a finished run is to be seen.
#[derive(Debug, Clone, Serialize)]
pub struct TrackedRun {
    /// The run's page; `None` where the server never answered.
    pub page: Option<String>,
    /// What the server lacks.
    pub remaining: Remaining,
    /// Why, where it lacks something.
    pub why: Option<String>,
}

impl Tracking {
    /// Begins to tell a server of the run in `dir`.
    pub(crate) fn begin(asked: AskedTracking, project: &Project, dir: &RunDir) -> Result<Self, PipelineError> {
        let AskedTracking { server, about } = asked;
        about.keep(dir)?;
        let project = project.clone();
        let tell = move |folder: &std::path::Path| picture::of_running(&project, folder);
        let sampler = Sampler::begin(dir.path(), dir.record().started).ok();
        Ok(Tracking { follower: Follower::begin(dir.path(), server, Arc::new(tell)), _sampler: sampler })
    }

    /// The run's folder holds something new.
    pub(crate) fn news(&self) {
        self.follower.news();
    }

    /// The run has ended: stops sampling, so that the last sample stands before the run's end.
    pub(crate) fn ended(self) -> EndedTracking {
        EndedTracking { follower: self.follower }
    }
}

/// The server that a run is to be told to, and what it is told of the run's surroundings.
pub(crate) struct AskedTracking {
    server: Server,
    about: About,
}

impl AskedTracking {
    /// What a run of `loaded` asks for, if anything. What the config says wrong is refused; what the environment says wrong
    /// is answered and keeps no run from training.
    pub(crate) fn of(loaded: &LoadedConfig) -> Result<Result<Option<Self>, String>, PipelineError> {
        let asked = || {
            let Some(server) = server::of_config(loaded.config.tracking.as_ref())? else { return Ok(None) };
            let about = About::of(loaded, &server)?;
            Ok(Some(AskedTracking { server, about }))
        };
        match asked() {
            Err(error @ PipelineError::Refused(_)) if loaded.config.tracking.is_none() => Ok(Err(error.to_string())),
            found => found.map(Ok),
        }
    }
}

/// A run that has ended and is not yet wholly told.
pub(crate) struct EndedTracking {
    follower: Follower,
}

impl EndedTracking {
    /// Waits a moment for the server. A run that was stopped by its user waits too, unless it is stopped again.
    pub(crate) fn finish(self, listener: &dyn Listener) -> TrackedRun {
        let already = listener.cancelled();
        let Followed { page, remaining, why } = self.follower.finish(&|| !already && listener.cancelled());
        TrackedRun { page, remaining, why: why.filter(|_| !remaining.is_nothing()) }
    }

    /// The run is taken back.
    pub(crate) fn discard(self) {
        self.follower.discard();
    }
}

impl TrackedRun {
    /// Tells what the server lacks; the run's folder is closed by now and keeps no word of it.
    pub(crate) fn tell(&self, run: &str, listener: &dyn Listener) {
        if !self.remaining.is_nothing() {
            let (run, why) = (run.to_owned(), self.why.clone());
            listener.hear(&Event::Remark(Remark::NotDelivered { run, remaining: self.remaining.to_string(), why }));
        }
    }
}

/// A run as lists name it, `name/id`.
fn title(record: &RunRecord) -> String {
    format!("{}/{}", record.name, record.id)
}

/// The project's place for what came from servers.
fn cache(project: &Project) -> std::path::PathBuf {
    project.home.join("cache").join("mlflow")
}
