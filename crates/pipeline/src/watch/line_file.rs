//! A file of lines that a killed process may have got further with than what was saved: the lines behind are kept, and are
//! not written again.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{PipelineError, failed};

/// Lines with an id each, every id once.
pub(super) struct LineFile {
    path: PathBuf,
    out: Out,
    /// Lines that the system has not taken yet.
    pending: Vec<u8>,
    /// Bytes with those.
    length: u64,
    /// Ids of lines that stand there and are still to come again.
    there: HashSet<String>,
    rotate_bytes: u64,
}

/// What is saved of a file of lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Settled {
    /// Bytes that stand there.
    bytes: u64,
    /// Ids of lines among them that a killed process had got further with than what it saved: they come again, and are not to
    /// be written again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to_come: Vec<String>,
}

/// A file of lines that are to be on disk.
pub(super) struct ToSync {
    path: PathBuf,
    file: File,
}

impl ToSync {
    pub(super) fn sync(&self) -> Result<(), PipelineError> {
        self.file.sync_data().map_err(|source| unwritten(&self.path, source))
    }
}

enum Out {
    File(File),
    Stdout(io::Stdout),
}

impl LineFile {
    /// Standard output: what was written there is not looked at again.
    pub(super) fn stdout() -> LineFile {
        let out = Out::Stdout(io::stdout());
        let path = PathBuf::from("standard output");
        LineFile { path, out, pending: Vec::new(), length: 0, there: HashSet::new(), rotate_bytes: 0 }
    }

    /// The file at `path` as it was settled. Lines behind that are kept, half a line at its end is cut off.
    pub(super) fn open(path: &Path, settled: &Settled, rotate_bytes: u64) -> Result<LineFile, PipelineError> {
        let opened = || -> io::Result<LineFile> {
            let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
            let mut length = settled.bytes.min(file.metadata()?.len());
            file.seek(SeekFrom::Start(length))?;
            let mut there: HashSet<String> = settled.to_come.iter().cloned().collect();
            let (mut reader, mut line) = (BufReader::new(&file), Vec::new());
            // By bytes: a line may be cut inside a character.
            while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
                there.extend(id_of(&String::from_utf8_lossy(&line)).map(str::to_owned));
                length += line.len() as u64;
                line.clear();
            }
            file.set_len(length)?;
            file.seek(SeekFrom::Start(length))?;
            let (path, out) = (path.to_owned(), Out::File(file));
            Ok(LineFile { path, out, pending: Vec::new(), length, there, rotate_bytes })
        };
        opened().map_err(|source| unwritten(path, source))
    }

    /// Adds a line, unless it is there; it is written by the next flush.
    pub(super) fn write(&mut self, id: &str, line: &str) {
        if self.there.remove(id) {
            return;
        }
        self.length += line.len() as u64 + 1;
        self.pending.extend_from_slice(line.as_bytes());
        self.pending.push(b'\n');
    }

    /// Writes what is pending. What the system has not taken before an error is still pending, and a later flush goes on there.
    pub(super) fn flush(&mut self) -> Result<(), PipelineError> {
        let mut written = 0;
        let flushed = loop {
            if written == self.pending.len() {
                break Ok(());
            }
            let rest = &self.pending[written..];
            let taken = match &mut self.out {
                Out::File(file) => file.write(rest),
                Out::Stdout(out) => out.write_all(rest).map(|()| rest.len()),
            };
            match taken {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => written += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.pending.drain(..written);
        let flushed = flushed.and_then(|()| match &mut self.out {
            Out::File(_) => Ok(()),
            Out::Stdout(out) => out.flush(),
        });
        flushed.map_err(|source| unwritten(&self.path, source))
    }

    /// Hands all lines to the system; what there is of them, to be believed once the file is synced.
    pub(super) fn settle(&mut self) -> Result<(Settled, Option<ToSync>), PipelineError> {
        self.flush()?;
        let to_sync = match &self.out {
            Out::File(file) => Some(ToSync {
                file: file.try_clone().map_err(|source| unwritten(&self.path, source))?,
                path: self.path.clone(),
            }),
            Out::Stdout(_) => None,
        };
        let mut to_come: Vec<String> = self.there.iter().cloned().collect();
        to_come.sort_unstable();
        Ok((Settled { bytes: self.length, to_come }, to_sync))
    }

    /// Whether there are more bytes than allowed.
    pub(super) fn is_full(&self) -> bool {
        self.rotate_bytes > 0 && self.length >= self.rotate_bytes && matches!(self.out, Out::File(_))
    }

    /// Renames a file of more bytes than allowed to `<name>.<n>` and begins another.
    pub(super) fn rotate_if_full(&mut self) -> Result<bool, PipelineError> {
        if !self.is_full() {
            return Ok(false);
        }
        rename_away(&self.path)?;
        *self = LineFile {
            there: std::mem::take(&mut self.there),
            ..LineFile::open(&self.path.clone(), &Settled::default(), self.rotate_bytes)?
        };
        Ok(true)
    }
}

/// Renames the file at `path` to `<name>.<n>`, where there is one.
pub(super) fn rename_away(path: &Path) -> Result<(), PipelineError> {
    let named = |n: u32| PathBuf::from(format!("{}.{n}", path.display()));
    let free = (1..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(0));
    match std::fs::rename(path, &free) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(unwritten(&free, source)),
        _ => Ok(()),
    }
}

/// The id in a line: the first value named `id`, which both kinds of lines write so.
pub(crate) fn id_of(line: &str) -> Option<&str> {
    let rest = line.split_once("\"nta_id\":\"").or_else(|| line.split_once("\"nta_id\":[\""))?.1;
    rest.split_once('"').map(|(id, _)| id)
}

/// A file that could not be written.
pub(super) fn unwritten(path: &Path, source: io::Error) -> PipelineError {
    failed(nta_tracking::TrackingError::Io { doing: "write", path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_behind_the_saved_length_stay_and_half_a_line_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.json");
        let line = |n: u32| format!("{{\"nta_id\":\"{n}\"}}");
        let mut file = LineFile::open(&path, &Settled::default(), 0).unwrap();
        file.write("1", &line(1));
        let (settled, _) = file.settle().unwrap();
        file.write("2", &line(2));
        file.flush().unwrap();
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"nta_id\":\"3\xc3").unwrap();
        let mut file = LineFile::open(&path, &settled, 0).unwrap();
        // Killed once more before it came as far as the first one: what that wrote is still known.
        let (settled, _) = file.settle().unwrap();
        drop(file);
        let mut file = LineFile::open(&path, &settled, 0).unwrap();
        for n in 2..=3 {
            file.write(&n.to_string(), &line(n));
        }
        assert_eq!(file.settle().unwrap().0.to_come, [""; 0]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n{}\n{}\n", line(1), line(2), line(3)));
    }

    #[test]
    fn a_full_file_is_renamed_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.json");
        let mut file = LineFile::open(&path, &Settled::default(), 4).unwrap();
        file.write("1", "one");
        file.flush().unwrap();
        assert!(file.is_full());
        assert!(file.rotate_if_full().unwrap() && !file.rotate_if_full().unwrap());
        file.write("2", "two");
        assert_eq!(file.settle().unwrap().0.bytes, 4);
        assert_eq!(std::fs::read_to_string(folder.path().join("alerts.json.1")).unwrap(), "one\n");
    }
}
