//! Flows over time in bins of one width, which grows with the span: at most some hundreds, whatever the file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Bins that a timeline has at most.
const MOST: i64 = 240;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Widths from the finest on, each a multiple of the one before; the last one is doubled from there.
const WIDTHS: [i64; 15] = [
    SECOND,
    5 * SECOND,
    15 * SECOND,
    30 * SECOND,
    60 * SECOND,
    300 * SECOND,
    900 * SECOND,
    1_800 * SECOND,
    3_600 * SECOND,
    3 * 3_600 * SECOND,
    6 * 3_600 * SECOND,
    12 * 3_600 * SECOND,
    DAY,
    7 * DAY,
    28 * DAY,
];

/// Flows and flagged flows over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Microseconds of one bin.
    pub width: i64,
    /// Bins that hold a flow, by time.
    pub bins: Vec<TimelineBin>,
}

/// One bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineBin {
    /// Microseconds since 1970-01-01 UTC at which it begins, a multiple of the width.
    pub start: i64,
    /// Flows that began in it.
    pub flows: u64,
    /// Those that are flagged.
    pub flagged: u64,
}

/// Counts under way; the order in which flows come makes no difference.
#[derive(Default)]
pub(crate) struct Counts {
    rung: usize,
    /// By bin number: start over width.
    bins: BTreeMap<i64, (u64, u64)>,
}

impl Counts {
    pub(crate) fn add(&mut self, time: i64, flagged: bool) {
        let counts = self.bins.entry(time.div_euclid(width(self.rung))).or_default();
        counts.0 += 1;
        counts.1 += u64::from(flagged);
        while self.span() > MOST {
            self.widen();
        }
    }

    pub(crate) fn finish(self) -> Option<Timeline> {
        let width = width(self.rung);
        let bin = |(number, (flows, flagged)): (i64, (u64, u64))| TimelineBin {
            start: number.saturating_mul(width),
            flows,
            flagged,
        };
        (!self.bins.is_empty()).then(|| Timeline { width, bins: self.bins.into_iter().map(bin).collect() })
    }

    fn span(&self) -> i64 {
        let (Some((first, _)), Some((last, _))) = (self.bins.first_key_value(), self.bins.last_key_value()) else {
            return 0;
        };
        last.saturating_sub(*first).saturating_add(1)
    }

    fn widen(&mut self) {
        let times = width(self.rung + 1) / width(self.rung);
        self.rung += 1;
        for (number, counts) in std::mem::take(&mut self.bins) {
            let bin = self.bins.entry(number.div_euclid(times)).or_default();
            bin.0 += counts.0;
            bin.1 += counts.1;
        }
    }
}

fn width(rung: usize) -> i64 {
    match WIDTHS.get(rung) {
        Some(width) => *width,
        None => WIDTHS[WIDTHS.len() - 1] << (rung + 1 - WIDTHS.len()).min(20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_widen_with_the_span_and_lose_no_flow() {
        let times: Vec<i64> = (0..10_000).map(|i| i * 7_777_777 - 3 * DAY).collect();
        let count = |times: &mut dyn Iterator<Item = &i64>| {
            let mut counts = Counts::default();
            times.for_each(|&time| counts.add(time, time % 2 == 0));
            counts.finish().unwrap()
        };
        let line = count(&mut times.iter());
        assert_eq!(line.width, 900 * SECOND);
        assert!(line.bins.len() as i64 <= MOST && line.bins.iter().all(|bin| bin.start % line.width == 0));
        assert_eq!(line.bins.iter().map(|bin| bin.flows).sum::<u64>(), 10_000);
        assert_eq!(line, count(&mut times.iter().rev()), "whatever the order");
        let far = count(&mut [i64::MIN, i64::MAX].iter());
        assert_eq!(far.bins.len(), 2);
        assert!(Counts::default().finish().is_none());
    }

    #[test]
    fn every_width_is_a_multiple_of_the_one_before() {
        for rung in 0..30 {
            assert_eq!(width(rung + 1) % width(rung), 0, "{rung}");
        }
    }
}
