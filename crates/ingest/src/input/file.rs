//! One file, opened once: every pass over it reads through the same descriptor from a position of its own, so that what
//! is told of its format, its digest and its rows is told of the same bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::error::IngestError;

/// A file of a source. It is opened when it is first asked for.
#[derive(Debug)]
pub(crate) struct Input {
    path: PathBuf,
    /// The descriptor, where it is kept for later passes.
    opened: Mutex<Option<Arc<File>>>,
    keeps_open: bool,
}

impl Input {
    /// The file at `path`. With `keeps_open` it is opened once for good, else for each pass anew (where there are more
    /// files than the system lets a process hold open).
    pub(crate) fn new(path: &Path, keeps_open: bool) -> Input {
        Input { path: path.to_owned(), opened: Mutex::new(None), keeps_open }
    }

    /// The path as messages name it.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The open file. Refuses a missing file and a folder.
    pub(crate) fn open(&self) -> Result<OpenInput, IngestError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &*opened {
            Some(file) => Arc::clone(file),
            None => Arc::new(File::open(&self.path).map_err(|e| IngestError::read(&self.name(), &e))?),
        };
        if self.keeps_open {
            *opened = Some(Arc::clone(&file));
        }
        let metadata = file.metadata().map_err(|e| IngestError::read(&self.name(), &e))?;
        if metadata.is_dir() {
            return Err(IngestError::IsFolder { file: self.name() });
        }
        Ok(OpenInput { file, name: self.name(), is_regular: metadata.is_file(), length: metadata.len() })
    }
}

/// An open file.
#[derive(Debug, Clone)]
pub(crate) struct OpenInput {
    file: Arc<File>,
    /// As messages name it.
    pub(crate) name: String,
    is_regular: bool,
    /// Bytes when it was opened; 0 for a pipe.
    pub(crate) length: u64,
}

impl OpenInput {
    /// Its bytes from `offset` on; a pipe has no offsets and goes on where it stands.
    pub(crate) fn bytes(&self, offset: u64) -> FileBytes {
        FileBytes { file: Arc::clone(&self.file), at: self.is_regular.then_some(offset) }
    }

    /// A handle of its own for libraries that want one; it shares the descriptor's position.
    pub(crate) fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Adds the bytes from `offset` on to `hasher`; returns how many there were.
    pub(crate) fn hash_rest(&self, offset: u64, hasher: &mut Sha256) -> io::Result<u64> {
        let mut bytes = self.bytes(offset);
        let mut buffer = vec![0u8; 1 << 18];
        let mut total = 0;
        loop {
            match bytes.read(&mut buffer) {
                Ok(0) => return Ok(total),
                Ok(n) => {
                    hasher.update(&buffer[..n]);
                    total += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Bytes of an open file, read at a position of their own.
#[derive(Debug)]
pub(crate) struct FileBytes {
    file: Arc<File>,
    at: Option<u64>,
}

impl Read for FileBytes {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(at) = &mut self.at else { return (&*self.file).read(into) };
        #[cfg(unix)]
        let n = std::os::unix::fs::FileExt::read_at(&*self.file, into, *at)?;
        #[cfg(windows)]
        let n = std::os::windows::fs::FileExt::seek_read(&*self.file, into, *at)?;
        *at += n as u64;
        Ok(n)
    }
}
