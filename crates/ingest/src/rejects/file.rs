//! Rejects as a file: one JSON object a line, whole or not at all.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use nta_atomic::AtomicFile;

use crate::error::IngestError;
use crate::rejects::reject::Reject;

/// A file of rejects being written. Nothing stands at its path before [`RejectsFile::finish`]; dropped before that, it
/// leaves nothing.
#[derive(Debug)]
pub struct RejectsFile {
    path: PathBuf,
    file: BufWriter<AtomicFile>,
}

impl RejectsFile {
    /// Begins a file that will stand at `path`. Fails with [`IngestError::Write`].
    pub fn create(path: &Path) -> Result<RejectsFile, IngestError> {
        let file = AtomicFile::create(path).map_err(|e| IngestError::write(path, e.source))?;
        Ok(RejectsFile { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Appends rejects. Fails with [`IngestError::Write`].
    pub fn write(&mut self, rejects: &[Reject]) -> Result<(), IngestError> {
        for reject in rejects {
            let line = serde_json::to_string(reject).map_err(|e| IngestError::write(&self.path, e))?;
            writeln!(self.file, "{line}").map_err(|e| IngestError::write(&self.path, e))?;
        }
        Ok(())
    }

    /// Puts the file at its path, empty where nothing was set aside. Fails with [`IngestError::Write`].
    pub fn finish(self) -> Result<(), IngestError> {
        let RejectsFile { path, file } = self;
        let file = file.into_inner().map_err(|e| IngestError::write(&path, e.error()))?;
        file.commit().map_err(|e| IngestError::write(&path, e.source))
    }
}
