//! Scores of whole tables: every row once, each sequence from a cold start.

use nta_data::{Dense, Sequences};
use rayon::prelude::*;

use crate::batches::Pack;
use crate::stretch::{Lanes, Stretch};
use crate::{Lstm, LstmError};

/// Sequences that go through the network side by side.
const LANES: usize = 32;

/// What the first layer's sums of a stretch may come to: few enough for the cache of a core, and enough that handing a
/// stretch to another thread costs little beside it.
const SUMS_AT_ONCE: usize = 1 << 17;

impl Lstm {
    /// Probability of attack for each row, in row order. Each sequence starts cold and its state is carried to its end
    /// however long it is; a network trained with `sequence.length: 1` sees every row cold. The same bits as
    /// [`Lstm::step`] gives row by row, for any number of threads.
    pub fn predict_proba(&self, dense: &Dense, sequences: &Sequences) -> Result<Vec<f32>, LstmError> {
        self.check_inputs(dense)?;
        check_sequences("scored", sequences, dense.n_rows)?;
        Ok(self.predict_checked(dense, sequences))
    }

    /// As [`Lstm::predict_proba`], of rows that were checked before.
    pub(crate) fn predict_checked(&self, dense: &Dense, sequences: &Sequences) -> Vec<f32> {
        let mut scores = vec![0.0; dense.n_rows];
        let rows_at_once = (SUMS_AT_ONCE / self.panels.layout.gates()).max(1);
        let memory = || (Lanes::new(self.panels.layers.len()), Stretch::default(), Stretch::default());
        if !self.carries_state {
            scores.par_chunks_mut(rows_at_once).enumerate().for_each_init(
                memory,
                |(lanes, stretch, _), (i, scores)| {
                    let first = (i * rows_at_once) as u32;
                    stretch.pack =
                        Pack { rows: (first..first + scores.len() as u32).collect(), bounds: vec![0, scores.len()] };
                    let mut found = Vec::with_capacity(scores.len());
                    lanes.clear();
                    self.prepare(dense, stretch);
                    self.go_through(stretch, lanes, &mut found);
                    scores.copy_from_slice(&found);
                },
            );
            return scores;
        }
        let mut order: Vec<u32> = (0..sequences.len() as u32).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(sequences.get(i as usize).len()));
        let found: Vec<(Vec<u32>, Vec<f32>)> = order
            .par_chunks(LANES)
            .map_init(memory, |(lanes, now, next), members| {
                lanes.clear();
                self.predict_members(dense, sequences, members, lanes, [now, next])
            })
            .collect();
        for (rows, found) in found {
            for (row, score) in rows.into_iter().zip(found) {
                scores[row as usize] = score;
            }
        }
        scores
    }

    /// Rows and their scores of sequences that stand longest first. The inputs of a stretch go through the first layer
    /// while the stretch before is in the recurrence, on another thread where one is idle: a single long sequence has
    /// nothing else to share out.
    fn predict_members(
        &self,
        dense: &Dense,
        sequences: &Sequences,
        members: &[u32],
        lanes: &mut Lanes,
        [mut now, mut next]: [&mut Stretch; 2],
    ) -> (Vec<u32>, Vec<f32>) {
        let (mut rows, mut scores) = (Vec::new(), Vec::new());
        let enough = SUMS_AT_ONCE / self.panels.layout.gates();
        let mut step = now.pack.take(sequences, members, 0, enough);
        self.prepare(dense, now);
        while now.pack.n_steps() > 0 {
            step = next.pack.take(sequences, members, step, enough);
            rows.extend_from_slice(&now.pack.rows);
            rayon::join(|| self.go_through(now, lanes, &mut scores), || self.prepare(dense, next));
            std::mem::swap(&mut now, &mut next);
        }
        (rows, scores)
    }
}

/// Refuses sequences that do not hold each of `n_rows` rows exactly once.
pub(crate) fn check_sequences(part: &'static str, sequences: &Sequences, n_rows: usize) -> Result<(), LstmError> {
    let refuse = |why: String| Err(LstmError::BadSequences { part, rows: n_rows, why });
    let ends = (sequences.bounds.first(), sequences.bounds.last());
    if ends != (Some(&0), Some(&(sequences.rows.len() as u32))) || !sequences.bounds.is_sorted() {
        return refuse("their bounds do not run from 0 to the number of rows listed".into());
    }
    let mut seen = vec![false; n_rows];
    for &row in &sequences.rows {
        match seen.get_mut(row as usize) {
            None => return refuse(format!("row {row} is listed")),
            Some(seen) if *seen => return refuse(format!("row {row} is listed twice")),
            Some(seen) => *seen = true,
        }
    }
    match seen.iter().position(|s| !s) {
        None => Ok(()),
        Some(row) => refuse(format!("row {row} is in none")),
    }
}
