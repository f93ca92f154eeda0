//! A watch's file of alerts and those that were renamed away from it, the oldest first, followed as they grow. What was opened
//! stays open for as long as its alerts are held and it has a name, so that a line is found again after its file was renamed.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

/// Bytes of lines that are read when a server begins; of more, the files that were written first are passed over.
const MOST_BYTES: u64 = 2 << 30;
/// A line is no longer than this; what is begun and longer is taken for no line of ours.
const LONGEST: u64 = 16 << 20;
/// Lines given at a time.
const AT_A_TIME: usize = 4_096;

/// All of them.
pub(super) struct AlertFiles {
    pub(super) path: PathBuf,
    files: Vec<Followed>,
    lines: Lines,
}

/// Where lines that were read are found again, while others are read: by number of the file, those that are open.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<RwLock<Vec<Option<Shared>>>>);

/// A line, the number of its file, and where it begins there.
type LineRead = (String, u16, u64);
type Shared = Arc<Mutex<File>>;

/// A file, by which it is known whatever it is called.
struct Followed {
    is: Which,
    /// When it was last written to, once it is open no more: the system may give its number to another then.
    closed: Option<SystemTime>,
    read: u64,
}

/// Device and number; where a system has none, when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Which(u64, u64, Option<SystemTime>);

impl Which {
    fn of(metadata: &Metadata) -> Which {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Which(metadata.dev(), metadata.ino(), None)
        }
        #[cfg(not(unix))]
        Which(0, 0, metadata.created().ok())
    }
}

impl AlertFiles {
    pub(super) fn new(path: &Path) -> AlertFiles {
        AlertFiles { path: path.to_owned(), files: Vec::new(), lines: Lines::default() }
    }

    pub(super) fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// Whether the file that is written to is shorter than what was read of it: what was read is there no more.
    pub(super) fn is_cut_short(&self) -> bool {
        let Some(last) = self.files.len().checked_sub(1) else { return false };
        let length = self.lines.file(last).and_then(|file| locked(&file).metadata().ok()).map(|found| found.len());
        length.is_some_and(|length| length < self.files[last].read)
    }

    /// Gives every line that has come, with the number of its file and its place there, some thousands at a time.
    pub(super) fn read_on(&mut self, take: &mut dyn FnMut(&[LineRead])) -> io::Result<()> {
        if let Some(last) = self.files.len().checked_sub(1) {
            self.read(last, take)?;
            // Renamed away or removed, or not.
            match found(&self.path)? {
                Some((_, metadata)) if Which::of(&metadata) != self.files[last].is => {}
                _ => return Ok(()),
            }
            // What came between the last look and the renaming.
            self.read(last, take)?;
        }
        let is_beginning = self.files.is_empty();
        let mut paths = all_of(&self.path)?;
        let new: Vec<(File, Metadata)> = loop {
            let all = paths.iter().map(|path| found(path)).collect::<io::Result<Vec<_>>>()?;
            // A file that is renamed away meanwhile stands under neither name that was looked at.
            let before = std::mem::replace(&mut paths, all_of(&self.path)?);
            if before == paths {
                break all.into_iter().flatten().filter(|(_, metadata)| !self.knows(metadata)).collect();
            }
        };
        let mut bytes = 0;
        let kept = new.iter().rev().take_while(|(_, metadata)| {
            bytes += metadata.len();
            bytes <= MOST_BYTES || bytes == metadata.len()
        });
        let passed_over = if is_beginning { new.len() - kept.count() } else { 0 };
        for (nth, (file, metadata)) in new.into_iter().enumerate() {
            let is_read = nth >= passed_over;
            self.lines.change().push(is_read.then(|| Arc::new(Mutex::new(file))));
            let closed = if is_read { None } else { Some(metadata.modified()?) };
            self.files.push(Followed { is: Which::of(&metadata), closed, read: 0 });
            self.read(self.files.len() - 1, take)?;
        }
        Ok(())
    }

    fn knows(&self, metadata: &Metadata) -> bool {
        let is = Which::of(metadata);
        let is_written = |closed: SystemTime| metadata.modified().is_ok_and(|modified| modified != closed);
        self.files.iter().any(|file| file.is == is && !file.closed.is_some_and(is_written))
    }

    /// Whole lines behind what was read of a file.
    fn read(&mut self, nth: usize, take: &mut dyn FnMut(&[LineRead])) -> io::Result<()> {
        let Some(file) = self.lines.file(nth) else { return Ok(()) };
        let (number, followed) = (nth as u16, &mut self.files[nth]);
        if locked(&file).metadata()?.len() <= followed.read {
            return Ok(());
        }
        let mut reader = BufReader::with_capacity(1 << 18, Behind { file: &file, at: followed.read });
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

    /// Lets go of the files before `first`, of which no alert is held any more, and of those that were removed, whose room the
    /// disk has back with that; the latter are named. The last stays: the watch may still write to it.
    pub(super) fn let_go(&mut self, first: u16) -> Vec<u16> {
        let mut removed = Vec::new();
        for nth in 0..self.files.len().saturating_sub(1) {
            let Some(file) = self.lines.file(nth) else { continue };
            let Ok(metadata) = locked(&file).metadata() else { continue };
            let is_removed = is_removed(&metadata);
            if is_removed {
                removed.push(nth as u16);
            }
            if is_removed || nth < usize::from(first) {
                self.files[nth].closed = metadata.modified().ok().or(Some(SystemTime::UNIX_EPOCH));
                self.lines.change()[nth] = None;
            }
        }
        removed
    }
}

/// Whether the file has no name any more.
fn is_removed(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        metadata.nlink() == 0
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

/// The file at `path`, opened once for all that is asked of it; `None` where there is none.
fn found(path: &Path) -> io::Result<Option<(File, Metadata)>> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        file => {
            let file = file?;
            let metadata = file.metadata()?;
            Ok(Some((file, metadata)))
        }
    }
}

/// A file from a place on, while others read elsewhere in it.
struct Behind<'a> {
    file: &'a Mutex<File>,
    at: u64,
}

impl Read for Behind<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut file = locked(self.file);
        file.seek(SeekFrom::Start(self.at))?;
        let n = file.read(into)?;
        self.at += n as u64;
        Ok(n)
    }
}

fn locked(file: &Mutex<File>) -> std::sync::MutexGuard<'_, File> {
    file.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lines {
    /// The line of `length` bytes at `offset` of file `nth`.
    pub(super) fn get(&self, nth: u16, offset: u64, length: u32) -> Option<String> {
        let file = self.file(usize::from(nth))?;
        let mut bytes = vec![0; length as usize];
        Behind { file: &file, at: offset }.read_exact(&mut bytes).ok()?;
        String::from_utf8(bytes).ok()
    }

    fn file(&self, nth: usize) -> Option<Shared> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(nth)?.clone()
    }

    fn change(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Option<Shared>>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::watch::id_of;

    fn line(n: u32) -> String {
        format!("{{\"nta_id\":[\"{n}\"]}}\n")
    }

    fn write(path: &Path, text: &str) {
        File::options().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn come(files: &mut AlertFiles) -> Vec<LineRead> {
        let mut seen = Vec::new();
        files.read_on(&mut |lines| seen.extend_from_slice(lines)).unwrap();
        seen
    }

    fn ids(lines: &[LineRead]) -> Vec<&str> {
        lines.iter().map(|(line, ..)| id_of(line).unwrap()).collect()
    }

    #[test]
    fn lines_are_given_once_over_renaming_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.json");
        let mut files = AlertFiles::new(&path);
        assert!(come(&mut files).is_empty());
        write(&path, &(line(1) + &line(2) + "{\"nta_id"));
        let mut seen = come(&mut files);
        assert_eq!(seen.len(), 2);
        write(&path, "\":[\"3\"]}\n");
        // Two renamings between two looks.
        let renamed = |n: u32| folder.path().join(format!("alerts.json.{n}"));
        std::fs::rename(&path, renamed(1)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        write(&path, &line(4));
        std::fs::rename(&path, renamed(2)).unwrap();
        write(&path, &line(5));
        seen.extend(come(&mut files));
        assert_eq!(ids(&seen), ["1", "2", "3", "4", "5"]);
        assert!(files.let_go(0).is_empty());
        for (line, file, offset) in &seen {
            assert_eq!(files.lines().get(*file, *offset, line.len() as u32).as_deref(), Some(line.as_str()));
        }
        // Removed by somebody: let go of, and the others are still there.
        std::fs::remove_file(renamed(1)).unwrap();
        assert_eq!(files.let_go(0), [0]);
        let held: Vec<bool> =
            seen.iter().map(|(line, file, at)| files.lines().get(*file, *at, line.len() as u32).is_some()).collect();
        assert_eq!(held, [false, false, false, true, true]);
        assert_eq!(ids(&come(&mut AlertFiles::new(&path))), ["4", "5"]);
        // No alert of the second is held: it is closed, and not read again.
        assert!(files.let_go(2).is_empty() && files.lines.file(1).is_none());
        std::fs::rename(&path, renamed(3)).unwrap();
        write(&path, &line(6));
        assert_eq!(ids(&come(&mut files)), ["6"]);
    }

    #[test]
    fn a_file_that_begins_with_the_same_alert_is_another_and_one_that_was_cut_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.json");
        write(&path, &(line(1) + &line(2)));
        let mut files = AlertFiles::new(&path);
        assert_eq!(ids(&come(&mut files)), ["1", "2"]);
        std::fs::remove_file(&path).unwrap();
        assert!(come(&mut files).is_empty() && files.let_go(0).is_empty());
        write(&path, &line(1));
        assert_eq!(ids(&come(&mut files)), ["1"]);
        assert_eq!(files.let_go(0), [0]);
        assert!(!files.is_cut_short());
        File::options().write(true).open(&path).unwrap().set_len(3).unwrap();
        assert!(files.is_cut_short());
    }
}
