//! `nta run --dry-run`: reads and deals the rows, says what would be trained and about what it would cost.

use nta_data::Quiet;
use nta_preprocess::PartitionSummary;
use serde::Serialize;

use crate::config::LoadedConfig;
use crate::error::PipelineError;
use crate::event::{Listener, Remark, Settled};
use crate::run::{ColumnCheck, partition_of, settle};
use crate::traffic::{self, SourceReport};

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
    /// Flows read.
    pub rows: u64,
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

/// Reads and deals the rows; trains nothing, writes nothing.
pub fn dry_run(loaded: &LoadedConfig, listener: &dyn Listener) -> Result<DryRun, PipelineError> {
    let mut config = loaded.config.clone();
    let traffic = traffic::read(&config, &loaded.project, &Quiet, listener)?;
    let rows = traffic.report.rows();
    let remarks = traffic.report.sources.iter().flat_map(SourceReport::remarks).collect();
    let schema = std::sync::Arc::clone(&traffic.train.schema);
    let columns = schema.numeric.len() + schema.categorical.len();
    let mut settled = settle::by_traffic(&mut config, &traffic);
    let partition = partition_of(&config, traffic)?;
    settled.extend(settle::by_partition(&mut config, &partition.summary));
    let train = partition.train.n_rows() as f64;
    let inputs = columns as f64 + 60.0;
    let hidden = config.lstm.hidden as f64;
    let weights = 4.0 * hidden * (inputs + hidden) * config.lstm.layers as f64;
    let trees = config.forest.trees as f64;
    let drawn = (columns as f64).sqrt();
    let seconds = train * drawn * trees * FOREST_SECONDS * train.max(2.0).log2()
        + train * config.lstm.epochs as f64 * weights * LSTM_SECONDS;
    let numbers = rows as f64 * (columns as f64 * 4.0 + 40.0);
    let views = train * (columns as f64 * 8.0 + inputs * 4.0);
    let checked = ColumnCheck::of(&partition.train);
    let gate = checked.require_honest(&partition.train.schema, &config).err().map(|closed| closed.to_string());
    let summary = partition.summary;
    Ok(DryRun {
        rows,
        columns: checked,
        gate,
        numeric: schema.numeric.iter().map(|c| c.name.clone()).collect(),
        categorical: schema.categorical.iter().map(|c| c.name.clone()).collect(),
        settled,
        partition: summary,
        remarks,
        memory_bytes: (2.0 * numbers + views) as u64 + (80 << 20),
        seconds,
        basis: "from rows, columns, trees, epochs and hidden size, by rates measured on two cores; \
                expect a factor of two or three either way"
            .to_owned(),
    })
}
