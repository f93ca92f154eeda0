//! YAML text as a plain tree that remembers where each key stood, so that every later complaint can name line and
//! column.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

/// 1-based place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: u64,
    pub(crate) column: u64,
}

/// A YAML document: its values, and where the key (or list item) of each path stands (`forest.trees`, `data.train[1]`).
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) places: BTreeMap<String, Place>,
}

/// Why a text is not YAML.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) place: Option<Place>,
    pub(crate) message: String,
}

/// Reads one YAML document.
pub(crate) fn parse(text: &str) -> Result<Document, SyntaxError> {
    let root: Option<Spanned<Node>> = serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map(|l| Place { line: l.line(), column: l.column() });
        let message = error.without_snippet().to_string();
        SyntaxError { place, message: in_plain_words(message.lines().next().unwrap_or_default()) }
    })?;
    let mut places = BTreeMap::new();
    let value = root.map_or(Value::Null, |node| flatten(node.value, String::new(), &mut places));
    Ok(Document { value, places })
}

/// The parser's message without its own position and its advice to programmers.
fn in_plain_words(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    let message = message.split(", set DuplicateKeyPolicy").next().unwrap_or(message);
    if message.contains("from_str_multiple") || message.contains("multiple") {
        return "this file holds several YAML documents; a config is one".to_owned();
    }
    if message.contains("non-finite") {
        return "numbers must be finite".to_owned();
    }
    message.trim().to_owned()
}

impl Document {
    /// Where `path` stands, or its nearest parent that the text holds.
    pub(crate) fn place_of(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return Some(*place);
            }
            let cut = path.rfind(['.', '['])?;
            path = &path[..cut];
        }
    }
}

enum Node {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

fn flatten(node: Node, path: String, places: &mut BTreeMap<String, Place>) -> Value {
    let place = |location: &serde_saphyr::Location| Place { line: location.line(), column: location.column() };
    match node {
        Node::Null => Value::Null,
        Node::Bool(b) => Value::Bool(b),
        Node::Number(n) => Value::Number(n),
        Node::Text(t) => Value::String(t),
        Node::List(items) => items
            .into_iter()
            .enumerate()
            .map(|(i, item)| {
                let path = format!("{path}[{i}]");
                places.insert(path.clone(), place(&item.referenced));
                flatten(item.value, path, places)
            })
            .collect(),
        Node::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let path = if path.is_empty() { key.value.clone() } else { format!("{path}.{}", key.value) };
                places.insert(path.clone(), place(&key.referenced));
                map.insert(key.value, flatten(value.value, path, places));
            }
            Value::Object(map)
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Node, E> {
        Ok(Node::Bool(b))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Node, E> {
        Ok(Node::Number(n.into()))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Node, E> {
        Ok(Node::Number(n.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, x: f64) -> Result<Node, E> {
        let number = serde_json::Number::from_f64(x);
        number.map(Node::Number).ok_or_else(|| E::custom("numbers must be finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Node::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_places_of_nested_keys_are_kept() {
        let document =
            parse("name: a\nforest:\n  trees: 20\n  max_features: sqrt\nfiles:\n  - x.csv\n  - y.csv\n").unwrap();
        assert_eq!(document.value["forest"]["trees"], 20);
        assert_eq!(document.value["files"][1], "y.csv");
        assert_eq!(document.places["forest.trees"], Place { line: 3, column: 3 });
        assert_eq!(document.places["files[1]"], Place { line: 7, column: 5 });
        assert_eq!(document.place_of("forest.trees.deeper"), Some(Place { line: 3, column: 3 }));
    }

    #[test]
    fn broken_text_is_refused_with_its_place() {
        let error = parse("name: [a\nforest: 3\n").unwrap_err();
        assert!(error.place.is_some(), "{error:?}");
        let error = parse("name: a\nname: b\n").unwrap_err();
        assert_eq!(error.place.unwrap().line, 2);
    }
}
