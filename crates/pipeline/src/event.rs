//! What a job tells of itself while it works: numbers and names, never sentences. The command line words them, a run's
//! folder keeps them in events.jsonl; nothing here prints.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nta_data::Contact;
use nta_ingest::{Joined, LeftOut, OddColumn, TimeRead};
use nta_leakage::{Finding, Strong};
use nta_metrics::ThresholdRule;
use serde::{Deserialize, Serialize};

/// The stages of a run, in their order, and the jobs that are one stage by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Stage {
    Read,
    Partition,
    LeaveOut,
    Preprocess,
    Forest,
    Importances,
    Lstm,
    Density,
    CrossFit,
    Refit,
    Hybrid,
    Evaluate,
    Report,
    Save,
    Score,
    Drift,
    Audit,
    Replay,
    Decide,
    Simulate,
    Prove,
    Sync,
    Baseline,
    Meter,
}

impl Stage {
    /// Name as shown and as kept in run.json.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Read => "read",
            Stage::Partition => "partition",
            Stage::LeaveOut => "leave_out",
            Stage::Preprocess => "preprocess",
            Stage::Forest => "forest",
            Stage::Importances => "importances",
            Stage::Lstm => "lstm",
            Stage::Density => "density",
            Stage::CrossFit => "cross_fit",
            Stage::Refit => "refit",
            Stage::Hybrid => "hybrid",
            Stage::Evaluate => "evaluate",
            Stage::Report => "report",
            Stage::Save => "save",
            Stage::Score => "score",
            Stage::Drift => "drift",
            Stage::Audit => "audit",
            Stage::Replay => "replay",
            Stage::Decide => "decide",
            Stage::Simulate => "simulate",
            Stage::Prove => "prove",
            Stage::Sync => "sync",
            Stage::Baseline => "baseline",
            Stage::Meter => "meter",
        }
    }
}

/// One thing that happened. As JSON an object whose `event` names the kind; see [`Event::is_kept`] for which of them stand
/// in a run's events.jsonl.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A run began, or went on.
    Begun(Begun),
    /// A file, or simulated traffic, that the run reads.
    Dataset(DatasetRead),
    /// A stage began.
    StageBegun {
        /// Which stage.
        stage: Stage,
    },
    /// A stage is `done` of `total` through.
    Progress {
        /// Which stage.
        stage: Stage,
        /// Units behind.
        done: u64,
        /// Units in all; `None` where that is not known.
        total: Option<u64>,
        /// What is counted.
        unit: Unit,
    },
    /// The network was trained on every training flow once more.
    Epoch(Epoch),
    /// A stage ended.
    StageDone {
        /// What it made, in numbers.
        #[serde(flatten)]
        outcome: Outcome,
        /// Wall time.
        seconds: f64,
    },
    /// Something the user should know.
    Remark(Remark),
}

impl Event {
    /// Whether a run's events.jsonl keeps it: all but progress, which tells nothing once it is over.
    pub fn is_kept(&self) -> bool {
        !matches!(self, Event::Progress { .. })
    }
}

/// What a run is known by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// Experiment name.
    pub name: String,
    /// Run id.
    pub run: String,
    /// Its seed.
    pub seed: u64,
    /// Whether an interrupted run goes on.
    pub resumed: bool,
    /// The run that this one was made from, as retraining does.
    pub parent: Option<String>,
    /// Version of the program.
    pub version: String,
    /// SHA-256 of the resolved config as YAML, as it stands beside the events.
    pub config_digest: String,
    /// The resolved config, each key as the YAML spells it.
    pub config: serde_json::Value,
}

/// Traffic that a run reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetRead {
    /// `train` or `test`.
    pub role: String,
    /// The file as the project names it, or what was simulated.
    pub name: String,
    /// Flows.
    pub rows: u64,
    /// Size on disk; 0 for simulated traffic.
    pub bytes: u64,
    /// SHA-256 of the bytes on disk, or of the simulator's settings.
    pub sha256: String,
}

/// What progress is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Unit {
    BytesRead,
    FlowsSimulated,
    MembersFitted,
    TreesGrown,
    PairsCounted,
    FeaturesShuffled,
    StepsTrained,
    FlowsScored,
    FlowsSorted,
    FlowsWritten,
    FlowsProved,
    RunsSent,
}

/// One epoch of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// From 1.
    pub epoch: u64,
    /// Mean weighted loss over the training flows.
    pub train_loss: f64,
    /// Unweighted log loss over the validation flows.
    pub validation_log_loss: f64,
    /// Average precision over the validation flows; `None` where they lack a class.
    pub validation_average_precision: Option<f64>,
    /// Whether no epoch before had a lower validation loss.
    pub best: bool,
    /// Training flows that it went through.
    pub flows: u64,
    /// Wall time.
    pub seconds: f64,
}

/// What a stage made, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Outcome {
    /// Traffic became rows.
    Read {
        /// Flows of all files.
        rows: u64,
        /// Feature columns.
        columns: u64,
        /// Files.
        files: u64,
        /// From when until when the flows began, of every source that has times.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        times: Vec<TimesRead>,
    },
    /// Rows were dealt to the five parts.
    Partition {
        /// Each part, in order of time where there is one.
        parts: Vec<PartSize>,
    },
    /// What is learned about columns was learned.
    Preprocess {
        /// Columns that the forest sees.
        tabular: u64,
        /// Numbers that the network sees.
        numeric: u64,
        /// Categories that the network sees.
        categorical: u64,
    },
    /// Attack families were left out of training, time and again.
    LeaveOut {
        /// Times.
        left_out: u64,
        /// The member or fusion that finds most, by the training part alone.
        best: Option<String>,
        /// What it finds of families left out, at 1 % false positives.
        unseen: Option<f64>,
    },
    /// The forest grew.
    Forest {
        /// Trees.
        trees: u64,
        /// ROC-AUC of the out-of-bag votes.
        out_of_bag_auc: Option<f64>,
    },
    /// The forest's features were shuffled.
    Importances {
        /// Flows that values were shuffled among; `None` where importances are by impurity alone.
        flows: Option<u64>,
        /// The features of the largest mean loss of average precision, largest first.
        largest: Vec<FeatureLoss>,
    },
    /// The network was trained.
    Lstm {
        /// Epochs that were trained.
        epochs: u64,
        /// Epochs that the config allows.
        most_epochs: u64,
        /// The epoch whose weights are kept; 0 before any.
        best_epoch: u64,
        /// Training flows a second, over all epochs.
        flows_per_second: f64,
        /// `cpu`, `wgpu`, …
        device: String,
    },
    /// Benign flows were counted.
    Density {
        /// Columns.
        columns: u64,
        /// Benign training flows.
        flows: u64,
        /// The surprise that scores one half, nats.
        half: f64,
    },
    /// Benign flows were parted at random.
    Isolation {
        /// Trees.
        trees: u64,
        /// Benign training flows that they drew from.
        flows: u64,
        /// The mean path length that scores one half, splits.
        half: f64,
    },
    /// Rows were scored by members that have not seen them.
    CrossFit {
        /// Fits, that of the training part among them.
        folds: u64,
        /// Rows scored.
        rows: u64,
    },
    /// The members to ship were fitted on all rows that are not test.
    Refit {
        /// Those rows.
        rows: u64,
        /// The same with those dropped at seams.
        of: u64,
    },
    /// Members were fused and thresholds chosen.
    Hybrid {
        /// How scores are fused: `average`, `weighted`, `tuned_weights`, `stacking`, `surprise`, …
        combine: String,
        /// From which fused score on a flow is flagged.
        threshold: f32,
        /// The rule that chose it.
        rule: ThresholdRule,
    },
    /// The frozen model was judged on the test part.
    Evaluate {
        /// Test flows.
        rows: u64,
        /// Earlier runs of this project that opened the same test rows.
        earlier_test_reads: u64,
        /// Every number of the evaluation that is defined, as `hybrid/roc_auc`.
        metrics: BTreeMap<String, f64>,
    },
    /// The report was written.
    Report {
        /// Figures, each as SVG and as PNG.
        figures: u64,
    },
    /// The model was stored.
    Save {
        /// `name/3`.
        model: String,
        /// Digest of its learned parts.
        digest: String,
    },
    /// A file was scored.
    Score {
        /// Flows.
        rows: u64,
        /// Flows that the hybrid flags.
        flagged: u64,
        /// Whether the flows had to be put in order of their ends first.
        sorted: bool,
    },
    /// A model's graphs were held against the model.
    Prove {
        /// Rows that went through a graph and through the model.
        rows: u64,
        /// The largest distance of a score.
        largest_difference: f32,
    },
    /// Fresh traffic was held against a model's training.
    Drift {
        /// Flows.
        rows: u64,
        /// Columns, scores and rates past their limit.
        past_limit: usize,
    },
    /// Fresh traffic was looked at before a model is made of it.
    Audit {
        /// Flows.
        rows: u64,
        /// Those that are attacks.
        attacks: u64,
        /// Flows that are held out.
        held_out: u64,
    },
    /// What the champion has learned from was drawn again.
    Replay {
        /// Flows drawn.
        rows: u64,
        /// Flows that there are.
        of: u64,
        /// Models of its lineage whose traffic is not to be had.
        unavailable: usize,
    },
    /// A challenger was held against the champion.
    Decide {
        /// `name/3`.
        champion: String,
        /// `name/4`.
        challenger: String,
        /// Recall that the challenger has more at the same false positive rate.
        gain: f64,
        /// Checks that did not pass.
        failed: usize,
        /// Whether the alias moved.
        promoted: bool,
    },
    /// Benign flows of a site made a version, or keep the site's promise in a run's model.
    Baseline {
        /// Flows.
        rows: u64,
        /// `name/4`, where that is all that was made.
        model: Option<String>,
    },
    /// Traffic was simulated.
    Simulate {
        /// Flows.
        rows: u64,
        /// Those that are attacks.
        attacks: u64,
        /// Where they were written; `None` for standard output.
        output: Option<PathBuf>,
    },
}

impl Outcome {
    /// The stage that this is the outcome of.
    pub fn stage(&self) -> Stage {
        match self {
            Outcome::Read { .. } => Stage::Read,
            Outcome::Partition { .. } => Stage::Partition,
            Outcome::LeaveOut { .. } => Stage::LeaveOut,
            Outcome::Preprocess { .. } => Stage::Preprocess,
            Outcome::Forest { .. } => Stage::Forest,
            Outcome::Importances { .. } => Stage::Importances,
            Outcome::Lstm { .. } => Stage::Lstm,
            Outcome::Density { .. } | Outcome::Isolation { .. } => Stage::Density,
            Outcome::CrossFit { .. } => Stage::CrossFit,
            Outcome::Refit { .. } => Stage::Refit,
            Outcome::Hybrid { .. } => Stage::Hybrid,
            Outcome::Evaluate { .. } => Stage::Evaluate,
            Outcome::Report { .. } => Stage::Report,
            Outcome::Save { .. } => Stage::Save,
            Outcome::Score { .. } => Stage::Score,
            Outcome::Drift { .. } => Stage::Drift,
            Outcome::Audit { .. } => Stage::Audit,
            Outcome::Replay { .. } => Stage::Replay,
            Outcome::Decide { .. } => Stage::Decide,
            Outcome::Baseline { .. } => Stage::Baseline,
            Outcome::Simulate { .. } => Stage::Simulate,
            Outcome::Prove { .. } => Stage::Prove,
        }
    }
}

/// From when until when the flows of a source began, as they were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimesRead {
    /// `train` or `test`.
    pub role: String,
    /// The column, how it was read, the first and the last start.
    #[serde(flatten)]
    pub read: TimeRead,
}

/// Rows of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSize {
    /// `train`, `validation`, `calibration`, `threshold`, `test`.
    pub part: String,
    /// All rows.
    pub rows: u64,
    /// Benign ones.
    pub benign: u64,
    /// Attacks.
    pub attacks: u64,
    /// Rows whose exact copy stands in train.
    pub copies: u64,
}

/// What a key became that the config leaves to the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The key, as `lstm.sequence.by`.
    pub key: String,
    /// Its value, as the config spells it.
    pub value: String,
    /// Of a budget: the benign rows of the threshold part that support it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benign_rows: Option<u64>,
}

/// What a feature is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureLoss {
    /// The feature.
    pub feature: String,
    /// Average precision lost when it is shuffled, mean over blocks.
    pub loss: f64,
}

/// Something about a run that its user should know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "remark", rename_all = "snake_case")]
pub enum Remark {
    /// A resume was asked for, and there is no interrupted run of this config: it starts afresh.
    NothingToResume,
    /// A call that scores takes what an interrupted one had made.
    ScoringGoesOn {
        /// Rows that need not be scored again.
        rows: u64,
    },
    /// Rows are left out by the schema's `label.ignore`.
    RowsIgnored {
        /// `train` or `test`.
        role: String,
        /// How many.
        rows: u64,
    },
    /// Rows are left out because they have no label.
    RowsUnlabelled {
        /// `train` or `test`.
        role: String,
        /// What stands in its place, with its rows.
        instead: BTreeMap<String, u64>,
    },
    /// The config gives all rows of a file one label.
    FilesLabelled {
        /// `train` or `test`.
        role: String,
        /// Each label, in order of appearance.
        labels: Vec<GivenLabel>,
    },
    /// Labels were looked for in a second file.
    LabelsJoined {
        /// `train` or `test`.
        role: String,
        /// What was found.
        joined: Joined,
    },
    /// Rows that cannot be read were set aside (`data.bad_rows: set_aside`).
    RowsSetAside {
        /// `train` or `test`.
        role: String,
        /// How many.
        rows: u64,
        /// The file in the run's folder that holds them.
        file: String,
    },
    /// Lines of the files hold no flow: they are neither rows read nor rows set aside.
    LinesLeftOut {
        /// `train`, `test`, or empty where there is one source.
        role: String,
        /// How many, by kind.
        left_out: LeftOut,
    },
    /// A column stands twice in the header, or is of a kind that is not read.
    OddColumn {
        /// `train`, `test`, or empty where there is one source.
        role: String,
        /// The column.
        column: OddColumn,
    },
    /// More columns are odd than are told of.
    MoreOddColumns {
        /// `train`, `test`, or empty where there is one source.
        role: String,
        /// How many more.
        more: u64,
    },
    /// Something about a file that a schema was drafted for.
    Drafted {
        /// The draft's own words.
        note: String,
    },
    /// Columns of the schema that no file has.
    ColumnsAbsent {
        /// `train` or `test`.
        role: String,
        /// Their names.
        columns: Vec<String>,
    },
    /// A feature that gives the label away, or says which row it is. Where it was not accepted by name, the run stops.
    GiveAway {
        /// Which, and why.
        finding: Finding,
        /// Whether the schema or the config accepts it.
        accepted: bool,
    },
    /// Features that tell the classes apart by themselves, as measurements may; the best first.
    StrongColumns {
        /// Which, and how well.
        columns: Vec<Strong>,
    },
    /// The schema says `order: file`, and the times of a file neither rise nor fall.
    TimesShuffled {
        /// `train` or `test`.
        role: String,
        /// The file.
        file: String,
    },
    /// The schema says `order: file`, and a file that ends before another begins is listed behind it.
    FilesListedLate {
        /// `train` or `test`.
        role: String,
        /// The earlier file.
        file: String,
        /// The one in front of it.
        after: String,
    },
    /// The whole test traffic is older than the training traffic.
    TestIsOlder,
    /// How the rows were dealt where the config left it open or could not be followed to the letter.
    Partition {
        /// The partition's own words.
        text: String,
    },
    /// The config left a key to the data (`auto`).
    Settled(Settled),
    /// A column that nothing is learned from.
    ColumnDropped {
        /// Its name.
        column: String,
        /// Why, in a few words.
        reason: String,
    },
    /// Early stopping counts rows that also stand in train: without them the validation part lacks a class.
    ValidationKeepsCopies,
    /// `lstm.device: auto` takes the CPU.
    NoGpu {
        /// Why no GPU.
        reason: String,
    },
    /// What features are worth on held-out flows is not measured.
    ImportancesSkipped {
        /// Why.
        reason: String,
    },
    /// The environment names a tracking server that cannot be one; the run goes on untracked.
    NotTracked {
        /// Why.
        why: String,
    },
    /// The tracking server lacks something of a run that has ended. Told, and not kept: the run's folder is closed.
    NotDelivered {
        /// The run.
        run: String,
        /// How much.
        remaining: String,
        /// Why, where that is known.
        why: Option<String>,
    },
    /// What was seen of a promise could not be kept beside the model's log.
    NotObserved {
        /// Why.
        why: String,
    },
    /// The traffic of a model of the lineage is not to be had: nothing of it is learned again.
    NotReplayed {
        /// The version, `name/3`.
        version: String,
        /// Why.
        why: String,
    },
    /// What an ended run needs no more could not be removed; the next run tries again.
    LeftBehind {
        /// What, and why.
        reason: String,
    },
    /// A threshold that is not what its rule promises.
    Threshold {
        /// The member, or the hybrid.
        score: String,
        /// Why.
        reason: String,
    },
}

/// A label that files are given as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenLabel {
    /// As the schema spells it.
    pub label: String,
    /// `benign` or `attack`.
    pub class: String,
    /// Files of this label.
    pub files: u64,
    /// Their rows.
    pub rows: u64,
}

/// Receives events, from any thread, and may ask the job to stop at its next safe point.
pub trait Listener: Sync {
    /// Takes one event.
    fn hear(&self, event: &Event);

    /// Whether to stop.
    fn cancelled(&self) -> bool {
        false
    }

    /// The line to whoever asked for the job, for what must be reached where no listener is: readers and locks, which ask
    /// it whether to go on and tell it what they wait for.
    fn contact(&self) -> Contact {
        Contact::default()
    }
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silence;

impl Listener for Silence {
    fn hear(&self, _event: &Event) {}
}

/// A listener as the watch that the compute crates take.
pub(crate) struct StageWatch<'a> {
    pub(crate) listener: &'a dyn Listener,
    pub(crate) stage: Stage,
    pub(crate) unit: Unit,
}

impl nta_data::Watch for StageWatch<'_> {
    fn step(&self, done: u64, total: u64) {
        let total = (total > 0).then_some(total);
        self.listener.hear(&Event::Progress { stage: self.stage, done, total, unit: self.unit });
    }

    fn cancelled(&self) -> bool {
        self.listener.cancelled()
    }
}
