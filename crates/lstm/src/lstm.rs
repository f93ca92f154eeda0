//! The trained network and its step: what a flow's score is.

use nta_data::Dense;

use crate::LstmError;
use crate::activation::probability;
use crate::cell::{self, Made, Step};
use crate::embedding;
use crate::inputs::Inputs;
use crate::panels::Panels;
use crate::simd::Simd;
use crate::weights::Weights;

/// A trained network.
#[derive(Debug, Clone, PartialEq)]
pub struct Lstm {
    /// One-hot, what a step computes with.
    weights: Weights,
    /// Where categories are embedded: what was learned, and is saved, in place of `weights`.
    embedded: Option<Weights>,
    /// The weights as the CPU takes them.
    panels: Panels,
    /// Rows of the first layer's matrix where the categories' tables begin.
    tables: Vec<u32>,
    pub(crate) inputs: Inputs,
    /// Whether a flow is judged by what came before it; not when trained with `sequence.length: 1`.
    pub(crate) carries_state: bool,
}

/// What the network remembers of one entity: output and cell state of each layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LstmState {
    /// `(layers, 2, width)`.
    values: Vec<f32>,
}

/// Memory for [`Lstm::step`], reused from flow to flow; it carries nothing over.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    /// `(rows, inputs)` of the layer at work.
    inputs: Vec<f32>,
    /// `(blocks, rows, quad)`: what the first layer's sums begin with where there are categories.
    sums: Vec<f32>,
    /// `(rows, width)` made by the layer at work.
    outputs: Vec<f32>,
    /// `(rows, width)` made by the layer at work.
    cells: Vec<f32>,
    /// `(rows)`.
    logits: Vec<f32>,
}

/// Rows side by side that go one step forward together, each with its own state.
pub(crate) struct Lanes {
    /// A layer: `(lanes, width)` outputs and cell states.
    layers: Vec<(Vec<f32>, Vec<f32>)>,
    scratch: Scratch,
}

impl Lstm {
    /// The network of these weights.
    pub(crate) fn new(learned: Weights, inputs: Inputs, carries_state: bool) -> Self {
        let (weights, embedded) = embedding::one_hot(learned);
        let (panels, tables) = (Panels::of(Simd::detect(), &weights), weights.shape.table_rows());
        Lstm { weights, embedded, panels, tables, inputs, carries_state }
    }

    /// The weights that were learned.
    pub(crate) fn learned(&self) -> &Weights {
        self.embedded.as_ref().unwrap_or(&self.weights)
    }

    /// The same network with other weights.
    pub(crate) fn set_weights(&mut self, learned: Weights) {
        (self.weights, self.embedded) = embedding::one_hot(learned);
        self.panels.update(&self.weights);
    }

    /// The memory of an entity never seen.
    pub fn fresh_state(&self) -> LstmState {
        LstmState { values: vec![0.0; 2 * self.weights.shape.layers * self.panels.layout.width()] }
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
        scratch.inputs.clear();
        scratch.inputs.extend_from_slice(numeric);
        self.start_sums(scratch, [codes].into_iter());
        let width = self.panels.layout.width();
        for (l, memory) in state.values.chunks_exact_mut(2 * width).enumerate() {
            let (outputs, cells) = memory.split_at_mut(width);
            self.advance(scratch, l, outputs, cells);
        }
        self.judge(scratch);
        probability(scratch.logits[0])
    }

    /// Memory for up to `lanes` rows.
    pub(crate) fn lanes(&self, lanes: usize) -> Lanes {
        let memory = || vec![0.0; lanes * self.panels.layout.width()];
        let layers = (0..self.weights.shape.layers).map(|_| (memory(), memory())).collect();
        Lanes { layers, scratch: Scratch::default() }
    }

    /// One step of the first `rows.len()` lanes, one row of `dense` each; appends their probabilities to `scores`.
    pub(crate) fn step_lanes(&self, lanes: &mut Lanes, dense: &Dense, rows: &[u32], scores: &mut Vec<f32>) {
        let Lanes { layers, scratch } = lanes;
        scratch.inputs.clear();
        for &row in rows {
            scratch.inputs.extend_from_slice(dense.numeric_row(row as usize));
        }
        self.start_sums(scratch, rows.iter().map(|&row| dense.code_row(row as usize)));
        let len = rows.len() * self.panels.layout.width();
        for (l, (outputs, cells)) in layers.iter_mut().enumerate() {
            self.advance(scratch, l, &mut outputs[..len], &mut cells[..len]);
        }
        self.judge(scratch);
        scores.extend(scratch.logits.iter().map(|&logit| probability(logit)));
    }

    /// Forgets what the lanes carried.
    pub(crate) fn clear(&self, lanes: &mut Lanes) {
        for (outputs, cells) in &mut lanes.layers {
            outputs.fill(0.0);
            cells.fill(0.0);
        }
    }

    /// Bias and categories of the first layer, for rows of codes; nothing without categories.
    fn start_sums<'a>(&self, scratch: &mut Scratch, rows: impl ExactSizeIterator<Item = &'a [u32]>) {
        if self.tables.is_empty() {
            return;
        }
        let n = rows.len();
        scratch.sums.resize(n * self.panels.layout.gates(), 0.0);
        for (i, codes) in rows.enumerate() {
            self.panels.start_row(&self.weights, &self.tables, codes, &mut scratch.sums, n, i);
        }
    }

    /// One step of a layer, from `scratch.inputs` to its outputs in the same place; the state, `(rows, width)` each,
    /// moves on.
    fn advance(&self, scratch: &mut Scratch, l: usize, outputs: &mut [f32], cells: &mut [f32]) {
        let layout = self.panels.layout;
        let Scratch { inputs, sums, outputs: new_outputs, cells: new_cells, .. } = scratch;
        new_outputs.resize(outputs.len(), 0.0);
        new_cells.resize(cells.len(), 0.0);
        let rows = outputs.len() / layout.width();
        let step = Step {
            layout,
            layer: &self.panels.layers[l],
            rows,
            inputs,
            outputs: if self.carries_state { outputs } else { &[] },
            cells: if self.carries_state { cells } else { &[] },
            started: l == 0 && !self.tables.is_empty(),
        };
        let made = Made { gates: sums, n: rows, first: 0, squashed: &mut [], cells: new_cells, outputs: new_outputs };
        cell::forward(layout.simd, step, made);
        if self.carries_state {
            outputs.copy_from_slice(new_outputs);
            cells.copy_from_slice(new_cells);
        }
        std::mem::swap(inputs, new_outputs);
    }

    /// The logits of what the last layer put out.
    fn judge(&self, scratch: &mut Scratch) {
        let Panels { layout, head, head_bias, .. } = &self.panels;
        scratch.logits.resize(scratch.inputs.len() / layout.width(), 0.0);
        cell::head(layout.simd, &scratch.inputs, head, *head_bias, &mut scratch.logits);
    }

    /// Refuses inputs whose names, widths or codes are not those the network was trained with, and numbers that are not
    /// finite.
    pub fn check_inputs(&self, dense: &Dense) -> Result<(), LstmError> {
        self.inputs.check("scored", dense)
    }
}
