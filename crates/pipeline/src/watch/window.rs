//! The reordering window of one source: flows come in an order that is nearly that of their ends, and are scored in that of
//! their ends. What is scored when depends on the flows alone, one after the other, not on the batches in which they come, so
//! that a restart, which reads those that waited again, goes on as if it had not been.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use nta_data::Dataset;
use nta_ingest::{LogPlace, RawBatch};

use super::clock::{fresh_number, latest_believed};
use super::counts::WatchCounts;
use super::position::SourcePosition;
use super::ready::Ready;
use super::source::Flows;
use crate::error::{PipelineError, failed};

/// The shortest silence of a source after which those that wait are scored.
const SHORTEST_SILENCE: Duration = Duration::from_secs(1);

/// Flows of one source that wait, and those behind the place that a restart would read from.
pub(super) struct Window {
    micros: i64,
    most: u64,
    held: VecDeque<Held>,
    /// By end, ties as they came. Those that were scored for want of room are passed over.
    waiting: BinaryHeap<Reverse<(i64, u64)>>,
    /// Numbers behind `settled` that were scored.
    scored: BTreeSet<u64>,
    /// All flows before this number were scored.
    settled: u64,
    /// The number of the next flow that comes.
    next: u64,
    /// The latest end.
    newest: Option<i64>,
    /// Whether numbers begin where the file of the place was gone.
    anew: bool,
    /// Where a restart reads on, and the number of the flow there.
    place: (Option<LogPlace>, u64),
    last_came: Instant,
}

/// A batch of which not all flows were scored, or that stands behind such a one.
struct Held {
    first: u64,
    flows: Flows,
}

impl Held {
    fn end(&self) -> u64 {
        self.first + self.flows.batch.dataset.n_rows() as u64
    }
}

impl Window {
    /// Goes on where `saved` says; the source gives the flows from its place on once more.
    pub(super) fn new(width: Duration, most: usize, saved: Option<&SourcePosition>) -> Window {
        let mut saved = saved.cloned().unwrap_or_default();
        // Without a place and flows nothing was read yet: the same flows come, under the same numbers.
        if saved.place.is_none() && saved.flows > 0 && !saved.anew {
            // It gives other flows now than those that were read behind the last save, and they must not be taken for them.
            (saved.flows, saved.scored) = (saved.flows.max(fresh_number()), Vec::new());
        }
        let scored: BTreeSet<u64> = saved.scored.iter().flat_map(|&(from, to)| from..to).collect();
        let mut window = Window {
            micros: i64::try_from(width.as_micros()).unwrap_or(i64::MAX),
            most: most.max(1) as u64,
            held: VecDeque::new(),
            waiting: BinaryHeap::new(),
            scored,
            settled: saved.flows,
            next: saved.flows,
            newest: saved.newest,
            anew: saved.anew,
            place: (saved.place, saved.flows),
            last_came: Instant::now(),
        };
        window.settle();
        window
    }

    /// Flows that wait.
    pub(super) fn n_waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a restart can read those that wait again.
    pub(super) fn is_kept_by_its_source(&self) -> bool {
        self.held.iter().all(|held| held.flows.place.is_some())
    }

    /// Takes the next flows of the source; those that are to be scored now.
    pub(super) fn take(&mut self, flows: Flows, counts: &mut WatchCounts) -> Result<Option<Ready>, PipelineError> {
        self.last_came = Instant::now();
        let (first, n) = (self.next, flows.batch.dataset.n_rows() as u64);
        // Without times no order but that in which they come.
        let ends = flows.batch.dataset.end_time.clone().filter(|_| self.micros > 0);
        self.held.push_back(Held { first, flows });
        let latest_believed = latest_believed();
        let mut ready = Vec::new();
        for number in first..first + n {
            self.next = number + 1;
            if number < self.settled || self.scored.contains(&number) {
                continue;
            }
            let Some(ends) = &ends else {
                self.release(number, &mut ready);
                continue;
            };
            let end = ends[(number - first) as usize];
            if end > latest_believed {
                self.release(number, &mut ready);
                continue;
            }
            if self.newest.is_some_and(|newest| end < newest.saturating_sub(self.micros)) {
                counts.late += 1;
                self.release(number, &mut ready);
                continue;
            }
            self.waiting.push(Reverse((end, number)));
            self.newest = Some(self.newest.map_or(end, |newest| newest.max(end)));
            self.release_until(self.newest.unwrap_or(end).saturating_sub(self.micros), &mut ready);
            while self.next.saturating_sub(self.settled) > self.most {
                counts.early += 1;
                self.release(self.settled, &mut ready);
            }
        }
        self.gather(ready, counts)
    }

    /// Those that wait, whether or not their time has come.
    pub(super) fn flush(&mut self, counts: &mut WatchCounts) -> Result<Option<Ready>, PipelineError> {
        let mut ready = Vec::new();
        self.release_until(i64::MAX, &mut ready);
        self.gather(ready, counts)
    }

    /// Whether nothing has come for `long`, or for as long as flows wait.
    pub(super) fn is_silent_for(&self, long: Option<Duration>) -> bool {
        let long = long.unwrap_or(Duration::from_micros(self.micros.unsigned_abs()));
        self.last_came.elapsed() >= long.max(SHORTEST_SILENCE)
    }

    /// Where a restart goes on.
    pub(super) fn position(&self) -> SourcePosition {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        let settled = self.place.1..self.settled.max(self.place.1);
        for number in settled.chain(self.scored.iter().copied()) {
            match ranges.last_mut() {
                Some((_, to)) if *to == number => *to += 1,
                _ => ranges.push((number, number + 1)),
            }
        }
        let (place, flows) = self.place.clone();
        SourcePosition { anew: self.anew && place.is_none(), place, flows, scored: ranges, newest: self.newest }
    }

    fn release_until(&mut self, end: i64, ready: &mut Vec<u64>) {
        while let Some(Reverse((first, number))) = self.waiting.peek().copied()
            && first <= end
        {
            self.waiting.pop();
            if number >= self.settled && !self.scored.contains(&number) {
                self.release(number, ready);
            }
        }
    }

    fn release(&mut self, number: u64, ready: &mut Vec<u64>) {
        ready.push(number);
        self.scored.insert(number);
        self.settle();
    }

    fn settle(&mut self) {
        while self.scored.remove(&self.settled) {
            self.settled += 1;
        }
    }

    /// The flows of these numbers; batches that are done with are let go.
    fn gather(&mut self, ready: Vec<u64>, counts: &mut WatchCounts) -> Result<Option<Ready>, PipelineError> {
        let is_whole = self.held.len() == 1 && self.held.front().is_some_and(|held| is_whole(&ready, held));
        let mut picked = if is_whole || ready.is_empty() { None } else { Some(self.pick(&ready)?) };
        while let Some(done) = self.held.pop_front_if(|front| front.end() <= self.settled) {
            counts.set_aside += done.flows.set_aside;
            counts.left_out += done.flows.left_out;
            let (end, Flows { batch, place, arrived, .. }) = (done.end(), done.flows);
            self.place = (place.or(self.place.0.take()), end);
            if is_whole {
                picked = Some((batch.dataset, batch.raw, arrived));
            }
        }
        Ok(picked.map(|(dataset, raw, arrived)| Ready { dataset, raw, numbers: ready, arrived }))
    }

    fn pick(&self, numbers: &[u64]) -> Result<(Dataset, RawBatch, Instant), PipelineError> {
        // By batch and place in it; then in the order asked for.
        let mut by_number: Vec<(u64, u32)> = numbers.iter().copied().zip(0..).collect();
        by_number.sort_unstable();
        let mut picked: Option<(Dataset, RawBatch, Instant)> = None;
        let mut rest = &by_number[..];
        for held in &self.held {
            let n = rest.partition_point(|(number, _)| *number < held.end());
            let (these, behind) = rest.split_at(n);
            rest = behind;
            if these.is_empty() {
                continue;
            }
            let rows: Vec<u32> = these.iter().map(|(number, _)| (number - held.first) as u32).collect();
            let (dataset, raw) = (held.flows.batch.dataset.take(&rows), held.flows.batch.raw.take(&rows));
            let raw = raw.map_err(failed)?;
            match &mut picked {
                None => picked = Some((dataset, raw, held.flows.arrived)),
                Some((all, all_raw, _)) => {
                    all.append(&dataset).map_err(failed)?;
                    all_raw.append(&raw).map_err(failed)?;
                }
            }
        }
        let (dataset, raw, arrived) =
            picked.ok_or_else(|| failed(std::io::Error::other("a flow that waited is not held")))?;
        let mut order = vec![0; numbers.len()];
        for (at, &(_, wanted)) in by_number.iter().enumerate() {
            order[wanted as usize] = at as u32;
        }
        Ok((dataset.take(&order), raw.take(&order).map_err(failed)?, arrived))
    }
}

/// Whether these are all flows of the batch, as they stand in it.
fn is_whole(numbers: &[u64], held: &Held) -> bool {
    numbers.len() as u64 == held.end() - held.first && numbers.iter().copied().eq(held.first..held.end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::position::Position;

    #[test]
    fn where_the_saved_place_is_gone_no_flow_that_comes_is_one_that_was_scored() {
        for flows in [1, 7] {
            let place = Some(LogPlace::default());
            let scored = vec![(flows + 1, flows + 5)];
            let saved = SourcePosition { place, flows, scored, newest: Some(9), anew: false };
            let window = |saved: &SourcePosition| Window::new(Duration::from_secs(2), 10, Some(saved)).position();
            assert_eq!(window(&saved), saved);
            // What cannot be read again is numbered anew with every restart.
            let anew = window(&SourcePosition { place: None, ..saved.clone() });
            assert!(anew.flows > flows + 5 && anew.scored.is_empty() && anew.newest == Some(9), "{anew:?}");
            // A log whose file is gone is numbered once, also where the process is killed before it has a place again.
            let mut position = Position { sources: [("gate".to_owned(), saved)].into(), ..Position::default() };
            position.read_anew(&["gate".to_owned()], 1_000);
            let chosen = position.sources["gate"].clone();
            assert!(chosen.flows == 1_000 && window(&chosen) == chosen, "{chosen:?}");
        }
    }
}
