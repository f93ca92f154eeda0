//! What a watch has counted: all that came, and what became of it.

use serde::{Deserialize, Serialize};

/// Microseconds of 24 hours.
const DAY: i64 = 86_400_000_000;

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
    /// Packets of interfaces since this process began: come, dropped for lack of time.
    #[serde(skip)]
    pub packets: [u64; 2],
    /// Not alerted by itself, because an alert of the same host and kind stands for it.
    pub grouped: u64,
    /// Flows that came when flows that ended later had been scored.
    pub late: u64,
    /// Flows scored before their window ended, because too many waited.
    pub early: u64,
    /// Tries to write or save that found no room on the disk.
    pub no_room: u64,
    /// Rotated files that were gone before they were read.
    pub lost_files: u64,
    /// The day of the last flow.
    pub today: Day,
    /// How often the hybrid's score lay in each twentieth from 0 to 1.
    pub scores: [u64; SCORE_BINS],
}

/// Bins of the histogram of scores.
pub(super) const SCORE_BINS: usize = 20;

/// What came on one day, by the times of the flows, UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Day {
    /// Days since 1970.
    pub day: i64,
    /// Flows scored.
    pub flows: u64,
    /// Those over the threshold.
    pub flagged: u64,
    /// Alerts written.
    pub alerts: u64,
    /// Not alerted, because the day's budget was spent.
    pub over_budget: u64,
}

impl Day {
    /// Itself, unless it begins behind `latest`: then none yet.
    pub(super) fn believed(self, latest: i64) -> Day {
        if self.day > latest.div_euclid(DAY) { Day::default() } else { self }
    }
}

impl WatchCounts {
    /// Counts a scored flow that ended at `micros`; one of an earlier day counts for the day of the last.
    pub(super) fn flow(&mut self, micros: i64, score: f32, is_flagged: bool) {
        let day = micros.div_euclid(DAY);
        if day > self.today.day {
            self.today = Day { day, ..Day::default() };
        }
        self.flows += 1;
        self.today.flows += 1;
        self.flagged += u64::from(is_flagged);
        self.today.flagged += u64::from(is_flagged);
        self.scores[((score * SCORE_BINS as f32) as usize).min(SCORE_BINS - 1)] += 1;
    }

    /// Whether one more alert is too many of its day; where it is not, it is counted.
    pub(super) fn is_over_budget(&mut self, most: Option<u64>) -> bool {
        let over = most.is_some_and(|most| self.today.alerts >= most);
        self.today.alerts += u64::from(!over);
        self.alerts += u64::from(!over);
        self.over_budget += u64::from(over);
        self.today.over_budget += u64::from(over);
        over
    }
}
