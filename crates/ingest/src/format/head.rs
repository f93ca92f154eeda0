//! What stands before a file's first line that matters: comments, and the separator that a spreadsheet names.

use crate::decode::delimiter::DELIMITERS;
use crate::decode::{netflow_rows, zeek_tsv};
use crate::error::IngestError;
use crate::format::first_line::first_line;
use crate::framing::framer::{Framed, Framer};
use crate::framing::quoting;
use crate::left_out::LeftOut;
use crate::limits::refuse_gap;

/// How a file begins.
pub(crate) struct Head {
    /// The first line that is neither blank nor a preamble.
    pub(crate) first_line: Vec<u8>,
    /// The separator that the file itself names (`sep=;`).
    pub(crate) delimiter: Option<u8>,
    /// Lines passed over.
    n_passed: u64,
}

impl Head {
    /// Passes over the preamble: lines that begin with `#`, unless they are Zeek's or the header itself, and `sep=;`.
    pub(crate) fn of(framer: &mut Framer) -> Result<Head, IngestError> {
        let (mut delimiter, mut n_passed) = (None, 0);
        let file = framer.file().to_owned();
        loop {
            let line = first_line(framer)?;
            match declared_delimiter(&line) {
                Some(declared) => delimiter = Some(declared),
                None if is_comment(framer, &line)? => {}
                None => return Ok(Head { first_line: line, delimiter, n_passed }),
            }
            if let Framed::End | Framed::Nothing = framer.next(None)? {
                return Err(IngestError::Empty { file });
            }
            n_passed += 1;
            refuse_gap((1, 0), framer.offset(), &file)?;
        }
    }

    /// What was passed over, as lines left out.
    pub(crate) fn left_out(&self) -> LeftOut {
        LeftOut { comments: self.n_passed, ..LeftOut::default() }
    }
}

/// The separator of Excel's `sep=;`.
fn declared_delimiter(line: &[u8]) -> Option<u8> {
    let bare = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let named = bare.get(..4).filter(|word| word.eq_ignore_ascii_case(b"sep=")).map(|_| &bare[4..])?;
    match named {
        // A line is trimmed before it comes here, and a tab with it.
        [] => Some(b'\t'),
        [delimiter] if delimiter.is_ascii_punctuation() && *delimiter != b'"' => Some(*delimiter),
        _ => None,
    }
}

/// Whether the line at the front is a comment: it begins with `#`, is none of Zeek's, and does not have the width of
/// the line below it, as a header would.
fn is_comment(framer: &mut Framer, line: &[u8]) -> Result<bool, IngestError> {
    if !line.starts_with(b"#") || zeek_tsv::begins(line) || netflow_rows::begins(line) {
        return Ok(false);
    }
    let mut lines: Vec<Vec<u8>> = Vec::new();
    framer.look_ahead(2, |record| {
        lines.push(record.bytes.to_vec());
        Ok(())
    })?;
    let [first, second] = lines.as_slice() else { return Ok(false) };
    let widths = DELIMITERS.map(|d| (quoting::values(first, d).count(), quoting::values(second, d).count()));
    let is_header = !second.starts_with(b"#") && widths.iter().any(|(a, b)| a == b && *a > 1);
    Ok(!is_header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_names_its_separator() {
        assert_eq!(declared_delimiter(b"sep=;"), Some(b';'));
        assert_eq!(declared_delimiter(b"\"SEP=,\""), Some(b','));
        assert_eq!(declared_delimiter(b"sep="), Some(b'\t'));
        assert_eq!(declared_delimiter(b"sep=x"), None);
        assert_eq!(declared_delimiter(b"separator,b"), None);
    }
}
