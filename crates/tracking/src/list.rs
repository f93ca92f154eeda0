//! All runs of a project.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::folder::drop_checkpoints;
use crate::lines::check_is_file;
use crate::{EXPERIMENTS, RunRecord, Status, TrackingError, read_record};

/// A run as `nta runs` lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// The run's folder.
    pub folder: PathBuf,
    /// How it stands now: one that says running and that no process holds was killed, and is interrupted.
    pub status: Status,
    /// `run.json`.
    pub record: RunRecord,
}

/// A folder among the runs whose `run.json` cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The folder.
    pub folder: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// The runs below a home.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Runs {
    /// Oldest first.
    pub runs: Vec<RunSummary>,
    /// Folders that hold no readable run, by path.
    pub damaged: Vec<Damaged>,
}

/// Lists the runs below `home`. Nothing is locked, repaired or changed.
pub fn runs(home: &Path) -> Result<Runs, TrackingError> {
    let mut found = Runs::default();
    for name in folders(&home.join(EXPERIMENTS))? {
        for folder in folders(&name)? {
            match summary(&folder) {
                Ok(run) => found.runs.push(run),
                Err(e) => found.damaged.push(Damaged { folder, why: e.to_string() }),
            }
        }
    }
    found.runs.sort_by(|a, b| (a.record.started, &a.record.id).cmp(&(b.record.started, &b.record.id)));
    found.damaged.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(found)
}

/// Clears what ended runs below `home` left: the checkpoints of finished ones, which nobody takes up again, and the
/// unfinished files of killed ones. Runs under way and damaged ones are left alone. Answers what could not be removed.
pub fn sweep_ended(home: &Path) -> Vec<TrackingError> {
    let folders = |parent: &Path| folders(parent).unwrap_or_default();
    let mut failed = Vec::new();
    for folder in folders(&home.join(EXPERIMENTS)).iter().flat_map(|name| folders(name)) {
        let swept = match summary(&folder) {
            Ok(run) if run.status == Status::Finished => drop_checkpoints(&folder),
            Ok(run) if run.record.status == Status::Running && run.status == Status::Interrupted => {
                nta_atomic::sweep_dead(&folder).map(drop).map_err(TrackingError::io("clear", &folder))
            }
            _ => Ok(()),
        };
        failed.extend(swept.err());
    }
    failed
}

/// The run in `folder`.
pub(crate) fn summary(folder: &Path) -> Result<RunSummary, TrackingError> {
    let record = read_record(folder)?;
    let killed = record.status == Status::Running && !is_held(folder);
    let status = if killed { Status::Interrupted } else { record.status };
    Ok(RunSummary { folder: folder.to_owned(), status, record })
}

/// Whether a living process writes the run.
fn is_held(folder: &Path) -> bool {
    let path = folder.join("events.jsonl");
    // A shared lock: two listings at once do not take each other for the writer.
    check_is_file(&path).is_ok()
        && File::open(path).is_ok_and(|events| matches!(events.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn folders(parent: &Path) -> Result<Vec<PathBuf>, TrackingError> {
    let entries = match fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(TrackingError::io("list", parent)(e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(TrackingError::io("list", parent))?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && entry.path().is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
