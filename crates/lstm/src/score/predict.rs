//! Scores of whole tables: every row once, each sequence from a cold start.

use nta_data::{Dense, Sequences};
use rayon::prelude::*;

use super::state::LstmState;
use super::stretch::{Lanes, Stretch};
use crate::input::{Pack, check_sequences};
use crate::{Lstm, LstmError};

/// Sequences that go through the network side by side, at most.
const LANES: usize = 32;

/// Numbers that the first layer's sums of a stretch may come to: few enough for the caches, and enough that handing a
/// stretch to another thread costs little beside it.
const SUMS_AT_ONCE: usize = 1 << 18;

impl Lstm {
    /// Probability of attack for each row, in row order. Each sequence starts cold and its state is carried to its end
    /// however long it is; a network trained with `sequence.length: 1` sees every row cold. The same bits as
    /// [`Lstm::step`] gives row by row, for any number of threads.
    ///
    /// # Errors
    /// What [`Lstm::check_inputs`] refuses, sequences that do not hold each row exactly once.
    pub fn predict_proba(&self, dense: &Dense, sequences: &Sequences) -> Result<Vec<f32>, LstmError> {
        self.check_inputs(dense)?;
        check_sequences("scored", sequences, dense.n_rows)?;
        Ok(self.predict_checked(dense, sequences))
    }

    /// As [`Lstm::predict_proba`], of rows that were checked before.
    pub(crate) fn predict_checked(&self, dense: &Dense, sequences: &Sequences) -> Vec<f32> {
        if !self.carries_state {
            return self.predict_alone(dense);
        }
        let mut scores = vec![0.0; dense.n_rows];
        let mut order: Vec<u32> = (0..sequences.len() as u32).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(sequences.get(i as usize).len()));
        // Fewer side by side where there are too few for all threads; a row's bits depend on nothing beside it.
        let lanes = LANES.min(order.len().div_ceil(rayon::current_num_threads())).max(1);
        let found: Vec<(Vec<u32>, Vec<f32>)> = order
            .par_chunks(lanes)
            .map_init(
                || self.lanes(),
                |(lanes, stretches), members| {
                    lanes.clear();
                    self.predict_members(dense, sequences, members, lanes, stretches)
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

    /// The same of sequences that go on from `states`, one each, and move them past their last rows (a network that carries
    /// no state leaves them as they are). The same bits as [`Lstm::step`] gives row by row.
    ///
    /// # Panics
    /// When widths or codes are not those the network was trained with, sequences do not hold each row exactly once, or
    /// there are more of them than states.
    pub fn go_on(&self, dense: &Dense, sequences: &Sequences, states: &mut [&mut LstmState]) -> Vec<f32> {
        if !self.carries_state {
            return self.predict_alone(dense);
        }
        let mut scores = vec![0.0; dense.n_rows];
        let rows_of = |i: u32| sequences.get(i as usize);
        let mut order: Vec<u32> = (0..sequences.len() as u32).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(rows_of(i).len()));
        let (width, (mut lanes, [mut stretch, _])) = (self.panels.layout.width(), self.lanes());
        let mut found = Vec::with_capacity(LANES);
        for members in order.chunks(LANES) {
            lanes.load(width, members.iter().map(|&i| &*states[i as usize]));
            let (mut step, mut going) = (0, members.len());
            while going > 0 {
                step = stretch.pack.take(rows_of, members, step, 1);
                self.prepare(dense, &mut stretch);
                found.clear();
                self.go_through(&mut stretch, &mut lanes, &mut found);
                stretch.pack.rows.iter().zip(&found).for_each(|(&row, &score)| scores[row as usize] = score);
                // The longest stand first.
                while going > 0 && rows_of(members[going - 1]).len() == step {
                    going -= 1;
                    lanes.store(width, going, states[members[going] as usize]);
                }
            }
        }
        scores
    }

    /// Scores without state: every row is the first of its own sequence.
    fn predict_alone(&self, dense: &Dense) -> Vec<f32> {
        let (mut scores, at_once) = (vec![0.0; dense.n_rows], self.rows_at_once());
        let chunks = scores.par_chunks_mut(at_once).enumerate();
        chunks.for_each_init(
            || self.lanes(),
            |(lanes, [stretch, _]), (i, scores)| {
                let (first, n) = ((i * at_once) as u32, scores.len());
                stretch.pack = Pack { rows: (first..first + n as u32).collect(), bounds: vec![0, n], context: 0 };
                let mut found = Vec::with_capacity(n);
                lanes.clear();
                self.prepare(dense, stretch);
                self.go_through(stretch, lanes, &mut found);
                scores.copy_from_slice(&found);
            },
        );
        scores
    }

    /// Memory for a thread: lanes, and stretches of which one is gone through while the other is prepared.
    fn lanes(&self) -> (Lanes, [Stretch; 2]) {
        (Lanes::new(self.panels.layers.len()), Default::default())
    }

    /// Rows in a stretch.
    fn rows_at_once(&self) -> usize {
        (SUMS_AT_ONCE / self.panels.layout.gates()).max(1)
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
        [now, next]: &mut [Stretch; 2],
    ) -> (Vec<u32>, Vec<f32>) {
        let (mut rows, mut scores) = (Vec::new(), Vec::new());
        let (enough, rows_of) = (self.rows_at_once(), |i: u32| sequences.get(i as usize));
        let mut step = now.pack.take(rows_of, members, 0, enough);
        self.prepare(dense, now);
        while now.pack.n_steps() > 0 {
            step = next.pack.take(rows_of, members, step, enough);
            rows.extend_from_slice(&now.pack.rows);
            rayon::join(|| self.go_through(now, lanes, &mut scores), || self.prepare(dense, next));
            std::mem::swap(now, next);
        }
        (rows, scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scratch;
    use crate::input::Inputs;
    use crate::weights::{Shape, Weights};

    fn rows(n: usize) -> Dense {
        let number = |i: usize| ((i * 7_919) % 4_001) as f32 / 1_000.0 - 2.0;
        Dense {
            numeric_names: vec!["a".into(), "b".into()],
            numeric: (0..2 * n).map(number).collect(),
            code_names: vec!["c".into()],
            codes: (0..n as u32).map(|i| i % 3).collect(),
            cardinality: vec![3],
            n_rows: n,
        }
    }

    #[test]
    fn sequences_go_on_as_row_by_row() {
        let (n, hidden) = (700, 21);
        let dense = rows(n);
        let inputs = Inputs {
            numeric_names: dense.numeric_names.clone(),
            code_names: dense.code_names.clone(),
            cardinality: vec![3],
        };
        let shape = Shape { n_numeric: 2, cardinality: vec![3], embedding: None, hidden, layers: 2 };
        // Sequences of 1 to 37 rows, their rows scattered, more of them than go side by side.
        let mut bounds = vec![0];
        while *bounds.last().unwrap() < n as u32 {
            bounds.push((bounds[bounds.len() - 1] + 1 + bounds.len() as u32 * 5 % 37).min(n as u32));
        }
        let sequences = Sequences { rows: (0..n as u32).map(|i| i * 171 % n as u32).collect(), bounds };
        assert!(sequences.len() > LANES);
        for carries_state in [true, false] {
            let lstm = Lstm::new(Weights::draw(&shape, 3, 0.0), inputs.clone(), carries_state);
            let mut scratch = Scratch::default();
            let mut stepped: Vec<_> = (0..sequences.len()).map(|_| lstm.fresh_state()).collect();
            let mut going = stepped.clone();
            for round in 0..2 {
                let mut expected = vec![0.0; n];
                for (i, state) in stepped.iter_mut().enumerate() {
                    for &row in sequences.get(i) {
                        let (numeric, codes) = (dense.numeric_row(row as usize), dense.code_row(row as usize));
                        expected[row as usize] = lstm.step(state, numeric, codes, &mut scratch);
                    }
                }
                let mut states: Vec<_> = going.iter_mut().collect();
                assert_eq!(lstm.go_on(&dense, &sequences, &mut states), expected, "{carries_state}, {round}");
                assert_eq!(going, stepped, "{carries_state}, {round}");
            }
        }
    }

    #[test]
    fn sequences_longer_than_a_stretch_score_as_row_by_row() {
        let (n, hidden, long) = (900, 300, 500);
        let dense = rows(n);
        let bounds = (0..=n as u32 - long).step_by(10).chain([n as u32]).collect();
        let sequences = Sequences { rows: (0..n as u32).rev().collect(), bounds };
        let shape = Shape { n_numeric: 2, cardinality: vec![3], embedding: None, hidden, layers: 2 };
        for carries_state in [true, false] {
            let lstm = Lstm::new(Weights::draw(&shape, 3, 0.0), Inputs::of(&dense), carries_state);
            assert!(lstm.rows_at_once() < long as usize, "the long sequence takes several stretches");
            let whole = lstm.predict_proba(&dense, &sequences).unwrap();
            let mut scratch = Scratch::default();
            for i in 0..sequences.len() {
                let mut state = lstm.fresh_state();
                for &row in sequences.get(i) {
                    let row = row as usize;
                    let alone = lstm.step(&mut state, dense.numeric_row(row), dense.code_row(row), &mut scratch);
                    assert_eq!(alone, whole[row], "row {row}");
                }
            }
        }
    }
}
