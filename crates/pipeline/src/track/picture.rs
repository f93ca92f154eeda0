//! From a run's folder to what a server should hold of it: the one place where the two meet.

use std::collections::BTreeMap;
use std::path::Path;

use nta_metrics::Evaluation;
use nta_model::{MANIFEST, Registry};
use nta_tracking::mlflow::{DataName, Dataset, SentFile, Standing, Tracked, TrackedModel};
use nta_tracking::{RunRecord, Status, StepMetric, TrackingError};
use serde_json::Value;

use super::about::About;
use super::files::{IMAGES, files};
use super::note::note;
use super::points::{self, Told};
use crate::event::{Event, Outcome};
use crate::project::Project;

/// Everything that a run's folder tells.
pub(super) struct Material {
    pub(super) record: RunRecord,
    pub(super) about: About,
    pub(super) told: Vec<Told>,
    pub(super) steps: Vec<StepMetric>,
    pub(super) machine: Vec<StepMetric>,
    pub(super) evaluation: Option<Evaluation>,
    pub(super) files: Vec<SentFile>,
    pub(super) model: Option<TrackedModel>,
}

/// How a run that this process trains stands for a server: nothing before its traffic is dealt, for until then it may be
/// refused and leave nothing.
pub(super) fn of_running(project: &Project, folder: &Path) -> Result<Option<Tracked>, TrackingError> {
    let record = nta_tracking::read_record(folder)?;
    let young = record.status == Status::Running && !record.stages.iter().any(|stage| stage.name == "partition");
    if young { Ok(None) } else { material(project, folder, record).map(|material| Some(picture(material))) }
}

/// What the run in `folder` tells; `record` says how it stands.
pub(super) fn material(project: &Project, folder: &Path, record: RunRecord) -> Result<Material, TrackingError> {
    let evaluation = std::fs::read(folder.join("evaluation.json")).ok();
    Ok(Material {
        about: About::read(folder, &record),
        told: points::told(&nta_tracking::events(folder)?),
        steps: nta_tracking::metrics_as_written(folder)?,
        machine: nta_tracking::machine(folder)?,
        evaluation: evaluation.and_then(|bytes| serde_json::from_slice(&bytes).ok()),
        files: files(folder, &record),
        model: record.model.as_deref().and_then(|version| model(project, version)),
        record,
    })
}

/// What a server should hold of a run. The same folder, grown, gives the same points and then more.
pub(super) fn picture(material: Material) -> Tracked {
    let Material { record, about, told, steps, machine, evaluation, files, model } = material;
    let test = test_rows(&record);
    let streams = BTreeMap::from([
        ("events", points::of_events(&told, &test)),
        ("machine", points::of_machine(&machine)),
        ("metrics", points::of_steps(&steps)),
    ]);
    Tracked {
        experiment: about.experiment.clone(),
        experiment_tags: BTreeMap::from([
            ("mlflow.experiment.primaryMetric.name".to_owned(), "test/hybrid/average_precision".to_owned()),
            ("mlflow.experiment.primaryMetric.greaterIsBetter".to_owned(), "True".to_owned()),
            // Else the server takes it for an experiment with language models, by the word evaluation.
            ("mlflow.experimentKind".to_owned(), "custom_model_development".to_owned()),
        ]),
        run: record.id.clone(),
        user: about.user.clone().unwrap_or_default(),
        started: record.started.milliseconds(),
        ended: record.ended.map(|moment| moment.milliseconds()),
        standing: match record.status {
            Status::Running => Standing::Running,
            Status::Finished => Standing::Finished,
            Status::Failed => Standing::Failed,
            Status::Interrupted => Standing::Killed,
        },
        parent: record.parent.clone(),
        tags: tags(&record, &about, evaluation.as_ref(), &files),
        params: params(&told),
        streams,
        datasets: datasets(&told, &test),
        files,
        model,
    }
}

fn test_rows(record: &RunRecord) -> DataName {
    DataName { name: format!("{}: test part", record.name), digest: record.test_digest.clone().unwrap_or_default() }
}

fn tags(
    record: &RunRecord,
    about: &About,
    evaluation: Option<&Evaluation>,
    files: &[SentFile],
) -> BTreeMap<String, String> {
    let images = files.iter().any(|file| file.to.starts_with(IMAGES));
    let given = [
        ("mlflow.runName", Some(record.id.clone())),
        ("mlflow.note.content", Some(note(record, evaluation))),
        ("mlflow.user", about.user.clone()),
        ("mlflow.source.name", about.source.clone()),
        ("mlflow.source.type", about.source.as_ref().map(|_| "LOCAL".to_owned())),
        ("mlflow.source.git.commit", about.git_commit.clone()),
        ("mlflow.loggedImages", images.then(|| "True".to_owned())),
        ("nta.name", Some(record.name.clone())),
        ("nta.version", Some(record.version.clone())),
        ("nta.config_digest", Some(record.config_digest.clone())),
        ("nta.model", record.model.clone()),
        ("nta.parent", record.parent.clone()),
        (
            "nta.promise",
            evaluation
                .and_then(|e| e.promise.as_ref()?.kept)
                .map(|kept| if kept { "kept" } else { "missed" }.to_owned()),
        ),
    ];
    given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// The resolved config, flattened: `forest.trees`. Where it is told to is no setting of the run.
fn params(told: &[Told]) -> Vec<(String, String)> {
    let config =
        told.iter().find_map(|told| if let Event::Begun(begun) = &told.event { Some(&begun.config) } else { None });
    let mut flat = Vec::new();
    if let Some(Value::Object(sections)) = config {
        for (key, value) in sections.iter().filter(|(key, _)| *key != "tracking") {
            flatten(key.clone(), value, &mut flat);
        }
    }
    flat
}

fn flatten(path: String, value: &Value, flat: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(key, value)| flatten(format!("{path}.{key}"), value, flat));
        }
        Value::String(text) => flat.push((path, text.clone())),
        Value::Null => {}
        other => flat.push((path, other.to_string())),
    }
}

/// What was read, then the rows that the evaluation opened.
fn datasets(told: &[Told], test: &DataName) -> Vec<Dataset> {
    let mut found: Vec<Dataset> = Vec::new();
    let mut put = |dataset: Dataset| {
        if !found.contains(&dataset) {
            found.push(dataset);
        }
    };
    for Told { event, .. } in told {
        match event {
            Event::Dataset(read) => put(Dataset {
                data: DataName { name: read.name.clone(), digest: read.sha256.clone() },
                context: if read.role == "test" { "testing".to_owned() } else { "training".to_owned() },
                source: read.name.clone(),
                rows: read.rows,
            }),
            Event::StageDone { outcome: Outcome::Evaluate { rows, .. }, .. } => put(Dataset {
                data: test.clone(),
                context: "evaluation".to_owned(),
                source: test.name.clone(),
                rows: *rows,
            }),
            _ => {}
        }
    }
    found
}

/// The model version `name/3` of the project, as long as it is there.
fn model(project: &Project, version: &str) -> Option<TrackedModel> {
    let registry = Registry::new(&project.home);
    let (name, number) = version.rsplit_once('/')?;
    let number: u32 = number.parse().ok()?;
    let place = registry.version(name, number);
    let manifest = place.manifest().ok()?;
    let names = manifest.files.iter().map(|file| file.name.clone()).chain([MANIFEST.to_owned()]);
    let aliases = registry.versions(name).map(|versions| versions.aliases).unwrap_or_default();
    Some(TrackedModel {
        name: name.to_owned(),
        version: version.to_owned(),
        digest: manifest.digest.clone(),
        files: names.map(|name| SentFile { from: place.path.join(&name), to: name }).collect(),
        aliases: aliases.into_iter().filter(|(alias, at)| alias == CHAMPION && *at == number).map(|(a, _)| a).collect(),
    })
}

/// The alias that a server learns of; every other is this project's own business.
const CHAMPION: &str = "champion";

#[cfg(test)]
mod tests {
    use super::*;

    /// What the stored run, interrupted and taken up again, should be on a server.
    fn stored() -> Tracked {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/track/stored_run");
        let project = Project { root: folder.clone(), home: folder.clone() };
        of_running(&project, &folder).unwrap().unwrap()
    }

    /// Key, step, milliseconds after the run began, value.
    fn points(tracked: &Tracked, stream: &str) -> Vec<(String, u64, i64, String)> {
        let point = |p: &nta_tracking::mlflow::Point| {
            (p.key.clone(), p.step, p.timestamp - tracked.started, p.value.to_string())
        };
        tracked.streams[stream].iter().map(point).collect()
    }

    fn point(key: &str, step: u64, after: i64, value: &str) -> (String, u64, i64, String) {
        (key.to_owned(), step, after, value.to_owned())
    }

    #[test]
    fn every_number_is_a_point_with_its_own_time_and_one_made_again_keeps_its_first() {
        let tracked = stored();
        let wanted = [
            point("stages/read_seconds", 0, 1_500, "2"),
            point("system/read_flows_per_second", 0, 1_500, "50"),
            point("data/rows", 0, 1_500, "100"),
            point("data/columns", 0, 1_500, "3"),
            point("data/files", 0, 1_500, "1"),
            point("system/lstm_flows_per_second", 1, 2_000, "20"),
            point("stages/read_seconds", 1, 299_000, "1"),
            point("system/read_flows_per_second", 1, 299_000, "100"),
            point("stages/evaluate_seconds", 1, 301_000, "0.5"),
            point("system/evaluate_flows_per_second", 1, 301_000, "40"),
            point("test/hybrid/families/XSS – 1.recall_at_half", 0, 301_000, "1"),
            point("test/hybrid/roc_auc", 0, 301_000, "0.75"),
        ];
        assert_eq!(points(&tracked, "events"), wanted);
        let of_model = tracked.streams["events"].last().unwrap().of_model.clone().unwrap();
        assert_eq!((of_model.name.as_str(), of_model.digest.as_str()), ("lab: test part", "7e57"));
        let wanted = [point("train/lstm_loss", 1, 2_000, "0.5"), point("validation/lstm_log_loss", 1, 2_001, "NaN")];
        assert_eq!(points(&tracked, "metrics"), wanted);
        assert_eq!(points(&tracked, "machine"), [point("system/process_memory_megabytes", 1, 1_000, "120.5")]);
    }

    #[test]
    fn settings_data_surroundings_and_figures_are_told() {
        let tracked = stored();
        assert_eq!((tracked.experiment.as_str(), tracked.standing), ("lab 7", Standing::Running));
        assert_eq!(tracked.parent.as_deref(), Some("20261126-080000-aaaa"));
        let params: Vec<String> = tracked.params.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(params, ["name=lab", "seed=7", "data.train=a.csv", "data.benign=[\"normal\"]", "forest.trees=10"]);
        let datasets: Vec<_> =
            tracked.datasets.iter().map(|d| (d.data.name.as_str(), d.context.as_str(), d.rows)).collect();
        assert_eq!(datasets, [("a.csv", "training", 100), ("lab: test part", "evaluation", 20)]);
        assert_eq!(tracked.tags["mlflow.source.name"], "nta run configs/lab.yaml");
        assert!(
            !tracked.tags.contains_key("mlflow.source.git.commit") && tracked.tags["mlflow.loggedImages"] == "True"
        );
        let files: Vec<&str> = tracked.files.iter().map(|file| file.to.as_str()).collect();
        let image = "images/roc_curve+step+0+timestamp+1795774503000+20261127-101503-k7f2";
        assert_eq!(files, ["config.yaml", &format!("{image}.png"), &format!("{image}+compressed.webp")]);
    }
}
