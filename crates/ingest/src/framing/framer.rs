//! Cuts bytes into records: a line each, or, in separated text, what the quoting rules hold together. A record is given
//! as soon as it is whole.

use std::io::BufRead;
use std::time::Instant;

use nta_data::Contact;

use crate::error::{IngestError, Position};
use crate::framing::quoting::{Fault, RecordSearch, Shape};
use crate::input::bytes::{Arrival, ByteSource, LineJump};
use crate::limits::{LONGEST_RECORD, LOOK_BYTES, refuse_gap};

/// Bytes asked for at a time.
const READ_SIZE: usize = 1 << 18;

/// What ends a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A line break.
    Line,
    /// A line break outside quotes.
    Quoted { delimiter: u8 },
}

/// One record, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'b> {
    /// Its bytes without the line break.
    pub(crate) bytes: &'b [u8],
    /// Line on which it begins, from 1.
    pub(crate) line: u64,
    /// What the quoting rules found in it; `None` for a line.
    pub(crate) shape: Option<Shape>,
}

/// What came of asking for a record.
#[derive(Debug)]
pub(crate) enum Framed<'b> {
    /// A record that is not blank.
    Record(Record<'b>),
    /// A line whose quotes break the rules, and how; the next record begins after it.
    Broken(Record<'b>, &'static str),
    /// No whole record until the moment named.
    Nothing,
    /// There is none any more.
    End,
}

/// Records of a stream in order.
pub(crate) struct Framer {
    source: Box<dyn ByteSource>,
    file: String,
    framing: Framing,
    /// Bytes from disk; those in `at..filled` are still to be cut.
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    /// Where the bytes begin that must stay in the buffer, while records are looked at and not taken.
    held: Option<usize>,
    search: RecordSearch,
    /// Bytes after `at` that hold no line break.
    without_break: usize,
    line: u64,
    offset: u64,
    /// Where lines were left out, and the place in it of the next.
    jumps: Vec<LineJump>,
    next_jump: usize,
    /// Line and offset behind the last record that was not blank.
    after_record: (u64, u64),
    swallowed: Option<Swallowed>,
    ended: bool,
    contact: Contact,
}

/// Lines that a quoted value ran through before it broke the rules. The quotes of any later record that are open at the
/// end of one of these lines go the same way: looking for their end again would make such a file quadratic.
#[derive(Debug, Clone, Copy)]
struct Swallowed {
    /// Offset before which every line break was met inside quotes.
    until: u64,
    problem: &'static str,
}

const UNCLOSED: &str = "a quoted value begins here and does not end";

/// A record still in the buffer.
struct Found {
    start: usize,
    /// End of the record without its line break.
    end: usize,
    line: u64,
    shape: Option<Shape>,
    broken: Option<&'static str>,
}

enum Search {
    Found(Found),
    Nothing,
    End,
}

impl Framer {
    /// Cuts the bytes of `source` at line breaks; `file` is named in errors, and `contact` may end it.
    pub(crate) fn new(source: Box<dyn ByteSource>, file: &str, contact: &Contact) -> Framer {
        Framer {
            source,
            file: file.to_owned(),
            framing: Framing::Line,
            buffer: Vec::new(),
            at: 0,
            filled: 0,
            held: None,
            search: RecordSearch::default(),
            without_break: 0,
            line: 1,
            offset: 0,
            jumps: Vec::new(),
            next_jump: 0,
            after_record: (1, 0),
            swallowed: None,
            ended: false,
            contact: contact.clone(),
        }
    }

    /// The same, of a text that lines were left out of.
    pub(crate) fn with_jumps(self, jumps: Vec<LineJump>) -> Framer {
        Framer { jumps, ..self }
    }

    /// The bytes that are there, not yet cut, and where those behind them come from: for what has no lines.
    pub(crate) fn into_bytes(self) -> (Vec<u8>, Box<dyn ByteSource>) {
        (self.ahead().to_vec(), self.source)
    }

    /// The name that errors give the stream.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// From now on records end so.
    pub(crate) fn set_framing(&mut self, framing: Framing) {
        self.framing = framing;
    }

    /// Line on which the next record begins.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Bytes of the stream before the next record, unpacked and without a byte order mark.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes that are there, not yet cut.
    pub(crate) fn ahead(&self) -> &[u8] {
        &self.buffer[self.at..self.filled]
    }

    /// Gets more bytes, without an end to the waiting; `false` where there are none any more.
    pub(crate) fn get_more(&mut self) -> Result<bool, IngestError> {
        Ok(!self.ended && self.fill(None)? != Arrival::End)
    }

    /// The next record that is not blank. Waits for it until `until`, without end where that is `None`.
    pub(crate) fn next(&mut self, until: Option<Instant>) -> Result<Framed<'_>, IngestError> {
        let found = match self.search(until)? {
            Search::Nothing => return Ok(Framed::Nothing),
            Search::End => return Ok(Framed::End),
            Search::Found(found) => found,
        };
        let bytes = &self.buffer[found.start..found.end];
        let record = Record { bytes, line: found.line, shape: found.shape };
        Ok(match found.broken {
            None => Framed::Record(record),
            Some(problem) => Framed::Broken(record, problem),
        })
    }

    /// Shows the next records to `look`, without taking them, until there are `most` or 32 MiB of them.
    pub(crate) fn look_ahead(
        &mut self,
        most: usize,
        mut look: impl FnMut(Record<'_>) -> Result<(), IngestError>,
    ) -> Result<usize, IngestError> {
        let (line, offset, after_record, next_jump) = (self.line, self.offset, self.after_record, self.next_jump);
        self.held = Some(self.at);
        let mut seen = 0;
        let outcome = loop {
            let bytes = self.at - self.held.unwrap_or(self.at);
            if seen == most || bytes > LOOK_BYTES {
                break Ok(seen);
            }
            match self.search(None) {
                Ok(Search::Found(found)) => {
                    let record =
                        Record { bytes: &self.buffer[found.start..found.end], line: found.line, shape: found.shape };
                    seen += 1;
                    if let Err(error) = found.broken.map_or(Ok(()), |p| Err(self.bad_quote(found.line, p))) {
                        break Err(error);
                    }
                    if let Err(error) = look(record) {
                        break Err(error);
                    }
                }
                Ok(Search::Nothing | Search::End) => break Ok(seen),
                Err(error) => break Err(error),
            }
        };
        self.at = self.held.take().unwrap_or(self.at);
        (self.line, self.offset, self.after_record, self.swallowed) = (line, offset, after_record, None);
        self.next_jump = next_jump;
        (self.search, self.without_break) = (RecordSearch::default(), 0);
        outcome
    }

    /// The refusal of a line whose quotes break the rules.
    pub(crate) fn bad_quote(&self, line: u64, problem: &str) -> IngestError {
        IngestError::BadQuote { file: self.file.clone(), at: Position::Line(line), problem: problem.to_owned() }
    }

    fn search(&mut self, until: Option<Instant>) -> Result<Search, IngestError> {
        loop {
            if self.at == self.filled && self.ended {
                return Ok(Search::End);
            }
            let found = match self.framing {
                Framing::Line => self.line_ahead()?,
                Framing::Quoted { delimiter } => self.quoted_ahead(delimiter)?,
            };
            match found {
                Some(found) if found.start == found.end => refuse_gap(self.after_record, self.offset, &self.file)?,
                Some(found) => {
                    self.after_record = (self.line, self.offset);
                    return Ok(Search::Found(found));
                }
                None => {
                    // A source that always has more would put the moment off without end.
                    let is_over = until.is_some_and(|until| Instant::now() >= until);
                    if is_over || self.fill(until)? == Arrival::Nothing {
                        return Ok(Search::Nothing);
                    }
                }
            }
        }
    }

    /// The line at the front, taken, where it is whole.
    fn line_ahead(&mut self) -> Result<Option<Found>, IngestError> {
        let ahead = self.ahead();
        let Some(length) = line_length(ahead, self.without_break, self.ended) else {
            if ahead.len() > LONGEST_RECORD {
                return Err(self.too_long());
            }
            self.without_break = ahead.len();
            return Ok(None);
        };
        if length > LONGEST_RECORD {
            return Err(self.too_long());
        }
        let content = without_break(&ahead[..length]);
        Ok(Some(self.take(length, content, 1, None)))
    }

    fn too_long(&self) -> IngestError {
        let problem = "the line is longer than 16 MiB; this is no log".to_owned();
        IngestError::BadLine { file: self.file.clone(), at: Position::Line(self.line), problem }
    }

    /// The record of separated text at the front, taken, where it is whole. Where quotes break the rules, no more than
    /// the line on which it begins is taken: what follows may be sound.
    fn quoted_ahead(&mut self, delimiter: u8) -> Result<Option<Found>, IngestError> {
        if let Some(found) = self.among_swallowed(delimiter) {
            return Ok(Some(found));
        }
        let ahead = &self.buffer[self.at..self.filled];
        let found = self.search.end(ahead, delimiter, self.ended);
        // Up to here every line break stands inside the quotes, or the record would have ended at it.
        let (problem, inside) = match found {
            // More may have come at once than a record may hold.
            Some(Ok(end)) if end.length > LONGEST_RECORD && end.n_breaks > 1 => (UNCLOSED, end.content),
            Some(Ok(end)) if end.length > LONGEST_RECORD => return Err(self.too_long()),
            Some(Ok(end)) => return Ok(Some(self.take(end.length, end.content, end.n_breaks, Some(end.shape)))),
            Some(Err(fault)) => (broken(fault), fault.at()),
            None if ahead.len() <= LONGEST_RECORD => return Ok(None),
            // A quote that was never closed shows by the lines that it swallowed.
            None if self.search.is_in_quotes() && ahead.contains(&b'\n') => (UNCLOSED, ahead.len()),
            None => return Err(self.too_long()),
        };
        self.swallowed = Some(Swallowed { until: self.offset + inside as u64, problem });
        Ok(Some(self.take_line(problem)))
    }

    /// The line at the front, taken, where an earlier record's quotes ran through it.
    fn among_swallowed(&mut self, delimiter: u8) -> Option<Found> {
        let Swallowed { until, problem } = self.swallowed.filter(|lines| self.offset < lines.until)?;
        let ahead = self.ahead();
        let length = line_length(ahead, 0, false).filter(|length| self.offset + (*length as u64) <= until)?;
        match RecordSearch::default().end(&ahead[..length], delimiter, false) {
            Some(Ok(end)) => Some(self.take(end.length, end.content, end.n_breaks, Some(end.shape))),
            Some(Err(fault)) => Some(self.take_line(broken(fault))),
            None => Some(self.take_line(problem)),
        }
    }

    /// The line at the front, taken as one that breaks the rules.
    fn take_line(&mut self, problem: &'static str) -> Found {
        let ahead = self.ahead();
        let length = line_length(ahead, 0, true).unwrap_or(ahead.len());
        let content = without_break(&ahead[..length]);
        let mut found = self.take(length, content, 1, None);
        found.broken = Some(problem);
        found
    }

    fn take(&mut self, length: usize, content: usize, n_breaks: u64, shape: Option<Shape>) -> Found {
        let found = Found { start: self.at, end: self.at + content, line: self.line, shape, broken: None };
        self.at += length;
        self.line += n_breaks;
        self.offset += length as u64;
        while let Some(jump) = self.jumps.get(self.next_jump).filter(|jump| self.offset >= jump.offset) {
            self.line += jump.lines;
            self.next_jump += 1;
        }
        (self.search, self.without_break) = (RecordSearch::default(), 0);
        found
    }

    fn fill(&mut self, until: Option<Instant>) -> Result<Arrival, IngestError> {
        if self.contact.cancelled() {
            return Err(IngestError::Cancelled);
        }
        let keep = self.held.unwrap_or(self.at);
        if keep > 0 {
            self.buffer.copy_within(keep..self.filled, 0);
            self.filled -= keep;
            self.at -= keep;
            self.held = self.held.map(|_| 0);
        }
        if self.buffer.len() - self.filled < READ_SIZE {
            // Doubling keeps the copies of a long record linear in its length.
            self.buffer.resize(self.buffer.len() + READ_SIZE.max(self.buffer.len()), 0);
        }
        let arrival = self.source.read_some(&mut self.buffer[self.filled..], until);
        let arrival = arrival.map_err(|e| IngestError::read(&self.file, &e))?;
        match arrival {
            Arrival::Bytes(n) => self.filled += n,
            Arrival::End => self.ended = true,
            Arrival::Nothing => {}
        }
        Ok(arrival)
    }
}

fn broken(fault: Fault) -> &'static str {
    match fault {
        Fault::AfterQuote { .. } => "text follows a closing quote",
        Fault::Unclosed { .. } => UNCLOSED,
    }
}

/// Length of the line at the front of `bytes` with its break, the first `known` of which hold none.
fn line_length(bytes: &[u8], known: usize, is_end: bool) -> Option<usize> {
    // The standard library's own search for a byte, many at a time, is behind this.
    let skipped = (&bytes[known..]).skip_until(b'\n').unwrap_or_default();
    let length = known + skipped;
    (is_end || (length > 0 && bytes[length - 1] == b'\n')).then_some(length)
}

/// Bytes of a line before its break.
fn without_break(line: &[u8]) -> usize {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.len() - line.iter().rev().take_while(|b| **b == b'\r').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::quoting;
    use crate::input::unpack::Unpacked;

    fn framer(text: &str, framing: Framing) -> Framer {
        let bytes = std::io::Cursor::new(text.as_bytes().to_vec());
        let mut framer = Framer::new(Box::new(Unpacked::new(bytes).unwrap()), "t.csv", &Contact::default());
        framer.set_framing(framing);
        framer
    }

    /// Text and line of every record; broken ones with what is wrong.
    fn all(text: &str, framing: Framing) -> Vec<(String, u64)> {
        let mut framer = framer(text, framing);
        let mut all = Vec::new();
        loop {
            match framer.next(None).unwrap() {
                Framed::Record(record) => all.push((String::from_utf8_lossy(record.bytes).into_owned(), record.line)),
                Framed::Broken(record, problem) => all.push((format!("! {problem}"), record.line)),
                Framed::End => return all,
                Framed::Nothing => panic!("a file never waits"),
            }
        }
    }

    const COMMAS: Framing = Framing::Quoted { delimiter: b',' };

    #[test]
    fn line_breaks_inside_quotes_count_and_blank_lines_are_skipped() {
        let records = all("a,b\r\n\r\n1,\"x\ny\"\r\n\n2,z", COMMAS);
        let expected = [("a,b", 1), ("1,\"x\ny\"", 3), ("2,z", 6)].map(|(t, l)| (t.to_owned(), l));
        assert_eq!(records, expected);
        let lines = all("\n{\"a\": 1}\r\n\n\"x\n", Framing::Line);
        assert_eq!(lines, [("{\"a\": 1}", 2), ("\"x", 4)].map(|(t, l)| (t.to_owned(), l)));
    }

    #[test]
    fn after_a_broken_line_the_next_is_read() {
        let unclosed = all("a,b\n1,\"2\n3,4\n", COMMAS);
        assert_eq!(
            unclosed[1..],
            [("! a quoted value begins here and does not end".to_owned(), 2), ("3,4".to_owned(), 3)]
        );
        let after = all("a,b\n1,\"2\"x\n3,4\n", COMMAS);
        assert_eq!(after[1..], [("! text follows a closing quote".to_owned(), 2), ("3,4".to_owned(), 3)]);
    }

    #[test]
    fn quotes_that_every_line_opens_are_not_followed_to_their_end_from_every_line() {
        // Each line opens quotes that the next closes and opens again: every one of them runs to the end.
        let n_lines = 40_000;
        for (end, said) in [("", UNCLOSED), ("\"x\n", "text follows a closing quote")] {
            let text = format!("{}{end}", "x\",\"z\n".repeat(n_lines));
            quoting::LOOKED_AT.set(0);
            let found = all(&text, COMMAS);
            let (first, rest) = (&found[0], &found[1..n_lines]);
            assert_eq!(*first, (format!("! {said}"), 1));
            assert!(rest.iter().zip(2..).all(|((told, line), nth)| *told == format!("! {said}") && *line == nth));
            assert!(quoting::LOOKED_AT.get() < 4 * text.len() as u64, "{} bytes", quoting::LOOKED_AT.get());
        }
    }

    #[test]
    fn a_sound_line_among_those_that_open_quotes_is_read() {
        let found = all("x\",\"z\n1,2\n\nx\",\"z\n3,\"4\"\n5,6", COMMAS);
        let texts: Vec<(&str, u64)> = found.iter().map(|(text, line)| (text.as_str(), *line)).collect();
        let after = "! text follows a closing quote";
        assert_eq!(texts, [(after, 1), ("1,2", 2), (after, 4), ("3,\"4\"", 5), ("5,6", 6)]);
    }

    #[test]
    fn records_longer_than_the_buffer_come_whole() {
        let long = "x".repeat(3 * READ_SIZE);
        let records = all(&format!("a,b\n1,\"{long}\n\"\n3,4\n"), COMMAS);
        assert_eq!(records[1].0.len(), 2 + long.len() + 3);
        assert_eq!(records.iter().map(|r| r.1).collect::<Vec<_>>(), [1, 2, 4]);
    }

    #[test]
    fn looking_ahead_takes_nothing() {
        let mut framer = framer("\n a , b\n1,2\n", COMMAS);
        let mut seen = Vec::new();
        let look = |record: Record<'_>| {
            seen.push(record.line);
            Ok(())
        };
        assert_eq!(framer.look_ahead(9, look).unwrap(), 2);
        assert_eq!(seen, [2, 3]);
        let Framed::Record(record) = framer.next(None).unwrap() else { panic!("a record is there") };
        assert_eq!((record.bytes, record.line), (&b" a , b"[..], 2));
        assert_eq!((framer.offset(), framer.line()), (8, 3));
    }
}
