//! A second file that holds the labels of traffic, as a config or a command names it.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nta_data::{Contact, Schema};
use nta_ingest::GivenLabels;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::error::{PipelineError, refused};

/// How far the start of a flow and the time of its label may be apart where nobody says, seconds: clocks of two tools
/// that read the same packets differ by less.
const TOLERANCE: f64 = 1.0;

/// Labels in a file of their own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelsFile {
    /// The file: a table, or windows of time and hosts (`.yaml`, `.yml`).
    pub file: String,
    /// How far the start of a flow and the time of its label may be apart, seconds.
    pub tolerance: f64,
}

/// As a config writes it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WithTolerance {
    /// The file.
    file: String,
    /// How far the start of a flow and the time of its label may be apart, seconds; 1 when not given.
    #[serde(default = "default_tolerance")]
    tolerance: f64,
}

fn default_tolerance() -> f64 {
    TOLERANCE
}

impl JsonSchema for LabelsFile {
    fn schema_name() -> Cow<'static, str> {
        "LabelsFile".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> schemars::Schema {
        let mapping = generator.subschema_for::<WithTolerance>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, mapping] })
    }
}

impl<'de> Deserialize<'de> for LabelsFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LabelsVisitor;
        impl<'de> Visitor<'de> for LabelsVisitor {
            type Value = LabelsFile;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path or `{ file: …, tolerance: 1.0 }`")
            }

            fn visit_str<E>(self, text: &str) -> Result<LabelsFile, E> {
                Ok(LabelsFile { file: text.to_owned(), tolerance: TOLERANCE })
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<LabelsFile, A::Error> {
                let WithTolerance { file, tolerance } =
                    WithTolerance::deserialize(MapAccessDeserializer::new(entries))?;
                Ok(LabelsFile { file, tolerance })
            }
        }
        deserializer.deserialize_any(LabelsVisitor)
    }
}

impl LabelsFile {
    /// The file at `path`, with the usual tolerance.
    pub fn at(path: &Path) -> LabelsFile {
        LabelsFile { file: path.to_string_lossy().into_owned(), tolerance: TOLERANCE }
    }

    /// The range of the tolerance.
    pub(crate) fn check(&self) -> Result<(), String> {
        match (0.0..=86_400.0).contains(&self.tolerance) {
            true => Ok(()),
            false => Err(format!("{} is no tolerance; give seconds, 0 to 86400", self.tolerance)),
        }
    }

    /// Opens it for traffic of `schema`; a relative path is one from `root`.
    pub(crate) fn open(
        &self,
        root: &Path,
        schema: &Schema,
        contact: &Contact,
    ) -> Result<Arc<GivenLabels>, PipelineError> {
        self.check().map_err(|why| PipelineError::refuse(format!("labels: {why}")))?;
        let path: PathBuf = root.join(&self.file);
        let tolerance = Duration::from_secs_f64(self.tolerance);
        GivenLabels::open(&path, schema, tolerance, contact).map(Arc::new).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_alone_is_a_file_of_labels() {
        let read = |yaml: &str| serde_saphyr::from_str::<LabelsFile>(yaml).map_err(|e| e.to_string());
        assert_eq!(read("l.csv"), Ok(LabelsFile::at(Path::new("l.csv"))));
        assert_eq!(read("{ file: l.csv, tolerance: 5 }").unwrap().tolerance, 5.0);
        assert!(read("{ fill: l.csv }").unwrap_err().contains("fill"));
    }

    #[test]
    fn a_tolerance_is_seconds_of_a_day_at_most() {
        let with = |tolerance| LabelsFile { file: "l.csv".to_owned(), tolerance }.check();
        assert!(with(0.0).is_ok() && with(86_400.0).is_ok());
        assert!(with(-1.0).is_err() && with(f64::NAN).unwrap_err().contains("NaN is no tolerance"));
    }
}
