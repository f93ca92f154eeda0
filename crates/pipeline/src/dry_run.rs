//! `nta run --dry-run`: reads and deals the rows, says what would be trained and about what it would cost. Of large files
//! it reads a sample, and says what follows from it for the whole.

use nta_ingest::Sampled;
use nta_preprocess::{Part, PartSummary, PartitionSummary};
use serde::Serialize;

use crate::config::{LoadedConfig, RunConfig};
use crate::error::PipelineError;
use crate::event::{Listener, Remark, Settled, TimesRead};
use crate::run::{ColumnCheck, partition_of, settle};
use crate::traffic::{self, Extent, ReadTraffic, TrafficReport};

/// Files of more bytes together are sampled, so that the answer takes seconds whatever their size.
pub const FIRST_ANSWER: Extent = Extent::Sample(32 << 20);

impl DryRun {
    /// The gate that the run itself would stop at.
    ///
    /// # Errors
    /// [`PipelineError::Gate`] where a feature gives the label away and was not accepted by name.
    pub fn require_honest(&self) -> Result<(), PipelineError> {
        self.gate.clone().map_or(Ok(()), |why| Err(PipelineError::Gate(why)))
    }
}

/// What a run would do.
#[derive(Debug, Clone, Serialize)]
pub struct DryRun {
    /// Flows read; with `sample`, about as many as the files hold.
    pub rows: u64,
    /// What was read, where the files were too large to be read whole. `rows` and `partition` are estimates then, and of
    /// copies, rare families and single bad cells it tells no more than it saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<SampleRead>,
    /// From when until when the flows began, of every source that has times.
    pub times: Vec<TimesRead>,
    /// Feature columns: numbers and categories.
    pub numeric: Vec<String>,
    /// Text feature columns.
    pub categorical: Vec<String>,
    /// What each key became that the config leaves to the data.
    pub settled: Vec<Settled>,
    /// What each feature says of the label by itself.
    pub columns: ColumnCheck,
    /// Why the run would stop before it learns, where it would.
    pub gate: Option<String>,
    /// How the rows are dealt, and what each part holds.
    pub partition: PartitionSummary,
    /// What reading left out or found missing, and the labels that the config gives.
    pub remarks: Vec<Remark>,
    /// Peak memory to expect, bytes.
    pub memory_bytes: u64,
    /// Time to expect for training, seconds.
    pub seconds: f64,
    /// How the two figures above were come by.
    pub basis: String,
}

/// Tree growth, seconds per row, column drawn, tree and level; network, seconds per row, epoch and weight. Measured on two
/// cores in the release profile (nsl-kdd, kdd99, ctu13, quickstart as shipped: forest 1.4e-10 to 1.1e-9, network 3e-11 to
/// 8e-11), so good to a factor of two or three.
const FOREST_SECONDS: f64 = 4e-10;
const LSTM_SECONDS: f64 = 8e-11;

/// What was read of large files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SampleRead {
    /// Rows read.
    pub rows: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes of the files.
    pub of_bytes: u64,
    /// Whether some file is packed, so that only its beginning was read.
    pub beginning_only: bool,
}

/// How many rows of the files stand for each row that was read, of `train` and of `test`.
#[derive(Debug, Clone, Copy)]
struct Scale {
    train: f64,
    test: f64,
}

/// Reads and deals the rows, all or a sample of them; trains nothing, writes nothing.
///
/// # Errors
/// What a run would be refused for; of a sample, the refusal says that it is one.
pub fn dry_run(loaded: &LoadedConfig, extent: Extent, listener: &dyn Listener) -> Result<DryRun, PipelineError> {
    let mut config = loaded.config.clone();
    let traffic = traffic::look_at(&config, &loaded.project, extent, listener)?;
    let sample = sample_of(&traffic.report);
    plan(&mut config, traffic, sample).map_err(|error| match (error, sample) {
        (PipelineError::Refused(cause), Some(sample)) => PipelineError::refuse(format!(
            "{cause} (seen on {} rows, {} of {} MB; `--dry-run --whole` reads all)",
            sample.rows,
            sample.bytes >> 20,
            sample.of_bytes >> 20
        )),
        (error, _) => error,
    })
}

fn plan(config: &mut RunConfig, traffic: ReadTraffic, sample: Option<SampleRead>) -> Result<DryRun, PipelineError> {
    let scale = Scale::of(&traffic.report);
    let (rows, times, remarks) = (estimated_rows(&traffic.report), traffic.report.times(), traffic.report.remarks());
    let schema = std::sync::Arc::clone(&traffic.train.schema);
    let mut settled = settle::by_traffic(config, &traffic)?;
    let partition = partition_of(config, traffic, scale.train)?;
    let summary = scale.applied(partition.summary);
    settled.extend(settle::by_partition(config, &summary));
    let columns = ColumnCheck::of(&partition.train);
    let gate = columns.require_honest(&partition.train.schema, config).err().map(|closed| closed.to_string());
    let train = summary.parts.first().map_or(0, |part| part.rows) as f64;
    let n_columns = (schema.numeric.len() + schema.categorical.len()) as f64;
    let (memory_bytes, seconds) = cost(config, rows as f64, train, n_columns);
    Ok(DryRun {
        rows,
        sample,
        times,
        columns,
        gate,
        numeric: schema.numeric.iter().map(|c| c.name.clone()).collect(),
        categorical: schema.categorical.iter().map(|c| c.name.clone()).collect(),
        settled,
        partition: summary,
        remarks,
        memory_bytes,
        seconds,
        basis: "from rows, columns, trees, epochs and hidden size, by rates measured on two cores; \
                expect a factor of two or three either way"
            .to_owned(),
    })
}

/// Peak memory in bytes and seconds of training.
fn cost(config: &RunConfig, rows: f64, train: f64, columns: f64) -> (u64, f64) {
    let inputs = columns + 60.0;
    let hidden = config.lstm.hidden as f64;
    let weights = 4.0 * hidden * (inputs + hidden) * config.lstm.layers as f64;
    let seconds = train * columns.sqrt() * config.forest.trees as f64 * FOREST_SECONDS * train.max(2.0).log2()
        + train * config.lstm.epochs as f64 * weights * LSTM_SECONDS;
    let numbers = rows * (columns * 4.0 + 40.0);
    let views = train * (columns * 8.0 + inputs * 4.0);
    ((2.0 * numbers + views) as u64 + (80 << 20), seconds)
}

/// What was read of each source that was sampled, with the source's role.
fn samples(report: &TrafficReport) -> impl Iterator<Item = (&str, Sampled)> {
    report.sources.iter().filter_map(|source| Some((source.role.as_str(), source.summary.as_ref()?.sample?)))
}

fn sample_of(report: &TrafficReport) -> Option<SampleRead> {
    samples(report).map(|(_, s)| s).fold(None, |all: Option<SampleRead>, one| {
        let all = all.unwrap_or(SampleRead { rows: 0, bytes: 0, of_bytes: 0, beginning_only: false });
        Some(SampleRead {
            rows: all.rows + one.rows,
            bytes: all.bytes + one.bytes,
            of_bytes: all.of_bytes + one.of_bytes,
            beginning_only: all.beginning_only || one.beginning_only,
        })
    })
}

fn estimated_rows(report: &TrafficReport) -> u64 {
    let scale = |role: &str| samples(report).find(|(of, _)| *of == role).map_or(1.0, |(_, s)| scale_of(s));
    report.sources.iter().map(|source| (source.rows as f64 * scale(&source.role)).round() as u64).sum()
}

fn scale_of(sample: Sampled) -> f64 {
    sample.of_rows.max(sample.rows) as f64 / sample.rows.max(1) as f64
}

impl Scale {
    fn of(report: &TrafficReport) -> Scale {
        let of = |role: &str| samples(report).find(|(of, _)| *of == role).map(|(_, s)| scale_of(s));
        let train = of("train").unwrap_or(1.0);
        let has_test = report.sources.iter().any(|source| source.role == "test");
        Scale { train, test: if has_test { of("test").unwrap_or(1.0) } else { train } }
    }

    /// The parts as the whole files would make them.
    fn applied(self, summary: PartitionSummary) -> PartitionSummary {
        if self.train == 1.0 && self.test == 1.0 {
            return summary;
        }
        let scaled = |n: usize, part: Part| {
            (n as f64 * if part == Part::Test { self.test } else { self.train }).round() as usize
        };
        let part = |part: PartSummary| PartSummary {
            benign: scaled(part.benign, part.part),
            attacks: scaled(part.attacks, part.part),
            rows: scaled(part.benign, part.part) + scaled(part.attacks, part.part),
            families: part.families.into_iter().map(|(name, n)| (name, scaled(n, part.part))).collect(),
            ..part
        };
        let dropped_rows = scaled(summary.dropped_rows, Part::Train);
        PartitionSummary { dropped_rows, parts: summary.parts.into_iter().map(part).collect(), ..summary }
    }
}
