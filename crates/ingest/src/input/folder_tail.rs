//! A folder that files come into: each is read once, the oldest first, whatever it is called by then, packed or not; the newest
//! one may still grow.

use std::collections::{HashMap, HashSet};
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::input::log_files::{front_of, head_of, header_of};
use crate::input::log_place::{HEAD, LogPlace, LogPlaces, Part, known_by};
use crate::input::tail::{PAUSE, TailStop, is_same};
use crate::input::unpack::{Unpacked, holds_lines};

/// How often the folder is looked through for files that came.
const LOOK: Duration = Duration::from_millis(500);
/// A file that was read and is missing for so long is forgotten: for less it may be that one look did not see it, or that it could
/// not be opened, and read once more it would all come twice.
const FORGET: Duration = Duration::from_secs(600);
/// Most missing files that are remembered, the last ones read.
const MOST_MISSING: usize = 1_000;
/// Endings of names that a writer gives until a file is whole.
const UNFINISHED: [&str; 4] = [".tmp", ".part", ".partial", ".filepart"];

/// The bytes of a folder's files from a place on, one file behind the other; give it to [`crate::follow`].
pub struct FolderTail {
    folder: PathBuf,
    /// What the files are known by that were read and are there still, or were lately.
    read: Arc<Vec<String>>,
    /// Those of them that were not seen at the last look, and since when.
    missing: HashMap<String, Instant>,
    /// By path and what the system says of it, so that files are opened for their first bytes once.
    known: HashMap<(PathBuf, u64, Option<SystemTime>), String>,
    header: io::Cursor<Vec<u8>>,
    current: Option<Current>,
    next: Option<PathBuf>,
    looked: Option<Instant>,
    places: LogPlaces,
    streamed: u64,
    ends_with_break: bool,
    found: bool,
    stop: TailStop,
}

/// The file that is read.
struct Current {
    path: PathBuf,
    found: Metadata,
    bytes: Bytes,
    head: Vec<u8>,
}

enum Bytes {
    /// Lines, which may still be added to; bytes read so far.
    Lines(File, u64),
    /// Packed, or no lines: whole when it comes.
    Whole(Box<Unpacked>),
}

impl Current {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = match &mut self.bytes {
            Bytes::Whole(bytes) => bytes.read(into)?,
            Bytes::Lines(file, at) => {
                let n = file.read(into)?;
                *at += n as u64;
                n
            }
        };
        let room = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(&into[..n.min(room)]);
        Ok(n)
    }
}

impl FolderTail {
    /// The files of `folder` from `place` on, or all. Where `has_header`, the first lines of the file of the place are read
    /// again before the bytes behind it. Errors are those of the system.
    pub fn open(folder: &Path, place: Option<&LogPlace>, has_header: bool, stop: TailStop) -> io::Result<FolderTail> {
        let mut tail = FolderTail {
            folder: folder.to_owned(),
            read: Arc::new(place.map(|place| place.read.clone()).unwrap_or_default()),
            missing: HashMap::new(),
            known: HashMap::new(),
            header: io::Cursor::default(),
            current: None,
            next: None,
            looked: None,
            places: LogPlaces::default(),
            streamed: 0,
            ends_with_break: true,
            found: true,
            stop,
        };
        let files = tail.files()?;
        if let Some(place) = place {
            let file = files.into_iter().find(|(_, file)| head_of(file).is_ok_and(|head| place.is_in(&head)));
            tail.found = file.is_some();
            if let Some((_, file)) = file {
                tail.go_on_in(&file, place, has_header)?;
            }
        }
        Ok(tail)
    }

    /// What tells places; it serves longer than the tail.
    pub fn places(&self) -> LogPlaces {
        self.places.clone()
    }

    /// Whether the file of the place asked for is still there. Where it is not, what of it was not read is lost.
    pub fn found(&self) -> bool {
        self.found
    }

    fn go_on_in(&mut self, file: &Path, place: &LogPlace, has_header: bool) -> io::Result<()> {
        let front = front_of(file, None, place.offset)?;
        let head = front[..front.len().min(HEAD)].to_vec();
        let mut current = opened(file)?;
        match &mut current.bytes {
            Bytes::Whole(bytes) => drop(io::copy(&mut bytes.take(place.offset), &mut io::sink())?),
            Bytes::Lines(file, at) => *at = file.seek(SeekFrom::Start(place.offset))?,
        }
        current.head.clone_from(&head);
        self.header = io::Cursor::new(if has_header { header_of(front) } else { Vec::new() });
        let stream = self.header.get_ref().len() as u64;
        self.places.begin(Part { stream, from: place.offset, head, read: Arc::clone(&self.read) });
        self.current = Some(current);
        Ok(())
    }

    /// Whole files and those that grow, the oldest first.
    fn files(&self) -> io::Result<Vec<(Metadata, PathBuf)>> {
        let mut files = Vec::new();
        for entry in self.folder.read_dir()? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || UNFINISHED.iter().any(|ending| name.ends_with(ending)) {
                continue;
            }
            // One that is packed just now stands there twice.
            let packed_from = [".gz", ".zst"].iter().find_map(|ending| name.strip_suffix(ending));
            if packed_from.is_some_and(|plain| self.folder.join(plain).exists()) {
                continue;
            }
            if let Ok(found) = std::fs::metadata(entry.path())
                && found.is_file()
                && found.len() > 0
            {
                files.push((found, entry.path()));
            }
        }
        files.sort_by(|(a, a_path), (b, b_path)| (a.modified().ok(), a_path).cmp(&(b.modified().ok(), b_path)));
        Ok(files)
    }

    /// Looks for the oldest file that is neither read nor being read.
    fn look(&mut self) -> io::Result<()> {
        self.looked = Some(Instant::now());
        let files = self.files()?;
        let mut present = HashSet::new();
        self.next = None;
        let mut known = HashMap::new();
        for (found, path) in files {
            if self.current.as_ref().is_some_and(|current| is_same(&current.found, &found)) {
                continue;
            }
            let key = (path.clone(), found.len(), found.modified().ok());
            let head = match self.known.remove(&key) {
                Some(head) => head,
                None => match head_of(&path) {
                    Ok(head) if self.is_current(&head) => continue,
                    Ok(head) => known_by(&head),
                    // Gone since, or packed in a way that cannot be undone: looked at again next time.
                    Err(_) => continue,
                },
            };
            if self.read.contains(&head) {
                present.insert(head.clone());
            } else if self.next.is_none() {
                self.next = Some(path);
            }
            known.insert(key, head);
        }
        self.known = known;
        self.forget(&present);
        Ok(())
    }

    /// Of files that are gone nothing needs to be known.
    fn forget(&mut self, present: &HashSet<String>) {
        let before = std::mem::take(&mut self.missing);
        let now = Instant::now();
        let is_missing = |head: &&String| !present.contains(*head);
        let n_missing = self.read.iter().filter(is_missing).count();
        let (mut too_many, mut kept) = (n_missing.saturating_sub(MOST_MISSING), Vec::new());
        for head in self.read.iter() {
            if is_missing(&head) {
                let since = before.get(head).copied().unwrap_or(now);
                if too_many > 0 || now.duration_since(since) >= FORGET {
                    too_many = too_many.saturating_sub(1);
                    continue;
                }
                self.missing.insert(head.clone(), since);
            }
            kept.push(head.clone());
        }
        if kept.len() < self.read.len() {
            self.read = Arc::new(kept);
        }
    }

    /// Whether a file that begins so is the one that is read, packed by now.
    fn is_current(&self, head: &[u8]) -> bool {
        self.current.as_ref().is_some_and(|current| current.head == head)
    }

    /// Goes over to the next file; a byte where a line must be ended before.
    fn go_over(&mut self, next: &Path, into: &mut [u8]) -> io::Result<usize> {
        let new = opened(next)?;
        if let Some(old) = self.current.replace(new) {
            let mut read = self.read.to_vec();
            read.push(known_by(&old.head));
            self.read = Arc::new(read);
        }
        self.next = None;
        self.looked = None;
        let n = usize::from(!self.ends_with_break);
        into[..n].fill(b'\n');
        self.ends_with_break = true;
        let stream = self.streamed + n as u64;
        self.places.begin(Part { stream, from: 0, head: Vec::new(), read: Arc::clone(&self.read) });
        Ok(n)
    }
}

impl Read for FolderTail {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let n = self.header.read(into)?;
        self.streamed += n as u64;
        if n > 0 {
            return Ok(n);
        }
        loop {
            let stopped = self.stop.is_stopped();
            if stopped || self.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
                self.look()?;
            }
            // What was added to it before the next one came is there by now.
            let n = self
                .current
                .as_mut()
                .map_or(Ok(0), |current| current.read(into).map_err(|e| in_file(&current.path, e)))?;
            if n > 0 {
                self.places.see(&into[..n]);
                self.ends_with_break = into[n - 1] == b'\n';
                self.streamed += n as u64;
                return Ok(n);
            }
            match self.next.take() {
                Some(next) => match self.go_over(&next, into) {
                    Ok(0) => {}
                    Ok(n) => {
                        self.streamed += n as u64;
                        return Ok(n);
                    }
                    // Renamed or packed since it was listed.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => self.looked = None,
                    Err(error) => return Err(in_file(&next, error)),
                },
                None if stopped => return Ok(0),
                None => std::thread::sleep(PAUSE),
            }
        }
    }
}

fn opened(path: &Path) -> io::Result<Current> {
    let mut file = File::open(path)?;
    let (found, mut head) = (file.metadata()?, Vec::new());
    (&mut file).take(8).read_to_end(&mut head)?;
    file.rewind()?;
    let bytes = match holds_lines(&head) {
        true => Bytes::Lines(file, 0),
        false => Bytes::Whole(Box::new(Unpacked::new(file)?)),
    };
    Ok(Current { path: path.to_owned(), found, bytes, head: Vec::new() })
}

/// The error with the file that it is of, which its source does not name.
fn in_file(path: &Path, error: io::Error) -> io::Error {
    let (kind, problem) = match error.kind() {
        // Tried again by whoever reads.
        io::ErrorKind::Interrupted => return error,
        io::ErrorKind::UnexpectedEof => (io::ErrorKind::InvalidData, "it ends in the middle (truncated)".to_owned()),
        kind => (kind, error.to_string()),
    };
    let remedy = "put it there whole or move it out of the folder, and begin the watch again";
    io::Error::new(kind, format!("{}: {problem}; {remedy}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// What stands behind `place`, and the place at its end.
    fn rest(folder: &Path, place: Option<&LogPlace>) -> (String, LogPlace, bool) {
        let stop = TailStop::default();
        stop.stop();
        let mut tail = FolderTail::open(folder, place, true, stop).unwrap();
        let mut text = String::new();
        tail.read_to_string(&mut text).unwrap();
        (text.clone(), tail.places().behind(text.len() as u64).unwrap(), tail.found())
    }

    fn write(path: &Path, text: &[u8]) {
        std::fs::write(path, text).unwrap();
        // Files are told apart by when they were last written to.
        std::thread::sleep(Duration::from_millis(15));
    }

    #[test]
    fn each_file_is_read_once_whatever_it_is_called_and_packed_by_then() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("b.csv"), b"a,b\n1,2\n");
        write(&at("a.csv"), b"a,b\n3,4\n");
        write(&at("half.csv.tmp"), b"a,b\n9,9\n");
        let (text, place, _) = rest(folder.path(), None);
        assert_eq!(text, "a,b\n1,2\na,b\n3,4\n", "the oldest first");
        // The newest one grows; the older one is packed and renamed; another comes, with an older date than either.
        File::options().append(true).open(at("a.csv")).unwrap().write_all(b"5,6").unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&std::fs::read(at("b.csv")).unwrap()).unwrap();
        std::fs::remove_file(at("b.csv")).unwrap();
        write(&at("0.csv.gz"), &packed.finish().unwrap());
        let mut packed = zstd::encode_all(&b"a,b\n7,8\n"[..], 1).unwrap();
        write(&at("old.csv.zst"), &packed);
        let old = File::options().write(true).open(at("old.csv.zst")).unwrap();
        old.set_modified(SystemTime::now() - Duration::from_secs(3_600)).unwrap();
        let (text, place, found) = rest(folder.path(), Some(&place));
        assert_eq!((text.as_str(), found), ("a,b\n5,6\na,b\n7,8\n", true));
        // Nothing is read again; of a file that is gone no more than its rest is lost, and that is said.
        assert_eq!(rest(folder.path(), Some(&place)).0, "a,b\n");
        std::fs::remove_file(at("old.csv.zst")).unwrap();
        packed = zstd::encode_all(&b"a,b\n0,0\n"[..], 1).unwrap();
        write(&at("new.csv.zst"), &packed);
        let (text, _, found) = rest(folder.path(), Some(&place));
        assert_eq!((text.as_str(), found), ("a,b\n0,0\n", false));
    }

    #[test]
    fn a_file_that_ends_in_the_middle_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let lines: String = (0..20_000_u64).map(|n| format!("{n},{}\n", n.wrapping_mul(n))).collect();
        packed.write_all(lines.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        write(&folder.path().join("half.csv.gz"), &packed[..packed.len() / 2]);
        let stop = TailStop::default();
        stop.stop();
        let mut tail = FolderTail::open(folder.path(), None, true, stop).unwrap();
        let error = crate::error::IngestError::read("gate", &tail.read_to_string(&mut String::new()).unwrap_err());
        let told = error.to_string();
        assert!(told.contains("half.csv.gz: it ends in the middle") && told.contains("put it there whole"), "{told}");
    }

    #[test]
    fn a_file_that_one_look_does_not_see_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("a.csv"), b"a,b\n1,2\n");
        write(&at("b.csv"), b"a,b\n3,4\n");
        let (_, place, _) = rest(folder.path(), None);
        std::fs::rename(at("a.csv"), at(".a.csv")).unwrap();
        let (_, place, _) = rest(folder.path(), Some(&place));
        std::fs::rename(at(".a.csv"), at("a.csv")).unwrap();
        assert_eq!(rest(folder.path(), Some(&place)).0, "a,b\n");
        // Missing ones are remembered up to a number, and those that are there always.
        let mut tail = FolderTail::open(folder.path(), Some(&place), true, TailStop::default()).unwrap();
        let there = known_by(b"a,b\n1,2\n");
        let gone = (0..MOST_MISSING + 5).map(|n| n.to_string());
        tail.read = Arc::new(std::iter::once(there.clone()).chain(gone).collect());
        tail.look().unwrap();
        assert_eq!((tail.read.len(), &tail.read[0], tail.read[1].as_str()), (MOST_MISSING + 1, &there, "5"));
        // For long, and they are forgotten.
        let Some(long_ago) = Instant::now().checked_sub(FORGET) else { return };
        tail.missing.values_mut().for_each(|since| *since = long_ago);
        tail.look().unwrap();
        assert_eq!(tail.read[..], [there]);
    }
}
