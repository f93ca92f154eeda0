//! Zeek logs as a table: lines of a file through the decoder of their dialect into text columns.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use polars_core::prelude::{Column, DataFrame, IntoColumn, IntoSeries, PlSmallStr, StringChunkedBuilder};

use crate::error::Position;
use crate::stream::Stream;
use crate::table::{Block, BlockSize, Format, Places, Table};
use crate::zeek_tsv::{ZeekLine, ZeekTsv};
use crate::{IngestError, layout, scan, zeek_json};

/// A line longer than this is no log line.
const LONGEST_LINE: u64 = 16 << 20;
/// Lines looked at to find the fields of a JSON log that are not Zeek's own.
const LOOK_LINES: usize = 1_000;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Tsv,
    Json,
}

/// A Zeek log being read.
pub(crate) struct ZeekTable {
    lines: Lines,
    decoder: Decoder,
    names: Vec<String>,
    wanted: Vec<usize>,
    next_row: u64,
    bytes_read: Arc<AtomicU64>,
}

enum Decoder {
    Tsv(ZeekTsv),
    Json { place_of: HashMap<String, usize> },
}

impl ZeekTable {
    /// Reads the header (TSV) or looks at the first lines (JSON) to learn the columns.
    pub(crate) fn open(stream: Stream, file: &str, dialect: Dialect) -> Result<Self, IngestError> {
        let bytes_read = stream.bytes_read();
        let mut lines = Lines {
            input: BufReader::with_capacity(1 << 17, stream),
            front: Vec::new(),
            line: 0,
            file: file.to_owned(),
        };
        let (decoder, names) = match dialect {
            Dialect::Tsv => {
                let decoder = read_header(&mut lines)?;
                let names = layout::clean_names(decoder.fields(), file)?;
                (Decoder::Tsv(decoder), names)
            }
            Dialect::Json => {
                let names = look_for_fields(&mut lines)?;
                let place_of = names.iter().enumerate().map(|(i, n)| (n.clone(), i)).collect();
                (Decoder::Json { place_of }, names)
            }
        };
        let wanted = (0..names.len()).collect();
        Ok(ZeekTable { lines, decoder, names, wanted, next_row: 0, bytes_read })
    }
}

impl Table for ZeekTable {
    fn format(&self) -> Format {
        match self.decoder {
            Decoder::Tsv(_) => Format::ZeekTsv,
            Decoder::Json { .. } => Format::ZeekJson,
        }
    }

    fn columns(&self) -> &[String] {
        &self.names
    }

    fn project(&mut self, columns: &[String]) {
        self.wanted = (0..self.names.len()).filter(|i| columns.contains(&self.names[*i])).collect();
    }

    fn next_block(&mut self, size: BlockSize) -> Result<Option<Block>, IngestError> {
        let name = |i: &usize| PlSmallStr::from_str(&self.names[*i]);
        let mut columns: Vec<StringChunkedBuilder> =
            self.wanted.iter().map(|i| StringChunkedBuilder::new(name(i), size.rows.min(1 << 16))).collect();
        let mut places = Vec::new();
        let mut bytes = 0;
        while places.len() < size.rows && bytes < size.bytes {
            let Some((line, text)) = self.lines.next()? else { break };
            bytes += text.len();
            let pushed = match &mut self.decoder {
                Decoder::Tsv(decoder) => push_tsv(decoder, &text, &self.wanted, &mut columns),
                Decoder::Json { place_of } => push_json(place_of, &text, &self.wanted, &mut columns),
            };
            if pushed.map_err(|problem| self.lines.bad(line, problem))? {
                places.push(line);
            }
        }
        if places.is_empty() {
            return Ok(None);
        }
        let columns: Vec<Column> = columns.into_iter().map(|c| c.finish().into_series().into_column()).collect();
        let frame = DataFrame::new(places.len(), columns).map_err(|e| IngestError::internal(&self.lines.file, e))?;
        let first_row = self.next_row;
        self.next_row += places.len() as u64;
        Ok(Some(Block { frame, first_row, places: Places::Lines(places) }))
    }

    fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }
}

/// Appends the line's values; `false` where it holds none.
fn push_tsv(
    decoder: &mut ZeekTsv,
    line: &str,
    wanted: &[usize],
    columns: &mut [StringChunkedBuilder],
) -> Result<bool, String> {
    let ZeekLine::Values(values) = decoder.decode(line)? else { return Ok(false) };
    for (column, i) in columns.iter_mut().zip(wanted) {
        column.append_option(values[*i].as_deref());
    }
    Ok(true)
}

fn push_json(
    place_of: &HashMap<String, usize>,
    line: &str,
    wanted: &[usize],
    columns: &mut [StringChunkedBuilder],
) -> Result<bool, String> {
    let fields = zeek_json::decode(line)?;
    if fields.is_empty() {
        return Ok(false);
    }
    let mut values: Vec<Option<String>> = vec![None; place_of.len()];
    for (name, value) in fields {
        if let Some(place) = place_of.get(&name) {
            values[*place] = value;
        }
    }
    for (column, i) in columns.iter_mut().zip(wanted) {
        column.append_option(values[*i].as_deref());
    }
    Ok(true)
}

fn read_header(lines: &mut Lines) -> Result<ZeekTsv, IngestError> {
    let mut decoder = ZeekTsv::default();
    while decoder.fields().is_empty() {
        let Some((line, text)) = lines.next()? else {
            let problem = "the log has no `#fields` line".to_owned();
            return Err(lines.bad(lines.line, problem));
        };
        decoder.decode(&text).map_err(|problem| lines.bad(line, problem))?;
    }
    Ok(decoder)
}

/// Zeek's own fields, then others in order of appearance.
fn look_for_fields(lines: &mut Lines) -> Result<Vec<String>, IngestError> {
    let mut names: Vec<String> = zeek_json::CONN_FIELDS.iter().map(|n| (*n).to_owned()).collect();
    let mut seen = Vec::new();
    while seen.len() < LOOK_LINES {
        let Some((line, text)) = lines.next()? else { break };
        for (name, _) in zeek_json::decode(&text).map_err(|problem| lines.bad(line, problem))? {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        seen.push((line, text));
    }
    seen.reverse();
    lines.front = seen;
    Ok(names)
}

/// Numbered lines of a stream.
struct Lines {
    input: BufReader<Stream>,
    /// Lines looked at and given back, the next one last.
    front: Vec<(u64, String)>,
    line: u64,
    file: String,
}

impl Lines {
    fn next(&mut self) -> Result<Option<(u64, String)>, IngestError> {
        if let Some(line) = self.front.pop() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        let mut input = (&mut self.input).take(LONGEST_LINE);
        let n = input.read_until(b'\n', &mut bytes).map_err(|e| IngestError::read(&self.file, &e))?;
        if n == 0 {
            return Ok(None);
        }
        self.line += 1;
        if n as u64 == LONGEST_LINE {
            return Err(self.bad(self.line, "the line is longer than 16 MiB; this is no log".to_owned()));
        }
        Ok(Some((self.line, scan::text(&bytes).into_owned())))
    }

    fn bad(&self, line: u64, problem: String) -> IngestError {
        IngestError::BadLine { file: self.file.clone(), at: Position::Line(line), problem }
    }
}
