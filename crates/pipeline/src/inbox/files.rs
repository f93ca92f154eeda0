//! A watch's file of alerts and those that were renamed away from it, the oldest first, followed as they grow. What was opened
//! stays open, so that an alert's line is found again after its file was renamed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use crate::watch::id_of;

/// Bytes of lines that are read when a server begins; of more, the files that were written first are passed over.
const MOST_BYTES: u64 = 2 << 30;
/// A line is no longer than this; what is begun and longer is taken for no line of ours.
const LONGEST: u64 = 16 << 20;

/// All of them.
pub(super) struct AlertFiles {
    pub(super) path: PathBuf,
    files: Vec<Followed>,
    /// Bytes of files that were passed over.
    pub(super) passed_over: u64,
    lines: Lines,
}

/// Where lines that were read are found again, while others are read.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<RwLock<Vec<Option<Mutex<File>>>>>);

struct Followed {
    /// `None` of one that was passed over.
    file: Option<File>,
    /// The id in its first line, by which it is known whatever it is called.
    first: String,
    read: u64,
}

impl AlertFiles {
    pub(super) fn new(path: &Path) -> AlertFiles {
        AlertFiles { path: path.to_owned(), files: Vec::new(), passed_over: 0, lines: Lines::default() }
    }

    pub(super) fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// Gives every line that has come, with the number of its file and its place there, some thousands at a time.
    pub(super) fn read_on(&mut self, take: &mut dyn FnMut(&[(String, u16, u64)])) -> io::Result<()> {
        if let Some(last) = self.files.len().checked_sub(1) {
            self.read(last, take)?;
            // Renamed away, or not.
            match first_id(&self.path)? {
                Some(first) if first != self.files[last].first => {}
                _ => return Ok(()),
            }
            // What came between the last look and the renaming.
            self.read(last, take)?;
        }
        let is_beginning = self.files.is_empty();
        let mut found: Vec<(PathBuf, String, u64)> = Vec::new();
        for path in all_of(&self.path)? {
            let Some(first) = first_id(&path)? else { continue };
            if !self.files.iter().any(|file| file.first == first) {
                let bytes = path.metadata()?.len();
                found.push((path, first, bytes));
            }
        }
        let mut bytes = 0;
        let kept = found.iter().rev().take_while(|(_, _, length)| {
            bytes += length;
            bytes <= MOST_BYTES || bytes == *length
        });
        let passed_over = if is_beginning { found.len() - kept.count() } else { 0 };
        for (nth, (path, first, length)) in found.into_iter().enumerate() {
            let is_read = nth >= passed_over;
            let open = || if is_read { File::open(&path).map(Some) } else { Ok(None) };
            // Two, for each has a place of its own where it reads.
            let (file, to_find) = (open()?, open()?);
            self.lines.0.write().unwrap_or_else(PoisonError::into_inner).push(to_find.map(Mutex::new));
            self.passed_over += if is_read { 0 } else { length };
            self.files.push(Followed { file, first, read: 0 });
            self.read(self.files.len() - 1, take)?;
        }
        Ok(())
    }

    /// Whole lines behind what was read of a file.
    fn read(&mut self, nth: usize, take: &mut dyn FnMut(&[(String, u16, u64)])) -> io::Result<()> {
        let (number, followed) = (nth as u16, &mut self.files[nth]);
        let Some(file) = &followed.file else { return Ok(()) };
        if file.metadata()?.len() <= followed.read {
            return Ok(());
        }
        let mut reader = BufReader::with_capacity(1 << 18, file);
        reader.seek(SeekFrom::Start(followed.read))?;
        let (mut lines, mut line) = (Vec::new(), Vec::new());
        loop {
            let n = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
            let is_whole = line.ends_with(b"\n") || n as u64 == LONGEST;
            if is_whole {
                line.pop();
                lines.push((String::from_utf8_lossy(&line).into_owned(), number, followed.read));
                followed.read += n as u64;
            }
            line.clear();
            if lines.len() >= AT_A_TIME || !is_whole && !lines.is_empty() {
                take(&lines);
                lines.clear();
            }
            if !is_whole {
                return Ok(());
            }
        }
    }
}

impl Lines {
    /// The line of `length` bytes at `offset` of file `nth`.
    pub(super) fn get(&self, nth: u16, offset: u64, length: u32) -> Option<String> {
        let files = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut file = files.get(usize::from(nth))?.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = vec![0; length as usize];
        file.seek(SeekFrom::Start(offset)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        String::from_utf8(bytes).ok()
    }

    /// Lets go of the files before `nth`, of which no alert is held any more.
    pub(super) fn let_go_before(&self, nth: u16) {
        let mut files = self.0.write().unwrap_or_else(PoisonError::into_inner);
        files.iter_mut().take(usize::from(nth)).for_each(|file| *file = None);
    }
}

/// Files that were renamed away from `path`, the oldest first, then the one that is written to.
pub(super) fn all_of(path: &Path) -> io::Result<Vec<PathBuf>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut renamed: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder)?.flatten() {
        let theirs = entry.file_name().to_string_lossy().into_owned();
        let number = theirs.strip_prefix(&name).and_then(|rest| rest.strip_prefix('.'));
        if number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
            renamed.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    renamed.sort();
    Ok(renamed.into_iter().map(|(_, path)| path).chain([path.to_owned()]).collect())
}

/// Lines given at a time.
const AT_A_TIME: usize = 4_096;

/// The id in the first line of a file; `None` where there is no file or no line yet.
fn first_id(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut line = Vec::new();
    BufReader::new(file.take(LONGEST)).read_until(b'\n', &mut line)?;
    let line = String::from_utf8_lossy(&line);
    Ok(id_of(&line).filter(|_| line.ends_with('\n')).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn lines_are_given_once_over_renaming_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.json");
        let write = |text: &str| {
            File::options().append(true).create(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap();
        };
        let line = |n: u32| format!("{{\"nta_id\":[\"{n}\"]}}\n");
        let mut files = AlertFiles::new(&path);
        let mut seen: Vec<(String, u16, u64)> = Vec::new();
        files.read_on(&mut |lines| seen.extend_from_slice(lines)).unwrap();
        assert!(seen.is_empty());
        write(&(line(1) + &line(2) + "{\"nta_id"));
        files.read_on(&mut |lines| seen.extend_from_slice(lines)).unwrap();
        assert_eq!(seen.len(), 2);
        write("\":[\"3\"]}\n");
        // Two renamings between two looks.
        let renamed = |n: u32| folder.path().join(format!("alerts.json.{n}"));
        std::fs::rename(&path, renamed(1)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        write(&line(4));
        std::fs::rename(&path, renamed(2)).unwrap();
        write(&line(5));
        files.read_on(&mut |lines| seen.extend_from_slice(lines)).unwrap();
        let ids: Vec<&str> = seen.iter().map(|(line, ..)| id_of(line).unwrap()).collect();
        assert_eq!(ids, ["1", "2", "3", "4", "5"]);
        // Removed by somebody: what is held of it is still there.
        std::fs::remove_file(renamed(1)).unwrap();
        for (line, file, offset) in &seen {
            assert_eq!(files.lines().get(*file, *offset, line.len() as u32).as_deref(), Some(line.as_str()));
        }
        let mut again = Vec::new();
        AlertFiles::new(&path).read_on(&mut |lines| again.extend_from_slice(lines)).unwrap();
        assert_eq!(again.len(), 2, "4 and 5 are there");
    }
}
