//! A file that grows, read to its end and on: it goes on in the new file where the old one was renamed away, and at the
//! front where it was cut to nothing.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often a file that has nothing new is looked at.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// The bytes of a growing file, from its front; give it to [`crate::follow`]. A read waits until there is something new,
/// and ends only after [`TailStop::stop`].
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    file: File,
    at: u64,
    ends_with_break: bool,
    on_turn: OnTurn,
    turn: Option<Turn>,
    stop: TailStop,
}

/// What is done where the file is cut shorter than what was read of it, or another one stands at its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnTurn {
    /// Reading goes on at the front of what stands there.
    GoOver,
    /// A read gives nothing, and [`Tail::take_turn`] tells.
    Tell,
}

/// What became of a file that was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It was cut, and is to be read from its front.
    Cut,
    /// It was renamed away.
    Moved,
}

/// Ends a [`Tail`] from elsewhere.
#[derive(Debug, Clone, Default)]
pub struct TailStop(Arc<AtomicBool>);

impl TailStop {
    /// What the file holds now is still read; then it is at its end.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was asked to end.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Tail {
    /// Opens the file at `path`, which must exist. Errors are those of the system.
    pub fn open(path: &Path) -> io::Result<Tail> {
        Ok(Tail::of(path, File::open(path)?, 0, TailStop::default()))
    }

    /// The bytes of `file`, which is or was at `path`, from `at` on, where its cursor stands.
    pub(crate) fn of(path: &Path, file: File, at: u64, stop: TailStop) -> Tail {
        let path = path.to_owned();
        Tail { path, file, at, ends_with_break: true, on_turn: OnTurn::GoOver, turn: None, stop }
    }

    /// The same, which ends where the file is cut or renamed away.
    pub(crate) fn until_turn(self) -> Tail {
        Tail { on_turn: OnTurn::Tell, ..self }
    }

    /// What became of the file, and the file itself.
    pub(crate) fn take_turn(&mut self) -> io::Result<Option<(Turn, File)>> {
        self.turn.take().map(|turn| Ok((turn, self.file.try_clone()?))).transpose()
    }

    /// Bytes of the file that were not read, and the file.
    pub(crate) fn unread(&self) -> io::Result<(u64, &File)> {
        Ok((self.file.metadata()?.len().saturating_sub(self.at), &self.file))
    }

    /// A handle that ends it.
    pub fn stopper(&self) -> TailStop {
        self.stop.clone()
    }

    fn take(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(into)?;
        if n > 0 {
            self.at += n as u64;
            self.ends_with_break = into[n - 1] == b'\n';
        }
        Ok(n)
    }

    /// Goes over to the file that stands at the path now. A line that its writer never ended must not run into the new
    /// file's first: it is ended here, by one byte.
    fn go_over(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match File::open(&self.path) {
            Ok(new) => (self.file, self.at) = (new, 0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        }
        let n = usize::from(!self.ends_with_break);
        into[..n].fill(b'\n');
        self.ends_with_break = true;
        Ok(n)
    }
}

/// What stands at the path of an open file.
enum Standing {
    /// The file itself, or nothing for now.
    Itself,
    /// The file itself, shorter than what was read of it.
    Cut,
    /// Another one.
    Another,
}

impl Read for Tail {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let stopped = self.stop.is_stopped();
            let mut n = self.take(into)?;
            if n == 0 {
                match standing(&self.path, &self.file, self.at)? {
                    Standing::Cut if self.on_turn == OnTurn::Tell => {
                        self.at = self.file.seek(SeekFrom::Start(0))?;
                        self.turn = Some(Turn::Cut);
                        return Ok(0);
                    }
                    Standing::Cut => {
                        self.at = self.file.seek(SeekFrom::Start(0))?;
                    }
                    Standing::Another => {
                        // Its writer may have written on between the last read and the rename.
                        n = self.take(into)?;
                        if n == 0 && self.on_turn == OnTurn::Tell {
                            self.turn = Some(Turn::Moved);
                            return Ok(0);
                        }
                        if n == 0 {
                            n = self.go_over(into)?;
                        }
                    }
                    Standing::Itself if stopped => return Ok(0),
                    Standing::Itself => std::thread::sleep(PAUSE),
                }
            }
            if n > 0 {
                return Ok(n);
            }
        }
    }
}

fn standing(path: &Path, open: &File, at: u64) -> io::Result<Standing> {
    match path.metadata() {
        Ok(there) if !is_same(&open.metadata()?, &there) => Ok(Standing::Another),
        Ok(there) if there.len() < at => Ok(Standing::Cut),
        Ok(_) => Ok(Standing::Itself),
        // Renamed away, and nothing stands in its place yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Standing::Itself),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
pub(crate) fn is_same(a: &std::fs::Metadata, b: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
pub(crate) fn is_same(a: &std::fs::Metadata, b: &std::fs::Metadata) -> bool {
    matches!((a.created(), b.created()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read_all(mut tail: Tail) -> String {
        tail.stopper().stop();
        let mut text = String::new();
        tail.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn what_is_written_after_a_rename_is_read_after_what_was_written_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conn.log");
        let mut old = File::create(&path).unwrap();
        old.write_all(b"one\n").unwrap();
        let mut tail = Tail::open(&path).unwrap();
        let mut buffer = [0; 64];
        assert_eq!(tail.read(&mut buffer).unwrap(), 4);
        std::fs::rename(&path, folder.path().join("conn.log.1")).unwrap();
        old.write_all(b"two").unwrap();
        std::fs::write(&path, "three\n").unwrap();
        assert_eq!(read_all(tail), "two\nthree\n");
    }

    #[test]
    fn a_file_that_was_cut_is_read_from_its_front() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conn.log");
        std::fs::write(&path, "a long line\n").unwrap();
        let mut tail = Tail::open(&path).unwrap();
        assert_eq!(tail.read(&mut [0; 64]).unwrap(), 12);
        std::fs::write(&path, "new\n").unwrap();
        assert_eq!(read_all(tail), "new\n");
    }
}
