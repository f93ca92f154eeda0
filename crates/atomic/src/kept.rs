//! Where a file stands until it is whole: under a name that goes with its process, or under one that outlives it.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::living::Living;
use crate::target::Target;
use crate::{WriteError, make_folder};

/// A file that does not stand at its place yet.
#[derive(Debug)]
pub(crate) enum Unfinished {
    /// Goes where it is dropped.
    Nameless {
        file: NamedTempFile,
        /// Goes last: until then the file may be there.
        living: Living,
    },
    /// Stays where it is dropped.
    Kept { file: File, part: PathBuf },
}

impl Unfinished {
    pub(crate) fn file(&self) -> &File {
        match self {
            Unfinished::Nameless { file, .. } => file.as_file(),
            Unfinished::Kept { file, .. } => file,
        }
    }

    pub(crate) fn stand_at(self, target: &Path) -> io::Result<()> {
        match self {
            Unfinished::Nameless { file, living: _living } => file.persist(target).map(drop).map_err(|e| e.error),
            Unfinished::Kept { part, .. } => fs::rename(part, target),
        }
    }
}

/// The file at `part`, cut to `length` bytes, with the rights that the one at `target` has.
pub(crate) fn open(target: &Target, part: &Path, length: u64) -> io::Result<Unfinished> {
    make_folder(crate::folder_of(part))?;
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, target.begin_mode());
    let mut file = options.open(part)?;
    target.pass_on_rights(&file)?;
    let found = file.metadata()?.len();
    if found < length {
        let why = format!("{} holds {found} of the {length} bytes that were written", part.display());
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
    }
    file.set_len(length)?;
    file.seek(SeekFrom::End(0))?;
    Ok(Unfinished::Kept { file, part: part.to_owned() })
}

/// The folder beside what will stand at `path`, every link followed, for what outlives a process that writes it: `path` and
/// `.resume`. It is not made.
///
/// # Errors
/// What [`crate::check_target`] refuses.
pub fn work_folder(path: &Path) -> Result<PathBuf, WriteError> {
    let target = Target::of(path).map_err(WriteError::at(path))?;
    let mut name = target.path.into_os_string();
    name.push(".resume");
    Ok(PathBuf::from(name))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use crate::{AtomicFile, work_folder};

    #[test]
    fn a_kept_file_outlives_its_writer_and_goes_on_behind_what_was_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let part = work_folder(&path).unwrap().join("part");
        let mut first = AtomicFile::resume(&path, &part, 0).unwrap();
        first.write_all(b"settled").unwrap();
        assert_eq!(first.settle().unwrap(), 7);
        first.write_all(b" and lost").unwrap();
        drop(first);
        assert!(!path.exists() && part.exists());
        let mut second = AtomicFile::resume(&path, &part, 7).unwrap();
        second.write_all(b", gone on").unwrap();
        second.commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"settled, gone on");
        assert!(!part.exists());
        let refused = AtomicFile::resume(&path, &part, 1).unwrap_err();
        assert!(refused.to_string().contains("holds 0 of the 1 bytes"), "{refused}");
    }
}
