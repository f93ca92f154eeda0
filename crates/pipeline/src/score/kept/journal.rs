//! Records of one size, one behind the other in a file that outlives the process that writes it.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes that wait to be written, and that are read ahead.
const ROOM: usize = 1 << 17;

/// A journal that is written on.
pub(in crate::score) struct Journal {
    file: BufWriter<File>,
    records: u64,
}

impl Journal {
    /// Goes on at `path` behind the first `records` records of `record_bytes` bytes, which were settled.
    pub(super) fn open(path: &Path, record_bytes: usize, records: u64) -> io::Result<Self> {
        let mut file = File::options().write(true).create(true).truncate(false).open(path)?;
        let length = records * record_bytes as u64;
        if file.metadata()?.len() < length {
            let why = format!("{} holds fewer records than were written", path.display());
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
        }
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Journal { file: BufWriter::with_capacity(ROOM, file), records })
    }

    pub(in crate::score) fn push(&mut self, record: &[u8]) -> io::Result<()> {
        self.records += 1;
        self.file.write_all(record)
    }

    /// Brings all records to disk; how many there are.
    pub(in crate::score) fn settle(&mut self) -> io::Result<u64> {
        self.file.flush()?;
        self.file.get_ref().sync_data()?;
        Ok(self.records)
    }
}

/// The settled records of a journal, from the first on.
pub(in crate::score) struct Records {
    file: BufReader<File>,
    record_bytes: usize,
    left: u64,
}

impl Records {
    pub(super) fn open(path: &Path, record_bytes: usize, records: u64) -> io::Result<Self> {
        let file = BufReader::with_capacity(ROOM, File::open(path)?);
        Ok(Records { file, record_bytes, left: records })
    }

    /// Records that have not been read.
    pub(in crate::score) fn left(&self) -> u64 {
        self.left
    }

    /// Puts the next record behind `out`; whether there was one.
    pub(in crate::score) fn next_into(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        let start = out.len();
        out.resize(start + self.record_bytes, 0);
        self.file.read_exact(&mut out[start..]).map(|()| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_settled_is_read_again_and_what_came_behind_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut first = Journal::open(&path, 2, 0).unwrap();
        first.push(b"ab").unwrap();
        assert_eq!(first.settle().unwrap(), 1);
        first.push(b"xy").unwrap();
        drop(first);
        let mut second = Journal::open(&path, 2, 1).unwrap();
        second.push(b"cd").unwrap();
        assert_eq!(second.settle().unwrap(), 2);
        let mut records = Records::open(&path, 2, 2).unwrap();
        let mut out = Vec::new();
        while records.next_into(&mut out).unwrap() {}
        assert_eq!(out, b"abcd");
        assert!(Journal::open(&path, 2, 3).is_err());
    }
}
