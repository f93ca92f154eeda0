//! The header of separated text: whether the first record is one, what its columns are called, and which later lines
//! repeat it or say nothing.

use nta_data::Schema;

use crate::decode::delimiter::DELIMITERS;
use crate::error::{IngestError, Position};
use crate::framing::framer::{Framer, Record};
use crate::framing::quoting;
use crate::left_out::NoFlow;
use crate::limits::{MOST_COLUMNS, refuse_wide};
use crate::schema::header::{Double, Names, clean_names};
use crate::schema::layout::{self, least_width};
use crate::values::missing::is_no_value;

/// Rows of a file in which doubled columns are compared.
const COMPARED_ROWS: usize = 1_000;

/// The columns of a file of separated text.
pub(crate) struct Header {
    pub(crate) names: Vec<String>,
    pub(crate) doubles: Vec<Double>,
    /// The cells of the header line, trimmed; the names where the file has none.
    cells: Vec<String>,
    /// Empty cells at the end of the header line, as separators at the end of every line make them.
    pub(crate) n_nameless: usize,
    /// The bytes with which a line may begin that is no row: all others are passed with one look.
    suspects: [bool; 256],
    delimiter: u8,
}

impl Header {
    /// Takes the header off `framer`, or the names from the schema where the text has none. `look` says whether rows may
    /// be looked at: a stream must not be kept waiting for them.
    pub(crate) fn take(framer: &mut Framer, delimiter: u8, schema: &Schema, look: bool) -> Result<Header, IngestError> {
        let file = framer.file().to_owned();
        let first_line = FirstLine::of(framer, delimiter, &file)?;
        let is_known = layout::n_known(schema, &first_line.cells) > 0;
        if look && schema.header.is_empty() && (first_line.cells.len() == 1 || !is_known) {
            refuse_title(framer, &first_line, delimiter)?;
        }
        let mut first = first_line.cells;
        // `#time,src,…`: a line that has the width of those below it is a header, whatever it begins with.
        if let Some(bare) = first[0].trim_start().strip_prefix('#') {
            first[0] = bare.to_owned();
        }
        let Names { names, mut doubles } = if is_header(schema, &first) {
            framer.next(None)?;
            clean_names(&first, &file)?
        } else {
            first = schema.header.clone();
            names_without_header(schema, framer, delimiter)?
        };
        if look && !doubles.is_empty() {
            framer.look_ahead(COMPARED_ROWS, |record| {
                let cells = cells_of(record.bytes, delimiter);
                doubles.iter_mut().for_each(|double| double.compare(&cells));
                Ok(())
            })?;
        }
        let cells: Vec<String> = first.iter().map(|cell| cell.trim().to_owned()).collect();
        let n_nameless = cells.iter().rev().take_while(|cell| cell.is_empty()).count();
        let suspects = suspects(delimiter, &cells[0]);
        Ok(Header { names, doubles, cells, n_nameless, suspects, delimiter })
    }

    /// Why a record is no row, though it could be taken for one.
    pub(crate) fn no_flow(&self, record: &[u8]) -> Option<NoFlow> {
        if record.first().is_none_or(|first| !self.suspects[usize::from(*first)]) {
            return None;
        }
        self.look_closely(record)
    }

    #[cold]
    fn look_closely(&self, record: &[u8]) -> Option<NoFlow> {
        let mut values = quoting::values(record, self.delimiter);
        let first = values.next()?;
        let first = quoting::text(&first);
        let (first, mut others) = (first.trim(), values.map(|value| quoting::text(&value).trim().to_owned()));
        if is_no_value(first) {
            return others.all(|value| is_no_value(&value)).then_some(NoFlow::Empty);
        }
        let bare = first.trim_start_matches(['\u{feff}', '#']).trim();
        if bare != self.cells[0] {
            return None;
        }
        (others.collect::<Vec<String>>() == self.cells[1..]).then_some(NoFlow::RepeatedHeader)
    }
}

/// The bytes with which the header begins, and the words for nothing.
fn suspects(delimiter: u8, first_name: &str) -> [bool; 256] {
    let mut suspects = [false; 256];
    let nothing = b" \t\"-?(\\#.<nNeE";
    let header = [b'"', b'#', 0xef, first_name.as_bytes().first().copied().unwrap_or(b'"')];
    for byte in nothing.iter().chain(&header).chain([&delimiter]) {
        suspects[usize::from(*byte)] = true;
    }
    suspects
}

/// The first record.
struct FirstLine {
    line: u64,
    cells: Vec<String>,
}

impl FirstLine {
    /// It stays where it is.
    fn of(framer: &mut Framer, delimiter: u8, file: &str) -> Result<FirstLine, IngestError> {
        let mut first = None;
        framer.look_ahead(1, |record: Record<'_>| {
            refuse_wide(record.shape.map_or(1, |shape| shape.n_values), file)?;
            first = Some(FirstLine { line: record.line, cells: cells_of(record.bytes, delimiter) });
            Ok(())
        })?;
        first.ok_or_else(|| IngestError::Empty { file: file.to_owned() })
    }
}

fn cells_of(record: &[u8], delimiter: u8) -> Vec<String> {
    quoting::values(record, delimiter).map(|value| quoting::text(&value).into_owned()).collect()
}

/// Refuses a title in place of a header: a line of which the schema knows no name, with fewer values than the next.
fn refuse_title(framer: &mut Framer, first: &FirstLine, delimiter: u8) -> Result<(), IngestError> {
    let file = framer.file().to_owned();
    let mut lines: Vec<Vec<u8>> = Vec::new();
    framer.look_ahead(2, |record| {
        lines.push(record.bytes.to_vec());
        Ok(())
    })?;
    let [title, next] = lines.as_slice() else { return Ok(()) };
    let width = |d: &u8| {
        let values: Vec<bool> =
            quoting::values(next, *d).take(MOST_COLUMNS).map(|v| v.trim_ascii().is_empty()).collect();
        values.len() - values.iter().rev().take_while(|is_empty| **is_empty).count()
    };
    // One value alone says nothing of the delimiter.
    let found = first.cells.len();
    let next_width = if found == 1 { DELIMITERS.iter().map(width).max() } else { Some(width(&delimiter)) };
    let Some(next_width) = next_width.filter(|width| *width > found && !next.starts_with(b"#")) else { return Ok(()) };
    let values = if found == 1 { "one value".to_owned() } else { format!("{found} values") };
    let title = crate::error::shown(&quoting::text(title));
    let problem = format!(
        "{title} is no header: {values}, where the next line holds {next_width}; remove the line, or begin it with `#`"
    );
    Err(IngestError::BadLine { file, at: Position::Line(first.line), problem })
}

/// Whether the first record holds names: always, unless the schema names the columns of files without a header line
/// and fewer than half of the cells are such names.
fn is_header(schema: &Schema, first: &[String]) -> bool {
    schema.header.is_empty() || layout::n_known(schema, first) * 2 >= first.len()
}

fn names_without_header(schema: &Schema, framer: &mut Framer, delimiter: u8) -> Result<Names, IngestError> {
    let file = framer.file().to_owned();
    let FirstLine { line, cells } = FirstLine::of(framer, delimiter, &file)?;
    let (width, names) = (cells.len(), &schema.header);
    if width > names.len() || width < least_width(schema) {
        let remedy = if width > names.len() {
            "add the names of the rest under `header:`, or choose another schema"
        } else {
            "choose another schema, or list trailing columns that may be absent under `optional:`"
        };
        return Err(IngestError::WrongWidth {
            file,
            at: Position::Line(line),
            found: width,
            schema: schema.name.clone(),
            expected: names.len(),
            remedy: remedy.to_owned(),
        });
    }
    clean_names(&names[..width], &file)
}
