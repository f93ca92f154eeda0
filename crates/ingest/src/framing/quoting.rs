//! The quoting rules of separated text, applied to one record's bytes.
//!
//! A value is quoted only where its first byte is `"`; inside, `""` stands for one `"`. A `"` further on in a bare
//! value is text.

use std::borrow::Cow;

/// What is in one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Values.
    pub(crate) n_values: usize,
    /// Whether a value is quoted.
    pub(crate) quoted: bool,
    /// Whether a bare value holds a quote.
    pub(crate) stray_quote: bool,
    /// Whether every byte is ASCII.
    pub(crate) ascii: bool,
}

/// Where one record ends, counted from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Bytes with the line break.
    pub(crate) length: usize,
    /// Bytes without the line break.
    pub(crate) content: usize,
    /// Line breaks passed, those inside quotes too.
    pub(crate) n_breaks: u64,
    pub(crate) shape: Shape,
}

/// How a record breaks the quoting rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The text ends inside quotes, after so many bytes.
    Unclosed { at: usize },
    /// Something other than a separator follows a closing quote, which stands behind so many bytes.
    AfterQuote { at: usize },
}

impl Fault {
    /// Bytes before it.
    pub(crate) fn at(self) -> usize {
        match self {
            Fault::Unclosed { at } | Fault::AfterQuote { at } => at,
        }
    }
}

/// A search for the end of one record that goes on where it stopped when more bytes have come: no byte is looked at
/// twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordSearch {
    /// Bytes looked at.
    at: usize,
    inside: Inside,
    n_breaks: u64,
    n_values: usize,
    quoted: bool,
    stray_quote: bool,
    high_bits: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// A value begins here.
    Nothing,
    Bare,
    Quotes,
}

impl Default for RecordSearch {
    fn default() -> Self {
        RecordSearch {
            at: 0,
            inside: Inside::Nothing,
            n_breaks: 0,
            n_values: 1,
            quoted: false,
            stray_quote: false,
            high_bits: 0,
        }
    }
}

#[cfg(test)]
thread_local! {
    /// Bytes that searches of this thread went through.
    pub(crate) static LOOKED_AT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

impl RecordSearch {
    /// The end of the record that begins at the front of `bytes` (those seen before, and more); `None` where it goes on
    /// beyond them and `is_end` is false.
    pub(crate) fn end(&mut self, bytes: &[u8], delimiter: u8, is_end: bool) -> Option<Result<Ended, Fault>> {
        let mut search = *self;
        while search.at < bytes.len() {
            if search.inside == Inside::Quotes {
                match search.pass_quotes(&bytes[search.at..], delimiter, is_end) {
                    Ok(Inside::Quotes) => break,
                    Ok(_) => continue,
                    Err(fault) => return Some(Err(fault)),
                }
            }
            if let Some(word) = bytes[search.at..].first_chunk::<8>()
                && search.pass_bare(u64::from_le_bytes(*word), delimiter)
            {
                continue;
            }
            #[cfg(test)]
            LOOKED_AT.set(LOOKED_AT.get() + 1);
            let byte = bytes[search.at];
            search.high_bits |= byte;
            search.at += 1;
            if byte == b'\n' {
                search.n_breaks += 1;
                return Some(Ok(search.found(bytes, search.at - 1)));
            }
            if byte == delimiter {
                search.n_values += 1;
                search.inside = Inside::Nothing;
            } else if byte == b'"' && search.inside == Inside::Nothing {
                search.quoted = true;
                search.inside = Inside::Quotes;
            } else {
                search.stray_quote |= byte == b'"';
                search.inside = Inside::Bare;
            }
        }
        *self = search;
        match (is_end, search.inside) {
            (false, _) => None,
            (true, Inside::Quotes) => Some(Err(Fault::Unclosed { at: bytes.len() })),
            (true, _) => Some(Ok(search.found(bytes, bytes.len()))),
        }
    }

    /// Whether what was looked at ends inside quotes.
    pub(crate) fn is_in_quotes(&self) -> bool {
        self.inside == Inside::Quotes
    }

    /// Goes on over eight bytes, the first one lowest, in which no line ends and nothing is a quote; `false` where they are
    /// others.
    #[inline(always)]
    fn pass_bare(&mut self, word: u64, delimiter: u8) -> bool {
        if among(word, b'\n') | among(word, b'"') != 0 {
            return false;
        }
        #[cfg(test)]
        LOOKED_AT.set(LOOKED_AT.get() + 8);
        let separators = among(word, delimiter);
        self.n_values += separators.count_ones() as usize;
        self.inside = if separators >> 63 == 1 { Inside::Nothing } else { Inside::Bare };
        self.high_bits |= if word & HIGHEST == 0 { 0 } else { 0x80 };
        self.at += 8;
        true
    }

    /// Goes on inside quotes to their end, or as far as there are bytes; where the search is then.
    fn pass_quotes(&mut self, rest: &[u8], delimiter: u8, is_end: bool) -> Result<Inside, Fault> {
        let (length, inside) = match quoted_end(rest, delimiter, is_end) {
            QuotedEnd::At { length } => (length, Inside::Bare),
            QuotedEnd::Beyond { length } => (length, Inside::Quotes),
            QuotedEnd::AfterQuote { length } => return Err(Fault::AfterQuote { at: self.at + length }),
            QuotedEnd::Unclosed => return Err(Fault::Unclosed { at: self.at + rest.len() }),
        };
        #[cfg(test)]
        LOOKED_AT.set(LOOKED_AT.get() + length as u64);
        for byte in &rest[..length] {
            self.high_bits |= byte;
            self.n_breaks += u64::from(*byte == b'\n');
        }
        self.at += length;
        self.inside = inside;
        Ok(inside)
    }

    /// The record whose line break, if it has one, stands at `content`.
    fn found(&self, bytes: &[u8], content: usize) -> Ended {
        let returns = bytes[..content].iter().rev().take_while(|b| **b == b'\r').count();
        let shape = Shape {
            n_values: self.n_values,
            quoted: self.quoted,
            stray_quote: self.stray_quote,
            ascii: self.high_bits < 0x80,
        };
        Ended { length: self.at, content: content - returns, n_breaks: self.n_breaks, shape }
    }
}

/// The highest bit of each of eight bytes.
const HIGHEST: u64 = 0x8080_8080_8080_8080;

/// The highest bit of each of the eight bytes of `word` that is `byte`.
#[inline(always)]
pub(crate) fn among(word: u64, byte: u8) -> u64 {
    let other = word ^ (u64::from(byte) * 0x0101_0101_0101_0101);
    !((other & !HIGHEST).wrapping_add(!HIGHEST) | other | !HIGHEST)
}

enum QuotedEnd {
    /// `length` bytes up to and with the closing quote.
    At { length: usize },
    /// Not within these bytes, of which the first `length` need not be looked at again.
    Beyond { length: usize },
    /// Something other than a separator follows the closing quote, which stands behind `length` bytes.
    AfterQuote { length: usize },
    /// Not before the end of the text.
    Unclosed,
}

/// Where the quoted value that began before `bytes` closes.
fn quoted_end(bytes: &[u8], delimiter: u8, is_end: bool) -> QuotedEnd {
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'"' {
            match bytes.get(i + 1) {
                Some(b'"') => i += 1,
                Some(b'\r' | b'\n') => return QuotedEnd::At { length: i + 1 },
                Some(next) if *next == delimiter => return QuotedEnd::At { length: i + 1 },
                Some(_) => return QuotedEnd::AfterQuote { length: i },
                None if is_end => return QuotedEnd::At { length: i + 1 },
                None => return QuotedEnd::Beyond { length: i },
            }
        }
        i += 1;
    }
    if is_end { QuotedEnd::Unclosed } else { QuotedEnd::Beyond { length: i } }
}

/// The values of one record, unquoted.
pub(crate) fn values(record: &[u8], delimiter: u8) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let mut rest = Some(record);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let (value, length) = match bytes.strip_prefix(b"\"") {
            Some(inside) => match quoted_end(inside, delimiter, true) {
                QuotedEnd::At { length } => (unquote(&inside[..length - 1]), length + 1),
                _ => (Cow::Borrowed(bytes), bytes.len()),
            },
            None => {
                let length = bytes.iter().position(|b| *b == delimiter).unwrap_or(bytes.len());
                (Cow::Borrowed(&bytes[..length]), length)
            }
        };
        rest = bytes.get(length + 1..).filter(|_| length < bytes.len());
        Some(value)
    })
}

fn unquote(inside: &[u8]) -> Cow<'_, [u8]> {
    if !inside.contains(&b'"') {
        return Cow::Borrowed(inside);
    }
    let mut plain = Vec::with_capacity(inside.len());
    let mut i = 0;
    while i < inside.len() {
        plain.push(inside[i]);
        i += if inside[i] == b'"' { 2 } else { 1 };
    }
    Cow::Owned(plain)
}

/// Writes the record to `into` with every value quoted.
pub(crate) fn requote(record: &[u8], delimiter: u8, into: &mut Vec<u8>) {
    for (i, value) in values(record, delimiter).enumerate() {
        if i > 0 {
            into.push(delimiter);
        }
        into.push(b'"');
        for byte in text(&value).bytes() {
            if byte == b'"' {
                into.push(b'"');
            }
            into.push(byte);
        }
        into.push(b'"');
    }
}

/// Bytes as text: UTF-8, and what is not UTF-8 as Windows-1252, in which older tools write (`–` in CIC-IDS2017).
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut text = String::with_capacity(bytes.len() + 8);
            for part in bytes.utf8_chunks() {
                text.push_str(part.valid());
                text.extend(part.invalid().iter().map(|b| windows_1252(*b)));
            }
            Cow::Owned(text)
        }
    }
}

fn windows_1252(byte: u8) -> char {
    // The 32 places in which Windows-1252 differs from Latin-1; unassigned ones stay control characters.
    const HIGH: [u16; 32] = [
        0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,
        0x017d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
        0x0153, 0x9d, 0x017e, 0x0178,
    ];
    match byte {
        0x80..=0x9f => char::from_u32(u32::from(HIGH[usize::from(byte) - 0x80])).unwrap_or('\u{fffd}'),
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(record: &str) -> Vec<String> {
        values(record.as_bytes(), b',').map(|v| text(&v).into_owned()).collect()
    }

    #[test]
    fn values_are_unquoted() {
        assert_eq!(split("a,\"b,\"\"c\"\"\",,d"), ["a", "b,\"c\"", "", "d"]);
        assert_eq!(split("a,"), ["a", ""]);
        assert_eq!(split("\"\""), [""]);
    }

    fn end(bytes: &[u8], is_end: bool) -> Option<Ended> {
        RecordSearch::default().end(bytes, b',', is_end).map(Result::unwrap)
    }

    #[test]
    fn a_record_goes_on_until_its_line_break_or_the_end() {
        assert_eq!(end(b"a,b", false), None);
        assert_eq!(end(b"a,\"b\"", false), None);
        let found = end(b"a,b", true).unwrap();
        assert_eq!((found.length, found.content, found.shape.n_values), (3, 3, 2));
        let found = end(b"a,b\r\nnext", false).unwrap();
        assert_eq!((found.length, found.content, found.n_breaks), (5, 3, 1));
    }

    #[test]
    fn a_record_that_comes_byte_by_byte_is_the_one_that_comes_whole() {
        for text in ["a,\"b,\"\"c\n\"\"\",\"\",d\"e\r\n", "\"\"\"\"\n", "\"a\",\"b\nc\"\n", "\u{e9},\"\u{e9}\"\n"] {
            let whole = end(text.as_bytes(), false).unwrap();
            let mut search = RecordSearch::default();
            let ends: Vec<_> = (0..=text.len()).map(|n| search.end(&text.as_bytes()[..n], b',', false)).collect();
            assert!(ends[..text.len()].iter().all(Option::is_none), "{text}");
            assert_eq!(ends[text.len()], Some(Ok(whole)), "{text}");
        }
    }

    #[test]
    fn the_byte_0x96_is_an_en_dash() {
        assert_eq!(text(b"a\x96b\xe9"), "a–bé");
    }
}
