//! A pipe or socket as a file: what can be read only once is read once, into a file that has no name and goes with the
//! process, so that every pass over it sees the same bytes.

use std::fs::{File, Metadata};
use std::io::{self, BufReader};

use crate::error::IngestError;

/// All that `input`, which is no regular file, has to give. It lies in the system's folder for temporary files
/// (`TMPDIR`). Refuses devices, a terminal among them: they have no end.
pub(crate) fn spool(input: File, metadata: &Metadata, name: &str) -> Result<File, IngestError> {
    if !is_pipe(metadata) {
        let what = if io::IsTerminal::is_terminal(&input) { "a terminal" } else { "a device" };
        return Err(IngestError::NotAFile { file: name.to_owned(), what: what.to_owned() });
    }
    let mut spooled = tempfile::tempfile().map_err(|e| failed(name, &e))?;
    io::copy(&mut BufReader::with_capacity(1 << 18, input), &mut spooled).map_err(|e| failed(name, &e))?;
    Ok(spooled)
}

fn failed(name: &str, error: &io::Error) -> IngestError {
    let folder = std::env::temp_dir();
    let problem = format!("it is a pipe, and keeping it in {} failed: {error}; TMPDIR names another", folder.display());
    IngestError::Read { file: name.to_owned(), problem }
}

#[cfg(unix)]
fn is_pipe(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_fifo() || metadata.file_type().is_socket()
}

#[cfg(not(unix))]
fn is_pipe(_metadata: &Metadata) -> bool {
    true
}
