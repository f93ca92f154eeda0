//! A log that grows and is rotated, read from a place that outlives the process.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::input::log_files::{find, front_of, header_of, newer_than, open_rotated};
use crate::input::log_place::{HEAD, LogPlace, LogPlaces, Part};
use crate::input::tail::{PAUSE, Tail, TailStop, Turn, is_same};
use crate::input::unpack::Unpacked;

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
    ends_with_break: bool,
    found: bool,
    lost_files: Arc<AtomicU64>,
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
        let tail = |file: File, at: u64| Tail::of(path, file, at, stop.clone()).until_turn();
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
                let part = Part { stream, from: place.offset, head, read: Arc::default() };
                (Reading::Header(io::Cursor::new(header), Box::new(reading)), part)
            }
            _ => {
                let growing = growing.take().map_or_else(|| File::open(path), Ok)?;
                (
                    Reading::Growing(tail(growing, 0)),
                    Part { stream: 0, from: 0, head: Vec::new(), read: Arc::default() },
                )
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
            ends_with_break: true,
            found: place.is_none() || found.is_some(),
            lost_files: Arc::default(),
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

    /// Counts the rotated files that were gone when their turn came, and were passed over; it serves longer than the tail.
    pub fn lost_files(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lost_files)
    }

    /// Goes over to the next rotated file, or to the one that grows; a byte where a line must be ended before. `None`
    /// where the log was renamed away and does not stand there yet.
    fn next_file(&mut self, into: &mut [u8]) -> io::Result<Option<usize>> {
        let mut rotated = None;
        while let Some(file) = self.rotated.front() {
            match open_rotated(file) {
                Ok(file) => {
                    rotated = Some(Unpacked::new(file)?);
                    break;
                }
                // Deleted before its turn.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.rotated.pop_front();
                    self.lost_files.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => return Err(error),
            }
        }
        let next = match rotated {
            Some(rotated) => Reading::Rotated(Box::new(rotated)),
            None => match self.growing.take().map_or_else(|| File::open(&self.path), Ok) {
                Ok(file) => Reading::Growing(Tail::of(&self.path, file, 0, self.stop.clone()).until_turn()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        self.rotated.pop_front();
        self.reading = next;
        let n = usize::from(!self.ends_with_break);
        into[..n].fill(b'\n');
        self.ends_with_break = true;
        self.places.begin(Part { stream: self.streamed + n as u64, from: 0, head: Vec::new(), read: Arc::default() });
        Ok(Some(n))
    }

    /// Of a log that was copied and cut: goes on in the copy, where that is found, then at the log's front.
    fn read_copy_of(&mut self, cut: File) -> io::Result<()> {
        let read = self.places.behind(self.streamed).unwrap_or_default();
        let copy = find(&self.path, &read, Some(&cut))?.filter(|(file, _)| *file != self.path);
        self.growing = Some(cut);
        self.reading = match copy {
            Some((file, _)) => {
                let mut copy = Unpacked::new(open_rotated(&file)?)?;
                let mut front = Vec::new();
                (&mut copy).take(read.offset).read_to_end(&mut front)?;
                self.ends_with_break = front.last().is_none_or(|byte| *byte == b'\n');
                front.truncate(HEAD);
                self.places.begin(Part { stream: self.streamed, from: read.offset, head: front, read: Arc::default() });
                Reading::Rotated(Box::new(copy))
            }
            None => Reading::Rotated(Box::new(io::empty())),
        };
        Ok(())
    }

    /// The log was renamed away and read to its end: goes on in those that were rotated away since, then in the one that
    /// grows.
    fn read_behind(&mut self, old: &File) -> io::Result<()> {
        let read = self.places.behind(self.streamed).unwrap_or_default();
        self.growing = File::open(&self.path).ok();
        self.rotated = newer_than(old, &self.path, &read, self.growing.as_ref())?.into();
        self.reading = Reading::Rotated(Box::new(io::empty()));
        Ok(())
    }

    /// Bytes that stand in the log and were not read yet; packed ones as they are packed.
    pub fn unread(&self) -> io::Result<u64> {
        let length = |file: &PathBuf| file.metadata().map_or(0, |found| found.len());
        let mut unread: u64 = self.rotated.iter().map(length).sum();
        if let Some(growing) = &self.growing {
            unread += growing.metadata()?.len();
        }
        if let Reading::Growing(tail) = &self.reading {
            let (rest, file) = tail.unread()?;
            unread += rest;
            if let Ok(growing) = File::open(&self.path)
                && !is_same(&growing.metadata()?, &file.metadata()?)
            {
                let read = self.places.behind(self.streamed).unwrap_or_default();
                unread += newer_than(file, &self.path, &read, Some(&growing))?.iter().map(length).sum::<u64>();
                unread += growing.metadata()?.len();
            }
        }
        Ok(unread)
    }

    fn read_growing(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Reading::Growing(tail) = &mut self.reading else { return Ok(0) };
        let n = tail.read(into)?;
        match tail.take_turn()? {
            None => {}
            Some((Turn::Cut, cut)) => self.read_copy_of(cut)?,
            Some((Turn::Moved, old)) => self.read_behind(&old)?,
        }
        if n > 0 {
            self.places.see(&into[..n]);
            self.ends_with_break = into[n - 1] == b'\n';
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
                Reading::Growing(_) => match self.read_growing(into)? {
                    // It was cut or renamed away.
                    0 if matches!(self.reading, Reading::Rotated(_)) => continue,
                    n => n,
                },
            };
            self.streamed += n as u64;
            return Ok(n);
        }
    }
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
    fn a_log_that_is_rotated_twice_before_it_is_looked_at_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conn.log");
        std::fs::write(&path, "1\n").unwrap();
        let stop = TailStop::default();
        let mut tail = LogTail::open(&path, None, false, stop.clone()).unwrap();
        assert_eq!(tail.read(&mut [0; 64]).unwrap(), 2);
        for n in 2..=4 {
            std::fs::rename(&path, folder.path().join(format!("conn.log-{n}"))).unwrap();
            std::fs::write(&path, format!("{n}\n")).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(15));
        }
        assert_eq!(tail.unread().unwrap(), 6);
        stop.stop();
        let mut text = String::new();
        tail.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), tail.unread().unwrap()), ("2\n3\n4\n", 0));
    }

    #[test]
    fn a_rotated_file_that_is_deleted_before_its_turn_is_counted_and_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conn.log");
        std::fs::write(&path, "1\n").unwrap();
        let (_, place, _) = rest(&path, None);
        for n in 2..=4 {
            std::fs::rename(&path, folder.path().join(format!("conn.log-{n}"))).unwrap();
            std::fs::write(&path, format!("{n}\n")).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(15));
        }
        let stop = TailStop::default();
        stop.stop();
        let mut tail = LogTail::open(&path, Some(&place), false, stop).unwrap();
        std::fs::remove_file(folder.path().join("conn.log-3")).unwrap();
        let mut text = String::new();
        tail.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), tail.lost_files().load(Ordering::Relaxed)), ("3\n4\n", 1));
    }

    #[test]
    fn of_a_log_that_is_copied_and_cut_the_rest_is_read_from_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (folder.path().join("conn.log"), folder.path().join("conn.log.1"));
        std::fs::write(&path, "a,b\n1,2\n").unwrap();
        let stop = TailStop::default();
        let mut tail = LogTail::open(&path, None, true, stop.clone()).unwrap();
        let mut buffer = [0; 64];
        assert_eq!(tail.read(&mut buffer).unwrap(), 8);
        File::options().append(true).open(&path).unwrap().write_all(b"3,4\n5").unwrap();
        std::fs::copy(&path, &copy).unwrap();
        let cut = File::options().write(true).open(&path).unwrap();
        cut.set_len(0).unwrap();
        std::fs::write(&path, "a,b\n").unwrap();
        stop.stop();
        let mut text = String::new();
        tail.read_to_string(&mut text).unwrap();
        assert_eq!(text, "3,4\n5\na,b\n");
        let place = tail.places().behind(8 + text.len() as u64).unwrap();
        File::options().append(true).open(&path).unwrap().write_all(b"7,8\n").unwrap();
        assert_eq!(rest(&path, Some(&place)).0, "a,b\n7,8\n");
        // Without a copy the log is read from its front.
        std::fs::remove_file(&copy).unwrap();
        let mut tail = LogTail::open(&path, None, true, stop).unwrap();
        assert_eq!(tail.read(&mut buffer).unwrap(), 8);
        std::fs::write(&path, "new\n").unwrap();
        let mut text = String::new();
        tail.read_to_string(&mut text).unwrap();
        assert_eq!(text, "new\n");
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
