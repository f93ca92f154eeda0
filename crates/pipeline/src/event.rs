//! What a job tells of itself while it works. The command line draws bars from it; nothing here prints.

/// The stages of a run, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Stage {
    Read,
    Partition,
    Preprocess,
    Forest,
    Importances,
    Lstm,
    Hybrid,
    Evaluate,
    Report,
    Save,
    Score,
    Simulate,
}

impl Stage {
    /// Name as shown and as kept in run.json.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Read => "read",
            Stage::Partition => "partition",
            Stage::Preprocess => "preprocess",
            Stage::Forest => "forest",
            Stage::Importances => "importances",
            Stage::Lstm => "lstm",
            Stage::Hybrid => "hybrid",
            Stage::Evaluate => "evaluate",
            Stage::Report => "report",
            Stage::Save => "save",
            Stage::Score => "score",
            Stage::Simulate => "simulate",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A run began, or went on.
    Begun {
        /// Experiment name.
        name: String,
        /// Run id.
        run: String,
        /// Its seed.
        seed: u64,
        /// Whether an interrupted run goes on.
        resumed: bool,
    },
    /// A stage began.
    StageBegun(Stage),
    /// A stage is `done` of `total` through.
    Progress {
        /// Which stage.
        stage: Stage,
        /// Steps behind.
        done: u64,
        /// Steps in all.
        total: u64,
        /// What to show beside the bar.
        note: String,
    },
    /// A stage ended.
    StageDone {
        /// Which stage.
        stage: Stage,
        /// The number that matters, in a few words.
        says: String,
        /// Seconds it took.
        seconds: f64,
    },
    /// Something the user should know.
    Note(String),
}

/// Receives events, from any thread, and may ask the job to stop at its next safe point.
pub trait Listener: Sync {
    /// Takes one event.
    fn hear(&self, event: Event);

    /// Whether to stop.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silence;

impl Listener for Silence {
    fn hear(&self, _event: Event) {}
}

/// A listener as the watch that the compute crates take.
pub(crate) struct StageWatch<'a> {
    pub(crate) listener: &'a dyn Listener,
    pub(crate) stage: Stage,
    pub(crate) note: String,
}

impl nta_data::Watch for StageWatch<'_> {
    fn step(&self, done: u64, total: u64) {
        self.listener.hear(Event::Progress { stage: self.stage, done, total, note: self.note.clone() });
    }

    fn cancelled(&self) -> bool {
        self.listener.cancelled()
    }
}
