//! The read stage: what the config calls traffic becomes datasets, with digests of what was read.

mod remarks;

use std::path::Path;
use std::sync::Arc;

use nta_data::{
    Contact, Dataset, LabelMatch, LabelRole, Order, Purpose, Schema, Sealed, SensorKey, SequenceBy, Watch, hex, rng,
};
use nta_ingest::{BadRows, FileDigest, GivenLabels, Read, ReadOptions, ReadSummary, Reject, Source, Truth};
use nta_simulate::SimulateError;
use rand_core::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use remarks::of_odd_lines_and_columns;

use crate::config::{RunConfig, Traffic, TrafficFile};
use crate::error::{PipelineError, refused};
use crate::event::Listener;
use crate::labels_file::LabelsFile;
use crate::project::{Project, expand};

/// Rows that readers hold at a time.
pub(crate) const BATCH_ROWS: usize = 65_536;

/// What tells sensors apart in the entities of a run, and so in those that its model scores.
pub(crate) const SENSOR_KEY: SensorKey = SensorKey::Name;

/// The file of a run that holds the rows set aside.
pub(crate) const REJECTS: &str = "rejects.jsonl";

/// The role of old traffic beside fresh.
pub(crate) const REPLAY: &str = "replay";

/// The role of a file that holds the labels of others.
pub(crate) const LABELS: &str = "labels";

/// What the read stage hands on.
pub(crate) struct ReadTraffic {
    pub(crate) train: Dataset,
    /// Sealed as soon as it is read.
    pub(crate) test: Option<Sealed>,
    pub(crate) report: TrafficReport,
    /// Rows that were set aside, of all sources; `None` where bad rows are refused.
    pub(crate) rejects: Option<Vec<Reject>>,
}

/// What was read, as kept with the run and shown in the report.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct TrafficReport {
    pub(crate) sources: Vec<SourceReport>,
    /// The second file that told the labels.
    #[serde(default)]
    pub(crate) labels: Option<FileDigest>,
}

/// One of `train` and `test`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SourceReport {
    /// `train`, `test` or [`REPLAY`].
    pub(crate) role: String,
    pub(crate) rows: u64,
    pub(crate) attacks: u64,
    pub(crate) columns: usize,
    /// Each file's digest and rows; a digest over the settings for simulated traffic.
    pub(crate) files: Vec<(FileDigest, u64)>,
    /// The reader's summary; `None` for simulated traffic.
    pub(crate) summary: Option<ReadSummary>,
}

impl TrafficReport {
    /// Rows of all sources.
    pub(crate) fn rows(&self) -> u64 {
        self.sources.iter().map(|s| s.rows).sum()
    }

    /// `role/file` and digest of everything read.
    pub(crate) fn digests(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let of = |s: &'_ SourceReport| {
            let role = s.role.clone();
            s.files.iter().map(move |(f, _)| (format!("{role}/{}", f.name), f.sha256.clone())).collect::<Vec<_>>()
        };
        let labels = self.labels.iter().map(|file| (format!("{LABELS}/{}", file.name), file.sha256.clone()));
        self.sources.iter().flat_map(of).chain(labels)
    }
}

/// The schema that the config names.
pub(crate) fn schema_of(config: &RunConfig, project: &Project) -> Result<Schema, PipelineError> {
    let name = expand(&config.data.schema).map_err(|name| unset(&name))?;
    let mut schema = nta_ingest::load_schema(&name, &project.root).map_err(refused)?;
    if schema.label.is_none() && config.data.gives_labels() {
        // Files of the kind have no such column; one to be scored may, and is judged by it then.
        let (column, benign) = ("label".to_owned(), vec!["benign".to_owned()]);
        let matching = LabelMatch::Whole;
        schema.label = Some(LabelRole { column, benign, attack: Vec::new(), ignore: Vec::new(), matching });
    }
    schema.check().map_err(refused)?;
    if !config.data.benign.is_empty() {
        let role = schema.label.as_ref().ok_or_else(|| {
            PipelineError::refuse(format!("`data.benign` is given, but schema {} names no label column", schema.name))
        })?;
        // Part of the schema from here on, and so of the model: what counts as benign is asked the same way later.
        schema.label = Some(nta_ingest::with_benign(role, &config.data.benign));
    }
    Ok(schema)
}

/// Whose flows form sequences: what the config asks for, none where the data has no order.
pub(crate) fn sequences_of(config: &RunConfig, schema: &Schema) -> Result<Option<SequenceBy>, PipelineError> {
    let by = config.lstm.sequence.by;
    if schema.order == Order::None {
        return Ok(None);
    }
    if schema.supports(by) {
        return Ok(Some(by));
    }
    let can: Vec<&str> = [
        (SequenceBy::Src, "src"),
        (SequenceBy::Dst, "dst"),
        (SequenceBy::Pair, "pair"),
        (SequenceBy::Capture, "capture"),
    ]
    .iter()
    .filter(|(by, _)| schema.supports(*by))
    .map(|(_, name)| *name)
    .collect();
    let asked = serde_json::to_value(by).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    Err(PipelineError::refuse(format!(
        "`lstm.sequence.by` is `{asked}`, but schema {} names no such host column; it can form sequences by {}",
        schema.name,
        can.join(", ")
    )))
}

/// The key of the entity hashes of a run; it belongs to the model.
pub(crate) fn entity_key(seed: u64) -> [u8; 16] {
    let mut key = [0; 16];
    rng(seed, Purpose::EntityKey, 0, 0).fill_bytes(&mut key);
    key
}

/// Reads everything that the config names.
pub(crate) fn read(
    config: &RunConfig,
    project: &Project,
    watch: &dyn Watch,
    listener: &dyn Listener,
) -> Result<ReadTraffic, PipelineError> {
    read_as(config, schema_of(config, project)?, project, watch, listener)
}

/// The same by `schema`, as a trained model holds it, in place of the config's.
pub(crate) fn read_as(
    config: &RunConfig,
    schema: Schema,
    project: &Project,
    watch: &dyn Watch,
    listener: &dyn Listener,
) -> Result<ReadTraffic, PipelineError> {
    let by = sequences_of(config, &schema)?;
    let entity_key = entity_key(config.seed);
    let (data, schema, contact) = (&config.data, Arc::new(schema), listener.contact());
    let (sensor, bad_rows) = (data.sensor.clone(), data.bad_rows.into());
    let labels = data.labels.as_ref().map(|labels| {
        let file = expand(&labels.file).map_err(|name| unset(&name))?;
        LabelsFile { file, ..labels.clone() }.open(&project.root, &schema, &contact)
    });
    let labels = labels.transpose()?;
    let reader = Reader { project, schema, by, entity_key, sensor, labels: labels.clone(), bad_rows, contact };
    let (train, report, mut rejects) = reader.read("train", &config.data.train, config.seed, watch)?;
    let mut sources = vec![report];
    // The resolved schema of the training table (optional columns settled) is what the test file is read by.
    let reader = Reader { schema: Arc::clone(&train.schema), ..reader };
    let test = match &config.data.test {
        None => None,
        Some(traffic) => {
            // Another seed than the training traffic's: simulated test traffic must not be the same flows again.
            let (test, report, more) = reader.read("test", traffic, config.seed ^ 0x7465_7374, watch)?;
            sources.push(report);
            rejects.extend(more);
            Some(Sealed::new(test))
        }
    };
    if listener.cancelled() {
        return Err(PipelineError::Interrupted("while reading".to_owned()));
    }
    let labels = labels.map(|labels| labels.digest().clone());
    let rejects = (BadRows::from(config.data.bad_rows) != BadRows::Refuse).then_some(rejects);
    Ok(ReadTraffic { train, test, report: TrafficReport { sources, labels }, rejects })
}

struct Reader<'a> {
    project: &'a Project,
    schema: Arc<Schema>,
    by: Option<SequenceBy>,
    entity_key: [u8; 16],
    sensor: Option<String>,
    labels: Option<Arc<GivenLabels>>,
    bad_rows: BadRows,
    contact: Contact,
}

impl Reader<'_> {
    fn read(
        &self,
        role: &str,
        traffic: &Traffic,
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<(Dataset, SourceReport, Vec<Reject>), PipelineError> {
        if let Traffic::Simulated { simulate } = traffic {
            let by = self.by.unwrap_or_default();
            let dataset = simulate.dataset(Arc::clone(&self.schema), by, self.entity_key, seed, watch);
            let dataset = dataset.map_err(|error| match error {
                SimulateError::Cancelled => PipelineError::Interrupted("while simulating".to_owned()),
                error => refused(error),
            })?;
            let settings = serde_json::to_vec(&(simulate, seed)).map_err(refused)?;
            let name = format!("simulated from seed {seed}");
            let file = FileDigest { name, bytes: 0, sha256: hex(&Sha256::digest(&settings)) };
            let report = SourceReport::of(role, &dataset, vec![(file, dataset.n_rows() as u64)], None);
            return Ok((dataset, report, Vec::new()));
        }
        let source = resolve(&traffic.files(), &self.project.root)?;
        let options = ReadOptions {
            by: self.by,
            entity_key: self.entity_key,
            sensor_key: SENSOR_KEY,
            sensor: self.sensor.clone(),
            truth: Truth::Required,
            labels: self.labels.clone(),
            bad_rows: self.bad_rows,
            batch_rows: BATCH_ROWS,
            contact: self.contact.clone(),
            ..ReadOptions::new(Arc::clone(&self.schema))
        };
        let read = nta_ingest::read(&source, &options, watch).map_err(refused)?;
        let Read { dataset, summary, digests, rejects, .. } = read;
        let rows = summary.files.iter().map(|f| f.rows);
        let files = digests.into_iter().zip(rows).collect();
        let report = SourceReport::of(role, &dataset, files, Some(summary));
        Ok((dataset, report, rejects))
    }
}

impl SourceReport {
    fn of(role: &str, dataset: &Dataset, files: Vec<(FileDigest, u64)>, summary: Option<ReadSummary>) -> Self {
        SourceReport {
            role: role.to_owned(),
            rows: dataset.n_rows() as u64,
            attacks: dataset.n_attacks() as u64,
            columns: dataset.numeric.len() + dataset.categorical.len(),
            files,
            summary,
        }
    }
}

/// The files of paths and globs, variables expanded, relative to `root`.
fn resolve(files: &[&TrafficFile], root: &Path) -> Result<Source, PipelineError> {
    let expanded = files.iter().map(|file| Ok((expand(file.path())?, file.label().map(str::to_owned))));
    let expanded: Result<Vec<_>, String> = expanded.collect();
    Source::resolve_labelled(&expanded.map_err(|name| unset(&name))?, root).map_err(refused)
}

fn unset(name: &str) -> PipelineError {
    PipelineError::refuse(format!(
        "the environment variable {name} is not set; set it, or write ${{{name}:-default}} in the config"
    ))
}
