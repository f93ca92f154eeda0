//! Sorting more fixed-size records than memory holds: sorted runs on disk, merged once (Knuth, TAOCP vol. 3, 5.4).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

/// Collects records and gives them back in order of their key; equal keys keep the order in which they came.
pub(crate) struct ExternalSort {
    record_bytes: usize,
    room_records: usize,
    keys: Vec<i128>,
    records: Vec<u8>,
    folder: tempfile::TempDir,
    runs: Vec<File>,
}

impl ExternalSort {
    /// Sorts records of `record_bytes` bytes, holding at most about `room_bytes` of them in memory; the rest goes to a
    /// temporary folder inside `folder`, gone when the sort is dropped.
    pub(crate) fn new(record_bytes: usize, room_bytes: usize, folder: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(nta_atomic::TEMPORARY_PREFIX).tempdir_in(folder)?;
        let room_records = (room_bytes / (record_bytes + size_of::<i128>())).max(1);
        Ok(ExternalSort { record_bytes, room_records, keys: Vec::new(), records: Vec::new(), folder, runs: Vec::new() })
    }

    /// Adds one record of exactly `record_bytes` bytes.
    pub(crate) fn push(&mut self, key: i128, record: &[u8]) -> io::Result<()> {
        debug_assert_eq!(record.len(), self.record_bytes);
        self.keys.push(key);
        self.records.extend_from_slice(record);
        if self.keys.len() >= self.room_records {
            self.spill()?;
        }
        Ok(())
    }

    fn sorted_order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.keys.len() as u32).collect();
        order.sort_by_key(|&i| self.keys[i as usize]);
        order
    }

    fn spill(&mut self) -> io::Result<()> {
        let file = tempfile::tempfile_in(self.folder.path())?;
        let mut writer = BufWriter::with_capacity(1 << 18, file);
        for i in self.sorted_order() {
            let i = i as usize;
            writer.write_all(&self.keys[i].to_le_bytes())?;
            writer.write_all(&self.records[i * self.record_bytes..(i + 1) * self.record_bytes])?;
        }
        let mut file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        self.keys.clear();
        self.records.clear();
        Ok(())
    }

    /// Ends the input and begins the ordered output.
    pub(crate) fn finish(mut self) -> io::Result<Sorted> {
        if self.runs.is_empty() {
            let order = self.sorted_order();
            let source = Source::Memory { order: order.into_iter(), records: self.records };
            return Ok(Sorted { record_bytes: self.record_bytes, source, _folder: self.folder });
        }
        if !self.keys.is_empty() {
            self.spill()?;
        }
        let buffer = (32usize << 20) / self.runs.len();
        let mut runs: Vec<Run> = self
            .runs
            .drain(..)
            .map(|file| Run {
                reader: BufReader::with_capacity(buffer.clamp(1 << 14, 1 << 20), file),
                record: Vec::new(),
            })
            .collect();
        let mut heap = BinaryHeap::new();
        for (i, run) in runs.iter_mut().enumerate() {
            if let Some(key) = run.advance(self.record_bytes)? {
                heap.push(Reverse((key, i)));
            }
        }
        Ok(Sorted { record_bytes: self.record_bytes, source: Source::Runs { runs, heap }, _folder: self.folder })
    }
}

struct Run {
    reader: BufReader<File>,
    record: Vec<u8>,
}

impl Run {
    fn advance(&mut self, record_bytes: usize) -> io::Result<Option<i128>> {
        let mut key = [0u8; 16];
        match self.reader.read_exact(&mut key) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        self.record.resize(record_bytes, 0);
        self.reader.read_exact(&mut self.record)?;
        Ok(Some(i128::from_le_bytes(key)))
    }
}

enum Source {
    Memory { order: std::vec::IntoIter<u32>, records: Vec<u8> },
    Runs { runs: Vec<Run>, heap: BinaryHeap<Reverse<(i128, usize)>> },
}

/// Records in order of their key.
pub(crate) struct Sorted {
    record_bytes: usize,
    source: Source,
    _folder: tempfile::TempDir,
}

impl Sorted {
    /// Appends the next record to `out`; `false` when there is none left.
    pub(crate) fn next_into(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        match &mut self.source {
            Source::Memory { order, records } => {
                let Some(i) = order.next() else { return Ok(false) };
                let start = i as usize * self.record_bytes;
                out.extend_from_slice(&records[start..start + self.record_bytes]);
            }
            Source::Runs { runs, heap } => {
                let Some(Reverse((_, i))) = heap.pop() else { return Ok(false) };
                out.extend_from_slice(&runs[i].record);
                if let Some(key) = runs[i].advance(self.record_bytes)? {
                    heap.push(Reverse((key, i)));
                }
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted_with_room(room_bytes: usize) -> Vec<(i32, u32)> {
        let folder = tempfile::tempdir().unwrap();
        let mut sort = ExternalSort::new(8, room_bytes, folder.path()).unwrap();
        for i in 0..1_000u32 {
            let key = (i as i32 * 7_919) % 101 - 50;
            sort.push(key.into(), &[key.to_le_bytes(), i.to_le_bytes()].concat()).unwrap();
        }
        let mut sorted = sort.finish().unwrap();
        let mut bytes = Vec::new();
        while sorted.next_into(&mut bytes).unwrap() {}
        drop(sorted);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "temporary files stay behind");
        bytes
            .chunks_exact(8)
            .map(|r| (i32::from_le_bytes(r[..4].try_into().unwrap()), u32::from_le_bytes(r[4..].try_into().unwrap())))
            .collect()
    }

    #[test]
    fn order_is_by_key_then_by_arrival_whatever_fits_in_memory() {
        let in_memory = sorted_with_room(1 << 20);
        let mut expected = in_memory.clone();
        expected.sort();
        assert_eq!(in_memory, expected);
        assert_eq!(sorted_with_room(24 * 17), expected);
        assert_eq!(sorted_with_room(1), expected);
    }
}
