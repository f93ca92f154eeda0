//! What a call with `--resume` keeps beside its output while it works, so that whatever ends it, the same call goes on there.
//!
//! The scores of each row are kept in journals. A call that goes on reads the input again from its front, for the counts and for
//! outputs that must be written anew, and takes the scores of the rows that it has from there; it scores and, in text that is
//! not packed, writes only what follows.
//!
//! | in `OUT.resume/` | holds |
//! |---|---|
//! | `state` | 8 bytes, the length of what follows; [`Saved`] as JSON; the scorer's memory ([`Scorer::snapshot`]) |
//! | `scores` | each row's scores in the order in which they were scored, behind its place where that is not the input's |
//! | `prepared` | where rows are scored in another order than the input's: what scoring needs of each |
//! | `part` | the output so far |

mod call;
mod journal;
mod pace;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nta_atomic::FolderLock;
use nta_model::{Model, Scorer};
use serde::{Deserialize, Serialize};

use super::ScoreRequest;
use crate::error::{PipelineError, failed, refused};
use call::Call;
pub(super) use journal::{Journal, Records};
pub(super) use pace::Pace;

const STATE: &str = "state";
const PART: &str = "part";

/// Which journal.
#[derive(Clone, Copy)]
pub(super) enum Of {
    /// What scoring needs of rows.
    Prepared,
    Scores,
}

/// How far a call has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Saved {
    call: Call,
    /// Rows in `prepared`, and whether these are all.
    pub(super) prepared: u64,
    pub(super) all_prepared: bool,
    /// Rows in `scores`, and whether these are all.
    pub(super) scored: u64,
    pub(super) all_scored: bool,
    /// Rows in `part`.
    pub(super) table: Option<Place>,
}

/// Where an output that can be gone on with ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Rows of the input that it is about.
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// The folder, held by this call alone.
pub(super) struct Kept {
    folder: PathBuf,
    lock: FolderLock,
    pace: Arc<Pace>,
    /// What was saved last, of this call or of the one that it goes on with.
    pub(super) saved: Saved,
    /// The scorer's memory then.
    memory: Vec<u8>,
}

impl Kept {
    /// Takes the folder, and what an interrupted call left there.
    ///
    /// # Errors
    /// One that was left by another call, or that another call is at work in; inputs that cannot be read twice.
    pub(super) fn open(
        request: &ScoreRequest,
        every: Duration,
        digest: &str,
        files: &[PathBuf],
    ) -> Result<Self, PipelineError> {
        let folder = nta_atomic::work_folder(&request.output).map_err(refused)?;
        let call = call::of(request, digest, files)?;
        let shown = folder.display();
        let lock = FolderLock::take(&folder, &|_| false).map_err(|e| match e.kind() {
            io::ErrorKind::Interrupted => PipelineError::refuse(format!("another call is at work in {shown}")),
            _ => PipelineError::fail(format!("cannot work in {shown}: {e}")),
        })?;
        lock.sweep().map_err(|e| PipelineError::fail(format!("cannot work in {shown}: {e}")))?;
        let (mut saved, memory) = load(&folder)?.unwrap_or_default();
        if saved.call.is_empty() {
            saved.call.clone_from(&call);
        }
        if let Some(differs) = call.iter().find(|(name, value)| saved.call.get(*name) != Some(value)) {
            let was = saved.call.get(differs.0).map_or("nothing", String::as_str);
            return Err(PipelineError::refuse(format!(
                "{shown} was left by another call: {} was {was}, and is {}; make that call again, or remove the folder to begin anew",
                differs.0, differs.1
            )));
        }
        Ok(Kept { folder, lock, pace: Arc::new(Pace::new(every)), saved, memory })
    }

    /// Rows that need not be scored, or prepared, again.
    pub(super) fn rows(&self) -> u64 {
        self.saved.scored.max(self.saved.prepared)
    }

    /// Where the output stands until it is whole.
    pub(super) fn part(&self) -> PathBuf {
        self.folder.join(PART)
    }

    /// Where the output goes on; from its front where it is gone.
    pub(super) fn place(&self) -> Option<Place> {
        self.saved.table.filter(|_| self.part().is_file())
    }

    pub(super) fn pace(&self) -> Arc<Pace> {
        Arc::clone(&self.pace)
    }

    /// The scorer that goes on behind the rows that are scored.
    pub(super) fn scorer(&mut self, model: &Arc<Model>) -> Result<Scorer, PipelineError> {
        let memory = std::mem::take(&mut self.memory);
        match memory.is_empty() {
            true => Scorer::new(Arc::clone(model)).map_err(failed),
            false => Scorer::restore(Arc::clone(model), &memory).map(|(scorer, _)| scorer).map_err(refused),
        }
    }

    /// A journal to write on, of records of `record_bytes` bytes.
    pub(super) fn journal(&self, of: Of, record_bytes: usize) -> Result<Journal, PipelineError> {
        Journal::open(&self.path(of), record_bytes, self.records(of)).map_err(self.unkept())
    }

    /// What is settled of it.
    pub(super) fn settled(&self, of: Of, record_bytes: usize) -> Result<Records, PipelineError> {
        Records::open(&self.path(of), record_bytes, self.records(of)).map_err(self.unkept())
    }

    /// Saves what has been settled, and the scorer's memory behind the rows that are scored.
    pub(super) fn save(&mut self, memory: &[u8]) -> Result<(), PipelineError> {
        let begun = Instant::now();
        let json = serde_json::to_vec(&self.saved).map_err(failed)?;
        let bytes = [&(json.len() as u64).to_le_bytes()[..], &json, memory].concat();
        nta_atomic::write(&self.folder.join(STATE), &bytes).map_err(failed)?;
        self.pace.done(begun.elapsed());
        Ok(())
    }

    /// The output stands whole, or no call can go on here: the folder goes.
    pub(super) fn remove(self) -> Result<(), PipelineError> {
        // The state first: what else is left without it counts for nothing.
        let gone = fs::remove_file(self.folder.join(STATE));
        let gone = gone.or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) });
        let removed = gone.and_then(|()| fs::remove_dir_all(&self.folder));
        drop(self.lock);
        removed.map_err(|e| PipelineError::fail(format!("cannot remove {}: {e}", self.folder.display())))
    }

    /// The error of a file in the folder that cannot be written or read.
    pub(super) fn unkept(&self) -> impl Fn(io::Error) -> PipelineError + Send + use<> {
        let folder = self.folder.clone();
        move |source| {
            let doing = "keep scores in";
            failed(nta_tracking::TrackingError::Io { doing, path: folder.clone(), source })
        }
    }

    fn path(&self, of: Of) -> PathBuf {
        self.folder.join(match of {
            Of::Prepared => "prepared",
            Of::Scores => "scores",
        })
    }

    fn records(&self, of: Of) -> u64 {
        match of {
            Of::Prepared => self.saved.prepared,
            Of::Scores => self.saved.scored,
        }
    }
}

/// What stands in the folder's state; `None` where there is none.
fn load(folder: &Path) -> Result<Option<(Saved, Vec<u8>)>, PipelineError> {
    let path = folder.join(STATE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(PipelineError::fail(format!("cannot read {}: {e}", path.display()))),
    };
    let parts = bytes.split_first_chunk::<8>().and_then(|(length, rest)| {
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        rest.split_at_checked(length)
    });
    let saved = parts.and_then(|(json, memory)| Some((serde_json::from_slice(json).ok()?, memory.to_vec())));
    let damaged =
        || PipelineError::refuse(format!("{} is damaged; remove {} to begin anew", path.display(), folder.display()));
    saved.map(Some).ok_or_else(damaged)
}
