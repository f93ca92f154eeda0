//! Where a watch stands, for whoever looks: a terminal, metrics, a page.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nta_metrics::Interval;
use serde::{Deserialize, Serialize};

use super::counts::WatchCounts;
use super::eve::Alert;
use crate::score::ScorePromise;

/// Latencies that are remembered.
const REMEMBERED: usize = 4_096;
/// Alerts that are shown.
const SHOWN: usize = 50;

/// Where a watch stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WatchStatus {
    /// `name/3`.
    pub model: String,
    /// When this was, in milliseconds since 1970.
    pub at: i64,
    /// All counts since the watch first began.
    pub counts: WatchCounts,
    /// Flows a second since the status before.
    pub rate: f64,
    /// The hybrid's threshold.
    pub threshold: f32,
    /// What the model promises, and whether the last flows are spread like those that it was trained on.
    pub promise: Option<ScorePromise>,
    /// Between which shares of today's flows over the threshold the true one lies, at 95 % confidence, were they independent.
    pub flagged_share: Option<Interval>,
    /// Flows in the reordering windows.
    pub waiting: u64,
    /// Seconds by which the end of the newest flow lies behind the clock.
    pub lag: Option<f64>,
    /// Seconds from a batch's arrival until its alerts were written: half of the last ones took no longer.
    pub latency_half: Option<f64>,
    /// The same for 99 of a hundred.
    pub latency_99: Option<f64>,
    /// Datagrams since the process began: come, damaged, dropped for lack of time.
    pub datagrams: [u64; 3],
    /// By address.
    pub forwarded: BTreeMap<String, Forwarded>,
    /// The last alerts, the newest first.
    pub latest: VecDeque<LatestAlert>,
}

/// What became of the alerts for one address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// Alerts that arrived.
    pub sent: u64,
    /// Alerts that were refused, tries to send or to read the file that failed, and rotated files that were gone before they
    /// were read.
    pub failed: u64,
    /// Alerts held back by the list.
    pub suppressed: u64,
    /// Alerts given up, because more waited than may; the file has them.
    pub given_up: u64,
}

/// An alert in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatestAlert {
    /// End of the flow, microseconds since 1970.
    pub micros: i64,
    /// Where it was seen.
    pub sensor: String,
    /// Who began it.
    pub src: String,
    /// With whom.
    pub dst: String,
    /// The hybrid's.
    pub score: f32,
    /// What speaks for an attack.
    pub reasons: String,
}

/// What other threads add to and read.
pub(super) struct Shared(Mutex<Told>);

#[derive(Default)]
struct Told {
    status: WatchStatus,
    latencies: VecDeque<f64>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Shared(Mutex::default())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Told) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set(&self, change: impl FnOnce(&mut WatchStatus)) {
        self.with(|told| change(&mut told.status));
    }

    pub(super) fn latency(&self, latency: Duration) {
        self.with(|told| {
            if told.latencies.len() == REMEMBERED {
                told.latencies.pop_front();
            }
            told.latencies.push_back(latency.as_secs_f64());
        });
    }

    pub(super) fn alerted(&self, source: &str, alert: &Alert) {
        let latest = LatestAlert {
            micros: alert.micros,
            sensor: source.to_owned(),
            src: alert.src.clone(),
            dst: alert.dst.clone(),
            score: alert.score,
            reasons: alert.reasons.clone(),
        };
        self.with(|told| {
            told.status.latest.truncate(SHOWN - 1);
            told.status.latest.push_front(latest);
        });
    }

    pub(super) fn forwarded(&self, address: &str, change: impl FnOnce(&mut Forwarded)) {
        self.with(|told| change(told.status.forwarded.entry(address.to_owned()).or_default()));
    }

    pub(super) fn told(&self) -> WatchStatus {
        self.with(|told| {
            let mut latencies: Vec<f64> = told.latencies.iter().copied().collect();
            latencies.sort_by(f64::total_cmp);
            let at = |share: f64| latencies.get(((latencies.len() as f64 - 1.0) * share) as usize).copied();
            WatchStatus { latency_half: at(0.5), latency_99: at(0.99), ..told.status.clone() }
        })
    }
}
