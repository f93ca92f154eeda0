//! The temporary files that this process writes, so that one that must end at once can take them with it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

static LIVING: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A temporary file is on the list for as long as this lives.
#[derive(Debug)]
pub(crate) struct Living(PathBuf);

impl Living {
    /// Makes a file while the list is held: none is made that is not on it.
    pub(crate) fn begin(make: impl FnOnce() -> io::Result<NamedTempFile>) -> io::Result<(NamedTempFile, Living)> {
        let mut living = list();
        let file = make()?;
        let path = file.path().to_owned();
        living.insert(path.clone());
        Ok((file, Living(path)))
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        list().remove(&self.0);
    }
}

/// Removes every temporary file that this process writes, and lets no other begin: for a process that ends right after
/// without coming to its safe points. A thread that begins or ends a file waits for that end.
pub fn remove_unfinished() {
    let living = list();
    for path in living.iter() {
        let _ = fs::remove_file(path);
    }
    std::mem::forget(living);
}

fn list() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // The set is whole whatever happened to a thread that held it.
    LIVING.lock().unwrap_or_else(PoisonError::into_inner)
}
