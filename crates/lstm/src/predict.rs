//! Scores of whole tables: every row once, each sequence from a cold start.

use nta_data::{Dense, Sequences};
use rayon::prelude::*;

use crate::{Lstm, LstmError};

/// Sequences that go through the network side by side.
const LANES: usize = 32;

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
        if !self.carries_state {
            scores.par_chunks_mut(LANES).enumerate().for_each_init(
                || self.lanes(LANES),
                |lanes, (i, scores)| {
                    let first = (i * LANES) as u32;
                    let rows: Vec<u32> = (first..first + scores.len() as u32).collect();
                    let mut found = Vec::with_capacity(LANES);
                    self.clear(lanes);
                    self.step_lanes(lanes, dense, &rows, &mut found);
                    scores.copy_from_slice(&found);
                },
            );
            return scores;
        }
        let mut order: Vec<u32> = (0..sequences.len() as u32).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(sequences.get(i as usize).len()));
        let found: Vec<(Vec<u32>, Vec<f32>)> = order
            .par_chunks(LANES)
            .map_init(
                || self.lanes(LANES),
                |lanes, members| {
                    self.clear(lanes);
                    let mut rows = Vec::new();
                    let mut scores = Vec::new();
                    let longest = members.first().map_or(0, |&i| sequences.get(i as usize).len());
                    for step in 0..longest {
                        let start = rows.len();
                        rows.extend(members.iter().map_while(|&i| sequences.get(i as usize).get(step)));
                        self.step_lanes(lanes, dense, &rows[start..], &mut scores);
                    }
                    (rows, scores)
                },
            )
            .collect();
        for (rows, found) in found {
            for (row, score) in rows.into_iter().zip(found) {
                scores[row as usize] = score;
            }
        }
        scores
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
