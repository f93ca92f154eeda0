//! What a config calls traffic: files, with a label each where the rows have none, or the simulator's.

use std::fmt;

use nta_ingest::says_no_label;
use nta_simulate::SimulateConfig;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// Where traffic comes from.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Traffic {
    /// One path or glob.
    File(TrafficFile),
    /// Several, each a capture.
    Files(Vec<TrafficFile>),
    /// Made on the fly from a seed.
    Simulated {
        /// The simulator's settings.
        simulate: SimulateConfig,
    },
}

/// A path or glob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum TrafficFile {
    /// Rows say themselves what they are.
    Path(String),
    /// All rows are of one kind, and no column says so.
    Labelled {
        /// The path or glob.
        path: String,
        /// The label of all its rows; a usual word for benign traffic, or one that the schema lists, means benign.
        label: String,
    },
}

impl TrafficFile {
    /// As written, variables unexpanded.
    pub fn path(&self) -> &str {
        match self {
            TrafficFile::Path(path) | TrafficFile::Labelled { path, .. } => path,
        }
    }

    /// The label that all its rows are given.
    pub fn label(&self) -> Option<&str> {
        match self {
            TrafficFile::Path(_) => None,
            TrafficFile::Labelled { label, .. } => Some(label),
        }
    }
}

impl Traffic {
    /// The files and globs as written; none for simulated traffic.
    pub fn files(&self) -> Vec<&TrafficFile> {
        match self {
            Traffic::File(one) => vec![one],
            Traffic::Files(many) => many.iter().collect(),
            Traffic::Simulated { .. } => Vec::new(),
        }
    }

    /// Whether some file is given a label.
    pub(crate) fn gives_labels(&self) -> bool {
        self.files().iter().any(|file| file.label().is_some())
    }

    /// Refuses an empty list and a label that is none; `key` is where this stands in the config.
    pub(super) fn check_files(&self, key: &str) -> Result<(), (String, String)> {
        if matches!(self, Traffic::Files(files) if files.is_empty()) {
            return Err((key.to_owned(), format!("`{key}` is an empty list: name at least one file")));
        }
        for (i, file) in self.files().into_iter().enumerate() {
            let Some(label) = file.label().filter(|label| says_no_label(label)) else { continue };
            let path =
                if matches!(self, Traffic::Files(_)) { format!("{key}[{i}].label") } else { format!("{key}.label") };
            let message = format!("`{path}` is `{label}`, which is no label; say `benign`, or the attack's name");
            return Err((path, message));
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Traffic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TrafficVisitor;
        impl<'de> Visitor<'de> for TrafficVisitor {
            type Value = Traffic;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, `{ path: …, label: … }`, a list of these, or `{ simulate: { … } }`")
            }

            fn visit_str<E>(self, text: &str) -> Result<Traffic, E> {
                Ok(Traffic::File(TrafficFile::Path(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Traffic, A::Error> {
                let mut files = Vec::new();
                while let Some(file) = items.next_element()? {
                    files.push(file);
                }
                Ok(Traffic::Files(files))
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Traffic, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Fields {
                    path: Option<String>,
                    label: Option<GivenText>,
                    #[serde(default, deserialize_with = "some")]
                    simulate: Option<SimulateConfig>,
                }
                let Fields { path, label, simulate } = Fields::deserialize(MapAccessDeserializer::new(entries))?;
                match (path, label, simulate) {
                    (None, None, Some(simulate)) => Ok(Traffic::Simulated { simulate }),
                    (Some(path), Some(label), None) => {
                        Ok(Traffic::File(TrafficFile::Labelled { path, label: label.0 }))
                    }
                    (Some(path), None, None) => Ok(Traffic::File(TrafficFile::Path(path))),
                    (None, Some(_), _) => Err(A::Error::missing_field("path")),
                    (Some(_), _, Some(_)) => Err(A::Error::custom("take `path` or `simulate`, not both")),
                    (None, None, None) => Err(A::Error::missing_field("simulate")),
                }
            }
        }
        deserializer.deserialize_any(TrafficVisitor)
    }
}

/// `simulate:` without a value is all defaults.
fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SimulateConfig>, D::Error> {
    Ok(Some(Option::<SimulateConfig>::deserialize(deserializer)?.unwrap_or_default()))
}

/// A label; YAML reads `0` and `true` as no texts.
struct GivenText(String);

impl<'de> Deserialize<'de> for GivenText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl Visitor<'_> for TextVisitor {
            type Value = GivenText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<GivenText, E> {
                Ok(GivenText(text.to_owned()))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<GivenText, E> {
                Ok(GivenText(flag.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<GivenText, E> {
                Ok(GivenText(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<GivenText, E> {
                Ok(GivenText(number.to_string()))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for TrafficFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FileVisitor;
        impl<'de> Visitor<'de> for FileVisitor {
            type Value = TrafficFile;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path or `{ path: …, label: … }`")
            }

            fn visit_str<E>(self, text: &str) -> Result<TrafficFile, E> {
                Ok(TrafficFile::Path(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<TrafficFile, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Fields {
                    path: String,
                    label: Option<GivenText>,
                }
                let Fields { path, label } = Fields::deserialize(MapAccessDeserializer::new(entries))?;
                Ok(match label {
                    Some(GivenText(label)) => TrafficFile::Labelled { path, label },
                    None => TrafficFile::Path(path),
                })
            }
        }
        deserializer.deserialize_any(FileVisitor)
    }
}
