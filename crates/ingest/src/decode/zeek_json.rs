//! Zeek logs as one JSON object a line.

use std::borrow::Cow;

use serde_json::Value;

use crate::decode::flat_json;
use crate::decode::named_fields::{Dialect, NamedField};
use crate::limits::{LONGEST_NAME, MOST_COLUMNS};

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

pub(crate) const DIALECT: Dialect =
    Dialect { syntax: decode, always: &CONN_FIELDS, log_field: "_path", connections: "conn", connections_alone: false };

/// Whether a log's first line is of this format.
pub(crate) fn begins(first_line: &[u8]) -> bool {
    first_line.starts_with(b"{")
}

/// The fields of one line in the order written, values as Zeek's own format writes them (`T` and `F`, sets joined by
/// commas, nested objects by dotted names). Empty where the line is blank. The error says what is wrong.
pub(super) fn decode(line: &str) -> Result<Vec<NamedField<'_>>, String> {
    if line.trim().is_empty() {
        return Ok(Vec::new());
    }
    // Nearly all lines are flat, and names and values can stay where they are.
    match flat_json::fields(line) {
        Some(fields) if fields.len() <= MOST_COLUMNS => Ok(fields),
        _ => decode_nested(line),
    }
}

/// The same of any object: lists, objects within, and what is to be said of an error.
fn decode_nested(line: &str) -> Result<Vec<NamedField<'_>>, String> {
    let value: Value = serde_json::from_str(line).map_err(|e| {
        let column = e.column();
        format!("not a JSON object ({}), column {column}; mend or remove the line", describe(&e))
    })?;
    let Value::Object(mut object) = value else {
        return Err("not a JSON object; each line holds one flow".to_owned());
    };
    // Elasticsearch gives a record back inside one that says where it was kept.
    if let Some(Value::Object(record)) = object.get_mut("_source") {
        object = std::mem::take(record);
    }
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
fn flatten(name: String, value: Value, into: &mut Vec<NamedField<'_>>) -> Result<(), String> {
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
        value => into.push((Cow::Owned(name), text(value).map(Cow::Owned))),
    }
    Ok(())
}

pub(super) fn text(value: Value) -> Option<String> {
    let text = match value {
        Value::Null | Value::Object(_) => return None,
        Value::Bool(flag) => (if flag { "T" } else { "F" }).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text,
        Value::Array(values) => values.into_iter().filter_map(text).collect::<Vec<_>>().join(","),
    };
    flat_json::says_something(&text).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(line: &str, name: &str) -> Option<String> {
        decode(line).unwrap().into_iter().find(|(n, _)| n == name).and_then(|(_, v)| v).map(Cow::into_owned)
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
    fn a_flat_line_reads_as_any_object_does() {
        for line in [
            r#"{"a":1,"b":-2,"c":0.1,"d":1e300,"e":18446744073709551615,"f":"x","g":"a\u00e9\"","h":true,"i":null,"j":"-"}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"k":"(empty)","":""}"#,
            r#"{"a":1.50,"b":1e3,"c":-0,"d":0.00000000001,"e":123456789012345678901,"f":443.0,"g":-0.0}"#,
            r#" { "a" : "b" } "#,
            "{}",
        ] {
            let flat = decode(line).unwrap();
            // Of a name that stands twice the last value counts, here and where the fields are put in their places.
            let last: std::collections::BTreeMap<_, _> = flat.into_iter().collect();
            assert_eq!(last, decode_nested(line).unwrap().into_iter().collect(), "{line}");
        }
        assert_eq!(flat_json::fields(r#"{"a":[1]}"#), None);
        assert_eq!(
            field(r#"{"_source":{"a":7}}"#, "a").as_deref(),
            Some("7"),
            "from within a record of Elasticsearch's"
        );
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
