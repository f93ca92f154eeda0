//! The members that carry state from an entity's flow to its next, and how.

use std::sync::Arc;

use nta_data::Dense;
use nta_lstm::{Lstm, LstmState, Scratch};
use rayon::prelude::*;

use crate::chains::Chains;
use crate::memory::Shard;
use crate::prepared::PreparedRows;
use crate::{Model, ModelError};

/// Rows of a chunk where rows do not depend on each other.
const CHUNK: usize = 1_024;

/// The members that carry state, and the rules by which they do.
#[derive(Debug)]
pub(crate) struct Networks {
    model: Arc<Model>,
    fresh: Vec<LstmState>,
    /// The names of what all networks are shown, and no row.
    no_inputs: Dense,
    /// Numeric inputs that state alone can fill: the last ones.
    pub(crate) n_gap: usize,
}

/// What one thread works with.
struct Workspace<'m> {
    networks: Vec<&'m Lstm>,
    numeric: Vec<f32>,
    scratch: Vec<Scratch>,
}

impl Networks {
    pub(crate) fn new(model: Arc<Model>) -> Self {
        let n_gap = if model.preprocessor.gap().is_some() { 2 } else { 0 };
        let all = || model.members.iter().filter_map(|m| m.member.lstm());
        let no_inputs = all().next().map_or_else(Dense::default, |lstm| Dense {
            numeric_names: lstm.numeric_names().to_vec(),
            code_names: lstm.code_names().to_vec(),
            cardinality: lstm.cardinality().to_vec(),
            ..Dense::default()
        });
        let fresh = all().map(Lstm::fresh_state).collect();
        Networks { model, fresh, no_inputs, n_gap }
    }

    fn all(&self) -> impl Iterator<Item = &Lstm> {
        self.model.members.iter().filter_map(|m| m.member.lstm())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.fresh.len()
    }

    /// Whether no member carries state.
    pub(crate) fn is_empty(&self) -> bool {
        self.fresh.is_empty()
    }

    /// Bytes of an entity's state as [`Networks::write_state`] writes it.
    pub(crate) fn state_bytes(&self) -> usize {
        self.all().map(|lstm| size_of::<f32>() * lstm.state_len()).sum()
    }

    /// Appends an entity's state, network by network and by hidden unit, as little-endian f32.
    pub(crate) fn write_state(&self, state: &[LstmState], out: &mut Vec<u8>) {
        for (lstm, state) in self.all().zip(state) {
            lstm.state_values(state).for_each(|x| out.extend_from_slice(&x.to_le_bytes()));
        }
    }

    /// Reads [`Networks::state_bytes`] bytes of a state.
    pub(crate) fn read_state(&self, bytes: &[u8]) -> Vec<LstmState> {
        let mut values = bytes.as_chunks::<{ size_of::<f32>() }>().0.iter().map(|x| f32::from_le_bytes(*x));
        self.all().map(|lstm| lstm.state_of(values.by_ref().take(lstm.state_len()))).collect()
    }

    fn workspace(&self) -> Workspace<'_> {
        let networks: Vec<&Lstm> = self.all().collect();
        let scratch = networks.iter().map(|_| Scratch::default()).collect();
        Workspace { networks, numeric: Vec::new(), scratch }
    }

    /// Every row for itself. `(n_rows, n_networks)`, row-major.
    pub(crate) fn cold(&self, rows: &PreparedRows) -> Vec<f32> {
        let n_chunks = rows.n_rows().div_ceil(CHUNK);
        let chunks: Vec<Vec<f32>> = (0..n_chunks)
            .into_par_iter()
            .map(|chunk| {
                let mut workspace = self.workspace();
                let mut scores = Vec::with_capacity(CHUNK * self.len());
                let mut states = self.fresh.clone();
                for i in chunk * CHUNK..rows.n_rows().min((chunk + 1) * CHUNK) {
                    states.clone_from(&self.fresh);
                    self.step(&mut states, None, rows, i, &mut workspace, &mut scores);
                }
                scores
            })
            .collect();
        chunks.concat()
    }

    /// Some shards' rows, those of each in order. `(rows, n_networks)`, row-major, shard after shard; `first` is the number
    /// of the first of them.
    ///
    /// First the memory is asked as each row asks it in its turn, and lends out the states; then entities go through the
    /// networks side by side, which shares the weights' way from memory; then the memory gets the states back.
    ///
    /// # Errors
    /// A disk that does not give back what is kept there.
    pub(crate) fn along_entities(
        &self,
        shards: &mut [Shard],
        first: usize,
        rows: &PreparedRows,
        rows_of: &[Vec<u32>],
    ) -> Result<Vec<f32>, ModelError> {
        let mut chains = Chains::default();
        let n_rows = rows_of.iter().map(Vec::len).sum();
        let mut dense = Dense { n_rows, ..self.no_inputs.clone() };
        let (n_numeric, n_codes) = (rows.layout().n_numeric, rows.layout().n_codes);
        dense.numeric.reserve_exact(n_rows * (n_numeric + self.n_gap));
        dense.codes.reserve_exact(n_rows * n_codes);
        for (shard, shard_rows) in shards.iter_mut().zip(rows_of) {
            for &i in shard_rows {
                let i = i as usize;
                let (kept, previous_end, bring) = shard.visit(rows.entity[i], rows.end[i], || self.fresh.clone());
                chains.add(rows.entity[i], kept, |place| Ok(self.read_state(&bring.bytes(place)?)))?;
                dense.numeric.extend_from_slice(&rows.numeric[i * n_numeric..(i + 1) * n_numeric]);
                if self.n_gap > 0 {
                    dense.numeric.extend(self.model.preprocessor.gap_inputs(previous_end, rows.end[i]));
                }
                dense.codes.extend_from_slice(&rows.codes[i * n_codes..(i + 1) * n_codes]);
            }
        }
        let sequences = chains.sequences();
        let n_networks = self.len();
        let mut scores = vec![0.0; n_rows * n_networks];
        for (k, network) in self.all().enumerate() {
            let mut states: Vec<&mut LstmState> = chains.lent.iter_mut().map(|states| &mut states[k]).collect();
            let found = network.go_on(&dense, &sequences, &mut states);
            scores.iter_mut().skip(k).step_by(n_networks).zip(found).for_each(|(score, found)| *score = found);
        }
        chains.give_back(shards, first);
        let write = |states: &[LstmState], bytes: &mut Vec<u8>| self.write_state(states, bytes);
        shards.iter_mut().for_each(|shard| shard.make_room(write));
        Ok(scores)
    }

    /// Shows row `i` to every network and appends what they say.
    fn step(
        &self,
        states: &mut [LstmState],
        previous_end: Option<i64>,
        rows: &PreparedRows,
        i: usize,
        workspace: &mut Workspace<'_>,
        scores: &mut Vec<f32>,
    ) {
        let (n_numeric, n_codes) = (rows.layout().n_numeric, rows.layout().n_codes);
        let numeric = &mut workspace.numeric;
        numeric.clear();
        numeric.extend_from_slice(&rows.numeric[i * n_numeric..(i + 1) * n_numeric]);
        if self.n_gap > 0 {
            numeric.extend(self.model.preprocessor.gap_inputs(previous_end, rows.end[i]));
        }
        let codes = &rows.codes[i * n_codes..(i + 1) * n_codes];
        for ((network, state), scratch) in workspace.networks.iter().zip(states).zip(&mut workspace.scratch) {
            scores.push(network.step(state, numeric, codes, scratch));
        }
    }
}
