//! One YAML file drives a run. An unknown key, a wrong type or a value out of range is refused with file, line, column,
//! key and what would be right.

use std::path::{Path, PathBuf};

use nta_audit::DriftConfig;
use nta_density::DensityConfig;
use nta_forest::ForestConfig;
use nta_hybrid::{Combine, HybridConfig, HybridError};
use nta_lstm::LstmConfig;
use nta_model::MemberKind;
use nta_preprocess::{PreprocessConfig, SplitConfig};
use nta_tracking::mlflow::TrackingConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

mod choice;
pub(crate) mod error;
mod evaluate;
mod traffic;

pub use choice::Choice;
pub use error::ConfigError;
pub use evaluate::{EvaluateConfig, LeaveOutChoice};
pub use traffic::{Traffic, TrafficFile};

use crate::bad_rows::BadRowsConfig;
use crate::labels_file::LabelsFile;
use crate::policy::RetrainConfig;
use crate::project::Project;
use crate::yaml::{self, Document};

/// Everything a run needs to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// Name of the experiment and of the model: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Every random number of the run follows from it.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Whether the run chooses on its own training rows what it ships.
    #[serde(default)]
    pub choice: Choice,
    /// The traffic.
    pub data: DataConfig,
    /// How the rows are dealt to the five parts.
    #[serde(default)]
    pub split: SplitConfig,
    /// What is learned about columns before any model.
    #[serde(default)]
    pub preprocess: PreprocessConfig,
    /// The random forest.
    #[serde(default)]
    pub forest: ForestConfig,
    /// The recurrent network.
    #[serde(default)]
    pub lstm: LstmConfig,
    /// A third member, scored as `novelty`: how surprising a flow is among the benign flows of the training. Absent: there is
    /// none; `density: {}` adds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density: Option<DensityConfig>,
    /// How members are fused and the threshold chosen.
    #[serde(default)]
    pub hybrid: HybridConfig,
    /// What is measured beside the test part.
    #[serde(default, skip_serializing_if = "EvaluateConfig::is_default")]
    pub evaluate: EvaluateConfig,
    /// A server that is told of the run while it trains. It changes nothing of what the run computes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<TrackingConfig>,
    /// How far later traffic may move from this; `nta drift` holds it to that.
    #[serde(default)]
    pub drift: DriftConfig,
    /// How `nta retrain` makes a challenger of this model, and when that takes its place.
    #[serde(default)]
    pub retrain: RetrainConfig,
}

fn default_seed() -> u64 {
    7
}

/// Which traffic, read by which schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A built-in schema (`nta schema list`), the path of a YAML file of column roles, or `auto`: the built-in one that
    /// the first training file fits, else a draft made for it and kept with the run.
    #[serde(default = "default_schema")]
    pub schema: String,
    /// What to learn from: a path or glob, `{ path: …, label: … }` where all its flows are of one kind and no column says
    /// so, a list of these, or `{ simulate: { … } }`.
    pub train: Traffic,
    /// What to judge on, where it is a second file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Traffic>,
    /// Label values that mean benign, in place of the schema's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub benign: Vec<String>,
    /// Features that are taken though they give the label away or say which row it is, beside the schema's `accepted`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
    /// Labels from a second file: a table that knows the flows by uid, or by hosts and time, or windows of time and hosts
    /// (`.yaml`). A path, or `{ file: …, tolerance: 1.0 }`; see docs/labels.md.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelsFile>,
    /// What becomes of rows that cannot be read: `refuse`, `set_aside` (up to 1 % of them), or
    /// `{ set_aside: { share: 0.05 } }`.
    #[serde(default, skip_serializing_if = "BadRowsConfig::is_default")]
    pub bad_rows: BadRowsConfig,
    /// One sensor's name for all files. Without it each file is a sensor of its own, called by the file's name; hosts
    /// of two sensors are two entities. A capture column of the schema goes before both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensor: Option<String>,
}

impl DataConfig {
    /// Whether labels come from the config, for some file at least.
    pub(crate) fn gives_labels(&self) -> bool {
        self.labels.is_some()
            || [Some(&self.train), self.test.as_ref()].into_iter().flatten().any(Traffic::gives_labels)
    }
}

fn default_schema() -> String {
    "nta".to_owned()
}

/// A config as it will run, with the folders it belongs to.
#[derive(Debug, Clone)]
pub struct LoadedConfig {
    /// The settings, `${VAR}` unexpanded.
    pub config: RunConfig,
    /// The file it came from.
    pub path: PathBuf,
    /// Its project.
    pub project: Project,
}

impl RunConfig {
    /// Reads `path` and puts each `key=value` of `sets` over it.
    pub fn load(path: &Path, sets: &[String], home: Option<&Path>) -> Result<LoadedConfig, ConfigError> {
        let file = path.display().to_string();
        let text = yaml::read(path).map_err(|error| ConfigError {
            file: file.clone(),
            place: None,
            message: format!("cannot read the config: {error}"),
        })?;
        let config = Self::parse(&text, &file, sets)?;
        Ok(LoadedConfig { config, path: path.to_owned(), project: Project::around(path, home) })
    }

    /// Reads a config text; `file` is what errors call it.
    pub fn parse(text: &str, file: &str, sets: &[String]) -> Result<RunConfig, ConfigError> {
        Self::parse_after(text, file, sets, &|_| {})
    }

    /// The same of a text that was kept with a model, perhaps before some of today's keys were there.
    pub(crate) fn parse_kept(text: &str, file: &str, sets: &[String]) -> Result<RunConfig, ConfigError> {
        Self::parse_after(text, file, sets, &choice::of_then)
    }

    /// Reads a config text after `amend` has seen its values.
    fn parse_after(
        text: &str,
        file: &str,
        sets: &[String],
        amend: &dyn Fn(&mut Value),
    ) -> Result<RunConfig, ConfigError> {
        let mut document = yaml::parse(text).map_err(|error| ConfigError {
            file: file.to_owned(),
            place: error.place.map(|p| (p.line, p.column)),
            message: error.message,
        })?;
        if !document.value.is_object() {
            let message = "this is not a config: a config is a mapping with `name:` and `data:` (see configs/csv.yaml)";
            return Err(ConfigError { file: file.to_owned(), place: Some((1, 1)), message: message.to_owned() });
        }
        amend(&mut document.value);
        for set in sets {
            apply_set(&mut document, set)?;
        }
        choice::fill(&mut document.value);
        let set_paths: Vec<&str> = sets.iter().filter_map(|s| s.split_once('=')).map(|(key, _)| key.trim()).collect();
        let refuse = |path: &str, message: String| {
            let from_set = set_paths.iter().find(|set| path.starts_with(**set));
            ConfigError {
                file: from_set.map_or_else(|| file.to_owned(), |key| format!("--set {key}")),
                place: if from_set.is_some() { None } else { document.place_of(path).map(|p| (p.line, p.column)) },
                message,
            }
        };
        let config: RunConfig = serde_path_to_error::deserialize(&document.value).map_err(|error| {
            let path = error.path().to_string();
            let path = if path == "." { String::new() } else { path };
            refuse(&path, explain(&path, &error.into_inner().to_string(), &document))
        })?;
        config.check().map_err(|(path, message)| refuse(&path, message))?;
        Ok(config)
    }

    /// The ranges of every stage. `Err` holds the key path and the complaint.
    pub fn check(&self) -> Result<(), (String, String)> {
        let ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let longest = 100;
        if !self.name.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !self.name.chars().all(ok)
            || self.name.len() > longest
            || self.name == "latest"
        {
            let why = "a name is made of letters, digits, `-`, `_` and `.`, begins with a letter or digit, has at most \
                       100 of them, and is not `latest`";
            return Err(("name".to_owned(), format!("`name` is `{}`: {why}", self.name)));
        }
        for (key, traffic) in [("data.train", Some(&self.data.train)), ("data.test", self.data.test.as_ref())] {
            match traffic {
                Some(Traffic::Simulated { simulate }) => {
                    let stage = format!("{key}.simulate");
                    simulate.check().map_err(|e| in_stage(&stage, &e.key, &e.to_string()))?;
                }
                Some(files) => files.check_files(key)?,
                None => {}
            }
        }
        if let Some(labels) = &self.data.labels {
            labels.check().map_err(|why| in_stage("data.labels", "tolerance", &why))?;
        }
        self.data.bad_rows.check().map_err(|why| in_stage("data.bad_rows.set_aside", "share", &why))?;
        self.split.check().map_err(|e| in_stage("split", &e.key, &e.to_string()))?;
        self.preprocess.check().map_err(|e| in_stage("preprocess", &e.key, &e.to_string()))?;
        self.forest.check().map_err(|e| in_stage("forest", &e.key, &e.to_string()))?;
        self.lstm.check().map_err(|e| in_stage("lstm", e.key, &e.to_string()))?;
        let lstm = &self.lstm;
        lstm.device.check_available().map_err(|e| in_stage("lstm", "device", &e.to_string()))?;
        lstm.precision.check_available(lstm.device).map_err(|e| in_stage("lstm", "precision", &e.to_string()))?;
        if let Some(tracking) = &self.tracking {
            tracking.check().map_err(|(key, why)| in_stage("tracking", key, &why))?;
        }
        if let Some(density) = &self.density {
            density.check().map_err(|e| in_stage("density", e.key, &e.to_string()))?;
        }
        self.check_choice()?;
        self.check_fused()?;
        if let Some((key, value, right)) = self.drift.fault() {
            return Err(in_stage("drift", key, &format!("`{key}` is {value}: give {right}")));
        }
        if let Some((key, value, right)) = self.retrain.fault() {
            return Err(in_stage("retrain", key, &format!("`{key}` is {value}: give {right}")));
        }
        self.hybrid.check().map_err(|e| match &e {
            HybridError::Config { key, .. } => in_stage("hybrid", key, &e.to_string()),
            _ => in_stage("hybrid", "", &e.to_string()),
        })
    }

    /// The kinds of members that a run trains, in the order of their scores.
    pub fn members(&self) -> impl Iterator<Item = MemberKind> {
        let is_asked = |kind: &MemberKind| match kind {
            MemberKind::Forest | MemberKind::Lstm => true,
            MemberKind::Density | MemberKind::Isolation => {
                self.density.is_some() || self.hybrid.combine == Combine::Auto
            }
        };
        MemberKind::ALL.into_iter().filter(is_asked)
    }

    /// A fusion names members that there are; said before anything is trained.
    fn check_fused(&self) -> Result<(), (String, String)> {
        let Some((key, named)) = self.hybrid.combine.named() else { return Ok(()) };
        let members: Vec<&str> = self.members().map(MemberKind::name).collect();
        let path = format!("hybrid.{key}");
        if let Some(name) = named.iter().find(|name| !members.contains(name)) {
            let path = format!("{path}.{name}");
            let message = format!("`{path}`: there is no such member, the members are {}", members.join(", "));
            return Err((path, message));
        }
        let Combine::Weighted(weights) = &self.hybrid.combine else { return Ok(()) };
        match members.iter().find(|name| !weights.contains_key(**name)) {
            None => Ok(()),
            Some(name) => Err((path.clone(), format!("`{path}`: `{name}` needs a weight too; 0 leaves it out"))),
        }
    }

    /// The config with the defaults written out that depend on other keys.
    pub fn resolved(&self) -> RunConfig {
        RunConfig { hybrid: self.hybrid.resolved(), ..self.clone() }
    }

    /// The resolved config as YAML, as it is kept with a run.
    pub fn to_yaml(&self) -> String {
        serde_saphyr::to_string(&self.resolved())
            .unwrap_or_else(|error| format!("# cannot be written as YAML: {error}\n"))
    }

    /// A JSON Schema of the config, for editors.
    pub fn json_schema() -> String {
        let schema = schemars::schema_for!(RunConfig);
        serde_json::to_string_pretty(&schema).unwrap_or_default()
    }
}

fn in_stage(stage: &str, key: &str, message: &str) -> (String, String) {
    let path = if key.is_empty() { stage.to_owned() } else { format!("{stage}.{key}") };
    let message = format!("`{path}`: {message}");
    (path, message)
}

fn apply_set(document: &mut Document, set: &str) -> Result<(), ConfigError> {
    let refuse = |message: &str| ConfigError { file: format!("--set {set}"), place: None, message: message.to_owned() };
    let (path, value) = set.split_once('=').ok_or_else(|| refuse("write it as key=value, e.g. forest.trees=500"))?;
    let value = yaml::parse(value).map_err(|error| refuse(&error.message))?.value;
    let mut at = &mut document.value;
    for key in path.trim().split('.') {
        if at.is_null() || at.is_string() {
            *at = Value::Object(serde_json::Map::new());
        }
        let map = at.as_object_mut().ok_or_else(|| refuse("the key goes through something that is not a mapping"))?;
        at = map.entry(key).or_insert(Value::Null);
    }
    *at = value;
    Ok(())
}

/// Sections of later versions: refused by name rather than as a misspelling.
const NOT_YET: [&str; 3] = ["audit", "publish", "export"];

/// serde's complaint in words a user can act on.
fn explain(path: &str, message: &str, document: &Document) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let (found, known) = quoted.split_first().map_or(("", &[][..]), |(found, known)| (*found, known));
        let what = if message.starts_with("unknown field") { "key" } else { "value" };
        let whole = if path.ends_with(found) || path.is_empty() { path.to_owned() } else { format!("{path}.{found}") };
        let shown = if what == "key" && !whole.is_empty() { whole.as_str() } else { found };
        let at = if what == "value" { format!(" for `{path}`") } else { String::new() };
        if what == "key" && NOT_YET.contains(&found) {
            return format!("key `{found}` is not in this version of nta");
        }
        let nearest = nearest(found, known).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
        return format!("unknown {what} `{shown}`{at}{nearest} Known here: {}", known.join(", "));
    }
    let value = document.value.pointer(&pointer(path)).filter(|v| !v.is_object() && !v.is_array());
    let value = value.map(|v| format!(" is {}:", shortened(&v.to_string()))).unwrap_or_else(|| ":".to_owned());
    let message = in_plain_words(message);
    match path {
        "" => message,
        _ => format!("`{path}`{value} {message}"),
    }
}

/// What serde says of types, as a user would say it.
fn in_plain_words(message: &str) -> String {
    let expected = message.rsplit_once("expected ").map(|(_, e)| e.trim()).unwrap_or_default();
    let wanted = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" => "a text",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "newtype variant" => "a mapping with its value, such as `{ fixed: 0.5 }`, `{ focal: 2 }` or `{ embedding: 8 }`",
        "string or map" => "a word, or a mapping such as `{ fixed: 0.5 }`",
        other if other.starts_with("struct ") => "a mapping of keys",
        _ => return shortened(message),
    };
    format!("expected {wanted}")
}

fn shortened(text: &str) -> String {
    let longest = 160;
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest).chain(['…']).collect()
}

fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().map(|k| (strsim::damerau_levenshtein(found, k), *k)).min()?;
    (near.0 <= 1 + found.len() / 3).then_some(near.1)
}

fn pointer(path: &str) -> String {
    let mut out = String::new();
    for part in path.split(['.', '[']) {
        out.push('/');
        out.push_str(part.trim_end_matches(']'));
    }
    out
}

#[cfg(test)]
mod tests {
    use nta_preprocess::FittedRows;

    use super::*;

    const SMALL: &str = "name: demo\ndata:\n  schema: nsl-kdd\n  train: a.csv\nforest:\n  trees: 20\n";

    fn complaint(text: &str, sets: &[&str]) -> String {
        let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
        RunConfig::parse(text, "x.yaml", &sets).unwrap_err().to_string()
    }

    #[test]
    fn a_config_round_trips_through_its_resolved_text() {
        let config = RunConfig::parse(SMALL, "x.yaml", &[]).unwrap();
        assert_eq!(config.forest.trees, 20);
        assert_eq!(config.seed, 7);
        assert!(config.to_yaml().contains("false_positive_rate"), "the default budget is written out");
        let again = RunConfig::parse(&config.to_yaml(), "y.yaml", &[]).unwrap();
        assert_eq!(config.to_yaml(), again.to_yaml());
    }

    #[test]
    fn a_config_kept_before_there_was_a_choice_means_what_it_meant() {
        let kept = |more: &str| RunConfig::parse_kept(&format!("{SMALL}{more}"), "its config", &[]).unwrap();
        let unsaid = kept("");
        assert_eq!((unsaid.split.fit, unsaid.hybrid.combine), (FittedRows::Parts, Combine::Average));
        let all = kept("split:\n  strategy: temporal\n  fit: all\n  folds: 2\nhybrid:\n  combine: auto\n");
        assert_eq!((all.split.fit, &all.hybrid.combine), (FittedRows::All, &Combine::Auto));
        assert_eq!(RunConfig::parse_kept(&all.to_yaml(), "its config", &[]).unwrap().to_yaml(), all.to_yaml());
        let off = "choice: off\nsplit:\n  fit: all\n";
        assert!(RunConfig::parse_kept(&format!("{SMALL}{off}"), "its config", &[]).is_err(), "it says what it means");
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place_and_the_nearest_right_one() {
        let text = SMALL.replace("trees", "treees");
        let said = complaint(&text, &[]);
        assert!(said.starts_with("x.yaml:6:3: unknown key `forest.treees`; did you mean `trees`?"), "{said}");
        let said = complaint("name: demo\nforrest: {}\ndata: { train: a }\n", &[]);
        assert!(said.starts_with("x.yaml:2:1: unknown key `forrest`; did you mean `forest`?"), "{said}");
        let said = complaint("name: demo\naudit: {}\ndata: { train: a }\n", &[]);
        assert!(said.contains("`audit` is not in this version"), "{said}");
    }

    #[test]
    fn a_wrong_type_and_a_value_out_of_range_name_key_place_and_value() {
        let said = complaint(&SMALL.replace("trees: 20", "trees: many"), &[]);
        assert!(said.starts_with("x.yaml:6:3: `forest.trees` is \"many\":"), "{said}");
        let said = complaint(&SMALL.replace("trees: 20", "trees: 0"), &[]);
        assert!(said.starts_with("x.yaml:6:3: `forest.trees`:") && said.contains('0'), "{said}");
    }

    #[test]
    fn set_overrides_and_is_named_when_it_is_wrong() {
        let sets = ["forest.trees=30".to_owned(), "lstm.sequence.length=1".to_owned()];
        let config = RunConfig::parse(SMALL, "x.yaml", &sets).unwrap();
        assert_eq!((config.forest.trees, config.lstm.sequence.length), (30, 1));
        let said = complaint(SMALL, &["forest.tres=30"]);
        assert!(said.starts_with("--set forest.tres: unknown key `forest.tres`; did you mean `trees`?"), "{said}");
    }

    #[test]
    fn what_is_no_config_is_told_so_in_a_line() {
        for text in ["", "- a\n- b\n", &"x,y,z ".repeat(10_000)] {
            let said = complaint(text, &[]);
            assert!(said.contains("not a config") && said.len() < 200, "{said}");
        }
        let said = complaint(&format!("{SMALL}lstm: {{ device: ndarray }}\n"), &[]);
        assert!(said.starts_with("x.yaml:7:9: `lstm.device`"), "{said}");
        let said = complaint(&format!("{SMALL}lstm: {{ device: flex, precision: bf16 }}\n"), &[]);
        assert!(said.starts_with("x.yaml:7:23: `lstm.precision`"), "{said}");
        let said = complaint(&format!("{SMALL}hybrid: {{ threshold: 0.4 }}\n"), &[]);
        assert!(said.contains("`{ fixed: 0.5 }`"), "{said}");
    }

    #[test]
    fn a_weight_for_nobody_is_refused_before_anything_is_trained() {
        let said =
            complaint(&format!("{SMALL}hybrid: {{ combine: {{ weighted: {{ forrest: 1, lstm: 1 }} }} }}\n"), &[]);
        assert!(said.contains("forrest") && said.contains("forest, lstm"), "{said}");
    }

    #[test]
    fn simulated_traffic_is_told_from_paths() {
        let config = RunConfig::parse("name: d\ndata: { train: { simulate: {} } }\n", "x", &[]).unwrap();
        assert!(matches!(config.data.train, Traffic::Simulated { .. }));
        let config = RunConfig::parse("name: d\ndata: { train: [a, b] }\n", "x", &[]).unwrap();
        assert!(config.data.train.files().iter().map(|f| f.path()).eq(["a", "b"]));
        let text = "name: d\ndata: { train: [{ path: a, label: benign }, { path: b, label: 1 }, c], test: { path: t, label: x } }\n";
        let config = RunConfig::parse(text, "x", &[]).unwrap();
        let labels: Vec<_> = config.data.train.files().iter().map(|f| f.label()).collect();
        assert_eq!(labels, [Some("benign"), Some("1"), None]);
        assert_eq!(RunConfig::parse(&config.to_yaml(), "y", &[]).unwrap().data, config.data);
        let said = complaint(&SMALL.replace("a.csv", "[{ path: a.csv, lable: x }]"), &[]);
        assert!(said.contains("x.yaml:4:") && said.contains("lable") && said.contains("`label`"), "{said}");
        let said = complaint(&SMALL.replace("a.csv", "{ path: a.csv, label: '-' }"), &[]);
        assert!(
            said.starts_with("x.yaml:4:") && said.contains("`data.train.label`") && said.contains("no label"),
            "{said}"
        );
    }
}
