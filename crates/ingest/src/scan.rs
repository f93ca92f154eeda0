//! The quoting rules of separated text, applied to one record's bytes.
//!
//! A value is quoted only where its first byte is `"`; inside, `""` stands for one `"`. A `"` further on in a bare
//! value is text.

use std::borrow::Cow;

/// One record found at the front of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// Bytes with the line break.
    pub(crate) length: usize,
    /// Bytes without the line break.
    pub(crate) content: usize,
    /// Line breaks passed, those inside quotes too.
    pub(crate) n_breaks: u64,
    /// Values.
    pub(crate) n_values: usize,
    /// Whether a value is quoted.
    pub(crate) quoted: bool,
    /// Whether a bare value holds a quote.
    pub(crate) stray_quote: bool,
    /// Whether every byte is ASCII.
    pub(crate) ascii: bool,
    /// What breaks the rules.
    pub(crate) fault: Option<Fault>,
}

/// How a record breaks the quoting rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The text ends inside quotes.
    Unclosed,
    /// Something other than a separator follows a closing quote.
    AfterQuote,
}

/// The record at the front of `bytes`; `None` where it goes on beyond them and `is_end` is false.
pub(crate) fn record(bytes: &[u8], delimiter: u8, is_end: bool) -> Option<Record> {
    let mut found = Record {
        length: 0,
        content: 0,
        n_breaks: 0,
        n_values: 1,
        quoted: false,
        stray_quote: false,
        ascii: true,
        fault: None,
    };
    let mut high_bits = 0u8;
    let mut value_starts = true;
    let mut i = 0;
    while i < bytes.len() {
        let byte = bytes[i];
        high_bits |= byte;
        if byte == b'\n' {
            found.n_breaks += 1;
            return Some(finish(found, bytes, i, i + 1, high_bits));
        }
        if byte == delimiter {
            found.n_values += 1;
            value_starts = true;
        } else if byte == b'"' && value_starts {
            found.quoted = true;
            value_starts = false;
            match quoted_end(&bytes[i + 1..], delimiter, is_end) {
                QuotedEnd::At { length, n_breaks } => {
                    bytes[i..i + 1 + length].iter().for_each(|b| high_bits |= b);
                    found.n_breaks += n_breaks;
                    i += length;
                }
                QuotedEnd::Beyond => return None,
                QuotedEnd::Fault(fault) => {
                    found.fault = Some(fault);
                    return Some(found);
                }
            }
        } else {
            found.stray_quote |= byte == b'"';
            value_starts = false;
        }
        i += 1;
    }
    is_end.then(|| finish(found, bytes, bytes.len(), bytes.len(), high_bits))
}

fn finish(mut found: Record, bytes: &[u8], content: usize, length: usize, high_bits: u8) -> Record {
    let returns = bytes[..content].iter().rev().take_while(|b| **b == b'\r').count();
    found.content = content - returns;
    found.length = length;
    found.ascii = high_bits < 0x80;
    found
}

enum QuotedEnd {
    /// `length` bytes up to and with the closing quote.
    At {
        length: usize,
        n_breaks: u64,
    },
    Beyond,
    Fault(Fault),
}

/// Where the quoted value that begins before `bytes` closes.
fn quoted_end(bytes: &[u8], delimiter: u8, is_end: bool) -> QuotedEnd {
    let mut n_breaks = 0;
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'\n' => n_breaks += 1,
            b'"' => match bytes.get(i + 1) {
                Some(b'"') => i += 1,
                Some(b'\r' | b'\n') => return QuotedEnd::At { length: i + 1, n_breaks },
                Some(next) if *next == delimiter => return QuotedEnd::At { length: i + 1, n_breaks },
                Some(_) => return QuotedEnd::Fault(Fault::AfterQuote),
                None if is_end => return QuotedEnd::At { length: i + 1, n_breaks },
                None => return QuotedEnd::Beyond,
            },
            _ => {}
        }
        i += 1;
    }
    if is_end { QuotedEnd::Fault(Fault::Unclosed) } else { QuotedEnd::Beyond }
}

/// The values of one record, unquoted.
pub(crate) fn values(record: &[u8], delimiter: u8) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let mut rest = Some(record);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let (value, length) = match bytes.strip_prefix(b"\"") {
            Some(inside) => match quoted_end(inside, delimiter, true) {
                QuotedEnd::At { length, .. } => (unquote(&inside[..length - 1]), length + 1),
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

    #[test]
    fn a_record_goes_on_until_its_line_break_or_the_end() {
        assert_eq!(record(b"a,b", b',', false), None);
        assert_eq!(record(b"a,\"b\"", b',', false), None);
        let found = record(b"a,b", b',', true).unwrap();
        assert_eq!((found.length, found.content, found.n_values), (3, 3, 2));
        let found = record(b"a,b\r\nnext", b',', false).unwrap();
        assert_eq!((found.length, found.content, found.n_breaks), (5, 3, 1));
    }

    #[test]
    fn the_byte_0x96_is_an_en_dash() {
        assert_eq!(text(b"a\x96b\xe9"), "a–bé");
    }
}
