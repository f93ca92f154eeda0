//! What every handler knows.

use std::path::PathBuf;
use std::sync::Arc;

use nta_pipeline::Project;

use crate::audit::Audit;
use crate::disk::Disk;
use crate::guard::access::Access;
use crate::jobs::queue::Jobs;
use crate::live::Live;
use crate::metrics::counts::Metrics;
use crate::pages::templates::Pages;
use crate::posted::loaded::Loaded;
use crate::posted::turns::Turns;
use crate::uploads::store::Uploads;
use crate::users::file::{Users, place};
use crate::{ServeConfig, Watcher, WebError};

/// The server's state; a clone is the same server.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) project: Project,
    pub(crate) access: Arc<Access>,
    pub(crate) uploads: Arc<Uploads>,
    pub(crate) disk: Arc<Disk>,
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) pages: Arc<Pages>,
    pub(crate) audit: Arc<Audit>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) live: Arc<Live>,
    pub(crate) watcher: Arc<dyn Watcher>,
}

impl Server {
    pub(crate) fn open(config: ServeConfig, watcher: Arc<dyn Watcher>) -> Result<Self, WebError> {
        let home = config.project.home.join("web");
        for folder in ["uploads", "jobs", "results", "training"] {
            let path = home.join(folder);
            std::fs::create_dir_all(&path).map_err(|source| WebError::Io { doing: "make", path, source })?;
        }
        let path = home.join("audit.jsonl");
        let audit = Audit::open(&path).map_err(|source| WebError::Io { doing: "write", path, source })?;
        // What a killed server left half written; what another one writes now is left alone.
        let _ = nta_atomic::sweep(&home.join("results"));
        let users = Users::open(place(&config.project.home))?;
        let is_local = config.listen.ip().is_loopback();
        let access = Access::new(config.token, users, is_local, config.most_rate).map_err(WebError::Start)?;
        Ok(Server {
            access: Arc::new(access),
            disk: Arc::new(Disk::new(home.clone(), config.most_disk)),
            uploads: Arc::new(Uploads::open(home.join("uploads"), config.most_upload)),
            jobs: Arc::new(Jobs::open(home.join("jobs"), Arc::clone(&watcher))),
            pages: Arc::new(Pages::new().map_err(|error| WebError::Start(std::io::Error::other(error)))?),
            audit: Arc::new(audit),
            metrics: Arc::default(),
            loaded: Arc::new(Loaded::new()),
            turns: Arc::new(Turns::start().map_err(WebError::Start)?),
            live: Arc::new(Live::open(&config.watches, &home.join("live"))?),
            project: config.project,
            watcher,
        })
    }

    /// Bytes that uploads have or will have, and about as many as what jobs under way will make.
    pub(crate) fn promised(&self) -> u64 {
        self.uploads.promised().saturating_add(self.jobs.promised())
    }

    /// Where the drift of a scored file stands.
    pub(crate) fn drift_folder(&self, result: &str) -> PathBuf {
        self.result_folder(result).join("drift")
    }

    /// The folder of a result.
    pub(crate) fn result_folder(&self, id: &str) -> PathBuf {
        self.project.home.join("web/results").join(id)
    }
}
