//! Sorting more fixed-size records than memory holds: sorted runs on disk, merged a bounded number at a time (Knuth,
//! TAOCP vol. 3, 5.4), so that neither memory nor open files grow with the number of records.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Runs merged at a time, and the most that wait at one level.
const FAN_IN: usize = 32;

/// Bytes that are read of a run at a time.
const READ_AHEAD: usize = 1 << 16;

/// Collects records and gives them back in order of their key; equal keys keep the order in which they came.
pub(crate) struct ExternalSort {
    record_bytes: usize,
    room_records: usize,
    keys: Vec<i128>,
    records: Vec<u8>,
    folder: PathBuf,
    /// Sorted files: `levels[0]` as they were spilled, `levels[k + 1]` each merged from `FAN_IN` of `levels[k]`. In a
    /// level the earlier records come first, and all of a higher level came before those of a lower one.
    levels: Vec<Vec<File>>,
}

impl ExternalSort {
    /// Sorts records of `record_bytes` bytes, holding at most about `room_bytes` of them in memory; the rest goes to
    /// files in `folder` that have no name, so that they go with the process however it ends.
    pub(crate) fn new(record_bytes: usize, room_bytes: usize, folder: &Path) -> io::Result<Self> {
        let room_records = (room_bytes / (record_bytes + size_of::<i128>())).max(1);
        // All of the room at once: growing by doubling would hold the old and the new block for a moment.
        Ok(ExternalSort {
            record_bytes,
            room_records,
            keys: Vec::with_capacity(room_records),
            records: Vec::with_capacity(room_records * record_bytes),
            folder: folder.to_owned(),
            levels: Vec::new(),
        })
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

    /// Writes what is in memory as a run, and merges the runs of each level that is full.
    fn spill(&mut self) -> io::Result<()> {
        let mut run = self.write_run()?;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(run);
            if self.levels[level].len() < FAN_IN {
                break;
            }
            let full = std::mem::take(&mut self.levels[level]);
            run = self.merge(full)?;
        }
        Ok(())
    }

    fn write_run(&mut self) -> io::Result<File> {
        let mut writer = self.begin_run()?;
        for i in self.sorted_order() {
            let i = i as usize;
            writer.write_all(&self.keys[i].to_le_bytes())?;
            writer.write_all(&self.records[i * self.record_bytes..(i + 1) * self.record_bytes])?;
        }
        self.keys.clear();
        self.records.clear();
        end_run(writer)
    }

    fn merge(&self, runs: Vec<File>) -> io::Result<File> {
        let mut merge = Merge::new(runs, self.record_bytes)?;
        let mut writer = self.begin_run()?;
        while let Some((key, record)) = merge.peek() {
            writer.write_all(&key.to_le_bytes())?;
            writer.write_all(record)?;
            merge.advance()?;
        }
        end_run(writer)
    }

    fn begin_run(&self) -> io::Result<BufWriter<File>> {
        Ok(BufWriter::with_capacity(READ_AHEAD, tempfile::tempfile_in(&self.folder)?))
    }

    /// Ends the input and begins the ordered output.
    pub(crate) fn finish(mut self) -> io::Result<Sorted> {
        let source = if self.levels.is_empty() {
            let order = self.sorted_order();
            Source::Memory { order: order.into_iter(), records: self.records }
        } else {
            if !self.keys.is_empty() {
                self.spill()?;
            }
            (self.keys, self.records) = (Vec::new(), Vec::new());
            let levels = std::mem::take(&mut self.levels);
            let mut runs = Vec::new();
            // The earliest records first; whenever too many runs stand side by side, they become one.
            for level in levels.into_iter().rev() {
                runs.extend(level);
                if runs.len() > 2 * FAN_IN {
                    runs = vec![self.merge(runs)?];
                }
            }
            Source::Runs(Merge::new(runs, self.record_bytes)?)
        };
        Ok(Sorted { record_bytes: self.record_bytes, source })
    }
}

fn end_run(writer: BufWriter<File>) -> io::Result<File> {
    let mut file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(file)
}

/// Sorted runs read side by side.
struct Merge {
    record_bytes: usize,
    runs: Vec<Run>,
    /// The key of each run's current record; of equal keys the earlier run comes first.
    heap: BinaryHeap<Reverse<(i128, usize)>>,
}

impl Merge {
    fn new(files: Vec<File>, record_bytes: usize) -> io::Result<Self> {
        let reader = |file| Run { reader: BufReader::with_capacity(READ_AHEAD, file), record: Vec::new() };
        let mut runs: Vec<Run> = files.into_iter().map(reader).collect();
        let mut heap = BinaryHeap::new();
        for (i, run) in runs.iter_mut().enumerate() {
            if let Some(key) = run.advance(record_bytes)? {
                heap.push(Reverse((key, i)));
            }
        }
        Ok(Merge { record_bytes, runs, heap })
    }

    /// The next record and its key.
    fn peek(&self) -> Option<(i128, &[u8])> {
        self.heap.peek().map(|&Reverse((key, i))| (key, self.runs[i].record.as_slice()))
    }

    fn advance(&mut self) -> io::Result<()> {
        let Some(Reverse((_, i))) = self.heap.pop() else { return Ok(()) };
        if let Some(key) = self.runs[i].advance(self.record_bytes)? {
            self.heap.push(Reverse((key, i)));
        }
        Ok(())
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
    Runs(Merge),
}

/// Records in order of their key.
pub(crate) struct Sorted {
    record_bytes: usize,
    source: Source,
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
            Source::Runs(merge) => {
                let Some((_, record)) = merge.peek() else { return Ok(false) };
                out.extend_from_slice(record);
                merge.advance()?;
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
