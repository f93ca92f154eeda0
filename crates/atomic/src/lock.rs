//! A folder to oneself while one writes into it: an advisory lock of the system, gone with the process that held it,
//! however that ended, so a lock can never be stale and no lock file is left lying about.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::TEMPORARY_PREFIX;

/// A folder held against other writers that take the same lock; given back when dropped.
#[derive(Debug)]
pub struct FolderLock {
    folder: PathBuf,
    /// `None` where the file system knows no such lock (some network shares): the holder then relies on atomic renames
    /// alone and leaves others' leftovers where they are.
    held: Option<File>,
}

impl FolderLock {
    /// Waits until the folder is free and takes it; the folder is made if it is missing.
    pub fn take(folder: &Path) -> io::Result<Self> {
        crate::make_folder(folder)?;
        let file = File::open(folder)?;
        let held = file.lock().is_ok().then_some(file);
        Ok(FolderLock { folder: folder.to_owned(), held })
    }

    /// Removes what killed writers left directly in the folder, not below it: while the lock is held no living writer
    /// has anything unfinished there. Returns how many went.
    pub fn sweep(&self) -> io::Result<usize> {
        if self.held.is_none() {
            return Ok(0);
        }
        let mut swept = 0;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
            swept += 1;
        }
        Ok(swept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_waits_and_the_sweep_stays_out_of_subfolders() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        assert!(File::open(folder.path()).unwrap().try_lock().is_err());
        fs::create_dir_all(folder.path().join("run")).unwrap();
        fs::write(folder.path().join("run/.nta-tmp-live"), b"").unwrap();
        fs::create_dir_all(folder.path().join(".nta-tmp-dead/inner")).unwrap();
        assert_eq!(lock.sweep().unwrap(), 1);
        assert!(folder.path().join("run/.nta-tmp-live").exists());
        drop(lock);
        assert!(File::open(folder.path()).unwrap().try_lock().is_ok());
    }
}
