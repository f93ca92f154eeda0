//! Which sequences are trained on together, in which order, and how their rows stand in memory.

use std::ops::Range;

use nta_data::{Purpose, Rng, Sequences, rng};
use rand_core::RngCore;

/// Sequences that one thread works on at a time, at most. Fixed, for the order in which gradients are summed hangs on it.
pub(crate) const SEQUENCES_PER_PACK: usize = 32;

/// Batches whose sequences are sorted by length together. Sorted over everything, batches would be the same in every
/// epoch and all short hosts would come at once.
const BATCHES_PER_CHUNK: usize = 32;

/// Sequences of one batch, packed: all first rows, then all second rows, and so on; longest sequence first, so that the
/// rows of a step are the first of the step before. Nothing is padded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pack {
    /// Row indices, step after step.
    pub(crate) rows: Vec<u32>,
    /// `(n_steps + 1)` bounds of the steps in `rows`; no step has more rows than the one before.
    pub(crate) bounds: Vec<usize>,
}

impl Pack {
    /// Packs sequences that stand longest first.
    fn new(sequences: &Sequences, members: &[u32]) -> Self {
        let mut pack = Pack::default();
        pack.take(sequences, members, 0, usize::MAX);
        pack
    }

    /// Becomes the steps from `first` on of sequences that stand longest first: at least one step, further ones while
    /// there are fewer than `enough` rows; none where all sequences have ended. Gives the step after these.
    pub(crate) fn take(&mut self, sequences: &Sequences, members: &[u32], first: usize, enough: usize) -> usize {
        let longest = members.first().map_or(0, |&i| sequences.get(i as usize).len());
        self.rows.clear();
        self.bounds.clear();
        self.bounds.push(0);
        let mut step = first;
        while step < longest && self.rows.len() < enough {
            self.rows.extend(members.iter().map_while(|&i| sequences.get(i as usize).get(step)));
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

/// What one optimiser step learns from.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// From 0.
    pub(crate) epoch: usize,
    /// Place in the epoch, from 0.
    pub(crate) index: usize,
    /// The sequences.
    pub(crate) packs: Vec<Pack>,
}

impl Batch {
    /// Rows in all packs.
    pub(crate) fn rows(&self) -> impl Iterator<Item = u32> {
        self.packs.iter().flat_map(|p| p.rows.iter().copied())
    }

    /// Random numbers for the dropout of one pack, in the order of its layers, rows and hidden units.
    pub(crate) fn dropout_rng(&self, seed: u64, pack: usize) -> Rng {
        let mut rng = rng(seed, Purpose::Dropout, self.epoch as u64, self.index as u64);
        rng.set_stream(pack as u64);
        rng
    }
}

/// The batches of one epoch, as indices of sequences, longest first within a batch.
pub(crate) fn plan_epoch(sequences: &Sequences, batch: usize, seed: u64, epoch: usize) -> Vec<Vec<u32>> {
    let mut rng = rng(seed, Purpose::Shuffle, epoch as u64, 0);
    let mut order: Vec<u32> = (0..sequences.len() as u32).collect();
    shuffle(&mut order, &mut rng);
    let mut batches: Vec<Vec<u32>> = Vec::with_capacity(order.len().div_ceil(batch));
    for chunk in order.chunks_mut(batch * BATCHES_PER_CHUNK) {
        chunk.sort_by_key(|&i| std::cmp::Reverse(sequences.get(i as usize).len()));
        batches.extend(chunk.chunks(batch).map(<[u32]>::to_vec));
    }
    shuffle(&mut batches, &mut rng);
    batches
}

/// Packs a planned batch; a small one into two halves, so that two threads have work.
pub(crate) fn assemble(sequences: &Sequences, members: &[u32], epoch: usize, index: usize) -> Batch {
    let size = SEQUENCES_PER_PACK.min(members.len().div_ceil(2)).max(1);
    let packs = members.chunks(size).map(|m| Pack::new(sequences, m)).collect();
    Batch { epoch, index, packs }
}

/// Fisher and Yates, with bounded numbers by multiplication (bias below 2⁻³² · length).
fn shuffle<T>(items: &mut [T], rng: &mut Rng) {
    for i in (1..items.len()).rev() {
        let j = ((u128::from(rng.next_u64()) * (i as u128 + 1)) >> 64) as usize;
        items.swap(i, j);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequences(lengths: &[u32]) -> Sequences {
        let mut bounds = vec![0];
        for l in lengths {
            bounds.push(bounds.last().unwrap() + l);
        }
        Sequences { rows: (0..*bounds.last().unwrap()).collect(), bounds }
    }

    #[test]
    fn a_pack_holds_step_after_step_without_padding() {
        let sequences = sequences(&[3, 1, 2]);
        let pack = Pack::new(&sequences, &[0, 2, 1]);
        assert_eq!(pack, Pack { rows: vec![0, 4, 3, 1, 5, 2], bounds: vec![0, 3, 5, 6] });
        let mut part = Pack::default();
        assert_eq!(part.take(&sequences, &[0, 2, 1], 1, 3), 3);
        assert_eq!(part, Pack { rows: vec![1, 5, 2], bounds: vec![0, 2, 3] });
        assert_eq!((part.take(&sequences, &[0, 2, 1], 3, 3), part.n_steps()), (3, 0));
        assert_eq!(pack.continued(0..3), [(3..5, 0), (5..6, 3)]);
        assert_eq!(pack.continued(2..3), [(5..6, 3)]);
        let even = Pack { rows: vec![0; 6], bounds: vec![0, 2, 4, 6] };
        assert_eq!(even.continued(0..3), [(2..6, 0)]);
        assert_eq!((pack.width(0), pack.width(2), pack.width(3)), (3, 1, 0));
    }

    #[test]
    fn a_batch_falls_into_packs_and_a_small_one_into_halves() {
        let sequences = sequences(&[1; 100]);
        let sizes = |n: u32| {
            let members: Vec<u32> = (0..n).collect();
            let packs = assemble(&sequences, &members, 0, 0).packs;
            packs.iter().map(|pack| pack.rows.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(100), [32, 32, 32, 4]);
        assert_eq!(sizes(33), [17, 16]);
        assert_eq!((sizes(2), sizes(1)), (vec![1, 1], vec![1]));
    }

    #[test]
    fn every_sequence_is_in_one_batch_and_epochs_differ() {
        let lengths: Vec<u32> = (0..1_000).map(|i| 1 + (i * 7) % 32).collect();
        let sequences = sequences(&lengths);
        let plan = plan_epoch(&sequences, 16, 3, 1);
        let mut all: Vec<u32> = plan.iter().flatten().copied().collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..1_000));
        assert_eq!(plan.len(), 63);
        assert_eq!(plan, plan_epoch(&sequences, 16, 3, 1));
        assert_ne!(plan, plan_epoch(&sequences, 16, 3, 2));
        for batch in &plan {
            let lengths: Vec<usize> = batch.iter().map(|&i| sequences.get(i as usize).len()).collect();
            assert!(lengths.is_sorted_by(|a, b| a >= b));
            assert!(lengths[0] - lengths[lengths.len() - 1] <= 8, "{lengths:?}");
        }
    }

    #[test]
    fn dropout_streams_of_two_packs_differ() {
        let batch = Batch { epoch: 1, index: 2, packs: Vec::new() };
        assert_ne!(batch.dropout_rng(5, 0).next_u64(), batch.dropout_rng(5, 1).next_u64());
    }
}
