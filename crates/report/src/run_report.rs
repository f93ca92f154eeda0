//! All that a report says of a run, as plain data.

use nta_leakage::{Finding, Strong};
use nta_metrics::{Curves, Evaluation, Named};
use serde::{Deserialize, Serialize};

use crate::ProfileSection;

/// One finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunReport {
    /// The config's name.
    pub name: String,
    /// The run's id.
    pub run: String,
    /// Seed of every random number.
    pub seed: u64,
    /// Everything measured on the test part.
    pub evaluation: Evaluation,
    /// What the figures of each member are drawn from, in the evaluation's order; a member without curves gets none
    /// of the figures that need them.
    pub curves: Named<Curves>,
    /// The LSTM's epochs; empty where none was trained.
    pub epochs: Vec<Epoch>,
    /// The forest's features, in any order; empty where there is no forest.
    pub importances: Vec<Feature>,
    /// On what their values were shuffled.
    pub permutation: Permutation,
    /// ROC-AUC of the forest's out-of-bag scores.
    pub out_of_bag_auc: Option<f64>,
    /// What the LSTM could see.
    pub lstm_view: LstmView,
    /// Features that give the label away or say which row it is, and were accepted by name.
    pub accepted: Vec<Finding>,
    /// Features that tell the classes apart by themselves, the best first.
    pub strong: Vec<Strong>,
    /// What the stages had to say, in the order in which they said it.
    pub notes: Vec<Note>,
    /// What went in.
    pub data: DataSection,
    /// What the training part looked like; `None` where the model keeps no profile.
    pub profile: Option<ProfileSection>,
    /// The resolved config as YAML, `${VAR}` unexpanded.
    pub config: String,
    /// Where, when and with what it was made.
    pub provenance: Provenance,
}

/// One epoch of the LSTM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// From 1.
    pub epoch: u32,
    /// Mean loss on the training part.
    pub train_loss: f64,
    /// Log loss on the validation part.
    pub validation_loss: Option<f64>,
    /// Average precision on the validation part.
    pub validation_average_precision: Option<f64>,
    /// Wall time.
    pub seconds: f64,
    /// Flows trained on.
    pub flows: u64,
    /// Whether its weights were the best so far; the last such epoch's weights were kept.
    pub best: bool,
}

/// A feature of the forest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Its share of the impurity that all trees removed.
    pub importance: f64,
    /// What the forest loses when its values are shuffled; `None` where that was not measured.
    pub loss: Option<Loss>,
}

/// Average precision lost when a feature's values are shuffled among held-out rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Mean over the blocks of rows; below 0 where shuffling helped by chance.
    pub mean: f64,
    /// Lower end of the interval for rows like these.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// On what the features' values were shuffled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Permutation {
    /// On rows of the validation part that have no copy in the training part.
    Measured {
        /// Rows.
        flows: u64,
        /// Attacks among them.
        attacks: u64,
        /// Blocks that they were dealt to.
        blocks: u64,
        /// The forest's average precision on them as they are, mean over the blocks.
        average_precision: f64,
    },
    /// Not at all.
    Skipped {
        /// Why not.
        why: String,
    },
}

/// What the LSTM could see of a flow's past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LstmView {
    /// The data has no order, or the config asks for sequences of one.
    SingleFlows,
    /// The earlier flows of the same entity.
    Sequences {
        /// What shares a sequence: `src`, `pair`, `capture`, …
        by: String,
        /// Flows in a training sequence.
        length: u64,
    },
}

/// Something the reader should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// How much it matters.
    pub level: NoteLevel,
    /// A sentence.
    pub text: String,
}

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteLevel {
    /// It limits what the numbers mean.
    Warning,
    /// Good to know.
    Info,
}

/// What went in, and how it was dealt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSection {
    /// Name of the schema.
    pub schema: String,
    /// Arrival order in words: `as in the file`, `by the flows' ends`, `none`.
    pub order: String,
    /// From when until when flows began, of each source that has times.
    #[serde(default)]
    pub times: Vec<TimesRow>,
    /// The files, in order.
    pub files: Vec<DataFile>,
    /// Rows left out because the schema ignores their label.
    pub ignored_rows: u64,
    /// Rows left out because they have no label.
    #[serde(default)]
    pub unlabelled_rows: u64,
    /// Rows set aside because they cannot be read.
    pub set_aside_rows: u64,
    /// Lines of the files that hold no flow: how many, and what they are.
    #[serde(default)]
    pub lines_without_flow: Vec<(u64, String)>,
    /// The partition's strategy in words: `temporal`, `provided, blocked inside`.
    pub strategy: String,
    /// What the partition chose without being asked; may be empty.
    pub partition_note: String,
    /// Rows of no part, dropped at the seams.
    pub seam_rows: u64,
    /// The parts, training first, test last.
    pub parts: Vec<PartRow>,
    /// Columns read but left out, and why.
    pub dropped_columns: Vec<DroppedColumn>,
    /// Columns with missing cells, most first.
    pub missing: Vec<MissingCells>,
    /// Columns that the schema knows and the files lack.
    pub absent_columns: Vec<String>,
    /// Columns that the files have and no role names.
    pub unused_columns: Vec<String>,
    /// Earlier runs of this project that read the same test rows; `None` where that is not known.
    pub earlier_test_reads: Option<u64>,
}

/// From when until when the flows of a source began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimesRow {
    /// `train` or `test`.
    pub part: String,
    /// The time column.
    pub column: String,
    /// How its cells were read.
    pub read_as: String,
    /// The first start, as RFC 3339, or in seconds since the start of the capture.
    pub from: String,
    /// The last.
    pub until: String,
}

/// One file that went in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFile {
    /// As the config or the glob names it.
    pub name: String,
    /// `train` or `test`.
    pub part: String,
    /// Rows read.
    pub rows: u64,
    /// Size; `None` for simulated traffic.
    pub bytes: Option<u64>,
    /// Digest of the contents; `None` for simulated traffic.
    pub sha256: Option<String>,
}

/// One part of the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartRow {
    /// `train`, `validation`, `calibration`, `threshold` or `test`.
    pub name: String,
    /// All rows.
    pub rows: u64,
    /// Benign rows.
    pub benign: u64,
    /// Attacks.
    pub attacks: u64,
    /// Rows whose exact features stand in the training part.
    pub copies: u64,
    /// Attacks by family; empty where families are not known.
    pub families: Named<u64>,
}

/// A column that was read and not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DroppedColumn {
    /// Its name.
    pub name: String,
    /// Why: `constant`, `missing throughout`.
    pub why: String,
}

/// Missing cells of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingCells {
    /// The column.
    pub name: String,
    /// Cells without a value.
    pub missing: u64,
    /// Cells in all.
    pub rows: u64,
}

/// Where a run comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of the program.
    pub version: String,
    /// When it began, as text.
    pub started: String,
    /// When it ended, as text; `None` while the report is a part of it.
    pub ended: Option<String>,
    /// The run it was made from.
    pub parent: Option<String>,
    /// The model version it made, `models/nsl-kdd/3`.
    pub model: Option<String>,
    /// The machine in words: system, processor, threads, memory.
    pub machine: String,
    /// Digests by what they are of: `model`, `config`, `train`, `test rows`, …
    pub digests: Named<String>,
    /// Finished stages, in order.
    pub stages: Vec<StageTime>,
}

/// How long a stage took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageTime {
    /// Its name.
    pub name: String,
    /// Wall time.
    pub seconds: f64,
}
