//! Zeek logs as one JSON object a line.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use nta_data::Schema;
use serde_json::Value;

use crate::decode::decoder::{Decoded, LineDecoder};
use crate::error::{IngestError, Position};
use crate::framing::framer::Framer;
use crate::framing::quoting;
use crate::limits::{LONGEST_NAME, MOST_COLUMNS, refuse_wide};
use crate::schema::layout;

/// Lines of a file that are looked at to find fields that are not Zeek's own.
const LOOK_LINES: usize = 1_000;

/// Fields that Zeek writes into conn.log. A JSON line leaves out what is unset, so the first lines do not tell them.
const CONN_FIELDS: [&str; 21] = [
    "ts",
    "uid",
    "id.orig_h",
    "id.orig_p",
    "id.resp_h",
    "id.resp_p",
    "proto",
    "service",
    "duration",
    "orig_bytes",
    "resp_bytes",
    "conn_state",
    "local_orig",
    "local_resp",
    "missed_bytes",
    "history",
    "orig_pkts",
    "orig_ip_bytes",
    "resp_pkts",
    "resp_ip_bytes",
    "tunnel_parents",
];

/// Whether a log's first line is of this format.
pub(crate) fn begins(first_line: &[u8]) -> bool {
    first_line.starts_with(b"{")
}

/// Which lines tell the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldsFrom {
    /// The first thousand of a file.
    FirstLines,
    /// The first of a stream, which must not be kept waiting, and the schema: what neither names is passed over.
    FirstLineAndSchema,
}

/// Decodes lines into fields in a fixed order.
pub(crate) struct ZeekJson {
    names: Vec<String>,
    place_of: HashMap<String, usize>,
}

impl ZeekJson {
    /// Looks at the first lines, and takes none. The fields are Zeek's own, then others in order of appearance.
    pub(crate) fn open(framer: &mut Framer, schema: &Schema, from: FieldsFrom) -> Result<Self, IngestError> {
        let mut names: Vec<String> = CONN_FIELDS.iter().map(|n| (*n).to_owned()).collect();
        let file = framer.file().to_owned();
        let most = if from == FieldsFrom::FirstLines { LOOK_LINES } else { 1 };
        let mut known: HashSet<String> = names.iter().cloned().collect();
        let mut is_first = true;
        framer.look_ahead(most, |record| {
            let line = quoting::text(record.bytes);
            match decode(&line) {
                Ok(fields) => {
                    let new = fields.into_iter().map(|(name, _)| name).filter(|name| known.insert(name.clone()));
                    names.extend(new);
                    refuse_wide(names.len(), &file)?;
                }
                Err(problem) if is_first => {
                    let at = Position::Line(record.line);
                    return Err(IngestError::BadLine { file: file.clone(), at, problem });
                }
                // Told, or set aside, when its turn comes.
                Err(_) => {}
            }
            is_first = false;
            Ok(())
        })?;
        let mut place_of: HashMap<String, usize> = names.iter().enumerate().map(|(i, n)| (n.clone(), i)).collect();
        if from == FieldsFrom::FirstLineAndSchema {
            for spellings in layout::spellings(schema) {
                if spellings.iter().all(|s| !place_of.contains_key(s)) {
                    names.extend(spellings.first().cloned());
                    place_of.extend(spellings.into_iter().map(|s| (s, names.len() - 1)));
                }
            }
        }
        Ok(ZeekJson { names, place_of })
    }
}

impl LineDecoder for ZeekJson {
    fn columns(&self) -> &[String] {
        &self.names
    }

    fn decode<'l>(&mut self, line: &'l str, fields: &mut Vec<Option<Cow<'l, str>>>) -> Result<Decoded, String> {
        let found = decode(line)?;
        if found.is_empty() {
            return Ok(Decoded::NoRow);
        }
        fields.resize(self.names.len(), None);
        for (name, value) in found {
            if let Some(place) = self.place_of.get(&name) {
                fields[*place] = value.map(Cow::Owned);
            }
        }
        Ok(Decoded::Row)
    }
}

/// The fields of one line in the order written, values as Zeek's own format writes them (`T` and `F`, sets joined by
/// commas, nested objects by dotted names). Empty where the line is blank. The error says what is wrong.
fn decode(line: &str) -> Result<Vec<(String, Option<String>)>, String> {
    if line.trim().is_empty() {
        return Ok(Vec::new());
    }
    let value: Value = serde_json::from_str(line).map_err(|e| {
        let column = e.column();
        format!("not a JSON object ({}), column {column}; mend or remove the line", describe(&e))
    })?;
    let Value::Object(object) = value else {
        return Err("not a JSON object; each line holds one flow".to_owned());
    };
    let n_fields = object.values().map(count).sum();
    if n_fields > MOST_COLUMNS {
        return Err(format!("the object has {n_fields} fields, more than the {MOST_COLUMNS} that are read"));
    }
    let mut fields = Vec::with_capacity(n_fields);
    for (name, value) in object {
        flatten(name, value, &mut fields)?;
    }
    Ok(fields)
}

fn describe(error: &serde_json::Error) -> &'static str {
    if error.is_eof() { "it ends in the middle" } else { "it breaks JSON's rules" }
}

/// Fields that a value becomes, an empty object counted as one.
fn count(value: &Value) -> usize {
    match value {
        Value::Object(inner) => inner.values().map(count).sum::<usize>().max(1),
        _ => 1,
    }
}

/// Names are joined on the way down, so each level repeats those above it: a long one is refused before it multiplies.
fn flatten(name: String, value: Value, into: &mut Vec<(String, Option<String>)>) -> Result<(), String> {
    if name.len() > LONGEST_NAME {
        return Err(format!(
            "the name of a field is {} bytes long, more than the {LONGEST_NAME} that are read; rename it",
            name.len()
        ));
    }
    match value {
        Value::Object(inner) => {
            for (key, value) in inner {
                flatten(format!("{name}.{key}"), value, into)?;
            }
        }
        value => into.push((name, text(value))),
    }
    Ok(())
}

fn text(value: Value) -> Option<String> {
    let text = match value {
        Value::Null | Value::Object(_) => return None,
        Value::Bool(flag) => (if flag { "T" } else { "F" }).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text,
        Value::Array(values) => values.into_iter().filter_map(text).collect::<Vec<_>>().join(","),
    };
    (!text.is_empty() && text != "-" && text != "(empty)").then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(line: &str, name: &str) -> Option<String> {
        decode(line).unwrap().into_iter().find(|(n, _)| n == name).and_then(|(_, v)| v)
    }

    #[test]
    fn values_read_as_in_the_tab_separated_log() {
        let line =
            r#"{"ts":22.335172,"id.orig_p":61099,"local_orig":true,"tunnel_parents":["a","b"],"service":"-","x":null}"#;
        assert_eq!(field(line, "ts").as_deref(), Some("22.335172"));
        assert_eq!(field(line, "id.orig_p").as_deref(), Some("61099"));
        assert_eq!(field(line, "local_orig").as_deref(), Some("T"));
        assert_eq!(field(line, "tunnel_parents").as_deref(), Some("a,b"));
        assert_eq!(field(line, "service"), None);
        assert_eq!(field(line, "x"), None);
    }

    #[test]
    fn nested_names_are_dotted() {
        assert_eq!(field(r#"{"id":{"orig_h":"10.0.0.1"}}"#, "id.orig_h").as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn half_a_line_and_a_list_are_refused() {
        assert!(decode(r#"{"ts":1"#).unwrap_err().contains("ends in the middle"));
        assert!(decode("[1]").unwrap_err().contains("one flow"));
        assert_eq!(decode("  ").unwrap(), []);
    }
}
