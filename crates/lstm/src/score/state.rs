//! What a network remembers of an entity, in memory and as numbers that every machine reads alike.

use super::Lstm;

/// What the network remembers of one entity: output and cell state of each layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LstmState {
    /// `(layers, 2, width)`: hidden units in their order, filled up with zeros to whole vectors.
    pub(crate) values: Vec<f32>,
}

impl Lstm {
    /// The memory of an entity never seen.
    pub fn fresh_state(&self) -> LstmState {
        LstmState { values: vec![0.0; 2 * self.weights.shape.layers * self.panels.layout.width()] }
    }

    /// Numbers in a state as [`Lstm::state_values`] tells them.
    pub fn state_len(&self) -> usize {
        2 * self.weights.shape.layers * self.weights.shape.hidden
    }

    /// A state's numbers by hidden unit, `(layers, 2, hidden)`: each layer's outputs, then its cell states. They do not
    /// depend on the vector unit at work.
    pub fn state_values(&self, state: &LstmState) -> impl Iterator<Item = f32> {
        let (width, hidden) = (self.panels.layout.width(), self.weights.shape.hidden);
        state.values.chunks_exact(width).flat_map(move |run| run[..hidden].iter().copied())
    }

    /// The state of these numbers, as [`Lstm::state_values`] told them; of too few, the last ones are 0.
    pub fn state_of(&self, values: impl IntoIterator<Item = f32>) -> LstmState {
        let (width, hidden) = (self.panels.layout.width(), self.weights.shape.hidden);
        let mut state = self.fresh_state();
        let places = state.values.chunks_exact_mut(width).flat_map(|run| &mut run[..hidden]);
        places.zip(values).for_each(|(place, value)| *place = value);
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scratch;
    use crate::cell::Panels;
    use crate::input::Inputs;
    use crate::kernel::Simd;
    use crate::weights::Shape;
    use crate::weights::Weights;

    const ROWS: usize = 60;

    /// A network whose hidden units fill no whole number of vectors, on every vector unit of this CPU.
    fn networks() -> Vec<(Simd, Lstm)> {
        let shape = Shape { n_numeric: 2, cardinality: vec![3], embedding: None, hidden: 21, layers: 2 };
        let inputs =
            Inputs { numeric_names: vec!["a".into(), "b".into()], code_names: vec!["c".into()], cardinality: vec![3] };
        let lstm = Lstm::new(Weights::draw(&shape, 3, 0.0), inputs, true);
        let on = |simd: Simd| {
            let mut there = lstm.clone();
            there.panels = Panels::of(simd, &lstm.weights);
            there
        };
        Simd::all().into_iter().map(|simd| (simd, on(simd))).collect()
    }

    /// Scores of some rows of a host, whose state moves on.
    fn scores(lstm: &Lstm, state: &mut LstmState, rows: std::ops::Range<usize>) -> Vec<f32> {
        let number = |i: usize| ((i * 7_919) % 4_001) as f32 / 1_000.0 - 2.0;
        let mut scratch = Scratch::default();
        rows.map(|i| lstm.step(state, &[number(2 * i), number(2 * i + 1)], &[i as u32 % 3], &mut scratch)).collect()
    }

    #[test]
    fn a_state_goes_on_on_every_vector_unit() {
        let networks = networks();
        for (from, first) in &networks {
            let mut state = first.fresh_state();
            scores(first, &mut state, 0..ROWS);
            let values: Vec<f32> = first.state_values(&state).collect();
            assert_eq!(values.len(), first.state_len());
            let stayed = scores(first, &mut state, ROWS..2 * ROWS);
            for (to, second) in &networks {
                let mut moved = second.state_of(values.iter().copied());
                assert!(second.state_values(&moved).eq(values.iter().copied()));
                let went_on = scores(second, &mut moved, ROWS..2 * ROWS);
                assert!(from != to || went_on == stayed, "{from:?}: the same bits");
                for (a, b) in stayed.iter().zip(&went_on) {
                    assert!((a - b).abs() < 1e-5, "{from:?} to {to:?}: {a} and {b}");
                }
                assert_ne!(scores(second, &mut second.fresh_state(), ROWS..2 * ROWS), went_on, "the state counts");
            }
        }
    }
}
