//! Where the pages of a column lie, by their headers, each held against the file before the reader believes it.

use std::ops::Range;

use polars_parquet::parquet::schema::types::PhysicalType;
use polars_parquet::read::ColumnChunkMetadata;

use crate::error::IngestError;
use crate::input::file::OpenInput;
use crate::parquet::thrift::{self, Field, Met};
use crate::parquet::{damaged, path_of};

/// Most bytes of a page, unpacked. Writers aim at one MiB; some put a row group's numbers into one page.
pub(super) const LARGEST_PAGE: i64 = 128 << 20;
/// Most bytes of a dictionary, unpacked: it is unpacked again for every block, and each entry takes 16 bytes more.
const LARGEST_DICTIONARY: i64 = 32 << 20;
/// Bytes in which the header of a page is looked for, first and at most: it may hold the least and the greatest value.
const PAGE_HEADER: [usize; 2] = [1 << 10, 1 << 20];

/// The pages of one column of a row group.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// The values that the data pages name by number, where they do.
    pub(super) dictionary: Option<Page>,
    /// In the order of their rows.
    pub(super) data: Vec<Page>,
}

/// A page: where it lies, its header with it, and what it holds.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// Place in the file.
    pub(super) bytes: Range<u64>,
    /// Rows of the row group; none in a dictionary.
    pub(super) rows: Range<usize>,
    /// Bytes, unpacked.
    pub(super) unpacked: usize,
}

impl Page {
    /// Bytes in the file, the header's with them.
    pub(super) fn length(&self) -> usize {
        (self.bytes.end - self.bytes.start) as usize
    }
}

impl Pages {
    /// Walks the headers of a column's pages. Refuses pages that are too large, reach beyond the column, or hold other
    /// than the row group's `n_rows`.
    pub(super) fn find(input: &OpenInput, column: &ColumnChunkMetadata, n_rows: usize) -> Result<Pages, IngestError> {
        let wrong = |problem: String| damaged(input, format!("column `{}`: {problem}", path_of(column)));
        let range = column.byte_range();
        let (mut at, mut rows, mut pages) = (range.start, 0usize, Pages::default());
        while at < range.end && rows < n_rows {
            let Some((length, header)) = Header::read(input, at, range.end)? else {
                return Err(wrong(format!("no page begins at byte {at}")));
            };
            header.check(entry_bytes(column)).map_err(wrong)?;
            let start = at;
            at = at.saturating_add(length as u64).saturating_add(header.packed as u64);
            if at > range.end {
                return Err(wrong(format!("a page of {} bytes reaches beyond its column", header.packed)));
            }
            let mut page = Page { bytes: start..at, rows: rows..rows, unpacked: header.unpacked as usize };
            match header.kind {
                Kind::Dictionary if start == range.start => pages.dictionary = Some(page),
                Kind::Dictionary => return Err(wrong("a dictionary stands behind its data".to_owned())),
                Kind::Data | Kind::DataV2 => {
                    rows = rows.saturating_add(header.values as usize);
                    page.rows.end = rows;
                    pages.data.push(page);
                }
            }
        }
        if rows != n_rows || column.num_values() != n_rows as i64 {
            let said = column.num_values();
            return Err(wrong(format!("its pages hold {rows} values, its footer says {said}, of {n_rows} rows")));
        }
        Ok(pages)
    }

    /// The data pages that hold some of `rows`.
    pub(super) fn data_of(&self, rows: &Range<usize>) -> &[Page] {
        let first = self.data.partition_point(|page| page.rows.end <= rows.start);
        let end = self.data.partition_point(|page| page.rows.start < rows.end);
        &self.data[first..end.max(first)]
    }

    /// Memory that reading `rows` takes, in bytes.
    pub(super) fn cost_of(&self, rows: &Range<usize>) -> usize {
        self.dictionary.iter().chain(self.data_of(rows)).map(|page| page.length() + page.unpacked).sum()
    }
}

/// Fewest bytes that an entry of the column's dictionary takes.
fn entry_bytes(column: &ColumnChunkMetadata) -> i64 {
    match column.physical_type() {
        PhysicalType::Boolean => 1,
        PhysicalType::Int32 | PhysicalType::Float | PhysicalType::ByteArray => 4,
        PhysicalType::Int64 | PhysicalType::Double => 8,
        PhysicalType::Int96 => 12,
        PhysicalType::FixedLenByteArray(n) => (n as i64).max(1),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Data,
    Dictionary,
    DataV2,
}

/// What the header of a page says.
#[derive(Debug)]
struct Header {
    kind: Kind,
    packed: i64,
    unpacked: i64,
    values: i64,
    /// Missing values, and bytes that are not packed; version 2 of data pages alone.
    nulls: i64,
    levels: [i64; 2],
}

impl Header {
    /// The header of the page at `at`, and its length; `None` where none is there.
    fn read(input: &OpenInput, at: u64, end: u64) -> Result<Option<(usize, Header)>, IngestError> {
        for room in PAGE_HEADER {
            let bytes = input.exactly(at, room.min((end - at) as usize))?;
            // Fields of `PageHeader` in parquet.thrift; 5, 7 and 8 are those of data, dictionary and data v2.
            let mut fields = [[0i64; 9]; 9];
            let walked = thrift::walk(&bytes, |met| {
                if let Met::Number(Field(a @ 0..=8, b @ 0..=8), value) = met {
                    fields[a as usize][b as usize] = value;
                }
            });
            let Ok(length) = walked else { continue };
            let (kind, inner) = match fields[1][0] {
                0 => (Kind::Data, fields[5]),
                2 => (Kind::Dictionary, fields[7]),
                3 => (Kind::DataV2, fields[8]),
                _ => return Ok(None),
            };
            let (unpacked, packed, values) = (fields[2][0], fields[3][0], inner[1]);
            let (nulls, levels) = if kind == Kind::DataV2 { (inner[2], [inner[5], inner[6]]) } else { (0, [0; 2]) };
            return Ok(Some((length, Header { kind, packed, unpacked, values, nulls, levels })));
        }
        Ok(None)
    }

    /// Says what it promises that cannot be; an entry of a dictionary takes `entry_bytes` or more.
    fn check(&self, entry_bytes: i64) -> Result<(), String> {
        let (packed, unpacked, values) = (self.packed, self.unpacked, self.values);
        let most = if self.kind == Kind::Dictionary { LARGEST_DICTIONARY } else { LARGEST_PAGE };
        if !(0..=most).contains(&unpacked) {
            return Err(format!("a page of {unpacked} bytes when unpacked, more than the {most} that are read"));
        }
        if packed < 0 {
            return Err(format!("a page of {packed} bytes"));
        }
        let is_dictionary = self.kind == Kind::Dictionary;
        if values < 0 || (is_dictionary && values.saturating_mul(entry_bytes) > unpacked) {
            return Err(format!("a page of {unpacked} bytes cannot hold {values} values"));
        }
        let levels = self.levels[0].saturating_add(self.levels[1]);
        if !(0..=values).contains(&self.nulls) || self.levels.iter().any(|n| *n < 0) || levels > packed.min(unpacked) {
            let nulls = self.nulls;
            return Err(format!("a page of {packed} bytes with {levels} of levels and {nulls} of {values} missing"));
        }
        Ok(())
    }
}
