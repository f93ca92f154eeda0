//! YAML text as a plain tree that remembers where each key stood, so that every later complaint can name line and
//! column.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

/// A value as configs spell it: `temporal`, `0.01`.
pub(crate) fn spelt(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

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

/// Most bytes of a config.
const MOST_BYTES: usize = 1 << 20;
/// Most values and keys of a config, with those that aliases repeat.
const MOST_NODES: usize = 50_000;
/// Longest path of a key (`forest.trees`), in bytes: every key and list item below repeats it.
const LONGEST_PATH: usize = 1_024;

/// The text of a file, cut where [`parse`] refuses it for its length.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MOST_BYTES {
        // The cut may go through a character.
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Reads one YAML document. Refuses one that is larger or deeper than a config ever is.
pub(crate) fn parse(text: &str) -> Result<Document, SyntaxError> {
    if text.len() > MOST_BYTES {
        let message = "longer than the 1 MiB that a config may have; this is no config".to_owned();
        return Err(SyntaxError { place: None, message });
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: 32, max_nodes: MOST_NODES, max_aliases: 1_000 },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MOST_NODES },
    };
    let root: Option<Spanned<Node>> = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map(|l| Place { line: l.line(), column: l.column() });
        let message = error.without_snippet().to_string();
        SyntaxError { place, message: in_plain_words(message.lines().next().unwrap_or_default()) }
    })?;
    let mut places = BTreeMap::new();
    let value = match root {
        Some(node) => flatten(node.value, String::new(), &mut places)?,
        None => Value::Null,
    };
    Ok(Document { value, places })
}

/// The parser's message without its own position and its advice to programmers.
fn in_plain_words(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    let message = message.split(", set DuplicateKeyPolicy").next().unwrap_or(message);
    if message.contains("from_str_multiple") || message.contains("multiple") {
        return "this file holds several YAML documents; a config is one".to_owned();
    }
    if message.contains("budget breached") || message.contains("alias replay limit") {
        return format!(
            "more than a config may hold: {MOST_NODES} values, 1,000 aliases, and 32 levels inside each other ({message})"
        );
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

fn flatten(node: Node, path: String, places: &mut BTreeMap<String, Place>) -> Result<Value, SyntaxError> {
    let place = |location: &serde_saphyr::Location| Place { line: location.line(), column: location.column() };
    Ok(match node {
        Node::Null => Value::Null,
        Node::Bool(b) => Value::Bool(b),
        Node::Number(n) => Value::Number(n),
        Node::Text(t) => Value::String(t),
        Node::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (i, item) in items.into_iter().enumerate() {
                let path = format!("{path}[{i}]");
                places.insert(path.clone(), place(&item.referenced));
                list.push(flatten(item.value, path, places)?);
            }
            Value::Array(list)
        }
        Node::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let path = if path.is_empty() { key.value.clone() } else { format!("{path}.{}", key.value) };
                let at = place(&key.referenced);
                if path.len() > LONGEST_PATH {
                    let message =
                        format!("a key of {} bytes with those above it; the longest is {LONGEST_PATH}", path.len());
                    return Err(SyntaxError { place: Some(at), message });
                }
                places.insert(path.clone(), at);
                map.insert(key.value, flatten(value.value, path, places)?);
            }
            Value::Object(map)
        }
    })
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
    fn what_is_larger_than_any_config_is_refused() {
        let key = "k".repeat(100_000);
        let refused = |text: &str| parse(text).unwrap_err().message;
        assert!(!refused(&format!("\"{key}\": [{}1]", "1,".repeat(1_000))).is_empty());
        assert!(refused(&format!("k: [{}1]", "1,".repeat(200_000))).contains("more than a config may hold: 50000"));
        assert!(parse(&format!("k: {}1{}", "[".repeat(200), "]".repeat(200))).is_err());
        assert!(refused(&"a: 1 # and more\n".repeat(100_000)).contains("longer than the 1 MiB"));
        let mut laughs = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
        for i in 1..10 {
            let again = vec![format!("*a{}", i - 1); 10].join(", ");
            laughs.push_str(&format!("a{i}: &a{i} [{again}]\n"));
        }
        assert!(parse(&laughs).is_err());
    }

    #[test]
    fn the_config_that_broke_a_promise_is_refused() {
        let Some(folder) = std::env::var_os("NTA_DATA").map(std::path::PathBuf::from) else { return };
        let Ok(text) = read(&folder.join("hostile/bomb.yaml")) else { return };
        assert!(parse(&text).is_err());
    }

    #[test]
    fn broken_text_is_refused_with_its_place() {
        let error = parse("name: [a\nforest: 3\n").unwrap_err();
        assert!(error.place.is_some(), "{error:?}");
        let error = parse("name: a\nname: b\n").unwrap_err();
        assert_eq!(error.place.unwrap().line, 2);
    }
}
