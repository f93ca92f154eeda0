//! How far the job at work is: told by the pipeline's events, read by whoever looks.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use nta_pipeline::{Epoch, Event, Listener, Unit};
use serde::Serialize;

use crate::Watcher;
use crate::held::held;

/// How far it is.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Progress {
    /// The stage at work, in words.
    stage: String,
    /// Units behind, and in all where that is known.
    done: u64,
    total: Option<u64>,
    unit: &'static str,
    /// Stages that ended, with their seconds.
    stages: Vec<(String, f64)>,
    /// Of a network in training.
    epochs: Vec<Epoch>,
    /// Seconds since the job began.
    seconds: f64,
}

/// The pipeline's listener for one job.
pub(crate) struct Followed {
    progress: Mutex<Progress>,
    begun: Instant,
    cancelled: AtomicBool,
    watcher: Arc<dyn Watcher>,
}

impl Followed {
    pub(super) fn new(watcher: Arc<dyn Watcher>) -> Self {
        Followed { progress: Mutex::default(), begun: Instant::now(), cancelled: AtomicBool::new(false), watcher }
    }

    pub(super) fn seen(&self) -> Progress {
        Progress { seconds: self.begun.elapsed().as_secs_f64(), ..held(&self.progress).clone() }
    }

    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// Whether the user stopped it, not the server's end.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }
}

impl Listener for Followed {
    fn hear(&self, event: &Event) {
        let mut progress = held(&self.progress);
        match event {
            Event::StageBegun { stage } => {
                progress.stage = stage.name().to_owned();
                (progress.done, progress.total, progress.unit) = (0, None, "");
            }
            Event::Progress { stage, done, total, unit } => {
                progress.stage = stage.name().to_owned();
                (progress.done, progress.total, progress.unit) = (*done, *total, counted(*unit));
            }
            Event::Epoch(epoch) => progress.epochs.push(epoch.clone()),
            Event::StageDone { outcome, seconds } => {
                progress.stages.push((outcome.stage().name().to_owned(), *seconds));
                progress.stage = String::new();
            }
            Event::Begun(_) | Event::Dataset(_) | Event::Remark(_) => {}
        }
    }

    fn cancelled(&self) -> bool {
        self.is_cancelled() || self.watcher.stopped()
    }
}

/// What is counted, in words.
fn counted(unit: Unit) -> &'static str {
    match unit {
        Unit::BytesRead => "bytes read",
        Unit::FlowsSimulated => "flows simulated",
        Unit::MembersFitted => "members fitted",
        Unit::TreesGrown => "trees grown",
        Unit::PairsCounted => "pairs counted",
        Unit::FeaturesShuffled => "features shuffled",
        Unit::StepsTrained => "steps trained",
        Unit::FlowsScored => "flows scored",
        Unit::FlowsSorted => "flows put in order",
        Unit::FlowsWritten => "flows scored",
        Unit::FlowsProved => "flows proved",
        Unit::RunsSent => "runs sent",
    }
}
