//! Zeek logs as one JSON object a line.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Number, Value};

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
    // Nearly all lines are flat, and names and texts can stay where they are. What is not, or is wrong, takes the other way.
    match serde_json::from_str::<Flat<'_>>(line) {
        Ok(Flat(fields)) if fields.len() <= MOST_COLUMNS => Ok(fields),
        _ => decode_nested(line),
    }
}

/// The fields of an object whose values are neither objects nor lists, and whose names are not too long.
struct Flat<'l>(Vec<NamedField<'l>>);

impl<'de> Deserialize<'de> for Flat<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Vec<NamedField<'de>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a flat object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(32);
                while let Some(Text(name)) = map.next_key()? {
                    if name.len() > LONGEST_NAME {
                        return Err(de::Error::custom("a long name"));
                    }
                    fields.push((name, map.next_value::<Scalar<'de>>()?.0));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Fields).map(Flat)
    }
}

/// A text where it stands, unless it holds escapes.
struct Text<'l>(Cow<'l, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(ScalarText)?.0 {
            Some(text) => Ok(Text(text)),
            None => Ok(Text(Cow::Borrowed(""))),
        }
    }
}

/// A value that is no list and no object, as [`text`] tells it.
struct Scalar<'l>(Option<Cow<'l, str>>);

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Scalar(text) = deserializer.deserialize_any(ScalarText)?;
        Ok(Scalar(text.filter(|text| says_something(text))))
    }
}

struct ScalarText;

impl<'de> Visitor<'de> for ScalarText {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true, false or null")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Some(Cow::Borrowed(if flag { "T" } else { "F" }))))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Number::from_f64(number).map(|number| Cow::Owned(number.to_string()))))
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar(None))
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

fn text(value: Value) -> Option<String> {
    let text = match value {
        Value::Null | Value::Object(_) => return None,
        Value::Bool(flag) => (if flag { "T" } else { "F" }).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text,
        Value::Array(values) => values.into_iter().filter_map(text).collect::<Vec<_>>().join(","),
    };
    says_something(&text).then_some(text)
}

/// Whether a text is none of those that stand for nothing.
fn says_something(text: &str) -> bool {
    !text.is_empty() && text != "-" && text != "(empty)"
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
            r#"{"k\n":"(empty)","":""}"#,
            r#" { "a" : "b" } "#,
            "{}",
        ] {
            let flat = serde_json::from_str::<Flat<'_>>(line).map(|Flat(fields)| fields).unwrap();
            // Of a name that stands twice the last value counts, here and where the fields are put in their places.
            let last: std::collections::BTreeMap<_, _> = flat.into_iter().collect();
            assert_eq!(last, decode_nested(line).unwrap().into_iter().collect(), "{line}");
        }
        assert!(serde_json::from_str::<Flat<'_>>(r#"{"a":[1]}"#).is_err());
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
