//! Zeek logs in Zeek's own format: header lines that name the fields, then values between separators.

use std::borrow::Cow;

use crate::decode::decoder::{Decoded, LineDecoder};
use crate::error::{IngestError, Position};
use crate::framing::framer::{Framed, Framer};
use crate::framing::quoting;
use crate::limits::{MOST_COLUMNS, refuse_gap};
use crate::schema::header::clean_names;

/// Reads lines of one log, header lines first.
#[derive(Debug, Clone)]
pub(crate) struct ZeekTsv {
    separator: String,
    empty: String,
    unset: String,
    fields: Vec<String>,
    /// The fields as they are called, all different.
    names: Vec<String>,
    /// Names packed with spaces into the last field, as IoT-23 does with its labels.
    n_packed: usize,
}

/// Whether a log's first line is of this format.
pub(crate) fn begins(first_line: &[u8]) -> bool {
    let words: [&[u8]; 4] = [b"#separator", b"#fields", b"#set_separator", b"#path"];
    words.iter().any(|word| first_line.starts_with(word))
}

impl Default for ZeekTsv {
    fn default() -> Self {
        ZeekTsv {
            separator: "\t".to_owned(),
            empty: "(empty)".to_owned(),
            unset: "-".to_owned(),
            fields: Vec::new(),
            names: Vec::new(),
            n_packed: 1,
        }
    }
}

impl LineDecoder for ZeekTsv {
    /// Empty before the `#fields` line.
    fn columns(&self) -> &[String] {
        &self.names
    }

    fn decode<'l>(&mut self, line: &'l str, fields: &mut Vec<Option<Cow<'l, str>>>) -> Result<Decoded, String> {
        let line = line.trim_end_matches(['\r', '\n']);
        if let Some(header) = line.trim_start().strip_prefix('#') {
            self.read_header(header)?;
            return Ok(Decoded::NoRow);
        }
        if line.trim().is_empty() {
            return Ok(Decoded::NoRow);
        }
        if self.fields.is_empty() {
            return Err("a row stands before the `#fields` line; the log lacks its header".to_owned());
        }
        self.values(line, fields)?;
        Ok(Decoded::Row)
    }
}

impl ZeekTsv {
    /// Reads the header lines.
    pub(crate) fn open(framer: &mut Framer) -> Result<Self, IngestError> {
        let file = framer.file().to_owned();
        let bad = |line, problem| IngestError::BadLine { file: file.clone(), at: Position::Line(line), problem };
        let mut decoder = ZeekTsv::default();
        while decoder.fields.is_empty() {
            let last_line = framer.line();
            refuse_gap((1, 0), framer.offset(), &file)?;
            match framer.next(None)? {
                Framed::Record(record) => {
                    let line = quoting::text(record.bytes);
                    decoder.decode(&line, &mut Vec::new()).map_err(|problem| bad(record.line, problem))?;
                }
                _ => return Err(bad(last_line.max(2) - 1, "the log has no `#fields` line".to_owned())),
            }
        }
        decoder.names = clean_names(&decoder.fields, &file)?.names;
        Ok(decoder)
    }

    fn values<'l>(&self, line: &'l str, fields: &mut Vec<Option<Cow<'l, str>>>) -> Result<(), String> {
        let mut last = "";
        let n_fields = self.fields.len();
        let mut cells = line.split(self.separator.as_str());
        for cell in cells.by_ref().take(n_fields) {
            fields.push(self.value(cell));
            last = cell;
        }
        let n_left = cells.count();
        if self.n_packed > 1 && n_left == 0 && fields.len() + self.n_packed - 1 == n_fields {
            fields.pop();
            fields.extend(unpack(last, self.n_packed).into_iter().map(|cell| self.value(cell)));
        }
        if fields.len() + n_left != n_fields {
            let found = fields.len() + n_left;
            return Err(format!("{found} values where `#fields` names {n_fields}; mend or remove the line"));
        }
        Ok(())
    }

    fn value<'l>(&self, cell: &'l str) -> Option<Cow<'l, str>> {
        let cell = cell.trim();
        (!cell.is_empty() && cell != self.unset && cell != self.empty).then(|| unescape(cell))
    }

    fn read_header(&mut self, header: &str) -> Result<(), String> {
        if let Some(value) = header.strip_prefix("separator") {
            self.separator = unescape(value.trim_matches([' ', '\r'])).into_owned();
            if self.separator.is_empty() {
                return Err("`#separator` names no separator".to_owned());
            }
            return Ok(());
        }
        let mut cells = header.split(self.separator.as_str());
        match cells.next() {
            Some("empty_field") => self.empty = cells.next().unwrap_or_default().to_owned(),
            Some("unset_field") => self.unset = cells.next().unwrap_or_default().to_owned(),
            Some("fields") => {
                refuse_many(cells.clone().count())?;
                self.read_fields(cells.collect())?;
            }
            _ => {}
        }
        Ok(())
    }

    fn read_fields(&mut self, mut cells: Vec<&str>) -> Result<(), String> {
        let last = cells.pop().unwrap_or_default();
        refuse_many(cells.len() + last.split_whitespace().count())?;
        let packed: Vec<&str> = last.split_whitespace().collect();
        let n_packed = packed.len().max(1);
        cells.extend(packed);
        let fields: Vec<String> = cells.iter().map(|c| c.trim().to_owned()).collect();
        if fields.iter().any(String::is_empty) {
            return Err("`#fields` leaves a column without a name".to_owned());
        }
        if !self.fields.is_empty() && self.fields != fields {
            return Err("`#fields` names other columns than at the start; split the log here".to_owned());
        }
        if self.names.is_empty() {
            self.names.clone_from(&fields);
        }
        (self.fields, self.n_packed) = (fields, n_packed);
        Ok(())
    }
}

fn refuse_many(n_columns: usize) -> Result<(), String> {
    if n_columns <= MOST_COLUMNS {
        return Ok(());
    }
    Err(format!("`#fields` names {n_columns} columns, more than the {MOST_COLUMNS} that are read"))
}

/// `n` values separated by blanks; the last takes the rest of the cell.
fn unpack(cell: &str, n: usize) -> Vec<&str> {
    let mut parts = Vec::with_capacity(n);
    let mut rest = cell.trim();
    while parts.len() + 1 < n {
        match rest.split_once(char::is_whitespace) {
            Some((part, after)) => {
                parts.push(part);
                rest = after.trim_start();
            }
            None => break,
        }
    }
    parts.push(rest);
    parts
}

/// Resolves `\x09` and its like, with which Zeek writes separators and control characters.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains("\\x") {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        plain.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 4).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(code) if code.is_ascii() => {
                plain.push(char::from(code));
                rest = &rest[at + 4..];
            }
            _ => {
                plain.push_str("\\x");
                rest = &rest[at + 2..];
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(decoder: &mut ZeekTsv, line: &str) -> Result<Decoded, String> {
        decoder.decode(line, &mut Vec::new())
    }

    fn row(decoder: &mut ZeekTsv, line: &str) -> Vec<Option<String>> {
        let mut fields = Vec::new();
        assert_eq!(decoder.decode(line, &mut fields), Ok(Decoded::Row));
        fields.into_iter().map(|v| v.map(Cow::into_owned)).collect()
    }

    fn some(texts: &[&str]) -> Vec<Option<String>> {
        texts.iter().map(|t| if t.is_empty() { None } else { Some((*t).to_owned()) }).collect()
    }

    #[test]
    fn unset_and_empty_values_are_missing() {
        let mut decoder = ZeekTsv::default();
        assert_eq!(header(&mut decoder, "\t#separator \\x09\n"), Ok(Decoded::NoRow));
        assert_eq!(header(&mut decoder, "#unset_field\t?"), Ok(Decoded::NoRow));
        assert_eq!(header(&mut decoder, "#fields\tts\tservice\ttunnel"), Ok(Decoded::NoRow));
        assert_eq!(decoder.columns(), ["ts", "service", "tunnel"]);
        assert_eq!(row(&mut decoder, "1.5\t?\t(empty)\r\n"), some(&["1.5", "", ""]));
        assert_eq!(header(&mut decoder, "#close\t2020"), Ok(Decoded::NoRow));
    }

    #[test]
    fn labels_packed_with_blanks_into_the_last_column_are_taken_apart() {
        let mut decoder = ZeekTsv::default();
        header(&mut decoder, "#fields\tts\ttunnel_parents   label   detailed-label").unwrap();
        assert_eq!(decoder.columns(), ["ts", "tunnel_parents", "label", "detailed-label"]);
        assert_eq!(
            row(&mut decoder, "1\t-   Malicious   C&C File Download"),
            some(&["1", "", "Malicious", "C&C File Download"])
        );
        assert_eq!(row(&mut decoder, "1\t(empty)   benign   -"), some(&["1", "", "benign", ""]));
        assert_eq!(row(&mut decoder, "1\t-\tbenign\tx"), some(&["1", "", "benign", "x"]));
    }

    #[test]
    fn a_row_of_another_width_and_a_second_header_are_refused() {
        let mut decoder = ZeekTsv::default();
        assert!(header(&mut decoder, "1\t2").unwrap_err().contains("before the `#fields` line"));
        header(&mut decoder, "#fields\ta\tb").unwrap();
        assert!(header(&mut decoder, "1\t2\t3").unwrap_err().starts_with("3 values where `#fields` names 2"));
        header(&mut decoder, "#fields\ta\tb").unwrap();
        assert!(header(&mut decoder, "#fields\ta\tc").unwrap_err().contains("other columns"));
    }

    #[test]
    fn the_separator_is_the_one_named() {
        let mut decoder = ZeekTsv::default();
        header(&mut decoder, "#separator \\x2c").unwrap();
        header(&mut decoder, "#fields,a,b").unwrap();
        assert_eq!(row(&mut decoder, "x\\x2cy,2"), some(&["x,y", "2"]));
    }
}
