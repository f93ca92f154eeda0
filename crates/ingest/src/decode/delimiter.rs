//! Which byte separates the values of a text.

use nta_data::Schema;

use crate::error::IngestError;
use crate::framing::quoting;
use crate::limits::MOST_COLUMNS;
use crate::schema::layout::{self, least_width};

/// Delimiters that are tried, the usual one first.
pub(crate) const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// The delimiter that the file itself declares (`sep=;`), else the schema's, a comma where it names none, or a tab where
/// only that makes the header's names appear (Argus writes both). Another delimiter is named and refused.
pub(crate) fn choose(first_line: &[u8], declared: Option<u8>, file: &str, schema: &Schema) -> Result<u8, IngestError> {
    if let Some(declared) = declared {
        return Ok(declared);
    }
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
