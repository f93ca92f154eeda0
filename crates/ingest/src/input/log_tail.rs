//! A log that grows and is rotated, read from a place that outlives the process: the place names a file by its first bytes,
//! so it is found again after a rename, a copy, or packing.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::input::tail::{PAUSE, Tail, TailStop, is_same};
use crate::input::unpack::Unpacked;

/// First bytes by which a file is known.
const HEAD: usize = 1 << 10;
/// Most bytes of a header.
const LONGEST_HEADER: u64 = 1 << 20;
/// Files gone by of which places are still known.
const MOST_PARTS: usize = 64;

/// A place in a log: behind this many bytes of the file that begins so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPlace {
    /// Bytes that `sha256` is of.
    pub head: u64,
    /// SHA-256 of the file's first bytes, in hexadecimal.
    pub sha256: String,
    /// Bytes before the place.
    pub offset: u64,
}

/// One file of a stream of files.
#[derive(Debug)]
struct Part {
    /// Bytes of the stream before the byte `from` of the file.
    stream: u64,
    from: u64,
    head: Vec<u8>,
}

impl Part {
    fn see(&mut self, bytes: &[u8]) {
        let room = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// Tells for bytes of the stream where in the log they stood.
#[derive(Debug, Clone, Default)]
pub struct LogPlaces(Arc<Mutex<VecDeque<Part>>>);

impl LogPlaces {
    /// The place behind `offset` bytes of the stream; `None` before anything was read.
    pub fn behind(&self, offset: u64) -> Option<LogPlace> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Where one file ends and the next begins, the end: what came between the two while nobody looked is read then.
        let part = parts.iter().rev().find(|part| part.stream < offset).or(parts.front())?;
        let offset = part.from + offset.saturating_sub(part.stream);
        let head = &part.head[..part.head.len().min(offset as usize)];
        Some(LogPlace { head: head.len() as u64, sha256: nta_data::hex(&Sha256::digest(head)), offset })
    }

    fn with<T>(&self, change: impl FnOnce(&mut VecDeque<Part>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn begin(&self, part: Part) {
        self.with(|parts| {
            parts.push_back(part);
            if parts.len() > MOST_PARTS {
                parts.pop_front();
            }
        });
    }

    fn see(&self, bytes: &[u8]) {
        self.with(|parts| parts.back_mut().map(|part| part.see(bytes)));
    }
}

/// The bytes of a log from a place on; give it to [`crate::follow`]. Files that were rotated away are read before the one
/// that grows.
pub struct LogTail {
    path: PathBuf,
    /// Rotated files, the oldest first, still to be read.
    rotated: VecDeque<PathBuf>,
    /// The file that grew when they were listed, to be read behind them.
    growing: Option<File>,
    reading: Reading,
    places: LogPlaces,
    streamed: u64,
    turns: u64,
    ends_with_break: bool,
    found: bool,
    stop: TailStop,
}

enum Reading {
    Header(io::Cursor<Vec<u8>>, Box<Reading>),
    Rotated(Box<dyn Read + Send>),
    Growing(Tail),
}

impl LogTail {
    /// The log at `path`, which must exist, from `place` on, or from its front. Where `has_header`, its first lines, which
    /// name the columns, are read again before the bytes behind the place. Errors are those of the system.
    pub fn open(path: &Path, place: Option<&LogPlace>, has_header: bool, stop: TailStop) -> io::Result<LogTail> {
        let places = LogPlaces::default();
        let tail = |file: File, at: u64| Tail::of(path, file, at, stop.clone());
        // Held before the rotated files are listed: where it is renamed away meanwhile, it is known among them.
        let mut growing = File::open(path).ok();
        let found = match place {
            None => None,
            Some(place) => find(path, place, growing.as_ref())?,
        };
        let mut rotated = VecDeque::new();
        let (reading, part) = match (&found, place) {
            (Some((file, newer)), Some(place)) => {
                let held = growing.as_ref().filter(|_| file == path);
                let front = front_of(file, held, place.offset)?;
                let head = front[..front.len().min(HEAD)].to_vec();
                let header = if has_header { header_of(front) } else { Vec::new() };
                let stream = header.len() as u64;
                let reading = if file == path {
                    let mut growing = growing.take().map_or_else(|| File::open(file), Ok)?;
                    growing.seek(SeekFrom::Start(place.offset))?;
                    Reading::Growing(tail(growing, place.offset))
                } else {
                    let mut old = Unpacked::new(File::open(file)?)?;
                    io::copy(&mut (&mut old).take(place.offset), &mut io::sink())?;
                    rotated.extend(newer.iter().cloned());
                    Reading::Rotated(Box::new(old))
                };
                let part = Part { stream, from: place.offset, head };
                (Reading::Header(io::Cursor::new(header), Box::new(reading)), part)
            }
            _ => {
                let growing = growing.take().map_or_else(|| File::open(path), Ok)?;
                (Reading::Growing(tail(growing, 0)), Part { stream: 0, from: 0, head: Vec::new() })
            }
        };
        places.begin(part);
        Ok(LogTail {
            path: path.to_owned(),
            rotated,
            growing,
            reading,
            places,
            streamed: 0,
            turns: 0,
            ends_with_break: true,
            found: place.is_none() || found.is_some(),
            stop,
        })
    }

    /// What tells places; it serves longer than the tail.
    pub fn places(&self) -> LogPlaces {
        self.places.clone()
    }

    /// Whether the file of the place asked for is still there. Where it is not, the log is read from its front, and what
    /// stood between is lost.
    pub fn found(&self) -> bool {
        self.found
    }

    /// Goes over to the next rotated file, or to the one that grows; a byte where a line must be ended before. `None`
    /// where the log was renamed away and does not stand there yet.
    fn next_file(&mut self, into: &mut [u8]) -> io::Result<Option<usize>> {
        let next = match self.rotated.front() {
            Some(file) => Reading::Rotated(Box::new(Unpacked::new(open_rotated(file)?)?)),
            None => match self.growing.take().map_or_else(|| File::open(&self.path), Ok) {
                Ok(file) => Reading::Growing(Tail::of(&self.path, file, 0, self.stop.clone())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        self.rotated.pop_front();
        self.reading = next;
        let n = usize::from(!self.ends_with_break);
        into[..n].fill(b'\n');
        self.ends_with_break = true;
        self.places.begin(Part { stream: self.streamed + n as u64, from: 0, head: Vec::new() });
        Ok(Some(n))
    }

    fn read_growing(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Reading::Growing(tail) = &mut self.reading else { return Ok(0) };
        let n = tail.read(into)?;
        let (at, turns) = tail.standing();
        if turns != self.turns {
            self.turns = turns;
            let stream = self.streamed + (n as u64).saturating_sub(at);
            self.places.begin(Part { stream, from: 0, head: Vec::new() });
            self.places.see(&into[n - (at as usize).min(n)..n]);
        } else {
            self.places.see(&into[..n]);
        }
        Ok(n)
    }
}

impl Read for LogTail {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let n = match &mut self.reading {
                Reading::Header(header, _) => {
                    let n = header.read(into)?;
                    if n == 0
                        && let Reading::Header(_, behind) =
                            std::mem::replace(&mut self.reading, Reading::Rotated(Box::new(io::empty())))
                    {
                        self.reading = *behind;
                        continue;
                    }
                    n
                }
                Reading::Rotated(file) => match file.read(into)? {
                    0 => match self.next_file(into)? {
                        Some(0) => continue,
                        Some(n) => n,
                        None if self.stop.is_stopped() => return Ok(0),
                        None => {
                            std::thread::sleep(PAUSE);
                            continue;
                        }
                    },
                    n => {
                        self.places.see(&into[..n]);
                        self.ends_with_break = into[n - 1] == b'\n';
                        n
                    }
                },
                Reading::Growing(_) => self.read_growing(into)?,
            };
            self.streamed += n as u64;
            return Ok(n);
        }
    }
}

/// The file that begins as the place says, and the rotated files that are newer, the oldest first.
fn find(path: &Path, place: &LogPlace, growing: Option<&File>) -> io::Result<Option<(PathBuf, Vec<PathBuf>)>> {
    let begins_so = |head: &[u8]| {
        head.get(..place.head as usize).is_some_and(|head| nta_data::hex(&Sha256::digest(head)) == place.sha256)
    };
    if let Some(mut file) = growing {
        // The file that is held, whatever it is called by now.
        let mut head = Vec::new();
        file.rewind()?;
        file.take(HEAD as u64).read_to_end(&mut head)?;
        file.rewind()?;
        if begins_so(&head) && file.metadata()?.len() >= place.offset {
            return Ok(Some((path.to_owned(), Vec::new())));
        }
    }
    let mut rotated = rotated(path, growing)?;
    rotated.sort();
    let Some(at) = rotated.iter().rposition(|(_, file)| head_of(file).is_ok_and(|head| begins_so(&head))) else {
        return Ok(None);
    };
    let newer = rotated.split_off(at + 1).into_iter().map(|(_, file)| file).collect();
    Ok(rotated.pop().map(|(_, file)| (file, newer)))
}

/// The rotated file, or what packing made of it since it was listed.
fn open_rotated(file: &Path) -> io::Result<File> {
    let packed = |ending: &str| File::open(format!("{}{ending}", file.display()));
    File::open(file).or_else(|error| packed(".gz").or_else(|_| packed(".zst")).map_err(|_| error))
}

/// Files beside the log whose names begin like its own (`conn.log.1`, `conn.log-20261128.gz`), and when each was last
/// written to. One that is being packed is listed once, as it was.
fn rotated(path: &Path, growing: Option<&File>) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut files = Vec::new();
    for entry in folder.read_dir()? {
        let entry = entry?;
        let theirs = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        let is_packing = theirs.ends_with(".gz") || theirs.ends_with(".zst");
        if theirs == name || !theirs.starts_with(&name) || is_packing && path.with_extension("").exists() {
            continue;
        }
        if let Ok(found) = entry.metadata()
            && found.is_file()
            && !growing.is_some_and(|growing| growing.metadata().is_ok_and(|there| is_same(&there, &found)))
        {
            files.push((found.modified()?, path));
        }
    }
    Ok(files)
}

fn head_of(file: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    Unpacked::new(File::open(file)?)?.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// The first bytes of a file, by its path or as it is held, none of them behind `offset`.
fn front_of(path: &Path, held: Option<&File>, offset: u64) -> io::Result<Vec<u8>> {
    let mut front = Vec::new();
    let most = LONGEST_HEADER.min(offset);
    match held {
        Some(mut file) => {
            file.rewind()?;
            file.take(most).read_to_end(&mut front)?
        }
        None => Unpacked::new(File::open(path)?)?.take(most).read_to_end(&mut front)?,
    };
    Ok(front)
}

/// The lines of `front` before the first flow: comments, and where those name no columns and the flows do not name their
/// own, the line after them.
fn header_of(mut front: Vec<u8>) -> Vec<u8> {
    let (mut end, mut names_columns) = (0, false);
    for line in front.split_inclusive(|byte| *byte == b'\n') {
        let is_comment = line.starts_with(b"#");
        if !is_comment && (names_columns || line.starts_with(b"{")) {
            break;
        }
        names_columns |= line.starts_with(b"#fields");
        end += line.len();
        if !is_comment && !line.trim_ascii().is_empty() {
            break;
        }
    }
    front.truncate(end);
    front
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// What stands behind `place`, and the place at its end.
    fn rest(path: &Path, place: Option<&LogPlace>) -> (String, LogPlace, bool) {
        let stop = TailStop::default();
        stop.stop();
        let mut tail = LogTail::open(path, place, true, stop).unwrap();
        let mut text = String::new();
        tail.read_to_string(&mut text).unwrap();
        (text.clone(), tail.places().behind(text.len() as u64).unwrap(), tail.found())
    }

    #[test]
    fn a_place_is_found_again_after_renaming_copying_and_packing() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("conn.log"), folder.path().join("conn.log.1"));
        std::fs::write(&path, "a,b\n1,2\n").unwrap();
        let (text, place, _) = rest(&path, None);
        assert_eq!((text.as_str(), place.offset), ("a,b\n1,2\n", 8));
        File::options().append(true).open(&path).unwrap().write_all(b"3,4\n").unwrap();
        let (text, behind, _) = rest(&path, Some(&place));
        assert_eq!((text.as_str(), behind.offset), ("a,b\n3,4\n", 12));
        // Renamed, and another begun.
        std::fs::rename(&path, &old).unwrap();
        std::fs::write(&path, "a,b\n5,6\n").unwrap();
        let (text, behind, found) = rest(&path, Some(&place));
        assert_eq!((text.as_str(), found), ("a,b\n3,4\na,b\n5,6\n", true));
        assert_eq!(behind.offset, 8);
        // Packed since, and a further one between.
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&std::fs::read(&old).unwrap()).unwrap();
        std::fs::remove_file(&old).unwrap();
        std::fs::write(folder.path().join("conn.log.2.gz"), packed.finish().unwrap()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::rename(&path, &old).unwrap();
        File::options().append(true).open(&old).unwrap().write_all(b"7,8").unwrap();
        std::fs::write(&path, "a,b\n9,0\n").unwrap();
        let (text, ..) = rest(&path, Some(&place));
        assert_eq!(text, "a,b\n3,4\na,b\n5,6\n7,8\na,b\n9,0\n");
        // Gone.
        std::fs::remove_file(folder.path().join("conn.log.2.gz")).unwrap();
        let (text, _, found) = rest(&path, Some(&place));
        assert_eq!((text.as_str(), found), ("a,b\n9,0\n", false));
    }
}
