//! Where a watch stands, kept beside its state once a second for whoever looks from another process: `nta serve`'s live page.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nta_ingest::TailStop;
use serde::{Deserialize, Serialize};

use super::request::WatchRequest;
use super::status::{Shared, WatchStatus};
use crate::error::{PipelineError, failed};

/// How often it is written.
const EVERY: Duration = Duration::from_secs(1);
/// What the file's name ends in, behind the state's.
pub(crate) const ENDING: &str = ".status.json";

/// Where a watch stands, and where its files are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptWatch {
    /// When this was written, in milliseconds since 1970.
    pub written: i64,
    /// Whether the watch has ended by itself; one that was killed has not, and writes no more.
    pub ended: bool,
    /// Its file of alerts, from the root; `None` where they go to standard output.
    pub alerts: Option<PathBuf>,
    /// Its file of all scored flows.
    pub flows: Option<PathBuf>,
    /// Seconds in which alerts of one host and kind are one; 0: each stands alone.
    pub group: f64,
    /// Most alerts of a day.
    pub most_alerts_a_day: Option<u64>,
    /// Where it stands, without the last alerts.
    pub status: WatchStatus,
}

/// Where the flows of alerts stand with their own columns, beside the watch's state.
pub(crate) fn flagged_beside(state: &Path) -> PathBuf {
    PathBuf::from(format!("{}.flagged.jsonl", state.display()))
}

impl KeptWatch {
    fn of(request: &WatchRequest, most_alerts_a_day: Option<u64>) -> std::io::Result<KeptWatch> {
        let from_root = |path: &Option<PathBuf>| path.as_ref().map(std::path::absolute).transpose();
        Ok(KeptWatch {
            alerts: from_root(&request.alerts)?,
            flows: from_root(&request.flows)?,
            group: request.group.as_secs_f64(),
            most_alerts_a_day,
            ..KeptWatch::default()
        })
    }
}

/// Writes it, on a thread of its own, so that a watch that waits for room or for its disk is seen to.
pub(super) struct Keeper {
    stop: TailStop,
    thread: JoinHandle<()>,
}

impl Keeper {
    pub(super) fn start(
        request: &WatchRequest,
        most_alerts_a_day: Option<u64>,
        shared: &Arc<Shared>,
    ) -> Result<Keeper, PipelineError> {
        let mut kept = KeptWatch::of(request, most_alerts_a_day).map_err(failed)?;
        let path = PathBuf::from(format!("{}{ENDING}", request.state.display()));
        let (stop, shared) = (TailStop::default(), Arc::clone(shared));
        let stopped = stop.clone();
        let run = move || {
            let mut before = (Instant::now(), shared.told().counts.flows);
            while !kept.ended {
                let until = before.0 + EVERY;
                while Instant::now() < until && !stopped.is_stopped() {
                    std::thread::sleep(Duration::from_millis(50));
                }
                kept.ended = stopped.is_stopped();
                kept.status = shared.told();
                kept.status.latest.clear();
                let flows = kept.status.counts.flows;
                kept.status.rate = flows.saturating_sub(before.1) as f64 / before.0.elapsed().as_secs_f64().max(1e-9);
                before = (Instant::now(), flows);
                kept.written = nta_tracking::Moment::now().milliseconds();
                let text = serde_json::to_vec(&kept).unwrap_or_default();
                // Where it cannot be written the page says that it has heard nothing; the watch itself goes on.
                let _ = nta_atomic::write(&path, &text);
            }
        };
        let thread = std::thread::Builder::new().name("nta-status".to_owned()).spawn(run).map_err(failed)?;
        Ok(Keeper { stop, thread })
    }

    /// Writes that the watch has ended.
    pub(super) fn finish(self) {
        self.stop.stop();
        let _ = self.thread.join();
    }
}
