//! Cuts a byte stream of separated text into chunks of whole, verified records, with the line number of each.
//!
//! Every record that leaves here has the expected number of values, is valid UTF-8, ends in a single `\n`, and quotes
//! only where the CSV rules do, so that what parses the chunk next cannot see it differently.

use std::io::Read;

use crate::error::Position;
use crate::{IngestError, scan};

/// A record longer than this is taken for a quote that was never closed.
const LONGEST_RECORD: usize = 16 << 20;
const READ_SIZE: usize = 1 << 18;

/// Whole records in file order.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    /// The records, each ended by `\n`.
    pub(crate) text: Vec<u8>,
    /// Line on which each record begins, from 1.
    pub(crate) lines: Vec<u64>,
    /// Whether any value is quoted.
    pub(crate) quoted: bool,
}

/// Reads records from a stream. See the module for what is promised of them.
pub(crate) struct Records<R> {
    input: R,
    file: String,
    delimiter: u8,
    width: Option<usize>,
    buffer: Vec<u8>,
    at: usize,
    line: u64,
    ended: bool,
}

/// A record still in the reader's buffer.
struct Found {
    start: usize,
    /// End of the record without its line break.
    end: usize,
    line: u64,
    record: scan::Record,
}

impl<R: Read> Records<R> {
    /// Reads from `input`; `file` is named in errors.
    pub(crate) fn new(input: R, file: &str, delimiter: u8) -> Self {
        Records {
            input,
            file: file.to_owned(),
            delimiter,
            width: None,
            buffer: Vec::new(),
            at: 0,
            line: 1,
            ended: false,
        }
    }

    /// From now on every record must hold `width` values.
    pub(crate) fn expect_width(&mut self, width: usize) {
        self.width = Some(width);
    }

    /// The next record that is not blank, as its values, without taking it; `None` at the end.
    pub(crate) fn peek_values(&mut self) -> Result<Option<Vec<String>>, IngestError> {
        let Some(found) = self.next_record()? else { return Ok(None) };
        let bytes = &self.buffer[found.start..found.end];
        let values = scan::values(bytes, self.delimiter).map(|v| scan::text(&v).into_owned()).collect();
        self.at = found.start;
        self.line = found.line;
        Ok(Some(values))
    }

    /// Takes the next record.
    pub(crate) fn skip(&mut self) -> Result<(), IngestError> {
        self.next_record().map(|_| ())
    }

    /// Up to `max_rows` records and about `max_bytes` bytes; `None` at the end of the stream.
    pub(crate) fn next_chunk(&mut self, max_rows: usize, max_bytes: usize) -> Result<Option<Chunk>, IngestError> {
        let mut chunk = Chunk::default();
        while chunk.lines.len() < max_rows && chunk.text.len() < max_bytes {
            let Some(found) = self.next_record()? else { break };
            if let Some(expected) = self.width
                && found.record.n_values != expected
            {
                let (at, found) = (Position::Line(found.line), found.record.n_values);
                return Err(IngestError::Ragged { file: self.file.clone(), at, found, expected });
            }
            self.append(&mut chunk, &found);
        }
        Ok(if chunk.lines.is_empty() { None } else { Some(chunk) })
    }

    fn append(&self, chunk: &mut Chunk, found: &Found) {
        let bytes = &self.buffer[found.start..found.end];
        chunk.quoted |= found.record.quoted || found.record.stray_quote;
        chunk.lines.push(found.line);
        // polars takes a text that begins so for zlib; in quotes it begins otherwise.
        let like_zlib = chunk.text.is_empty() && matches!(bytes, [b'x', b'^' | 1, ..]);
        chunk.quoted |= like_zlib;
        if found.record.stray_quote || like_zlib {
            scan::requote(bytes, self.delimiter, &mut chunk.text);
        } else if found.record.ascii {
            chunk.text.extend_from_slice(bytes);
        } else {
            chunk.text.extend_from_slice(scan::text(bytes).as_bytes());
        }
        chunk.text.push(b'\n');
    }

    fn next_record(&mut self) -> Result<Option<Found>, IngestError> {
        loop {
            let Some(found) = self.scan_record()? else { return Ok(None) };
            if found.start < found.end {
                return Ok(Some(found));
            }
        }
    }

    /// One record, blank ones too.
    fn scan_record(&mut self) -> Result<Option<Found>, IngestError> {
        let line = self.line;
        loop {
            if self.at < self.buffer.len() || self.ended {
                let rest = &self.buffer[self.at..];
                if rest.is_empty() {
                    return Ok(None);
                }
                if let Some(record) = scan::record(rest, self.delimiter, self.ended) {
                    return self.take(line, record).map(Some);
                }
                if rest.len() > LONGEST_RECORD {
                    return Err(self.bad_quote(line, "a quoted value begins here and does not end"));
                }
            }
            self.fill()?;
        }
    }

    fn take(&mut self, line: u64, record: scan::Record) -> Result<Found, IngestError> {
        match record.fault {
            Some(scan::Fault::Unclosed) => Err(self.bad_quote(line, "a quoted value begins here and does not end")),
            Some(scan::Fault::AfterQuote) => Err(self.bad_quote(line, "text follows a closing quote")),
            None => {
                let start = self.at;
                self.at += record.length;
                self.line += record.n_breaks;
                Ok(Found { start, end: start + record.content, line, record })
            }
        }
    }

    fn bad_quote(&self, line: u64, problem: &str) -> IngestError {
        IngestError::BadQuote { file: self.file.clone(), at: Position::Line(line), problem: problem.to_owned() }
    }

    fn fill(&mut self) -> Result<(), IngestError> {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        let have = self.buffer.len();
        // Doubling keeps the rescans of a long record linear in its length.
        let want = READ_SIZE.max(have);
        let mut part = (&mut self.input).take(want as u64);
        let n = part.read_to_end(&mut self.buffer).map_err(|e| IngestError::read(&self.file, &e))?;
        self.ended = n < want;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, delimiter: u8) -> Result<(String, Vec<u64>), IngestError> {
        let mut records = Records::new(text.as_bytes(), "t.csv", delimiter);
        let width = records.peek_values()?.unwrap().len();
        records.expect_width(width);
        let mut whole = (String::new(), Vec::new());
        while let Some(chunk) = records.next_chunk(2, usize::MAX)? {
            assert!(chunk.lines.len() <= 2);
            whole.0.push_str(std::str::from_utf8(&chunk.text).unwrap());
            whole.1.extend(chunk.lines);
        }
        Ok(whole)
    }

    #[test]
    fn line_breaks_inside_quotes_count_and_blank_lines_are_skipped() {
        let (text, lines) = all("a,b\r\n\r\n1,\"x\ny\"\r\n\n2,z", b',').unwrap();
        assert_eq!(text, "a,b\n1,\"x\ny\"\n2,z\n");
        assert_eq!(lines, [1, 3, 6]);
    }

    #[test]
    fn a_quote_inside_a_bare_value_is_kept_as_text() {
        let (text, _) = all("a,b\n5\" disk,2\n", b',').unwrap();
        assert_eq!(text, "a,b\n\"5\"\" disk\",\"2\"\n");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_read_as_windows_1252() {
        let mut records = Records::new(&b"Web Attack \x96 XSS,1\n"[..], "t.csv", b',');
        let chunk = records.next_chunk(9, 99).unwrap().unwrap();
        assert_eq!(std::str::from_utf8(&chunk.text).unwrap(), "Web Attack – XSS,1\n");
    }

    #[test]
    fn ragged_and_unclosed_records_are_refused_with_their_line() {
        let message = all("a,b\n1,2\n1,2,3\n", b',').unwrap_err().to_string();
        assert_eq!(message, "t.csv, line 3: 3 values where there are 2 columns; mend or remove the line");
        let message = all("a,b\n1,\"2\n1,2\n", b',').unwrap_err().to_string();
        assert!(message.starts_with("t.csv, line 2: a quoted value begins here and does not end"), "{message}");
        let message = all("a,b\n1,\"2\"x\n", b',').unwrap_err().to_string();
        assert!(message.starts_with("t.csv, line 2: text follows a closing quote"), "{message}");
    }

    #[test]
    fn records_longer_than_the_buffer_come_whole() {
        let long = "x".repeat(3 * READ_SIZE);
        let (text, lines) = all(&format!("a,b\n1,\"{long}\n\"\n3,4\n"), b',').unwrap();
        assert_eq!(text.len(), 4 + 2 + long.len() + 4 + 4);
        assert_eq!(lines, [1, 2, 4]);
    }

    #[test]
    fn looking_at_the_header_takes_nothing() {
        let mut records = Records::new(&b"\n a , b\n1,2\n"[..], "t.csv", b',');
        assert_eq!(records.peek_values().unwrap().unwrap(), [" a ", " b"]);
        records.skip().unwrap();
        let chunk = records.next_chunk(9, 99).unwrap().unwrap();
        assert_eq!((chunk.text.as_slice(), chunk.lines.as_slice()), (&b"1,2\n"[..], &[3u64][..]));
    }
}
