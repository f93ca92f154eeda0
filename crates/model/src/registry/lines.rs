//! Files of one JSON object a line beside a name's versions. They only grow, by whole lines; a line that its writer did not
//! finish is passed over by readers and cut off by the next writer.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ModelError, store};

/// Hundreds of thousands of lines; what is longer is none of ours.
const MOST_BYTES: u64 = 64 << 20;

/// Number of whole lines; none where there is no file.
pub(super) fn count(path: &Path) -> Result<usize, ModelError> {
    Ok(whole_lines(&read_bytes(path)?).iter().filter(|&&b| b == b'\n').count())
}

/// Every line, oldest first.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, ModelError> {
    let bytes = read_bytes(path)?;
    let lines = whole_lines(&bytes).split_inclusive(|&b| b == b'\n').enumerate();
    let wrong = |i: usize, e: serde_json::Error| ModelError::Log { path: path.into(), line: i + 1, why: e.to_string() };
    lines.map(|(i, line)| serde_json::from_slice(line).map_err(|e| wrong(i, e))).collect()
}

/// Appends lines and waits until the disk has them; answers how long the file was before. The folder's lock is held.
pub(super) fn append(path: &Path, added: &[impl Serialize]) -> Result<u64, ModelError> {
    if path.symlink_metadata().is_err() {
        // The new name, too, must outlast a power cut.
        nta_atomic::write(path, b"")?;
    }
    let whole = whole_lines(&read_bytes(path)?).len() as u64;
    let mut lines = Vec::new();
    for line in added {
        serde_json::to_writer(&mut lines, line).map_err(ModelError::parts)?;
        lines.push(b'\n');
    }
    let write = || -> std::io::Result<()> {
        let mut file = File::options().append(true).open(path)?;
        file.set_len(whole)?;
        // What a full disk cut short goes again.
        file.write_all(&lines).and_then(|()| file.sync_data()).inspect_err(|_| drop(file.set_len(whole)))
    };
    write().map(|()| whole).map_err(ModelError::io("append to", path))
}

/// Takes back what was appended after `length` bytes: it did not come to pass.
pub(super) fn take_back(path: &Path, length: u64) {
    let _ = File::options().append(true).open(path).and_then(|file| file.set_len(length));
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, ModelError> {
    match store::read_at_most(path, MOST_BYTES) {
        Err(ModelError::Missing { .. }) => Ok(Vec::new()),
        Err(ModelError::Damaged { path, why }) => Err(ModelError::Log { path, line: 1, why }),
        other => other,
    }
}

fn whole_lines(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1)]
}
