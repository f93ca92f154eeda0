//! Pages of a scored file's rows: by number or by score, of one host, above a threshold. No more than a page, one bit a row
//! and one a host is in memory; what is read of the indices is read in order and in pieces.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::bits::Bits;
use super::hosts::u64_of;
use super::of_host::of_host;
use super::{ANALYSIS, Analysis, SCORED};
use crate::error::{PipelineError, failed, refused};
use crate::score::{BY_SCORE, ENTRY, OFFSETS, ROWS};

/// Rows of a page at most.
const MOST: u64 = 1_000;

/// Entries read of the order by score at a time.
const BLOCK: u64 = 1 << 13;

/// Which rows come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowOrder {
    /// The highest hybrid score.
    #[default]
    Score,
    /// The first of the file.
    File,
}

/// Which rows to show.
#[derive(Debug, Clone, Default)]
pub struct RowQuery {
    /// Which come first.
    pub order: RowOrder,
    /// Only rows whose hybrid score is above it.
    pub above: Option<f32>,
    /// Only rows whose source or destination holds this text, whatever its case.
    pub host: Option<String>,
    /// Matching rows to pass over.
    pub skip: u64,
    /// Rows to give, at most 1,000.
    pub take: u64,
}

/// Rows of one page.
#[derive(Debug, Clone, Serialize)]
pub struct RowPage {
    /// Rows that match.
    pub matching: u64,
    /// Rows that may match and were not searched: their host is beyond the million that are told apart. 0 where no host is
    /// asked for.
    pub unsearched: u64,
    /// Rows in all.
    pub total: u64,
    /// The page's rows: their number from 0 in `row`, the columns of the file and the scores under their names in `cells`.
    pub rows: Vec<PageRow>,
}

/// One row.
#[derive(Debug, Clone, Serialize)]
pub struct PageRow {
    /// Its number in the file, from 0.
    pub row: u64,
    /// Its cells by name, an object.
    pub cells: Value,
}

/// An analysis on disk.
#[derive(Debug, Clone)]
pub struct AnalysedRows {
    pub(super) folder: PathBuf,
}

impl AnalysedRows {
    /// That in `folder`.
    pub fn new(folder: &Path) -> Self {
        AnalysedRows { folder: folder.to_owned() }
    }

    /// The overview.
    ///
    /// # Errors
    /// A folder without one, or one that cannot be read.
    pub fn analysis(&self) -> Result<Analysis, PipelineError> {
        let read =
            || -> io::Result<Analysis> { Ok(serde_json::from_slice(&std::fs::read(self.folder.join(ANALYSIS))?)?) };
        read().map_err(|source| self.unread(source))
    }

    /// The scored table, a Parquet file.
    pub fn parquet(&self) -> PathBuf {
        self.folder.join(SCORED)
    }

    /// The rows as lines of JSON, in the order of the file.
    pub fn lines(&self) -> PathBuf {
        self.folder.join(ROWS)
    }

    /// The rows that `query` asks for.
    ///
    /// # Errors
    /// Files that are not there or cannot be read.
    pub fn page(&self, query: &RowQuery) -> Result<RowPage, PipelineError> {
        self.look_up(query).map_err(|source| self.unread(source))
    }

    fn look_up(&self, query: &RowQuery) -> io::Result<RowPage> {
        let total = self.open(BY_SCORE)?.metadata()?.len() / ENTRY as u64;
        let above = match query.above {
            Some(threshold) => self.n_above(threshold, total)?,
            None => total,
        };
        let take = query.take.min(MOST);
        let host = query.host.as_deref().filter(|text| !text.is_empty());
        let of_host = host.map(|text| of_host(&self.folder, text, total)).transpose()?;
        let unsearched = of_host.as_ref().map_or(0, |found| found.unsearched);
        let of_host = of_host.map(|found| found.rows);
        let (matching, chosen) = match (of_host, query.order) {
            (None, RowOrder::Score) => (above, self.places_by_score(query.skip, take, above)?),
            (None, RowOrder::File) if above == total => {
                let from = query.skip.min(total);
                (total, (from..from.saturating_add(take).min(total)).collect())
            }
            (Some(rows), RowOrder::Score) => self.by_score_among(&rows, query.skip, take, above, total)?,
            (of_host, RowOrder::File) => {
                let rows = self.in_file_above(of_host, above, total)?;
                (rows.count(), rows.some(query.skip, take))
            }
        };
        Ok(RowPage { matching, unsearched, total, rows: self.rows(&chosen)? })
    }

    /// The rows at the places from `skip` on by score, of the first `above`.
    fn places_by_score(&self, skip: u64, take: u64, above: u64) -> io::Result<Vec<u64>> {
        let from = skip.min(above);
        let mut chosen = Vec::new();
        self.each_by_score(from, from.saturating_add(take).min(above), |row| {
            chosen.push(row);
            true
        })?;
        Ok(chosen)
    }

    /// How many of the first `above` rows by score are among `rows`, and those from the `skip`th on.
    fn by_score_among(&self, rows: &Bits, skip: u64, take: u64, above: u64, total: u64) -> io::Result<(u64, Vec<u64>)> {
        let (mut passed, mut chosen) = (0, Vec::new());
        // Where no threshold cuts them off, how many there are is known, and the rest need not be passed.
        let known = (above == total).then(|| rows.count());
        self.each_by_score(0, above, |row| {
            if rows.has(row) {
                if passed >= skip && (chosen.len() as u64) < take {
                    chosen.push(row);
                }
                passed += 1;
            }
            known.is_none_or(|known| (chosen.len() as u64) < take && passed < known)
        })?;
        Ok((known.unwrap_or(passed), chosen))
    }

    /// Of `among`, else of all rows, those that are among the first `above` by score.
    fn in_file_above(&self, among: Option<Bits>, above: u64, total: u64) -> io::Result<Bits> {
        let among = match among {
            Some(among) if above == total => return Ok(among),
            among => among,
        };
        let mut high = Bits::new(total);
        self.each_by_score(0, above, |row| {
            high.set(row);
            true
        })?;
        Ok(match among {
            Some(among) => among.and(&high),
            None => high,
        })
    }

    /// How many rows have a score above `threshold`: they stand first in the index.
    fn n_above(&self, threshold: f32, total: u64) -> io::Result<u64> {
        let mut index = self.open(BY_SCORE)?;
        let (mut low, mut high) = (0, total);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut score = [0; 4];
            index.seek(SeekFrom::Start(middle * ENTRY as u64))?;
            index.read_exact(&mut score)?;
            match f32::from_le_bytes(score) > threshold {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        Ok(low)
    }

    /// Gives the rows of the places `from..until` by score, until `take` wants no more.
    fn each_by_score(&self, from: u64, until: u64, mut take: impl FnMut(u64) -> bool) -> io::Result<()> {
        let mut index = self.open(BY_SCORE)?;
        index.seek(SeekFrom::Start(from * ENTRY as u64))?;
        let mut bytes = vec![0; (until.saturating_sub(from)).min(BLOCK) as usize * ENTRY];
        for at in (from..until).step_by(BLOCK as usize) {
            let block = &mut bytes[..(until - at).min(BLOCK) as usize * ENTRY];
            index.read_exact(block)?;
            for entry in block.chunks_exact(ENTRY) {
                if !take(u64_of(&entry[4..])) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The lines of `rows`.
    fn rows(&self, rows: &[u64]) -> io::Result<Vec<PageRow>> {
        let (mut offsets, mut lines) = (self.open(OFFSETS)?, self.open(ROWS)?);
        let mut read = |row: u64| {
            let mut place = [0; 16];
            offsets.seek(SeekFrom::Start(row * 8))?;
            offsets.read_exact(&mut place)?;
            let (from, until) = (u64_of(&place[..8]), u64_of(&place[8..]));
            lines.seek(SeekFrom::Start(from))?;
            let mut line = Vec::new();
            (&mut lines).take(until.saturating_sub(from)).read_to_end(&mut line)?;
            Ok(PageRow { row, cells: serde_json::from_slice(&line)? })
        };
        rows.iter().map(|&row| read(row)).collect()
    }

    fn open(&self, name: &str) -> io::Result<File> {
        File::open(self.folder.join(name))
    }

    fn unread(&self, source: io::Error) -> PipelineError {
        let is_gone = source.kind() == io::ErrorKind::NotFound;
        let error =
            nta_tracking::TrackingError::Io { doing: "read the analysis in", path: self.folder.clone(), source };
        if is_gone { refused(error) } else { failed(error) }
    }
}
