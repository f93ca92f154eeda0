//! What a server should hold of a run, told by the run's folder as it stands. No number here is computed or understood.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::limits;

/// A run as a server should know it. The same folder, grown, gives the same points and then more.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracked {
    /// Name of the experiment.
    pub experiment: String,
    /// Tags of the experiment.
    pub experiment_tags: BTreeMap<String, String>,
    /// The run's id here, by which it is found there.
    pub run: String,
    /// Who ran it.
    pub user: String,
    /// Begin and end in milliseconds since 1970-01-01 UTC.
    pub started: i64,
    /// `None` while it runs.
    pub ended: Option<i64>,
    /// How it stands.
    pub standing: Standing,
    /// The id here of the run that this one is shown below.
    pub parent: Option<String>,
    /// Tags; a later value takes an earlier one's place.
    pub tags: BTreeMap<String, String>,
    /// Settings; they never change.
    pub params: Vec<(String, String)>,
    /// Numbers, by where they come from; each of these streams grows at its end alone.
    pub streams: BTreeMap<&'static str, Vec<Point>>,
    /// The data that went in.
    pub datasets: Vec<Dataset>,
    /// Files of the run to be kept there.
    pub files: Vec<SentFile>,
    /// The model that it made.
    pub model: Option<TrackedModel>,
}

/// How a run stands, in MLflow's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Standing {
    Running,
    Finished,
    Failed,
    Killed,
}

impl Standing {
    /// As the server spells it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Standing::Running => "RUNNING",
            Standing::Finished => "FINISHED",
            Standing::Failed => "FAILED",
            Standing::Killed => "KILLED",
        }
    }
}

/// One number, with the time at which it was made: a server stores the same point once, however often it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Name; what stands before its first `/` is a section of the page.
    pub key: String,
    /// The number; NaN travels.
    pub value: f64,
    /// Epoch, or whatever is counted.
    pub step: u64,
    /// Milliseconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// Whether it is a number of the model, on which data.
    pub of_model: Option<DataName>,
}

/// How a point names the data that it was measured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataName {
    /// A dataset's name.
    pub name: String,
    /// Its digest, of any length.
    pub digest: String,
}

/// Data of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Name and digest.
    pub data: DataName,
    /// `training`, `evaluation`, …
    pub context: String,
    /// Where it comes from, as the project names it.
    pub source: String,
    /// Rows.
    pub rows: u64,
}

/// A file to be kept on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentFile {
    /// Where it stands.
    pub from: PathBuf,
    /// Where it will stand among the artifacts.
    pub to: String,
}

/// A model to be kept and registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedModel {
    /// Name in the registry.
    pub name: String,
    /// The version here, `name/3`.
    pub version: String,
    /// Digest of what it learned.
    pub digest: String,
    /// Its files.
    pub files: Vec<SentFile>,
    /// The aliases that point at it here and should there.
    pub aliases: Vec<String>,
}

impl Point {
    /// As a batch holds it.
    pub(crate) fn to_json(&self, model: Option<&str>) -> Value {
        let value = match self.value {
            value if value.is_nan() => "NaN".into(),
            value if value == f64::INFINITY => "Infinity".into(),
            value if value == f64::NEG_INFINITY => "-Infinity".into(),
            value => json!(value),
        };
        let mut point = json!({
            "key": limits::key(&self.key), "value": value, "timestamp": self.timestamp, "step": self.step,
        });
        if let (Some(data), Some(model)) = (&self.of_model, model) {
            point["model_id"] = model.into();
            point["dataset_name"] = limits::dataset_name(&data.name).into();
            point["dataset_digest"] = limits::digest(&data.digest).into();
        }
        point
    }
}

impl Dataset {
    /// As the run's inputs hold it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "dataset": {
                "name": limits::dataset_name(&self.data.name),
                "digest": limits::digest(&self.data.digest),
                "source_type": "local",
                "source": json!({ "uri": self.source, "sha256": self.data.digest }).to_string(),
                "profile": json!({ "num_rows": self.rows }).to_string(),
            },
            "tags": [{ "key": "mlflow.data.context", "value": self.context }],
        })
    }
}
