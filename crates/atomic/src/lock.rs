//! A folder to oneself while one writes into it: an advisory lock of the system, gone with the process that held it,
//! however that ended, so a lock can never be stale and no lock file is left lying about.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::TEMPORARY_PREFIX;
use crate::holder::holder;

/// How often a folder that another process holds is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// How often a folder may be removed by others while it is being taken.
const MOST_REMOVALS: usize = 1_000;

/// A folder that is waited for.
#[derive(Debug, Clone, Copy)]
pub struct FolderWait<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// The process that holds it, where the system tells.
    pub holder: Option<u32>,
    /// For how long it has been waited for.
    pub elapsed: Duration,
}

/// A folder held against other writers that take the same lock; given back when dropped.
#[derive(Debug)]
pub struct FolderLock {
    folder: PathBuf,
    /// `None` where the file system knows no such lock (some network shares): the holder then relies on atomic renames
    /// alone and leaves others' leftovers where they are.
    held: Option<File>,
}

impl FolderLock {
    /// Waits until the folder is free and takes it; the folder is made if it is missing. While it waits it asks
    /// `go_on`, some twenty times a second, and gives up where that says no.
    ///
    /// # Errors
    /// Whatever the system refuses; [`io::ErrorKind::Interrupted`] where the waiting was given up.
    pub fn take(folder: &Path, go_on: &dyn Fn(&FolderWait<'_>) -> bool) -> io::Result<Self> {
        let begun = Instant::now();
        // Whoever held it may have removed the folder: then what was locked is no folder of anyone's.
        for _ in 0..MOST_REMOVALS {
            match lock(folder, begun, go_on) {
                Ok(held) if held.as_ref().is_none_or(|file| stands_at(file, folder)) => {
                    return Ok(FolderLock { folder: folder.to_owned(), held });
                }
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Err(io::Error::new(io::ErrorKind::NotFound, "it is removed again and again"))
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
            let removed = match entry.file_type() {
                Ok(kind) if kind.is_dir() => fs::remove_dir_all(entry.path()),
                Ok(_) => fs::remove_file(entry.path()),
                Err(e) => Err(e),
            };
            match removed {
                Ok(()) => swept += 1,
                // Whoever made it is removing it as well: a refused run clears its folder without the lock.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        Ok(swept)
    }
}

/// The folder, made and locked; `None` where the file system knows no such lock.
fn lock(folder: &Path, begun: Instant, go_on: &dyn Fn(&FolderWait<'_>) -> bool) -> io::Result<Option<File>> {
    crate::make_folder(folder)?;
    let file = File::open(folder)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) => {
                let wait = FolderWait { folder, holder: holder(&file), elapsed: begun.elapsed() };
                if !go_on(&wait) {
                    return Err(io::Error::new(io::ErrorKind::Interrupted, "no longer waited for"));
                }
                std::thread::sleep(PAUSE);
            }
        }
    }
}

#[cfg(unix)]
fn stands_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |m: &fs::Metadata| (m.dev(), m.ino());
    matches!((file.metadata(), path.metadata()), (Ok(a), Ok(b)) if place(&a) == place(&b))
}

#[cfg(not(unix))]
fn stands_at(_file: &File, path: &Path) -> bool {
    path.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_waits_and_the_sweep_stays_out_of_subfolders() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path(), &|_| true).unwrap();
        assert!(File::open(folder.path()).unwrap().try_lock().is_err());
        fs::create_dir_all(folder.path().join("run")).unwrap();
        fs::write(folder.path().join("run/.nta-tmp-live"), b"").unwrap();
        fs::create_dir_all(folder.path().join(".nta-tmp-dead/inner")).unwrap();
        assert_eq!(lock.sweep().unwrap(), 1);
        assert!(folder.path().join("run/.nta-tmp-live").exists());
        drop(lock);
        assert!(File::open(folder.path()).unwrap().try_lock().is_ok());
    }

    #[test]
    fn a_folder_that_its_holder_removed_is_made_again_and_locked_itself() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        let held = std::sync::Mutex::new(Some(FolderLock::take(&folder, &|_| true).unwrap()));
        let lock = FolderLock::take(&folder, &|_| {
            fs::remove_dir_all(home.path().join("a")).unwrap();
            drop(held.lock().unwrap().take());
            true
        });
        let lock = lock.unwrap();
        assert!(File::open(&folder).unwrap().try_lock().is_err());
        drop(lock);
    }

    #[test]
    fn whoever_waits_is_told_for_whom_and_may_give_up() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path(), &|_| true).unwrap();
        let asked = std::cell::Cell::new(0);
        let given_up = FolderLock::take(folder.path(), &|wait| {
            assert_eq!(wait.folder, folder.path());
            assert!(wait.holder.is_none_or(|pid| pid == std::process::id()), "{wait:?}");
            asked.set(asked.get() + 1);
            asked.get() < 3
        });
        assert_eq!(given_up.unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert_eq!(asked.get(), 3);
        let held = std::sync::Mutex::new(Some(lock));
        FolderLock::take(folder.path(), &|_| {
            drop(held.lock().unwrap().take());
            true
        })
        .unwrap();
    }
}
