//! From when until when flows began, told so that a wrong unit or format is seen at a glance.

use nta_data::TimeRole;
use serde::{Deserialize, Serialize};

use crate::values::time::civil::shown;
use crate::values::time::trend::{Trend, trend};

/// How coarsely starts are written, microseconds: dates alone, whole minutes, or seconds and less.
pub(crate) fn resolution(starts: &[i64]) -> i64 {
    let all_multiples_of = |unit: &i64| starts.iter().all(|start| start % unit == 0);
    [86_400_000_000, 60_000_000].into_iter().find(all_multiples_of).unwrap_or(1_000_000)
}

/// The first and the last start among some flows, and how they were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeSpan {
    /// The time column.
    pub column: String,
    /// How its cells were read, in a few words: `milliseconds since 1970-01-01 UTC`.
    pub read_as: String,
    /// Whether the times count from the start of the capture.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub relative: bool,
    /// The earliest start, microseconds since 1970-01-01 UTC.
    pub from_micros: i64,
    /// The latest.
    pub until_micros: i64,
    /// Whether the newest stand first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub falls: bool,
}

/// A [`TimeSpan`] as people and scripts read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRead {
    /// The time column.
    pub column: String,
    /// How its cells were read.
    pub read_as: String,
    /// The earliest start: `2024-05-01T09:00:00Z`, or `0.5 s` where times count from the start of the capture.
    pub from: String,
    /// The latest start.
    pub until: String,
}

impl TimeSpan {
    /// That of `starts`; `None` where there are none.
    pub(crate) fn of(role: &TimeRole, read_as: String, starts: &[i64]) -> Option<TimeSpan> {
        let from_micros = *starts.iter().min()?;
        let until_micros = *starts.iter().max()?;
        let (column, relative, falls) = (role.column.clone(), role.relative, trend(starts) == Trend::Falling);
        Some(TimeSpan { column, read_as, relative, from_micros, until_micros, falls })
    }

    /// Both together.
    pub fn and(mut self, other: &TimeSpan) -> TimeSpan {
        self.from_micros = self.from_micros.min(other.from_micros);
        self.until_micros = self.until_micros.max(other.until_micros);
        self.falls |= other.falls;
        self
    }

    /// For people and scripts.
    pub fn told(&self) -> TimeRead {
        let moment = |micros: i64| match self.relative {
            true => format!("{} s", micros as f64 / 1e6),
            false => shown(micros),
        };
        TimeRead {
            column: self.column.clone(),
            read_as: self.read_as.clone(),
            from: moment(self.from_micros),
            until: moment(self.until_micros),
        }
    }
}
