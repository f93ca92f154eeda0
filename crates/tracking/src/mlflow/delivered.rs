//! What a server has acknowledged of a run: `tracking/delivered.json` in the run's folder, and the lock beside it.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::http::Wait;
use crate::TrackingError;

/// Folder of what tracking keeps with a run.
pub const TRACKING: &str = "tracking";

/// What a server holds of a run. A point is counted once it is acknowledged; losing this file loses nothing: what is sent
/// again is found there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delivered {
    /// The server's address, without a login.
    pub server: String,
    /// The experiment's name there.
    pub experiment: String,
    /// The experiment's id there.
    pub experiment_id: String,
    /// The run's id there; empty before it was made.
    pub run_id: String,
    /// Where the run's artifacts go.
    pub(crate) artifacts: String,
    /// The status last set.
    pub(crate) standing: String,
    /// Params acknowledged.
    pub(crate) params: usize,
    /// Points acknowledged, by stream.
    pub(crate) points: BTreeMap<String, usize>,
    /// Datasets acknowledged.
    pub(crate) datasets: usize,
    /// Tags acknowledged, `experiment:` before those of the experiment.
    pub(crate) tags: BTreeMap<String, String>,
    /// Files acknowledged, and how they stood on disk then.
    pub(crate) files: BTreeMap<String, Stamp>,
    /// The model.
    pub(crate) model: DeliveredModel,
    /// Files that the server has no place for.
    pub(crate) no_place_for_files: bool,
}

/// How a file stands: changed contents change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    bytes: u64,
    modified_nanoseconds: u64,
}

/// What the server holds of the run's model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct DeliveredModel {
    /// `m-…`; empty before it was made.
    pub(crate) id: String,
    pub(crate) artifacts: String,
    pub(crate) ready: bool,
    pub(crate) output: bool,
    /// The version's number in the registry there; empty before.
    pub(crate) version: String,
    pub(crate) aliases: Vec<String>,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> Result<Self, TrackingError> {
        let found = path.metadata().map_err(TrackingError::io("read", path))?;
        let age =
            found.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
        Ok(Stamp { bytes: found.len(), modified_nanoseconds: age.as_nanos() as u64 })
    }
}

impl Delivered {
    /// What was acknowledged of the run in `folder`; nothing where it never was sent. A file that cannot be read counts as
    /// none.
    pub fn read(folder: &Path) -> Option<Self> {
        let bytes = std::fs::read(place(folder)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), TrackingError> {
        // A folder that was taken away must not come back with this file in it.
        folder.metadata().map_err(TrackingError::io("find", folder))?;
        let path = place(folder);
        let text = serde_json::to_vec_pretty(self).map_err(|e| TrackingError::damaged(&path, None, e))?;
        nta_atomic::write(&path, &text)?;
        Ok(())
    }

    /// The run's page, once there is one.
    pub fn page(&self) -> Option<String> {
        let Delivered { server, experiment_id, run_id, .. } = self;
        (!run_id.is_empty()).then(|| format!("{server}/#/experiments/{experiment_id}/runs/{run_id}"))
    }
}

fn place(folder: &Path) -> PathBuf {
    folder.join(TRACKING).join("delivered.json")
}

/// A run that this process sends, and no other meanwhile. A dead process holds nothing.
pub(crate) struct SendLock {
    _file: File,
}

impl SendLock {
    /// Waits until nobody else sends the run in `folder`; `None` where `wait` ends first.
    pub(crate) fn take(folder: &Path, wait: &Wait<'_>) -> Result<Option<Self>, TrackingError> {
        let tracking = folder.join(TRACKING);
        std::fs::create_dir_all(&tracking).map_err(TrackingError::io("create", &tracking))?;
        let path = tracking.join("lock");
        let open = File::options().create(true).append(true).open(&path);
        let file = open.map_err(TrackingError::io("open", &path))?;
        loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if wait(Duration::from_millis(100)) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                // A file system without locks answers with another error; then there is nobody to ask.
                _ => return Ok(Some(SendLock { _file: file })),
            }
        }
    }
}
