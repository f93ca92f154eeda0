//! How many rows files hold, without reading them.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::Ordering;

use nta_data::Schema;
use serde::{Deserialize, Serialize};

use crate::format::{self, Kind};
use crate::parquet::ParquetTable;
use crate::stream::{self, Packing};
use crate::{IngestError, Source, scan};

/// An answer of [`probe_rows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowEstimate {
    /// Rows in all files together.
    pub rows: u64,
    /// Whether they were counted (small files, Parquet) rather than estimated from each file's beginning.
    pub exact: bool,
    /// Bytes on disk.
    pub bytes: u64,
}

/// Text looked at in each file.
const LOOK: u64 = 4 << 20;

/// Estimates the rows of `source` from the first 4 MiB of each file; Parquet tells its own.
pub fn probe_rows(source: &Source, schema: &Schema) -> Result<RowEstimate, IngestError> {
    let mut all = RowEstimate { rows: 0, exact: true, bytes: source.bytes() };
    for path in source.files() {
        let (rows, exact) = probe_file(path, schema)?;
        all.rows += rows;
        all.exact &= exact;
    }
    Ok(all)
}

fn probe_file(path: &Path, schema: &Schema) -> Result<(u64, bool), IngestError> {
    let file = path.display().to_string();
    let failed = |e: std::io::Error| IngestError::read(&file, &e);
    let (kind, mut stream) = format::detect(path)?;
    if kind == Kind::Parquet {
        return Ok((ParquetTable::open(path)?.n_rows() as u64, true));
    }
    let read = stream.bytes_read();
    let mut text = Vec::new();
    (&mut stream).take(LOOK).read_to_end(&mut text).map_err(failed)?;
    let is_whole = stream.peek(1).map_err(failed)?.is_empty();
    if is_whole && text.last() != Some(&b'\n') {
        text.push(b'\n');
    }
    let n_records = match kind {
        Kind::Separated => count_records(&text, b',').saturating_sub(u64::from(schema.header.is_empty())),
        _ => text.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty() && !l.starts_with(b"#")).count() as u64,
    };
    if is_whole {
        return Ok((n_records, true));
    }
    let on_disk = path.metadata().map_err(failed)?.len() as f64;
    if let Some(unpacked) = gzip_size(path).filter(|n| *n >= LOOK) {
        return Ok(((n_records as f64 * unpacked as f64 / text.len() as f64) as u64, false));
    }
    let share = read.load(Ordering::Relaxed).max(1) as f64 / on_disk;
    Ok(((n_records as f64 / share.min(1.0)) as u64, false))
}

/// Bytes that a gzip archive says it unpacks to: its last four bytes, which hold for one member below 4 GiB.
fn gzip_size(path: &Path) -> Option<u64> {
    let mut file = std::fs::File::open(path).ok()?;
    let mut magic = [0u8; 4];
    file.read_exact(&mut magic).ok()?;
    if stream::packing(&magic) != Packing::Gzip {
        return None;
    }
    let mut last = [0u8; 4];
    file.seek(SeekFrom::End(-4)).ok()?;
    file.read_exact(&mut last).ok()?;
    Some(u64::from(u32::from_le_bytes(last)))
}

/// Whole records in `text`, blank ones left out.
fn count_records(text: &[u8], delimiter: u8) -> u64 {
    let mut rest = text;
    let mut n = 0;
    while let Some(record) = scan::record(rest, delimiter, false) {
        if record.fault.is_some() {
            break;
        }
        n += u64::from(record.content > 0);
        rest = &rest[record.length..];
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files_are_counted_and_large_ones_estimated() {
        let folder = tempfile::tempdir().unwrap();
        let schema = crate::builtin_schema("nta").unwrap();
        let probe = |text: &str| {
            std::fs::write(folder.path().join("a.csv"), text).unwrap();
            let source = Source::resolve(&["a.csv".to_owned()], folder.path()).unwrap();
            probe_rows(&source, &schema).unwrap()
        };
        let small = probe("a,b\n1,\"x\ny\"\n\n2,z");
        assert_eq!((small.rows, small.exact), (2, true));
        let large = probe(&format!("a,b\n{}", "12345,67890\n".repeat(1 << 20)));
        assert!(!large.exact);
        assert!((large.rows as f64 / f64::from(1 << 20) - 1.0).abs() < 0.05, "{}", large.rows);
    }
}
