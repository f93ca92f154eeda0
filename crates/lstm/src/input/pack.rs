//! Rows of sequences side by side, step after step.

use std::ops::Range;

/// Sequences of one batch, packed: all first rows, then all second rows, and so on; longest sequence first, so that the
/// rows of a step are the first of the step before. Nothing is padded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pack {
    /// Row indices, step after step.
    pub(crate) rows: Vec<u32>,
    /// `(n_steps + 1)` bounds of the steps in `rows`; no step has more rows than the one before.
    pub(crate) bounds: Vec<usize>,
    /// First steps that are read and not learned from.
    pub(crate) context: usize,
}

impl Pack {
    /// Becomes the steps from `first` on of sequences, whose rows `rows_of` gives and which stand longest first: at least
    /// one step, further ones while there are fewer than `enough` rows; none where all have ended. Gives the step after
    /// these.
    pub(crate) fn take<'a>(
        &mut self,
        rows_of: impl Fn(u32) -> &'a [u32],
        members: &[u32],
        first: usize,
        enough: usize,
    ) -> usize {
        let longest = members.first().map_or(0, |&i| rows_of(i).len());
        self.rows.clear();
        self.bounds.clear();
        self.bounds.push(0);
        let mut step = first;
        while step < longest && self.rows.len() < enough {
            self.rows.extend(members.iter().map_while(|&i| rows_of(i).get(step)));
            self.bounds.push(self.rows.len());
            step += 1;
        }
        step
    }

    /// Steps of the longest sequence.
    pub(crate) fn n_steps(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Rows of step `t`; 0 past the end.
    pub(crate) fn width(&self, t: usize) -> usize {
        if t < self.n_steps() { self.bounds[t + 1] - self.bounds[t] } else { 0 }
    }

    /// The first row that is learned from; so are all behind it.
    pub(crate) fn first_learned(&self) -> usize {
        self.bounds[self.context]
    }

    /// The rows of `steps` that go on from a step before, as runs each of which goes on from a run: the rows, and the
    /// first that they go on from.
    pub(crate) fn continued(&self, steps: Range<usize>) -> Vec<(Range<usize>, usize)> {
        let mut runs: Vec<(Range<usize>, usize)> = Vec::new();
        for t in steps.start.max(1)..steps.end {
            let (rows, before) = (self.bounds[t]..self.bounds[t + 1], self.bounds[t - 1]);
            match runs.last_mut() {
                Some((run, first)) if *first + run.len() == before => run.end = rows.end,
                _ => runs.push((rows, before)),
            }
        }
        runs
    }
}
