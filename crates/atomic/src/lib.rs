//! Files that stand whole or not at all: temporary file beside the target, fsync, rename, fsync of the folder.

mod leftovers;
mod lock;

pub use lock::FolderLock;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Prefix of every temporary file made here, so that leftovers of a killed process can be told and swept.
pub const TEMPORARY_PREFIX: &str = ".nta-tmp-";

/// A file that could not be written; what stood there before still does.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct WriteError {
    /// The file meant.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Puts `bytes` at `path`.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).map_err(|source| WriteError { path: path.to_owned(), source })?;
    file.commit()
}

/// A file being written; it appears under its name with [`AtomicFile::commit`] and leaves nothing if dropped before.
#[derive(Debug)]
pub struct AtomicFile {
    temporary: tempfile::NamedTempFile,
    path: PathBuf,
}

impl AtomicFile {
    /// Begins a file that will stand at `path`; its folder is made if it is missing. Unfinished files that killed
    /// processes left of the same target go.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let begin = || {
            let folder = folder_of(path);
            fs::create_dir_all(folder)?;
            let prefix = leftovers::prefix_for(path);
            // A folder that may be written and not listed keeps them.
            let _ = leftovers::sweep_abandoned(folder, &prefix);
            let temporary = tempfile::Builder::new().prefix(&prefix).tempfile_in(folder)?;
            leftovers::hold(temporary.as_file());
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                temporary.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
            }
            Ok(temporary)
        };
        let temporary = begin().map_err(|source| WriteError { path: path.to_owned(), source })?;
        Ok(AtomicFile { temporary, path: path.to_owned() })
    }

    /// Where the file will stand.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A second handle to the unfinished file, for writers that want to own one.
    pub fn handle(&self) -> Result<File, WriteError> {
        self.temporary.as_file().try_clone().map_err(|source| WriteError { path: self.path.clone(), source })
    }

    /// Flushes to disk and gives the file its name.
    pub fn commit(self) -> Result<(), WriteError> {
        let AtomicFile { temporary, path } = self;
        let finish = || -> io::Result<()> {
            temporary.as_file().sync_all()?;
            temporary.persist(&path).map_err(|e| e.error)?;
            sync_folder(folder_of(&path))
        };
        finish().map_err(|source| WriteError { path: path.clone(), source })
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.flush()
    }
}

/// Gives a finished folder its final name in one step. `to` must not exist.
pub fn rename_folder(from: &Path, to: &Path) -> Result<(), WriteError> {
    let finish = || -> io::Result<()> {
        sync_folder(from)?;
        fs::create_dir_all(folder_of(to))?;
        fs::rename(from, to)?;
        sync_folder(folder_of(to))
    };
    finish().map_err(|source| WriteError { path: to.to_owned(), source })
}

/// Removes what killed writers left in `folder` and its subfolders. Returns how many files went.
pub fn sweep(folder: &Path) -> io::Result<usize> {
    let mut swept = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_leftover = entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX);
        if entry.file_type()?.is_dir() {
            if is_leftover {
                fs::remove_dir_all(entry.path())?;
                swept += 1;
            } else {
                swept += sweep(&entry.path())?;
            }
        } else if is_leftover {
            fs::remove_file(entry.path())?;
            swept += 1;
        }
    }
    Ok(swept)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_and_a_dropped_one_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/file.txt");
        write(&path, b"old").unwrap();
        let mut unfinished = AtomicFile::create(&path).unwrap();
        unfinished.write_all(b"half").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        drop(unfinished);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::write(path.parent().unwrap().join(".nta-tmp-xyz"), b"left").unwrap();
        assert_eq!(sweep(folder.path()).unwrap(), 1);
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
}
