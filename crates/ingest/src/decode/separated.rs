//! Separated text (CSV, tabs, Argus): header and delimiter are settled and every record verified here. The records of a
//! block are cut into cells by [`super::cells`], where one of them quotes a value by polars.
//!
//! What polars is given has the expected number of values a record, is valid UTF-8, ends each record in a single `\n`,
//! and quotes only where the CSV rules do, so that it cannot see a record differently.

use std::io::Cursor;
use std::sync::Arc;

use nta_data::Schema;
use polars_buffer::Buffer;
use polars_core::prelude::{Column, DataFrame, DataType, PlSmallStr, Schema as PolarsSchema, SchemaRef};
use polars_io::prelude::{CsvParseOptions, CsvReadOptions, SerReader};

use crate::decode::cells;
use crate::decode::decoder::{Decoded, Decoder, LineFault};
use crate::decode::delimiter::{self, DELIMITERS};
use crate::decode::header_line::Header;
use crate::error::IngestError;
use crate::framing::framer::{Framer, Framing, Record};
use crate::framing::quoting::{self, Shape};
use crate::left_out::NoFlow;
use crate::limits::{LONGEST_VALUE, MOST_COLUMNS, refuse_long_values};
use crate::lines::Lines;
use crate::schema::header::Double;

/// Decodes separated text.
pub(crate) struct Separated {
    delimiter: u8,
    header: Header,
    polars_schema: SchemaRef,
    projection: Option<Arc<Vec<usize>>>,
    /// Verified records of the block in the making.
    text: Vec<u8>,
    n_rows: usize,
    has_quotes: bool,
    /// The block just finished as text, where that can be written as it stands.
    lines: Option<Lines>,
}

/// Whether the first line holds the names of an Argus flow record.
pub(crate) fn is_argus(first_line: &[u8]) -> bool {
    let argus = ["StartTime", "Dur", "Proto", "SrcAddr", "DstAddr"];
    DELIMITERS.iter().any(|delimiter| {
        let names: Vec<_> = quoting::values(first_line, *delimiter).take(MOST_COLUMNS).collect();
        argus.iter().all(|name| names.iter().any(|n| n.trim_ascii() == name.as_bytes()))
    })
}

impl Separated {
    /// Reads the header, or takes the names from the schema where the text has none. `declared` is the delimiter that
    /// the text itself names; `look` says whether rows may be looked at.
    pub(crate) fn open(
        framer: &mut Framer,
        first_line: &[u8],
        declared: Option<u8>,
        schema: &Schema,
        look: bool,
    ) -> Result<Self, IngestError> {
        let file = framer.file().to_owned();
        let delimiter = delimiter::choose(first_line, declared, &file, schema)?;
        framer.set_framing(Framing::Quoted { delimiter });
        let header = Header::take(framer, delimiter, schema, look)?;
        Ok(Separated {
            delimiter,
            polars_schema: text_columns(&header.names),
            projection: None,
            header,
            text: Vec::new(),
            n_rows: 0,
            has_quotes: false,
            lines: None,
        })
    }

    /// Keeps a record of another width where it is the separators at the end of the lines that differ: no value is lost
    /// by one that is empty and has no name.
    #[cold]
    fn keep_other_width(&mut self, record: &Record<'_>) -> Result<Decoded, LineFault> {
        let (found, expected) = (record.shape.map_or(1, |s| s.n_values), self.header.names.len());
        if record.bytes.starts_with(b"#") {
            return Ok(Decoded::LeftOut(NoFlow::Comment));
        }
        let shape = record.shape.map(|shape| Shape { n_values: expected, ..shape });
        if found > expected {
            let mut bytes = record.bytes;
            for _ in expected..found {
                bytes = without_last_empty(bytes, self.delimiter).ok_or(LineFault::Width { found, expected })?;
            }
            return self.keep(&Record { bytes, shape, ..*record });
        }
        let lacking = expected - found;
        if lacking <= self.header.n_nameless {
            let bytes = [record.bytes, &vec![self.delimiter; lacking]].concat();
            return self.keep(&Record { bytes: &bytes, shape, ..*record });
        }
        Err(LineFault::Width { found, expected })
    }

    fn keep(&mut self, record: &Record<'_>) -> Result<Decoded, LineFault> {
        let bytes = record.bytes;
        if bytes.len() > LONGEST_VALUE {
            let lengths = quoting::values(bytes, self.delimiter).map(|value| value.len());
            refuse_long_values(lengths).map_err(LineFault::Problem)?;
        }
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
        Ok(Decoded::Row)
    }

    /// The block as columns over its text, where nothing is quoted.
    fn finish_bare(&mut self) -> Result<DataFrame, String> {
        let size = self.text.len();
        let text = Buffer::from_vec(std::mem::replace(&mut self.text, Vec::with_capacity(size + size / 8)));
        let n_rows = std::mem::take(&mut self.n_rows);
        let names = &self.header.names;
        let (columns, ends) = match &self.projection {
            Some(places) => cells::columns(&text, n_rows, self.delimiter, names, places)?,
            None => cells::columns(&text, n_rows, self.delimiter, names, &Vec::from_iter(0..names.len()))?,
        };
        let as_written = self.delimiter == b',' && self.projection.is_none();
        self.lines = as_written.then(|| Lines::new(text, ends));
        DataFrame::new(n_rows, columns).map_err(|e| e.to_string())
    }

    fn finish_by_polars(&mut self) -> Result<DataFrame, String> {
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

    fn no_rows(&self) -> Result<DataFrame, String> {
        let column = |i: usize| Column::new_empty(PlSmallStr::from_str(&self.header.names[i]), &DataType::String);
        let columns = match &self.projection {
            Some(places) => places.iter().map(|i| column(*i)).collect(),
            None => (0..self.header.names.len()).map(column).collect(),
        };
        DataFrame::new(0, columns).map_err(|e| e.to_string())
    }
}

impl Decoder for Separated {
    fn columns(&self) -> &[String] {
        &self.header.names
    }

    fn doubles(&self) -> &[Double] {
        &self.header.doubles
    }

    fn project(&mut self, places: Vec<usize>) {
        self.projection = (places.len() < self.header.names.len()).then(|| Arc::new(places));
    }

    fn take(&mut self, record: &Record<'_>) -> Result<Decoded, LineFault> {
        if let Some(kind) = self.header.no_flow(record.bytes) {
            return Ok(Decoded::LeftOut(kind));
        }
        if record.shape.map_or(1, |s| s.n_values) != self.header.names.len() {
            return self.keep_other_width(record);
        }
        self.keep(record)
    }

    fn finish_block(&mut self) -> Result<DataFrame, String> {
        if self.n_rows == 0 {
            return self.no_rows();
        }
        // Nothing in quotes, and a separator that no letter of several bytes holds: the text itself is the columns. polars
        // takes a return at the end of a cell away, and so it has to where one block of a file is read by it.
        if !self.has_quotes && self.delimiter.is_ascii() && !self.text.contains(&b'\r') {
            return self.finish_bare();
        }
        self.finish_by_polars()
    }

    fn take_lines(&mut self) -> Option<Lines> {
        self.lines.take()
    }
}

/// A record without its last value, where that is bare and empty.
fn without_last_empty(record: &[u8], delimiter: u8) -> Option<&[u8]> {
    let at = record.iter().rposition(|b| *b == delimiter)?;
    record[at + 1..].iter().all(|b| b.is_ascii_whitespace()).then_some(&record[..at])
}

fn text_columns(names: &[String]) -> SchemaRef {
    let fields = names.iter().map(|n| (PlSmallStr::from_str(n), DataType::String));
    Arc::new(PolarsSchema::from_iter(fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::unpack::Unpacked;

    #[test]
    fn a_bare_block_is_what_polars_makes_of_it() {
        let text = "1,x y,\n, ,é\n,,\n  ,.,-\n\u{feff},0.50,(empty)\na\r,b,c\nlonger than twelve bytes,é\u{fc}\u{e9}\u{fc}\u{e9}\u{fc}\u{e9}\u{fc},\r\n"
            .to_owned()
            + &"7,seven,ZZ\n".repeat(300);
        for (delimiter, text) in
            [b',', b'\t', b';'].into_iter().flat_map(|d| [(d, text.clone()), (d, text.replace('\r', ""))])
        {
            let with = |text: &str| text.replace(',', std::str::from_utf8(&[delimiter]).unwrap());
            let header = with("a,b,c\n");
            let bytes = Unpacked::new(Cursor::new(header.clone().into_bytes())).unwrap();
            let mut framer = Framer::new(Box::new(bytes), "t", &nta_data::Contact::default());
            let first_line = header.trim_end().as_bytes();
            let schema = crate::schema::any::any_columns();
            let mut separated = Separated::open(&mut framer, first_line, Some(delimiter), &schema, false).unwrap();
            for places in [None, Some(vec![0, 2]), Some(vec![1])] {
                separated.projection = places.map(Arc::new);
                let mut frame = |by: fn(&mut Separated) -> Result<DataFrame, String>| {
                    separated.text = with(&text).into_bytes();
                    separated.n_rows = text.lines().count();
                    by(&mut separated).unwrap()
                };
                let (bare, polars) = (frame(Separated::finish_block), frame(Separated::finish_by_polars));
                assert!(bare.equals_missing(&polars), "{bare} {polars}");
            }
        }
    }
}
