//! Pages of a scored file's rows: by number or by score, of one host, above a threshold. No more than a page and one bit a
//! row is in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::hosts::{NAMES, OF_ROWS, UNKNOWN};
use super::{ANALYSIS, Analysis, SCORED};
use crate::error::{PipelineError, failed, refused};
use crate::score::{BY_SCORE, ENTRY, OFFSETS, ROWS};

/// Rows of a page at most.
const MOST: u64 = 1_000;

/// Bytes read of an index at a time.
const READ_AHEAD: usize = 1 << 17;

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
        let wanted = self.wanted(query, above, total)?;
        let mut chosen = Window { skip: query.skip, take: query.take.min(MOST), passed: 0, rows: Vec::new() };
        let matching = match (&wanted, query.order) {
            (None, RowOrder::Score) => {
                let (from, until) = chosen.within(above);
                self.each_by_score(from, until, |row| chosen.rows.push(row))?;
                above
            }
            (None, RowOrder::File) => {
                let (from, until) = chosen.within(total);
                chosen.rows = (from..until).collect();
                total
            }
            (Some(wanted), RowOrder::Score) => {
                self.each_by_score(0, above, |row| {
                    if wanted.has(row) {
                        chosen.offer(row);
                    }
                })?;
                chosen.passed
            }
            (Some(wanted), RowOrder::File) => {
                (0..total).filter(|&row| wanted.has(row)).for_each(|row| chosen.offer(row));
                chosen.passed
            }
        };
        Ok(RowPage { matching, total, rows: self.rows(&chosen.rows)? })
    }

    /// The rows that a page is chosen from where they are not simply the first ones of its order.
    fn wanted(&self, query: &RowQuery, above: u64, total: u64) -> io::Result<Option<Bits>> {
        let host = query.host.as_deref().filter(|text| !text.is_empty());
        let of_host = host.map(|text| self.of_host(text, total)).transpose()?;
        if query.order == RowOrder::Score || above == total {
            return Ok(of_host);
        }
        let mut high = Bits::new(total);
        self.each_by_score(0, above, |row| high.set(row))?;
        Ok(Some(of_host.map_or(high.clone(), |of_host| of_host.and(&high))))
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

    /// Rows of the places `from..until` by score.
    fn each_by_score(&self, from: u64, until: u64, mut take: impl FnMut(u64)) -> io::Result<()> {
        let mut index = BufReader::with_capacity(READ_AHEAD, self.open(BY_SCORE)?);
        index.seek(SeekFrom::Start(from * ENTRY as u64))?;
        let mut entry = [0; ENTRY];
        for _ in from..until {
            index.read_exact(&mut entry)?;
            take(u64_of(&entry[4..]));
        }
        Ok(())
    }

    /// Rows with a host whose name holds `text`.
    fn of_host(&self, text: &str, total: u64) -> io::Result<Bits> {
        let text = text.to_lowercase();
        let mut named = Vec::new();
        for line in BufReader::new(self.open(NAMES)?).lines() {
            let name: String = serde_json::from_str(&line?)?;
            named.push(name.to_lowercase().contains(&text));
        }
        let mut rows = Bits::new(total);
        let mut index = BufReader::with_capacity(READ_AHEAD, self.open(OF_ROWS)?);
        let mut hosts = [0; 8];
        for row in 0..total {
            index.read_exact(&mut hosts)?;
            let is_named = |bytes: &[u8]| {
                let number = bytes.iter().rev().fold(0u32, |number, &byte| (number << 8) | u32::from(byte));
                number != UNKNOWN && named.get(number as usize).copied().unwrap_or_default()
            };
            if is_named(&hosts[..4]) || is_named(&hosts[4..]) {
                rows.set(row);
            }
        }
        Ok(rows)
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

fn u64_of(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| (number << 8) | u64::from(byte))
}

/// The rows of a page among those that match.
struct Window {
    skip: u64,
    take: u64,
    passed: u64,
    rows: Vec<u64>,
}

impl Window {
    fn offer(&mut self, row: u64) {
        if self.passed >= self.skip && (self.rows.len() as u64) < self.take {
            self.rows.push(row);
        }
        self.passed += 1;
    }

    fn within(&self, n: u64) -> (u64, u64) {
        let from = self.skip.min(n);
        (from, from.saturating_add(self.take).min(n))
    }
}

/// One bit a row.
#[derive(Clone)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(n: u64) -> Self {
        Bits(vec![0; n.div_ceil(64) as usize])
    }

    fn set(&mut self, row: u64) {
        if let Some(word) = self.0.get_mut((row / 64) as usize) {
            *word |= 1 << (row % 64);
        }
    }

    fn has(&self, row: u64) -> bool {
        self.0.get((row / 64) as usize).is_some_and(|word| (word >> (row % 64)) & 1 == 1)
    }

    fn and(mut self, other: &Bits) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, other)| *mine &= other);
        self
    }
}
