//! Files that stand whole or not at all: temporary file beside the target, fsync, rename, fsync of the folder.
//!
//! Only a regular file is ever replaced, and its owner and mode are kept; a new file has the mode that the umask allows. A
//! link stays: the file that it leads to is replaced, in that file's own folder.

mod holder;
mod kept;
mod leftovers;
mod living;
mod lock;
mod target;

use kept::Unfinished;
pub use kept::work_folder;
pub use leftovers::sweep_dead;
use living::Living;
pub use living::remove_unfinished;
pub use lock::{FolderLock, FolderWait};
use target::Target;

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

impl WriteError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| WriteError { path, source }
    }
}

/// Puts `bytes` at `path`.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).map_err(WriteError::at(path))?;
    file.commit()
}

/// Refuses what is there at `path` and no regular file: a folder, a pipe, a socket, a device. Nothing is opened or made,
/// so it can be asked before any work.
///
/// # Errors
/// What stands there, and what to do instead; links that lead in a circle.
pub fn check_target(path: &Path) -> Result<(), WriteError> {
    Target::of(path).map(drop).map_err(WriteError::at(path))
}

/// A file being written; it appears under its name with [`AtomicFile::commit`] and leaves nothing if dropped before.
#[derive(Debug)]
pub struct AtomicFile {
    unfinished: Unfinished,
    path: PathBuf,
}

impl AtomicFile {
    /// Begins a file that will stand at `path`; its folder is made if it is missing. Unfinished files that killed
    /// processes left of the same target go.
    ///
    /// # Errors
    /// What [`check_target`] refuses, whatever the system refuses.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let (file, living) = Target::of(path).and_then(|target| begin(&target)).map_err(WriteError::at(path))?;
        Ok(AtomicFile { unfinished: Unfinished::Nameless { file, living }, path: path.to_owned() })
    }

    /// Begins a file that will stand at `path`, and until then at `part`, on the same disk, also when this process is killed
    /// or drops it: what stands there is kept up to `length` bytes, and the next byte is written behind them.
    ///
    /// # Errors
    /// What [`check_target`] refuses, whatever the system refuses; [`io::ErrorKind::UnexpectedEof`] where fewer bytes stand
    /// there.
    pub fn resume(path: &Path, part: &Path, length: u64) -> Result<Self, WriteError> {
        let kept = Target::of(path).and_then(|target| kept::open(&target, part, length));
        Ok(AtomicFile { unfinished: kept.map_err(WriteError::at(path))?, path: path.to_owned() })
    }

    /// Where the file will stand.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A second handle to the unfinished file, for writers that want to own one.
    pub fn handle(&self) -> Result<File, WriteError> {
        self.unfinished.file().try_clone().map_err(WriteError::at(&self.path))
    }

    /// Brings what was written so far to disk, and tells how many bytes that are.
    pub fn settle(&self) -> Result<u64, WriteError> {
        let file = self.unfinished.file();
        file.sync_data().and_then(|()| file.metadata()).map(|found| found.len()).map_err(WriteError::at(&self.path))
    }

    /// Flushes to disk and gives the file its name.
    pub fn commit(self) -> Result<(), WriteError> {
        let AtomicFile { unfinished, path } = self;
        let finish = || -> io::Result<()> {
            unfinished.file().sync_all()?;
            // Asked again: work may have taken hours.
            let target = Target::of(&path)?.path;
            unfinished.stand_at(&target)?;
            sync_folder(folder_of(&target))
        };
        finish().map_err(WriteError::at(&path))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unfinished.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unfinished.file().flush()
    }
}

/// The unfinished file beside its target.
fn begin(target: &Target) -> io::Result<(tempfile::NamedTempFile, Living)> {
    let folder = folder_of(&target.path);
    make_folder(folder)?;
    let prefix = leftovers::prefix_for(&target.path);
    // A folder that may be written and not listed keeps them.
    let _ = leftovers::sweep_abandoned(folder, &prefix);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(target.begin_mode()));
    }
    let (temporary, living) = Living::begin(|| builder.tempfile_in(folder))?;
    leftovers::hold(temporary.as_file());
    target.pass_on_rights(temporary.as_file())?;
    Ok((temporary, living))
}

/// Gives a finished folder its final name in one step. `to` must not exist.
pub fn rename_folder(from: &Path, to: &Path) -> Result<(), WriteError> {
    let finish = || -> io::Result<()> {
        sync_folder(from)?;
        make_folder(folder_of(to))?;
        fs::rename(from, to)?;
        sync_folder(folder_of(to))
    };
    finish().map_err(WriteError::at(to))
}

/// A temporary folder, shared as far as the umask allows, for what is renamed into its place when it is whole; such
/// folders are their owner's alone by themselves. It goes when dropped; what a killed process leaves is swept by its prefix.
///
/// # Errors
/// Whatever the system refuses.
pub fn staging_in(parent: &Path) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(parent)
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

/// Makes `folder` and what is missing above it, each entered in its parent on disk: what is synced in a new folder must
/// not be lost with the folder itself.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder_of(folder);
    make_folder(parent)?;
    match fs::create_dir(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => Err(e),
        _ => sync_folder(parent),
    }
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
