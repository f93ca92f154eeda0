//! Separated text (CSV, tabs, Argus): header and delimiter settled here, cells parsed by polars in verified chunks.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nta_data::Schema;
use polars_core::prelude::{DataFrame, DataType, PlSmallStr, Schema as PolarsSchema, SchemaRef};
use polars_io::prelude::{CsvParseOptions, CsvReadOptions, SerReader};

use crate::error::Position;
use crate::records::{Chunk, Records};
use crate::stream::Stream;
use crate::table::{Block, BlockSize, Format, Places, Table};
use crate::{IngestError, format, layout, scan};

/// A file of separated text.
pub(crate) struct SeparatedTable {
    records: Records<Stream>,
    file: String,
    delimiter: u8,
    names: Vec<String>,
    polars_schema: SchemaRef,
    projection: Option<Arc<Vec<usize>>>,
    next_row: u64,
    bytes_read: Arc<AtomicU64>,
}

impl SeparatedTable {
    /// Reads the header, or takes the names from the schema where the file has none.
    pub(crate) fn open(mut stream: Stream, file: &str, schema: &Schema) -> Result<Self, IngestError> {
        let head = stream.peek(1 << 16).map_err(|e| IngestError::read(file, &e))?;
        let delimiter = choose_delimiter(format::first_line(head), file, schema)?;
        let bytes_read = stream.bytes_read();
        let mut records = Records::new(stream, file, delimiter);
        let first = records.peek_values()?.ok_or_else(|| IngestError::Empty { file: file.to_owned() })?;
        let names = if is_header(schema, &first) {
            records.skip()?;
            layout::clean_names(&first, file)?
        } else {
            names_without_header(schema, first.len(), file)?
        };
        records.expect_width(names.len());
        Ok(SeparatedTable {
            records,
            file: file.to_owned(),
            delimiter,
            polars_schema: text_columns(&names),
            names,
            projection: None,
            next_row: 0,
            bytes_read,
        })
    }

    fn parse(&self, chunk: &Chunk) -> Result<DataFrame, IngestError> {
        let parse =
            CsvParseOptions::default().with_separator(self.delimiter).with_quote_char(chunk.quoted.then_some(b'"'));
        let options = CsvReadOptions::default()
            .with_has_header(false)
            .with_schema(Some(Arc::clone(&self.polars_schema)))
            .with_projection(self.projection.clone())
            .with_infer_schema_length(Some(0))
            .with_parse_options(parse);
        let failed = |e: polars_core::error::PolarsError| self.unparsed(chunk, &e.to_string());
        let frame = options.into_reader_with_file_handle(Cursor::new(&chunk.text)).finish().map_err(failed)?;
        if frame.height() != chunk.lines.len() {
            let problem = format!("{} rows were read where {} stand", frame.height(), chunk.lines.len());
            return Err(self.unparsed(chunk, &problem));
        }
        Ok(frame)
    }

    fn unparsed(&self, chunk: &Chunk, problem: &str) -> IngestError {
        let line = chunk.lines.first().copied().unwrap_or_default();
        IngestError::internal(&self.file, format!("the rows from line {line} on could not be parsed: {problem}"))
    }
}

impl Table for SeparatedTable {
    fn format(&self) -> Format {
        let argus = ["StartTime", "Dur", "Proto", "SrcAddr", "DstAddr"];
        let is_argus = argus.iter().all(|name| self.names.iter().any(|n| n == name));
        if is_argus { Format::Argus } else { Format::Csv }
    }

    fn columns(&self) -> &[String] {
        &self.names
    }

    fn project(&mut self, columns: &[String]) {
        let wanted = |i: &usize| columns.contains(&self.names[*i]);
        let kept: Vec<usize> = (0..self.names.len()).filter(wanted).collect();
        self.projection = (kept.len() < self.names.len()).then(|| Arc::new(kept));
    }

    fn next_block(&mut self, size: BlockSize) -> Result<Option<Block>, IngestError> {
        let Some(chunk) = self.records.next_chunk(size.rows, size.bytes)? else { return Ok(None) };
        let frame = self.parse(&chunk)?;
        let first_row = self.next_row;
        self.next_row += chunk.lines.len() as u64;
        Ok(Some(Block { frame, first_row, places: Places::Lines(chunk.lines) }))
    }

    fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }
}

fn text_columns(names: &[String]) -> SchemaRef {
    let fields = names.iter().map(|n| (PlSmallStr::from_str(n), DataType::String));
    Arc::new(PolarsSchema::from_iter(fields))
}

/// Whether the first record holds names: always, unless the schema names the columns of files without a header line
/// and fewer than half of the cells are such names.
fn is_header(schema: &Schema, first: &[String]) -> bool {
    schema.header.is_empty() || layout::n_known(schema, first) * 2 >= first.len()
}

fn names_without_header(schema: &Schema, width: usize, file: &str) -> Result<Vec<String>, IngestError> {
    let names = &schema.header;
    if width > names.len() || width < least_width(schema) {
        let remedy = if width > names.len() {
            "add the names of the rest under `header:`, or choose another schema"
        } else {
            "choose another schema, or list trailing columns that may be absent under `optional:`"
        };
        return Err(IngestError::WrongWidth {
            file: file.to_owned(),
            at: Position::Line(1),
            found: width,
            schema: schema.name.clone(),
            expected: names.len(),
            remedy: remedy.to_owned(),
        });
    }
    layout::clean_names(&names[..width], file)
}

fn least_width(schema: &Schema) -> usize {
    let may_lack = |name: &&String| schema.optional.contains(name);
    schema.header.len() - schema.header.iter().rev().take_while(may_lack).count()
}

/// The schema's delimiter, a comma where it names none, or a tab where only that makes the header's names appear
/// (Argus writes both). Another delimiter is named and refused.
fn choose_delimiter(first_line: &[u8], file: &str, schema: &Schema) -> Result<u8, IngestError> {
    let expected = match schema.delimiter {
        None => b',',
        Some(d) if d.is_ascii() && d != '"' && d != '\n' && d != '\r' => d as u8,
        Some(d) => {
            let problem =
                format!("schema {}: `delimiter: {d:?}` must be one ASCII character and no quote", schema.name);
            return Err(IngestError::BadSchema { file: file.to_owned(), at: None, problem });
        }
    };
    let fit = |delimiter: u8| {
        let cells: Vec<String> = scan::values(first_line, delimiter).map(|v| scan::text(&v).into_owned()).collect();
        let is_wide = !schema.header.is_empty() && (least_width(schema)..=schema.header.len()).contains(&cells.len());
        (layout::n_known(schema, &cells) + usize::from(is_wide), cells.len())
    };
    let others = [b',', b'\t', b';', b'|'].into_iter().filter(|d| *d != expected);
    let Some(best) = others.max_by_key(|d| fit(*d)) else { return Ok(expected) };
    let ((known, width), (best_known, best_width)) = (fit(expected), fit(best));
    let is_other = best_known > known || (known == 0 && best_known == 0 && width == 1 && best_width > 1);
    if !is_other {
        return Ok(expected);
    }
    if best == b'\t' && schema.delimiter.is_none() {
        return Ok(best);
    }
    let title = |d: u8| if d == b'\t' { "tabs".to_owned() } else { format!("'{}'", char::from(d)) };
    let hint = if best == b'\t' { "\"\\t\"".to_owned() } else { format!("\"{}\"", char::from(best)) };
    Err(IngestError::WrongDelimiter { file: file.to_owned(), expected: title(expected), found: title(best), hint })
}

impl std::fmt::Debug for SeparatedTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeparatedTable").field("file", &self.file).field("names", &self.names).finish()
    }
}
