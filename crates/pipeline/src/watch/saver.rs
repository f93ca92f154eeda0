//! Saves of a watch, written by a thread of their own: what is to be saved is copied where flows are scored, and while it is
//! on its way to the disk they are scored on. What is saved is where the last save that holds was copied.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nta_model::{Scorer, Span};

use super::line_file::ToSync;
use super::position::Position;
use super::state_file::{Header, Kept, Save, StateFile};
use crate::error::{PipelineError, failed, is_for_want_of_room};

/// Copying takes no more than this share of the time.
const COPYING_SHARE: u32 = 10;
/// How long is waited for room on a full disk before the next try.
pub(super) const WAIT_FOR_ROOM: Duration = Duration::from_millis(500);

/// What became of a save.
pub(super) enum Told {
    /// It holds.
    Saved,
    /// All is to be saved: what the changes would follow is gone.
    Gone,
    /// There is no room on the disk; it is tried again.
    NoRoom(PipelineError),
    /// It cannot be written.
    Failed(PipelineError),
}

/// The thread that writes saves, one at a time.
pub(super) struct Saver {
    saves: Option<SyncSender<Save>>,
    told: Receiver<Told>,
    thread: Option<JoinHandle<()>>,
    /// Whether it no longer waits for room.
    gives_up: Arc<AtomicBool>,
    is_busy: bool,
    /// Of the next save.
    span: Span,
    copied: Instant,
    copying_took: Duration,
}

impl Saver {
    pub(super) fn start(file: StateFile) -> Result<Saver, PipelineError> {
        let span = if file.takes_changes() { Span::Changes } else { Span::Whole };
        let ((saves, to_save), (tell, told)) = (sync_channel(1), channel());
        let gives_up = Arc::new(AtomicBool::new(false));
        let is_given_up = Arc::clone(&gives_up);
        let run = move || write_all(file, &to_save, &tell, &is_given_up);
        let thread = std::thread::Builder::new().name("nta-save".to_owned()).spawn(run).map_err(failed)?;
        Ok(Saver {
            saves: Some(saves),
            told,
            thread: Some(thread),
            gives_up,
            is_busy: false,
            span,
            copied: Instant::now(),
            copying_took: Duration::ZERO,
        })
    }

    /// Whether a save is on its way.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Whether it is time for another, of which there are to be no more than one in `every`.
    pub(super) fn is_due(&self, every: Duration) -> bool {
        !self.is_busy && self.copied.elapsed() >= every.max(self.copying_took * COPYING_SHARE)
    }

    /// The next save is of all that is remembered.
    pub(super) fn is_to_save_all(&mut self) {
        self.span = Span::Whole;
    }

    /// Copies what is to be saved, and has it written behind the last one. `lines` are the files whose lengths `position` tells.
    pub(super) fn copy(
        &mut self,
        position: &Position,
        scorer: &mut Scorer,
        lines: Vec<ToSync>,
    ) -> Result<(), PipelineError> {
        self.copied = Instant::now();
        let span = std::mem::replace(&mut self.span, Span::Changes);
        let sections = scorer.take_sections(span).map_err(failed)?;
        let model = scorer.digest().map_err(failed)?.into();
        let header = Header { model, sections: sections.len(), position: std::borrow::Cow::Borrowed(position) };
        let header = serde_json::to_vec(&header).map_err(failed)?;
        let save = Save { header, span, sections, shape: scorer.memory_shape(), lines };
        self.saves.as_ref().map_or(Ok(()), |saves| saves.send(save)).map_err(|_| ended())?;
        self.is_busy = true;
        self.copying_took = self.copied.elapsed();
        Ok(())
    }

    /// What became of the save on its way, where that is known by now.
    pub(super) fn heard(&mut self) -> Option<Told> {
        let told = self.told.try_recv().ok()?;
        Some(self.note(told))
    }

    /// Waits for what becomes of the save on its way.
    pub(super) fn wait(&mut self) -> Result<Told, PipelineError> {
        let told = self.told.recv().map_err(|_| ended())?;
        Ok(self.note(told))
    }

    /// From here on a save for which there is no room fails.
    pub(super) fn give_up(&self) {
        self.gives_up.store(true, Ordering::Relaxed);
    }

    fn note(&mut self, told: Told) -> Told {
        self.is_busy = matches!(told, Told::NoRoom(_));
        if matches!(told, Told::Gone) {
            self.span = Span::Whole;
        }
        told
    }
}

impl Drop for Saver {
    /// Nothing is written behind a watch that has ended.
    fn drop(&mut self) {
        self.give_up();
        self.saves = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn ended() -> PipelineError {
    PipelineError::fail("the thread that saves has ended")
}

fn write_all(mut file: StateFile, saves: &Receiver<Save>, tell: &Sender<Told>, gives_up: &AtomicBool) {
    let mut is_gone = false;
    for save in saves {
        let told =
            if is_gone && save.span == Span::Changes { Told::Gone } else { write(&mut file, &save, tell, gives_up) };
        is_gone = matches!(told, Told::Gone);
        let is_saved = matches!(told, Told::Saved);
        let shape = save.shape;
        drop(save.sections);
        // Whoever asked may have ended meanwhile, for another reason.
        let _ = tell.send(told);
        if is_saved && !gives_up.load(Ordering::Relaxed) {
            match file.fold_if_large(&shape) {
                Ok(Kept::Saved) => {}
                // Told when the next save comes.
                Ok(Kept::Gone) => is_gone = true,
                Err(error) => drop(tell.send(Told::Failed(error))),
            }
        }
    }
}

/// Writes a save, as soon as there is room.
fn write(file: &mut StateFile, save: &Save, tell: &Sender<Told>, gives_up: &AtomicBool) -> Told {
    loop {
        match file.save(save) {
            Ok(Kept::Saved) => return Told::Saved,
            Ok(Kept::Gone) => return Told::Gone,
            Err(error) if is_for_want_of_room(&error) && !gives_up.load(Ordering::Relaxed) => {
                let _ = tell.send(Told::NoRoom(error));
                std::thread::sleep(WAIT_FOR_ROOM);
            }
            Err(error) => return Told::Failed(error),
        }
    }
}
