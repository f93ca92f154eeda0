//! A pipe as a file: what can be read only once is read once, into a file that has no name and goes with the process, so
//! that every pass over it sees the same bytes.

use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nta_data::{Awaited, Contact};

use crate::error::IngestError;

/// How often one who waits for a pipe is told of it and asked whether to go on.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// Bytes moved at a time.
const CHUNK: usize = 1 << 18;

/// All that the pipe at `path` has to give, once its other end is closed. It lies in the system's folder for temporary
/// files (`TMPDIR`).
///
/// A thread of its own opens and reads it, for both may wait without end. Where `contact` ends the waiting, the thread
/// ends with the pipe's next bytes.
pub(crate) fn spool(path: &Path, name: &str, contact: &Contact) -> Result<File, IngestError> {
    let (moved, given_up) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let (sender, done) = channel();
    let work = {
        let (path, moved, given_up) = (path.to_owned(), Arc::clone(&moved), Arc::clone(&given_up));
        move || drop(sender.send(keep_all(path, &moved, &given_up)))
    };
    std::thread::Builder::new().name("nta-spool".to_owned()).spawn(work).map_err(|e| failed(name, &e))?;
    let begun = Instant::now();
    loop {
        match done.recv_timeout(PAUSE) {
            Ok(kept) => return kept.map_err(|e| failed(name, &e)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(IngestError::internal(name, "its reader ended")),
        }
        let what = Awaited::Pipe { name, bytes: moved.load(Ordering::Relaxed) };
        if !contact.waits(what, begun.elapsed()) {
            given_up.store(true, Ordering::Relaxed);
            return Err(IngestError::Cancelled);
        }
    }
}

fn keep_all(path: PathBuf, moved: &AtomicU64, given_up: &AtomicBool) -> io::Result<File> {
    let mut pipe = File::open(path)?;
    let mut kept = tempfile::tempfile()?;
    let mut buffer = vec![0; CHUNK];
    while !given_up.load(Ordering::Relaxed) {
        match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                kept.write_all(&buffer[..n])?;
                moved.fetch_add(n as u64, Ordering::Relaxed);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(kept)
}

fn failed(name: &str, error: &io::Error) -> IngestError {
    let folder = std::env::temp_dir();
    let problem = format!("it is a pipe, and keeping it in {} failed: {error}; TMPDIR names another", folder.display());
    IngestError::Read { file: name.to_owned(), problem }
}

#[cfg(unix)]
pub(crate) fn is_pipe(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_fifo() || metadata.file_type().is_socket()
}

#[cfg(not(unix))]
pub(crate) fn is_pipe(metadata: &Metadata) -> bool {
    !metadata.is_file() && !metadata.is_dir()
}
