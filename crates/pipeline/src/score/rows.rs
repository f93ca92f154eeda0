//! Scored rows as lines of JSON that are found by their number, and the order of their scores: what pages of a table are
//! read from. Memory does not grow with the file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use nta_ingest::{Added, AddedValues, RawBatch};

use crate::error::{PipelineError, failed};
use crate::external_sort::ExternalSort;

/// Lines of JSON, one a row, in the order of the file.
pub(crate) const ROWS: &str = "rows.jsonl";
/// Where each line begins, and where the last one ends: `(n_rows + 1)` times 8 bytes, little-endian.
pub(crate) const OFFSETS: &str = "offsets.idx";
/// `(hybrid score: 4 bytes, row: 8 bytes)` by falling score, equal ones by row; little-endian.
pub(crate) const BY_SCORE: &str = "by_score.idx";
/// Bytes of one entry of [`BY_SCORE`].
pub(crate) const ENTRY: usize = 12;

/// Bytes of entries that the sort holds in memory.
const SORT_ROOM: usize = 16 << 20;

/// The files under way, in a folder of their own.
pub(crate) struct RowsFile {
    folder: PathBuf,
    lines: BufWriter<File>,
    offsets: BufWriter<File>,
    order: ExternalSort,
    written: u64,
    n_rows: u64,
}

impl RowsFile {
    /// Begins the files in `folder`, which is thrown away where the scoring does not end well.
    pub(crate) fn begin(folder: &Path) -> Result<Self, PipelineError> {
        let create = |name: &str| File::create(folder.join(name)).map(|file| BufWriter::with_capacity(1 << 17, file));
        let begin = || {
            let order = ExternalSort::new(ENTRY, SORT_ROOM, folder)?;
            let (lines, offsets) = (create(ROWS)?, create(OFFSETS)?);
            Ok(RowsFile { folder: folder.to_owned(), lines, offsets, order, written: 0, n_rows: 0 })
        };
        begin().map_err(|source: io::Error| unwritten(folder, source))
    }

    /// Adds rows with the columns beside them and their hybrid scores, each `(n_rows)`.
    pub(crate) fn write(&mut self, raw: &RawBatch, added: &[Added<'_>], hybrid: &[f32]) -> Result<(), PipelineError> {
        let mut lines = raw.json_members();
        for column in added {
            let name = serde_json::Value::from(column.name);
            for (i, line) in lines.iter_mut().enumerate() {
                let value: serde_json::Value = match column.values {
                    // The shortest digits that are this f32, not those of the f64 nearest to it.
                    AddedValues::Float(v) => v[i].to_string().parse::<f64>().ok().into(),
                    AddedValues::Flag(v) => v[i].into(),
                    AddedValues::Text(v) => v[i].into(),
                    AddedValues::Integer(v) => v[i].into(),
                };
                let comma = if line.is_empty() { "" } else { "," };
                let _ = write!(line, "{comma}{name}:{value}");
            }
        }
        self.append(&lines, hybrid).map_err(|source| unwritten(&self.folder, source))
    }

    fn append(&mut self, lines: &[String], hybrid: &[f32]) -> io::Result<()> {
        for (line, &score) in lines.iter().zip(hybrid) {
            self.offsets.write_all(&self.written.to_le_bytes())?;
            writeln!(self.lines, "{{{line}}}")?;
            self.written += line.len() as u64 + 3;
            let mut entry = [0; ENTRY];
            entry[..4].copy_from_slice(&score.to_le_bytes());
            entry[4..].copy_from_slice(&self.n_rows.to_le_bytes());
            // Scores lie in [0, 1], where larger numbers have larger bits.
            self.order.push(-i128::from(score.to_bits()), &entry)?;
            self.n_rows += 1;
        }
        Ok(())
    }

    /// Writes what is still held back.
    pub(crate) fn finish(self) -> Result<(), PipelineError> {
        let folder = self.folder.clone();
        self.close().map_err(|source| unwritten(&folder, source))
    }

    fn close(mut self) -> io::Result<()> {
        self.offsets.write_all(&self.written.to_le_bytes())?;
        self.offsets.flush()?;
        self.lines.flush()?;
        let mut sorted = self.order.finish()?;
        let mut file = BufWriter::with_capacity(1 << 17, File::create(self.folder.join(BY_SCORE))?);
        let mut entry = Vec::with_capacity(ENTRY);
        while sorted.next_into(&mut entry)? {
            file.write_all(&entry)?;
            entry.clear();
        }
        file.flush()
    }
}

fn unwritten(folder: &Path, source: io::Error) -> PipelineError {
    failed(nta_tracking::TrackingError::Io { doing: "write the scored rows in", path: folder.to_owned(), source })
}
