//! Decodes one line of a Zeek log in Zeek's own format. Knows no file: the same decoder serves files, pipes and tails.

use std::borrow::Cow;

/// Reads lines of one log, header lines first.
#[derive(Debug, Clone)]
pub(crate) struct ZeekTsv {
    separator: String,
    empty: String,
    unset: String,
    fields: Vec<String>,
    /// Names packed with spaces into the last field, as IoT-23 does with its labels.
    n_packed: usize,
}

/// What a line holds.
#[derive(Debug, PartialEq)]
pub(crate) enum ZeekLine<'a> {
    /// A header, comment or blank line.
    Comment,
    /// Values in the order of [`ZeekTsv::fields`]; `None` is unset or empty.
    Values(Vec<Option<Cow<'a, str>>>),
}

impl Default for ZeekTsv {
    fn default() -> Self {
        ZeekTsv {
            separator: "\t".to_owned(),
            empty: "(empty)".to_owned(),
            unset: "-".to_owned(),
            fields: Vec::new(),
            n_packed: 1,
        }
    }
}

impl ZeekTsv {
    /// Names of the values, empty before the `#fields` line.
    pub(crate) fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Decodes one line without its line break. The error says what is wrong with it.
    pub(crate) fn decode<'a>(&mut self, line: &'a str) -> Result<ZeekLine<'a>, String> {
        let line = line.trim_end_matches(['\r', '\n']);
        if let Some(header) = line.trim_start().strip_prefix('#') {
            self.read_header(header)?;
            return Ok(ZeekLine::Comment);
        }
        if line.trim().is_empty() {
            return Ok(ZeekLine::Comment);
        }
        if self.fields.is_empty() {
            return Err("a row stands before the `#fields` line; the log lacks its header".to_owned());
        }
        self.values(line).map(ZeekLine::Values)
    }

    fn values<'a>(&self, line: &'a str) -> Result<Vec<Option<Cow<'a, str>>>, String> {
        let mut cells: Vec<&str> = line.split(self.separator.as_str()).collect();
        let n_fields = self.fields.len();
        if self.n_packed > 1
            && cells.len() + self.n_packed - 1 == n_fields
            && let Some(last) = cells.pop()
        {
            cells.extend(unpack(last, self.n_packed));
        }
        if cells.len() != n_fields {
            return Err(format!("{} values where `#fields` names {n_fields}; mend or remove the line", cells.len()));
        }
        Ok(cells.into_iter().map(|cell| self.value(cell)).collect())
    }

    fn value<'a>(&self, cell: &'a str) -> Option<Cow<'a, str>> {
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
            Some("fields") => self.read_fields(cells.collect())?,
            _ => {}
        }
        Ok(())
    }

    fn read_fields(&mut self, mut cells: Vec<&str>) -> Result<(), String> {
        let last = cells.pop().unwrap_or_default();
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
        (self.fields, self.n_packed) = (fields, n_packed);
        Ok(())
    }
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

    fn decode(decoder: &mut ZeekTsv, line: &str) -> Vec<Option<String>> {
        match decoder.decode(line).unwrap() {
            ZeekLine::Values(values) => values.into_iter().map(|v| v.map(Cow::into_owned)).collect(),
            ZeekLine::Comment => panic!("a row was expected"),
        }
    }

    fn some(texts: &[&str]) -> Vec<Option<String>> {
        texts.iter().map(|t| if t.is_empty() { None } else { Some((*t).to_owned()) }).collect()
    }

    #[test]
    fn unset_and_empty_values_are_missing() {
        let mut decoder = ZeekTsv::default();
        assert_eq!(decoder.decode("\t#separator \\x09\n"), Ok(ZeekLine::Comment));
        assert_eq!(decoder.decode("#unset_field\t?"), Ok(ZeekLine::Comment));
        assert_eq!(decoder.decode("#fields\tts\tservice\ttunnel"), Ok(ZeekLine::Comment));
        assert_eq!(decoder.fields(), ["ts", "service", "tunnel"]);
        assert_eq!(decode(&mut decoder, "1.5\t?\t(empty)\r\n"), some(&["1.5", "", ""]));
        assert_eq!(decoder.decode("#close\t2020"), Ok(ZeekLine::Comment));
    }

    #[test]
    fn labels_packed_with_blanks_into_the_last_column_are_taken_apart() {
        let mut decoder = ZeekTsv::default();
        decoder.decode("#fields\tts\ttunnel_parents   label   detailed-label").unwrap();
        assert_eq!(decoder.fields(), ["ts", "tunnel_parents", "label", "detailed-label"]);
        assert_eq!(
            decode(&mut decoder, "1\t-   Malicious   C&C File Download"),
            some(&["1", "", "Malicious", "C&C File Download"])
        );
        assert_eq!(decode(&mut decoder, "1\t(empty)   benign   -"), some(&["1", "", "benign", ""]));
        assert_eq!(decode(&mut decoder, "1\t-\tbenign\tx"), some(&["1", "", "benign", "x"]));
    }

    #[test]
    fn a_row_of_another_width_and_a_second_header_are_refused() {
        let mut decoder = ZeekTsv::default();
        assert!(decoder.decode("1\t2").unwrap_err().contains("before the `#fields` line"));
        decoder.decode("#fields\ta\tb").unwrap();
        assert!(decoder.decode("1\t2\t3").unwrap_err().starts_with("3 values where `#fields` names 2"));
        decoder.decode("#fields\ta\tb").unwrap();
        assert!(decoder.decode("#fields\ta\tc").unwrap_err().contains("other columns"));
    }

    #[test]
    fn the_separator_is_the_one_named() {
        let mut decoder = ZeekTsv::default();
        decoder.decode("#separator \\x2c").unwrap();
        decoder.decode("#fields,a,b").unwrap();
        assert_eq!(decode(&mut decoder, "x\\x2cy,2"), some(&["x,y", "2"]));
    }
}
