//! Separated text (CSV, tabs, Argus): header and delimiter are settled and every record verified here; polars splits the
//! verified records of a block into cells.
//!
//! What polars is given has the expected number of values a record, is valid UTF-8, ends each record in a single `\n`,
//! and quotes only where the CSV rules do, so that it cannot see a record differently.

use std::io::Cursor;
use std::sync::Arc;

use nta_data::Schema;
use polars_core::prelude::{Column, DataFrame, DataType, PlSmallStr, Schema as PolarsSchema, SchemaRef};
use polars_io::prelude::{CsvParseOptions, CsvReadOptions, SerReader};

use crate::decode::decoder::{Decoded, Decoder, LineFault};
use crate::error::{IngestError, Position};
use crate::framing::framer::{Framer, Framing, Record};
use crate::framing::quoting;
use crate::limits::{LONGEST_VALUE, MOST_COLUMNS, refuse_long_values, refuse_wide};
use crate::schema::layout;

/// Decodes separated text.
pub(crate) struct Separated {
    delimiter: u8,
    names: Vec<String>,
    polars_schema: SchemaRef,
    projection: Option<Arc<Vec<usize>>>,
    /// The header line as it stood, which a file that goes on after a rotation may repeat.
    header: Option<Vec<u8>>,
    /// Verified records of the block in the making.
    text: Vec<u8>,
    n_rows: usize,
    has_quotes: bool,
}

/// Whether the first line holds the names of an Argus flow record.
pub(crate) fn is_argus(first_line: &[u8]) -> bool {
    let argus = ["StartTime", "Dur", "Proto", "SrcAddr", "DstAddr"];
    DELIMITERS.iter().any(|delimiter| {
        let names: Vec<_> = quoting::values(first_line, *delimiter).take(MOST_COLUMNS).collect();
        argus.iter().all(|name| names.iter().any(|n| n.trim_ascii() == name.as_bytes()))
    })
}

/// Delimiters that are tried, the usual one first.
pub(crate) const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

impl Separated {
    /// Reads the header, or takes the names from the schema where the text has none.
    pub(crate) fn open(framer: &mut Framer, first_line: &[u8], schema: &Schema) -> Result<Self, IngestError> {
        let file = framer.file().to_owned();
        let delimiter = choose_delimiter(first_line, &file, schema)?;
        framer.set_framing(Framing::Quoted { delimiter });
        let mut first = None;
        framer.look_ahead(1, |record| {
            refuse_wide(record.shape.map_or(1, |shape| shape.n_values), &file)?;
            let values = quoting::values(record.bytes, delimiter).map(|v| quoting::text(&v).into_owned());
            first = Some((record.bytes.to_vec(), values.collect::<Vec<String>>()));
            Ok(())
        })?;
        let (bytes, first) = first.ok_or_else(|| IngestError::Empty { file: file.clone() })?;
        let (names, header) = if is_header(schema, &first) {
            framer.next(None)?;
            (layout::clean_names(&first, &file)?, Some(bytes))
        } else {
            (names_without_header(schema, first.len(), &file)?, None)
        };
        Ok(Separated {
            delimiter,
            polars_schema: text_columns(&names),
            names,
            projection: None,
            header,
            text: Vec::new(),
            n_rows: 0,
            has_quotes: false,
        })
    }

    fn keep(&mut self, record: &Record<'_>) {
        let bytes = record.bytes;
        let shape = record.shape;
        let stray_quote = shape.is_some_and(|s| s.stray_quote);
        // polars takes a text that begins so for zlib; in quotes it begins otherwise.
        let like_zlib = self.text.is_empty() && matches!(bytes, [b'x', b'^' | 1, ..]);
        self.has_quotes |= stray_quote || like_zlib || shape.is_some_and(|s| s.quoted);
        if stray_quote || like_zlib {
            quoting::requote(bytes, self.delimiter, &mut self.text);
        } else if shape.is_some_and(|s| s.ascii) {
            self.text.extend_from_slice(bytes);
        } else {
            self.text.extend_from_slice(quoting::text(bytes).as_bytes());
        }
        self.text.push(b'\n');
        self.n_rows += 1;
    }

    fn no_rows(&self) -> Result<DataFrame, String> {
        let column = |i: usize| Column::new_empty(PlSmallStr::from_str(&self.names[i]), &DataType::String);
        let columns = match &self.projection {
            Some(places) => places.iter().map(|i| column(*i)).collect(),
            None => (0..self.names.len()).map(column).collect(),
        };
        DataFrame::new(0, columns).map_err(|e| e.to_string())
    }
}

impl Decoder for Separated {
    fn columns(&self) -> &[String] {
        &self.names
    }

    fn project(&mut self, places: Vec<usize>) {
        self.projection = (places.len() < self.names.len()).then(|| Arc::new(places));
    }

    fn take(&mut self, record: &Record<'_>) -> Result<Decoded, LineFault> {
        let found = record.shape.map_or(1, |s| s.n_values);
        if found != self.names.len() {
            return Err(LineFault::Width { found, expected: self.names.len() });
        }
        if self.header.as_deref() == Some(record.bytes) {
            return Ok(Decoded::NoRow);
        }
        if record.bytes.len() > LONGEST_VALUE {
            let lengths = quoting::values(record.bytes, self.delimiter).map(|value| value.len());
            refuse_long_values(lengths).map_err(LineFault::Problem)?;
        }
        self.keep(record);
        Ok(Decoded::Row)
    }

    fn finish_block(&mut self) -> Result<DataFrame, String> {
        if self.n_rows == 0 {
            return self.no_rows();
        }
        let parse =
            CsvParseOptions::default().with_separator(self.delimiter).with_quote_char(self.has_quotes.then_some(b'"'));
        let options = CsvReadOptions::default()
            .with_has_header(false)
            .with_schema(Some(Arc::clone(&self.polars_schema)))
            .with_projection(self.projection.clone())
            .with_infer_schema_length(Some(0))
            .with_parse_options(parse);
        let frame = options.into_reader_with_file_handle(Cursor::new(self.text.as_slice())).finish();
        self.text.clear();
        (self.n_rows, self.has_quotes) = (0, false);
        frame.map_err(|e| e.to_string())
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
        let cells: Vec<String> = quoting::values(first_line, delimiter)
            .take(MOST_COLUMNS + 1)
            .map(|v| quoting::text(&v).into_owned())
            .collect();
        let is_wide = !schema.header.is_empty() && (least_width(schema)..=schema.header.len()).contains(&cells.len());
        (layout::n_known(schema, &cells) + usize::from(is_wide), cells.len())
    };
    let others = DELIMITERS.into_iter().filter(|d| *d != expected);
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
