//! When a watch has itself saved, and what it does when it has been.

use super::Watch;
use crate::error::PipelineError;
use crate::watch::line_file::{LineFile, Settled, ToSync};
use crate::watch::saver::Told;

impl Watch<'_> {
    /// Has position, memory and the lengths of the files saved together, as they are now.
    pub(super) fn begin_save(&mut self) -> Result<(), PipelineError> {
        self.write_out()?;
        for (source, window) in &self.windows {
            self.position.sources.insert(source.clone(), window.position());
        }
        let mut lines: Vec<ToSync> = Vec::new();
        let mut settle = |file: Option<&mut LineFile>| -> Result<Settled, PipelineError> {
            let (settled, to_sync) = file.map_or(Ok(Default::default()), LineFile::settle)?;
            lines.extend(to_sync);
            Ok(settled)
        };
        self.position.alerts = settle(Some(&mut self.alerts))?;
        self.position.flows = settle(self.flows.as_mut())?;
        self.position.flagged = settle(self.flagged.as_mut())?;
        self.saver.copy(&self.position, &mut self.scorer, lines)?;
        (self.unsaved, self.is_due) = (false, false);
        Ok(())
    }

    /// What became of the save on its way, where it is known; files of lines that are full are begun anew.
    pub(super) fn hear_of_saves(&mut self) -> Result<(), PipelineError> {
        let mut is_saved = false;
        while let Some(told) = self.saver.heard() {
            is_saved |= matches!(told, Told::Saved);
            self.note(told)?;
        }
        let is_to_rotate = is_saved && self.line_files().any(|file| file.is_full());
        if is_to_rotate { self.save() } else { Ok(()) }
    }

    fn line_files(&mut self) -> impl Iterator<Item = &mut LineFile> {
        std::iter::once(&mut self.alerts).chain(&mut self.flows).chain(&mut self.flagged)
    }

    fn note(&mut self, told: Told) -> Result<(), PipelineError> {
        match told {
            Told::Saved => {}
            Told::Gone => (self.unsaved, self.is_due) = (true, true),
            Told::NoRoom(error) => {
                let is_told = self.position.counts.no_room > 0;
                self.lacks_room(&error, is_told);
            }
            Told::Failed(error) => return Err(error),
        }
        Ok(())
    }

    /// Saves, and waits until it is saved.
    pub(super) fn save(&mut self) -> Result<(), PipelineError> {
        self.save_now()?;
        // Between two saves: a file that was begun anew and no save since reads as one of no settled bytes.
        let mut rotated = false;
        for file in self.line_files() {
            rotated |= file.rotate_if_full()?;
        }
        if rotated { self.save_now() } else { Ok(()) }
    }

    fn save_now(&mut self) -> Result<(), PipelineError> {
        self.is_due = true;
        while self.saver.is_busy() || self.is_due {
            if !self.saver.is_busy() {
                self.begin_save()?;
            }
            if self.listener.cancelled() {
                self.saver.give_up();
            }
            let told = self.saver.wait()?;
            self.note(told)?;
        }
        Ok(())
    }
}
