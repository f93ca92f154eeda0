//! One file, opened once: every pass over it reads through the same descriptor from a position of its own, so that what
//! is told of its format, its digest and its rows is told of the same bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nta_data::Contact;
use sha2::{Digest, Sha256};

use crate::error::{IngestError, stop_if_asked};
use crate::input::spool;
use crate::input::stamp::Stamp;
use crate::input::unpack::holds_lines;

/// How much of a file is read, and how its lines are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sampling {
    /// About so many bytes.
    pub(crate) bytes: u64,
    /// Whether the lines between the pieces are counted, which takes the whole file past the eye: where one is to be named.
    pub(crate) counts_lines: bool,
}

/// A file of a source. It is opened when it is first asked for; a pipe is read once, into a file without a name, and
/// every pass reads that.
#[derive(Debug)]
pub(crate) struct Input {
    path: PathBuf,
    opened: Mutex<Opened>,
    keeps_open: bool,
    /// How much of it is read, where not the whole.
    sampling: Option<Sampling>,
}

/// What is known of a file that was opened.
#[derive(Debug, Default)]
struct Opened {
    /// The descriptor, where it is kept for later passes.
    kept: Option<Arc<File>>,
    /// What told the file from others when it was first opened; `None` for a spooled pipe, which nobody else can reach.
    stamp: Option<Stamp>,
}

impl Input {
    /// The file at `path`. With `keeps_open` it is opened once for good, else for each pass anew (where there are more
    /// files than the system lets a process hold open).
    pub(crate) fn new(path: &Path, keeps_open: bool) -> Input {
        Input { path: path.to_owned(), opened: Mutex::default(), keeps_open, sampling: None }
    }

    /// The same file, to be read at some places only.
    pub(crate) fn sampled(&self, sampling: Sampling) -> Input {
        Input { sampling: Some(sampling), ..Input::new(&self.path, self.keeps_open) }
    }

    /// The same with the lines that are left out counted, where it is read at some places only.
    pub(crate) fn counting_lines(&self) -> Input {
        let sampling = self.sampling.map(|sampling| Sampling { counts_lines: true, ..sampling });
        Input { sampling, ..Input::new(&self.path, self.keeps_open) }
    }

    pub(crate) fn is_sampled(&self) -> bool {
        self.sampling.is_some()
    }

    /// Bytes on disk; 0 for what is no file, or not there.
    pub(crate) fn bytes_on_disk(&self) -> u64 {
        self.path.metadata().ok().filter(|found| found.is_file()).map_or(0, |found| found.len())
    }

    /// The path as messages name it.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The open file, whose reads end where `contact` asks for it. Refuses a missing file, a folder, a device, and a file
    /// that is another one than at the first pass. Waits for the end of a pipe.
    pub(crate) fn open(&self, contact: &Contact) -> Result<OpenInput, IngestError> {
        let failed = |e: io::Error| IngestError::read(&self.name(), &e);
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &opened.kept {
            Some(file) => Arc::clone(file),
            None => self.open_first(&mut opened, contact)?,
        };
        let length = file.metadata().map_err(failed)?.len();
        let sampling = self.sampling.filter(|sampling| sampling.bytes < length);
        Ok(OpenInput { file, name: self.name(), length, sampling, contact: contact.clone() })
    }

    fn open_first(&self, opened: &mut Opened, contact: &Contact) -> Result<Arc<File>, IngestError> {
        let failed = |e: io::Error| IngestError::read(&self.name(), &e);
        // Looked at first: opening a pipe waits for its other end, which is the spool's to do.
        if spool::is_pipe(&self.path.metadata().map_err(failed)?) {
            let spooled = Arc::new(spool::spool(&self.path, &self.name(), contact)?);
            opened.kept = Some(Arc::clone(&spooled));
            return Ok(spooled);
        }
        let file = File::open(&self.path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(IngestError::IsFolder { file: self.name() });
        }
        if !metadata.is_file() {
            let what = if io::IsTerminal::is_terminal(&file) { "a terminal" } else { "a device" };
            return Err(IngestError::NotAFile { file: self.name(), what: what.to_owned() });
        }
        let (file, stamp) = (Arc::new(file), Stamp::of(&metadata));
        if *opened.stamp.get_or_insert(stamp) != stamp {
            return Err(IngestError::Changed { file: self.name() });
        }
        opened.kept = self.keeps_open.then(|| Arc::clone(&file));
        Ok(file)
    }

    /// Refuses a file that was written to, cut or replaced since it was first opened. Asked when a pass is over: what it
    /// has read is the file's only if the file is still what it was.
    pub(crate) fn refuse_changed(&self) -> Result<(), IngestError> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stamp) = opened.stamp else { return Ok(()) };
        match self.path.metadata() {
            Ok(now) if Stamp::of(&now) == stamp => Ok(()),
            _ => Err(IngestError::Changed { file: self.name() }),
        }
    }
}

/// An open file.
#[derive(Debug, Clone)]
pub(crate) struct OpenInput {
    file: Arc<File>,
    /// As messages name it.
    pub(crate) name: String,
    /// Bytes when it was opened.
    pub(crate) length: u64,
    /// How much of it is read, where not the whole.
    pub(crate) sampling: Option<Sampling>,
    /// Who may end its reads.
    pub(crate) contact: Contact,
}

impl OpenInput {
    /// Its bytes from `offset` on.
    pub(crate) fn bytes(&self, offset: u64) -> FileBytes {
        FileBytes { file: Arc::clone(&self.file), at: offset, contact: self.contact.clone() }
    }

    /// The `n` bytes from `offset` on. They are there, unless the file was cut short since it was opened.
    pub(crate) fn exactly(&self, offset: u64, n: usize) -> Result<Vec<u8>, IngestError> {
        let mut bytes = Vec::with_capacity(n);
        let read = self.bytes(offset).take(n as u64).read_to_end(&mut bytes);
        read.map_err(|e| IngestError::read(&self.name, &e))?;
        if bytes.len() < n {
            return Err(IngestError::Changed { file: self.name.clone() });
        }
        Ok(bytes)
    }

    /// Whether its text cannot be entered at any place.
    pub(crate) fn is_packed(&self) -> bool {
        let head = self.exactly(0, self.length.min(4) as usize).unwrap_or_default();
        !holds_lines(&head) && !head.starts_with(b"PAR1")
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
    at: u64,
    contact: Contact,
}

impl Read for FileBytes {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // Here too, and not only where bytes come out: an archive may unpack to nothing for long.
        stop_if_asked(&self.contact)?;
        #[cfg(unix)]
        let n = std::os::unix::fs::FileExt::read_at(&*self.file, into, self.at)?;
        #[cfg(windows)]
        let n = std::os::windows::fs::FileExt::seek_read(&*self.file, into, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}
