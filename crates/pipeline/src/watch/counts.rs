//! What a watch has counted: all that came, and what became of it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Microseconds of 24 hours.
const DAY: i64 = 86_400_000_000;
/// Latencies that are remembered.
const REMEMBERED: usize = 4_096;

/// Counts since the watch first began, over restarts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WatchCounts {
    /// Flows scored.
    pub flows: u64,
    /// Those over the threshold: alerts, suppressed ones, and those over the day's budget.
    pub flagged: u64,
    /// Alerts written.
    pub alerts: u64,
    /// Not alerted, as the list says.
    pub suppressed: u64,
    /// Not alerted, because the day's budget was spent.
    pub over_budget: u64,
    /// Lines that cannot be read.
    pub set_aside: u64,
    /// Lines that hold no flow.
    pub left_out: u64,
    /// Datagrams since this process began: come, damaged, dropped for lack of time.
    #[serde(skip)]
    pub datagrams: [u64; 3],
    /// The day of the last alert, in days since 1970 by the time of the flows, and its alerts.
    pub day: (i64, u64),
}

impl WatchCounts {
    /// Whether the alert of a flow that ended at `micros` is one too many of its day; where it is not, it is counted.
    pub(super) fn is_over_budget(&mut self, micros: i64, most: Option<u64>) -> bool {
        let day = micros.div_euclid(DAY);
        if day > self.day.0 {
            self.day = (day, 0);
        }
        let over = most.is_some_and(|most| self.day.1 >= most);
        self.day.1 += u64::from(!over);
        over
    }
}

/// The same for other threads, with what no restart needs.
pub(super) struct Shared(Mutex<Told>);

/// What pages are made of.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) model: String,
    pub(super) counts: WatchCounts,
    /// Seconds from a batch's arrival until its alerts were written, the last ones.
    pub(super) latencies: VecDeque<f64>,
    /// By address: alerts sent on, and tries that failed.
    pub(super) forwarded: std::collections::BTreeMap<String, (u64, u64)>,
}

impl Shared {
    pub(super) fn new(model: &str) -> Self {
        Shared(Mutex::new(Told { model: model.to_owned(), ..Told::default() }))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Told) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set(&self, counts: &WatchCounts) {
        self.with(|told| told.counts = counts.clone());
    }

    pub(super) fn takes_over(&self, model: &str) {
        self.with(|told| told.model = model.to_owned());
    }

    pub(super) fn latency(&self, latency: Duration) {
        self.with(|told| {
            if told.latencies.len() == REMEMBERED {
                told.latencies.pop_front();
            }
            told.latencies.push_back(latency.as_secs_f64());
        });
    }

    pub(super) fn forwarded(&self, address: &str, sent: u64, failed: u64) {
        self.with(|told| {
            let counts = told.forwarded.entry(address.to_owned()).or_default();
            *counts = (counts.0 + sent, counts.1 + failed);
        });
    }

    pub(super) fn told(&self) -> Told {
        self.with(|told| told.clone())
    }
}
