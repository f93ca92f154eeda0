//! The trained network and its step: what a flow's score is.

use nta_data::Dense;

use crate::LstmError;
use crate::cell::{self, Panels, Step, StepResults};
use crate::input::Inputs;
use crate::kernel::{Aligned, Simd, probability};
use crate::score::state::LstmState;
use crate::weights::{Weights, embedding};

/// A trained network.
#[derive(Debug, Clone, PartialEq)]
pub struct Lstm {
    /// One-hot, what a step computes with.
    pub(crate) weights: Weights,
    /// Where categories are embedded: what was learned, and is saved, in place of `weights`.
    embedded: Option<Weights>,
    /// The weights as the CPU takes them.
    pub(crate) panels: Panels,
    /// Rows of the first layer's matrix where the categories' tables begin.
    pub(crate) tables: Vec<u32>,
    pub(crate) inputs: Inputs,
    /// Whether a flow is judged by what came before it; not when trained with `sequence.length: 1`.
    pub(crate) carries_state: bool,
}

/// Memory for [`Lstm::step`], reused from flow to flow; it carries nothing over.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    /// What comes into the layer at work.
    inputs: Aligned,
    /// `(blocks, quad)`: what the first layer's sums begin with where there are categories.
    sums: Aligned,
    /// `(width)` made by the layer at work.
    outputs: Aligned,
    /// `(width)` made by the layer at work.
    cells: Aligned,
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
        scratch.inputs.resize(numeric.len());
        scratch.inputs.copy_from_slice(numeric);
        if !self.tables.is_empty() {
            scratch.sums.resize(self.panels.layout.gates());
            self.panels.start_row(&self.weights, &self.tables, codes, &mut scratch.sums, 1, 0);
        }
        let width = self.panels.layout.width();
        for (l, memory) in state.values.chunks_exact_mut(2 * width).enumerate() {
            let (outputs, cells) = memory.split_at_mut(width);
            self.advance(scratch, l, outputs, cells);
        }
        let Panels { layout, head, head_bias, .. } = &self.panels;
        let mut logit = [0.0];
        cell::head(layout.simd, &scratch.inputs, head, *head_bias, &mut logit);
        probability(logit[0])
    }

    /// One step of a layer, from `scratch.inputs` to its outputs in the same place; the state, `(width)` each, moves on.
    fn advance(&self, scratch: &mut Scratch, l: usize, outputs: &mut [f32], cells: &mut [f32]) {
        let layout = self.panels.layout;
        let Scratch { inputs, sums, outputs: new_outputs, cells: new_cells } = scratch;
        new_outputs.resize(outputs.len());
        new_cells.resize(cells.len());
        let step = Step {
            layout,
            layer: &self.panels.layers[l],
            rows: 1,
            inputs,
            outputs: if self.carries_state { outputs } else { &[] },
            cells: if self.carries_state { cells } else { &[] },
            started: l == 0 && !self.tables.is_empty(),
            from_last: false,
        };
        let (squashed, words) = (&mut [][..], &mut [][..]);
        let results =
            StepResults { gates: sums, n: 1, first: 0, squashed, cells: new_cells, outputs: new_outputs, words };
        cell::forward(layout.simd, step, results);
        if self.carries_state {
            outputs.copy_from_slice(new_outputs);
            cells.copy_from_slice(new_cells);
        }
        std::mem::swap(inputs, new_outputs);
    }

    /// Refuses inputs whose names, widths or codes are not those the network was trained with, and numbers that are not
    /// finite.
    ///
    /// # Errors
    /// The first difference, by its place and name.
    pub fn check_inputs(&self, dense: &Dense) -> Result<(), LstmError> {
        self.inputs.check("scored", dense)
    }
}
