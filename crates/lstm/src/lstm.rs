//! The trained network and its step: what a flow's score is.

use nta_data::Dense;

use crate::LstmError;
use crate::activation::probability;
use crate::embedding;
use crate::fused::gates;
use crate::inputs::Inputs;
use crate::kernel::accumulate;
use crate::shape::Part;
use crate::simd::dot;
use crate::weights::Weights;

/// A trained network.
#[derive(Debug, Clone, PartialEq)]
pub struct Lstm {
    /// One-hot, what a step computes with.
    pub(crate) weights: Weights,
    /// Where categories are embedded: what was learned, and is saved, in place of `weights`.
    embedded: Option<Weights>,
    pub(crate) inputs: Inputs,
    /// Whether a flow is judged by what came before it; not when trained with `sequence.length: 1`.
    pub(crate) carries_state: bool,
}

/// What the network remembers of one entity: output and cell state of each layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LstmState {
    /// `(layers, 2, hidden)`.
    values: Vec<f32>,
}

/// Memory for [`Lstm::step`], reused from flow to flow; it carries nothing over.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    inputs: Vec<f32>,
    gates: Vec<f32>,
    cell: Vec<f32>,
    squashed: Vec<f32>,
    output: Vec<f32>,
}

/// Rows side by side that go one step forward together, each with its own state.
pub(crate) struct Lanes {
    /// A layer: `(lanes, hidden)` outputs and cell states.
    layers: Vec<(Vec<f32>, Vec<f32>)>,
    scratch: Scratch,
}

impl Lstm {
    /// The network of these weights.
    pub(crate) fn new(learned: Weights, inputs: Inputs, carries_state: bool) -> Self {
        let (weights, embedded) = embedding::one_hot(learned);
        Lstm { weights, embedded, inputs, carries_state }
    }

    /// The weights that were learned.
    pub(crate) fn learned(&self) -> &Weights {
        self.embedded.as_ref().unwrap_or(&self.weights)
    }

    /// The memory of an entity never seen.
    pub fn fresh_state(&self) -> LstmState {
        LstmState { values: vec![0.0; 2 * self.weights.shape.layers * self.weights.shape.hidden] }
    }

    /// Names of the numeric inputs, in order.
    pub fn numeric_names(&self) -> &[String] {
        &self.inputs.numeric_names
    }

    /// Names of the categorical inputs, in order.
    pub fn code_names(&self) -> &[String] {
        &self.inputs.code_names
    }

    /// Distinct codes of each categorical input.
    pub fn cardinality(&self) -> &[u32] {
        &self.inputs.cardinality
    }

    /// Whether a flow's score depends on the flows before it.
    pub fn carries_state(&self) -> bool {
        self.carries_state
    }

    /// Probability that the entity's next flow is an attack; moves `state` past that flow (a network that carries no state
    /// leaves it as it is). The result depends on this
    /// row and `state` alone and has the same bits as [`Lstm::predict_proba`] gives the row.
    ///
    /// `numeric` `(n_numeric)`, finite; `codes` `(n_codes)`, each below its cardinality.
    ///
    /// # Panics
    /// When widths or codes are not those the network was trained with; [`Lstm::check_inputs`] tells beforehand.
    pub fn step(&self, state: &mut LstmState, numeric: &[f32], codes: &[u32], scratch: &mut Scratch) -> f32 {
        let shape = &self.weights.shape;
        assert!(
            numeric.len() == shape.n_numeric && codes.len() == shape.cardinality.len(),
            "inputs of another network"
        );
        assert!(codes.iter().zip(&shape.cardinality).all(|(c, n)| c < n), "a code the network does not know");
        let hidden = shape.hidden;
        for (l, memory) in state.values.chunks_exact_mut(2 * hidden).enumerate() {
            let (output, cell) = memory.split_at_mut(hidden);
            if l == 0 {
                self.first_inputs(scratch, [(numeric, codes)].into_iter());
            } else {
                self.later_inputs(scratch, l);
            }
            self.advance(scratch, l, output, cell);
        }
        self.head(&scratch.output)
    }

    /// Memory for up to `lanes` rows.
    pub(crate) fn lanes(&self, lanes: usize) -> Lanes {
        let memory = || vec![0.0; lanes * self.weights.shape.hidden];
        let layers = (0..self.weights.shape.layers).map(|_| (memory(), memory())).collect();
        Lanes { layers, scratch: Scratch::default() }
    }

    /// One step of the first `rows.len()` lanes, one row of `dense` each; appends their probabilities to `scores`.
    pub(crate) fn step_lanes(&self, lanes: &mut Lanes, dense: &Dense, rows: &[u32], scores: &mut Vec<f32>) {
        let hidden = self.weights.shape.hidden;
        let Lanes { layers, scratch } = lanes;
        for (l, (output, cell)) in layers.iter_mut().enumerate() {
            let (output, cell) = (&mut output[..rows.len() * hidden], &mut cell[..rows.len() * hidden]);
            if l == 0 {
                let inputs = rows.iter().map(|&r| (dense.numeric_row(r as usize), dense.code_row(r as usize)));
                self.first_inputs(scratch, inputs);
            } else {
                self.later_inputs(scratch, l);
            }
            self.advance(scratch, l, output, cell);
        }
        scores.extend(scratch.output.chunks_exact(hidden).map(|output| self.head(output)));
    }

    /// Forgets what the lanes carried.
    pub(crate) fn clear(&self, lanes: &mut Lanes) {
        for (output, cell) in &mut lanes.layers {
            output.fill(0.0);
            cell.fill(0.0);
        }
    }

    /// Pre-activations of the first layer for rows of (numbers, codes): bias, then categories, then numbers.
    fn first_inputs<'a>(&self, scratch: &mut Scratch, rows: impl Iterator<Item = (&'a [f32], &'a [u32])>) {
        let shape = &self.weights.shape;
        let n_gates = shape.gates();
        let matrix = self.weights.part(Part::Input(0));
        let (for_numbers, for_codes) = matrix.split_at(shape.n_numeric * n_gates);
        scratch.gates.clear();
        scratch.inputs.clear();
        for (numeric, codes) in rows {
            let at = scratch.gates.len();
            scratch.gates.extend_from_slice(self.weights.part(Part::Bias(0)));
            let mut table = 0;
            for (&code, &cardinality) in codes.iter().zip(&shape.cardinality) {
                let row = (table + code as usize) * n_gates;
                gates::add(&mut scratch.gates[at..], &for_codes[row..row + n_gates]);
                table += cardinality as usize;
            }
            scratch.inputs.extend_from_slice(numeric);
        }
        accumulate(&mut scratch.gates, &scratch.inputs, for_numbers, n_gates);
    }

    /// Pre-activations of a later layer from the outputs of the layer below, in `scratch.output`.
    fn later_inputs(&self, scratch: &mut Scratch, l: usize) {
        let n_gates = self.weights.shape.gates();
        scratch.gates.clear();
        for _ in 0..scratch.output.len() / self.weights.shape.hidden {
            scratch.gates.extend_from_slice(self.weights.part(Part::Bias(l)));
        }
        accumulate(&mut scratch.gates, &scratch.output, self.weights.part(Part::Input(l)), n_gates);
    }

    /// From pre-activations without the recurrence to the layer's outputs in `scratch.output`; the state moves on.
    fn advance(&self, scratch: &mut Scratch, l: usize, output: &mut [f32], cell: &mut [f32]) {
        let shape = &self.weights.shape;
        if self.carries_state {
            accumulate(&mut scratch.gates, output, self.weights.part(Part::Recurrent(l)), shape.gates());
        }
        for values in [&mut scratch.cell, &mut scratch.squashed, &mut scratch.output] {
            values.resize(output.len(), 0.0);
        }
        let Scratch { gates, cell: next, squashed, output: out, .. } = scratch;
        let before: &[f32] = if self.carries_state { cell } else { &[] };
        gates::forward(shape.hidden, gates, before, next, squashed, out);
        if self.carries_state {
            cell.copy_from_slice(next);
            output.copy_from_slice(out);
        }
    }

    fn head(&self, output: &[f32]) -> f32 {
        probability(dot(output, self.weights.part(Part::HeadWeight)) + self.weights.part(Part::HeadBias)[0])
    }

    /// Refuses inputs whose names, widths or codes are not those the network was trained with, and numbers that are not
    /// finite.
    pub fn check_inputs(&self, dense: &Dense) -> Result<(), LstmError> {
        self.inputs.check("scored", dense)
    }
}
