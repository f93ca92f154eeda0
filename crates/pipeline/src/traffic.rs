//! The read stage: what the config calls traffic becomes datasets, with digests of what was read.

mod remarks;
mod roles;

pub(crate) use roles::sequences_of;

use std::path::Path;
use std::sync::Arc;

use nta_data::{Contact, Dataset, Purpose, Quiet, Schema, Sealed, SensorKey, SequenceBy, Watch, hex, rng};
use nta_ingest::{
    BadRows, FileDigest, GivenLabels, Read, ReadOptions, ReadSummary, Recognised, Reject, Source, TimeSpan, Truth,
};
use nta_simulate::SimulateError;
use rand_core::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use remarks::of_odd_lines_and_columns;

use crate::config::{RunConfig, Traffic, TrafficFile};
use crate::error::{PipelineError, refused};
use crate::event::{Listener, Remark, TimesRead};
use crate::labels_file::LabelsFile;
use crate::project::{Project, expand};

/// Rows that readers hold at a time.
pub(crate) const BATCH_ROWS: usize = 65_536;

/// What tells sensors apart in the entities of a run, and so in those that its model scores.
pub(crate) const SENSOR_KEY: SensorKey = SensorKey::Name;

/// The file of a run that holds the rows set aside.
pub(crate) const REJECTS: &str = "rejects.jsonl";

/// The file of a run that holds the schema drafted for it.
pub(crate) const DRAFTED_SCHEMA: &str = "schema.yaml";
/// The role of old traffic beside fresh.
pub(crate) const REPLAY: &str = "replay";

/// The role of a file that holds the labels of others.
pub(crate) const LABELS: &str = "labels";

/// How much of the traffic is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Every row.
    Whole,
    /// Files that hold more than so many bytes together are read at some places only.
    Sample(u64),
}

/// What the read stage hands on.
pub(crate) struct ReadTraffic {
    pub(crate) train: Dataset,
    /// Sealed as soon as it is read.
    pub(crate) test: Option<Sealed>,
    pub(crate) report: TrafficReport,
    /// With `data.schema: auto`: the roles found for the columns.
    pub(crate) recognised: Option<Recognised>,
    /// Whose flows form sequences; none where the data has no order.
    pub(crate) by: Option<SequenceBy>,
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

    /// From when until when the flows of each source began.
    pub(crate) fn times(&self) -> Vec<TimesRead> {
        let told = |s: &SourceReport| Some(TimesRead { role: s.role.clone(), read: s.time()?.told() });
        self.sources.iter().filter_map(told).collect()
    }

    /// What the reader left out, found missing or doubts.
    pub(crate) fn remarks(&self) -> Vec<Remark> {
        let spans: Vec<&TimeSpan> = self.sources.iter().filter_map(SourceReport::time).collect();
        let is_older = matches!(spans[..], [train, test] if test.until_micros < train.from_micros);
        self.sources.iter().flat_map(SourceReport::remarks).chain(is_older.then_some(Remark::TestIsOlder)).collect()
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
    let (schema, recognised) = roles::schema_of(config, project, &listener.contact())?;
    Ok(ReadTraffic { recognised, ..read_as(config, schema, project, Extent::Whole, watch, listener)? })
}

/// The same for a first answer.
pub(crate) fn look_at(
    config: &RunConfig,
    project: &Project,
    extent: Extent,
    listener: &dyn Listener,
) -> Result<ReadTraffic, PipelineError> {
    let (schema, recognised) = roles::schema_of(config, project, &listener.contact())?;
    let read = read_as(config, schema, project, extent, &Quiet, listener);
    match (read, share_read(config, project, extent)?) {
        (Err(PipelineError::Refused(cause)), Some(_)) => {
            Err(PipelineError::refuse(format!("{cause} (seen on a sample; `--dry-run --whole` reads all)")))
        }
        (read, _) => Ok(ReadTraffic { recognised, ..read? }),
    }
}

/// The same by `schema`, as a trained model holds it, in place of the config's.
pub(crate) fn read_as(
    config: &RunConfig,
    schema: Schema,
    project: &Project,
    extent: Extent,
    watch: &dyn Watch,
    listener: &dyn Listener,
) -> Result<ReadTraffic, PipelineError> {
    let (data, contact, schema) = (&config.data, listener.contact(), Arc::new(schema));
    let by = roles::sequences(config, &schema, project, &contact)?;
    let entity_key = entity_key(config.seed);
    let (sensor, bad_rows) = (data.sensor.clone(), data.bad_rows.into());
    let labels = data.labels.as_ref().map(|labels| {
        let file = expand(&labels.file).map_err(|name| unset(&name))?;
        LabelsFile { file, ..labels.clone() }.open(&project.root, &schema, &contact)
    });
    let labels = labels.transpose()?;
    let share = share_read(config, project, extent)?;
    let reader = Reader { project, schema, by, entity_key, sensor, labels: labels.clone(), bad_rows, share, contact };
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
    Ok(ReadTraffic { train, test, report: TrafficReport { sources, labels }, recognised: None, by, rejects })
}

struct Reader<'a> {
    project: &'a Project,
    schema: Arc<Schema>,
    by: Option<SequenceBy>,
    entity_key: [u8; 16],
    sensor: Option<String>,
    labels: Option<Arc<GivenLabels>>,
    bad_rows: BadRows,
    /// Share of each file that is read; `None`: all.
    share: Option<f64>,
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
        let source = self.share.map_or_else(|| source.clone(), |share| source.sampled(share));
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
    fn time(&self) -> Option<&TimeSpan> {
        self.summary.as_ref()?.time.as_ref()
    }

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

/// The share of each file that is read; `None` where the files are small enough, or are to be read whole.
fn share_read(config: &RunConfig, project: &Project, extent: Extent) -> Result<Option<f64>, PipelineError> {
    let Extent::Sample(most) = extent else { return Ok(None) };
    let sources = [Some(&config.data.train), config.data.test.as_ref()].into_iter().flatten();
    let files = sources.filter(|traffic| !matches!(traffic, Traffic::Simulated { .. }));
    let bytes = files.map(|traffic| Ok(resolve(&traffic.files(), &project.root)?.bytes()));
    let bytes: u64 = bytes.sum::<Result<u64, PipelineError>>()?;
    Ok((bytes > most).then(|| most as f64 / bytes as f64))
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
