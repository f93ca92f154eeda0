//! `data.bad_rows`: what a config says about rows that cannot be read.

use std::fmt;

use nta_ingest::BadRows;
use schemars::JsonSchema;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

/// The share of rows that may be set aside where the config names none.
const SHARE: f64 = 0.01;

/// What becomes of rows that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum BadRowsConfig {
    /// One word.
    Word(BadRowsWord),
    /// Set aside, with a share of one's own.
    Share {
        /// How many.
        set_aside: SetAside,
    },
}

/// The short forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BadRowsWord {
    /// The first one ends the run.
    Refuse,
    /// Up to 1 % of the rows, and ten in any case, are left out and kept in `rejects.jsonl`.
    SetAside,
}

/// How many rows may be set aside.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAside {
    /// The largest share of the rows, between 0 and 1; ten rows are allowed in any case.
    #[serde(default = "default_share")]
    pub share: f64,
}

fn default_share() -> f64 {
    SHARE
}

impl Default for BadRowsConfig {
    fn default() -> Self {
        BadRowsConfig::Word(BadRowsWord::Refuse)
    }
}

impl BadRowsConfig {
    /// Whether this is what a config says that says nothing.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The range of the share.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            BadRowsConfig::Share { set_aside: SetAside { share } } if !(*share > 0.0 && *share < 1.0) => {
                Err(format!("{share} is no share; give a number between 0 and 1, for instance 0.01"))
            }
            _ => Ok(()),
        }
    }
}

impl From<BadRowsConfig> for BadRows {
    fn from(config: BadRowsConfig) -> BadRows {
        match config {
            BadRowsConfig::Word(BadRowsWord::Refuse) => BadRows::Refuse,
            BadRowsConfig::Word(BadRowsWord::SetAside) => BadRows::SetAside { share: SHARE },
            BadRowsConfig::Share { set_aside } => BadRows::SetAside { share: set_aside.share },
        }
    }
}

impl<'de> Deserialize<'de> for BadRowsConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BadRowsVisitor;
        impl<'de> Visitor<'de> for BadRowsVisitor {
            type Value = BadRowsConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`refuse`, `set_aside`, or `{ set_aside: { share: 0.01 } }`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<BadRowsConfig, E> {
                match text {
                    "refuse" => Ok(BadRowsConfig::Word(BadRowsWord::Refuse)),
                    "set_aside" => Ok(BadRowsConfig::Word(BadRowsWord::SetAside)),
                    _ => Err(E::unknown_variant(text, &["refuse", "set_aside"])),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<BadRowsConfig, A::Error> {
                let mut found = None;
                while let Some(key) = entries.next_key::<String>()? {
                    if key != "set_aside" {
                        return Err(A::Error::unknown_field(&key, &["set_aside"]));
                    }
                    found = Some(entries.next_value()?);
                }
                let set_aside = found.ok_or_else(|| A::Error::missing_field("set_aside"))?;
                Ok(BadRowsConfig::Share { set_aside })
            }
        }
        deserializer.deserialize_any(BadRowsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(yaml: &str) -> Result<BadRows, String> {
        let config: BadRowsConfig = serde_saphyr::from_str(yaml).map_err(|e| e.to_string())?;
        config.check().map(|()| config.into())
    }

    #[test]
    fn both_words_and_a_share_are_understood_and_nothing_else() {
        assert_eq!(parsed("refuse"), Ok(BadRows::Refuse));
        assert_eq!(parsed("set_aside"), Ok(BadRows::SetAside { share: 0.01 }));
        assert_eq!(parsed("{ set_aside: { share: 0.2 } }"), Ok(BadRows::SetAside { share: 0.2 }));
        assert_eq!(parsed("{ set_aside: {} }"), Ok(BadRows::SetAside { share: 0.01 }));
        assert!(parsed("{ set_aside: { share: 1.5 } }").unwrap_err().contains("1.5 is no share"));
        assert!(parsed("skip").unwrap_err().contains("set_aside"));
        assert!(parsed("{ drop: {} }").unwrap_err().contains("set_aside"));
    }
}
