//! What a watch has saved of itself, how far it is and the scorer's memory, found again by the next.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use nta_model::{Model, ModelError, Scorer};

use super::clock::latest_believed;
use super::frame::MAGIC_NAME;
use super::position::Position;
use super::state_file::{StateFile, damaged, unreadable};
use crate::error::{PipelineError, failed, refused};

/// What was found.
pub(super) struct SavedState {
    pub(super) position: Position,
    /// `None` where it is another model's.
    pub(super) scorer: Option<Scorer>,
    /// Where it goes on.
    pub(super) file: StateFile,
}

impl SavedState {
    /// `None` where nothing was saved yet.
    pub(super) fn load(path: &Path, model: &Arc<Model>) -> Result<Option<SavedState>, PipelineError> {
        let mut front = Vec::new();
        let read = |file: File| file.take(MAGIC_NAME.len() as u64).read_to_end(&mut front);
        match File::open(path).and_then(read) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| unreadable(path, &error))?,
        };
        let mut saved = if front == MAGIC_NAME { load_frames(path, model) } else { load_former(path, model) }?;
        saved.position.heal(latest_believed());
        Ok(Some(saved))
    }
}

fn load_frames(path: &Path, model: &Arc<Model>) -> Result<SavedState, PipelineError> {
    let (mut file, header) = StateFile::read(path)?;
    let (position, mut scorer) = (header.position.into_owned(), Scorer::new(Arc::clone(model)).map_err(failed)?);
    if scorer.digest().map_err(failed)? != header.model {
        return Ok(SavedState { position, scorer: None, file: StateFile::new(path) });
    }
    if scorer.n_shards() != header.sections {
        return Err(damaged(path));
    }
    for shard in 0..header.sections {
        scorer.restore_shard(shard, &file.sections_of(shard)?).map_err(refused)?;
    }
    Ok(SavedState { position, scorer: Some(scorer), file })
}

/// The form before there were frames: the position as a line of JSON, then the scorer's snapshot, whose seal covers that
/// line too.
fn load_former(path: &Path, model: &Arc<Model>) -> Result<SavedState, PipelineError> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(|| damaged(path))?;
    let position: Position = serde_json::from_slice(&bytes[..end]).map_err(|_| damaged(path))?;
    let scorer = match Scorer::restore(Arc::clone(model), &bytes[end + 1..]) {
        Ok((scorer, line)) if line == bytes[..end] => Some(scorer),
        Ok(_) => return Err(damaged(path)),
        Err(ModelError::SnapshotOfAnother { .. }) => None,
        Err(error) => return Err(refused(error)),
    };
    Ok(SavedState { position, scorer, file: StateFile::new(path) })
}
