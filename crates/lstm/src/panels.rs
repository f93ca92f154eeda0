//! Weights laid out for the vector unit: a hidden unit's four gates beside each other.
//!
//! A *block* is as many hidden units as a vector has lanes, a *quad* their four gates, `[input, forget, cell, output]`,
//! each one vector. A matrix `(k, 4·hidden)` becomes `(blocks, k, quad)`: one block is a run of memory, its sums are the
//! gates of its units, and these never leave the registers between the product and the activation. Hidden units are
//! filled up to whole blocks with units whose weights are 0; such a unit's output and derivatives are 0.

use std::ops::Range;

use crate::shape::{Part, Shape};
use crate::simd::Simd;
use crate::weights::Weights;

/// How a network's gates stand in vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) simd: Simd,
    /// Hidden units of the network.
    pub(crate) hidden: usize,
    /// Hidden units in a block.
    pub(crate) lanes: usize,
    /// Blocks of a layer.
    pub(crate) blocks: usize,
}

impl Layout {
    pub(crate) fn new(simd: Simd, shape: &Shape) -> Self {
        let lanes = simd.lanes();
        Layout { simd, hidden: shape.hidden, lanes, blocks: shape.hidden.div_ceil(lanes) }
    }

    /// Hidden units with those filled up.
    pub(crate) fn width(&self) -> usize {
        self.blocks * self.lanes
    }

    /// Gates of one block.
    pub(crate) fn quad(&self) -> usize {
        4 * self.lanes
    }

    /// Gates with those filled up.
    pub(crate) fn gates(&self) -> usize {
        4 * self.width()
    }

    /// Where the gates of a row stand as runs: `(block, place within the quad, place within a row of 4·hidden)`.
    pub(crate) fn runs(self) -> impl Iterator<Item = (usize, Range<usize>, Range<usize>)> {
        (0..self.blocks).flat_map(move |block| {
            let units = self.lanes.min(self.hidden - block * self.lanes);
            (0..4).map(move |gate| {
                let (at, from) = (gate * self.lanes, gate * self.hidden + block * self.lanes);
                (block, at..at + units, from..from + units)
            })
        })
    }

    /// `(k, 4·hidden)` to the first rows of each block of `(blocks, rows, quad)`.
    fn fill(self, matrix: &[f32], panels: &mut [f32], rows: usize) {
        let quad = self.quad();
        for (block, to, from) in self.runs() {
            let panel = panels[block * rows * quad..(block + 1) * rows * quad].chunks_exact_mut(quad);
            for (to_row, row) in panel.zip(matrix.chunks_exact(4 * self.hidden)) {
                to_row[to.clone()].copy_from_slice(&row[from.clone()]);
            }
        }
    }
}

/// A network's weights for the way forward, but those of its categories.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Panels {
    pub(crate) layout: Layout,
    pub(crate) layers: Vec<Layer>,
    /// `(width)`.
    pub(crate) head: Vec<f32>,
    pub(crate) head_bias: f32,
}

/// One layer's.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layer {
    /// Numbers that come in: the numeric inputs, or the width of the layer below.
    pub(crate) inputs: usize,
    /// `(blocks, quad)`.
    pub(crate) bias: Vec<f32>,
    /// `(blocks, inputs, quad)`.
    pub(crate) input: Vec<f32>,
    /// `(blocks, width, quad)`.
    pub(crate) recurrent: Vec<f32>,
}

impl Panels {
    /// The weights, laid out for this CPU.
    pub(crate) fn of(weights: &Weights) -> Self {
        let mut panels = Panels::zeros(Simd::detect(), &weights.shape);
        panels.update(weights);
        panels
    }

    pub(crate) fn zeros(simd: Simd, shape: &Shape) -> Self {
        let layout = Layout::new(simd, shape);
        let gates = layout.gates();
        let layer = |l: usize| {
            let inputs = if l == 0 { shape.n_numeric } else { layout.width() };
            let zeros = |rows: usize| vec![0.0; rows * gates];
            Layer { inputs, bias: zeros(1), input: zeros(inputs), recurrent: zeros(layout.width()) }
        };
        let layers = (0..shape.layers).map(layer).collect();
        Panels { layout, layers, head: vec![0.0; layout.width()], head_bias: 0.0 }
    }

    /// Takes new values; the shape is the same.
    pub(crate) fn update(&mut self, weights: &Weights) {
        let shape = &weights.shape;
        let layout = self.layout;
        for (l, layer) in self.layers.iter_mut().enumerate() {
            let dense = if l == 0 { shape.n_numeric } else { shape.hidden };
            layout.fill(weights.part(Part::Bias(l)), &mut layer.bias, 1);
            layout.fill(&weights.part(Part::Input(l))[..dense * shape.gates()], &mut layer.input, layer.inputs);
            layout.fill(weights.part(Part::Recurrent(l)), &mut layer.recurrent, layout.width());
        }
        self.head[..shape.hidden].copy_from_slice(weights.part(Part::HeadWeight));
        self.head_bias = weights.part(Part::HeadBias)[0];
    }

    /// Makes `sums` `(blocks, rows, quad)` begin, in row `row` of `rows`, with the bias and the weights of a row's
    /// categories.
    pub(crate) fn start_row(
        &self,
        weights: &Weights,
        tables: &[u32],
        codes: &[u32],
        sums: &mut [f32],
        rows: usize,
        row: usize,
    ) {
        let (quad, n_gates) = (self.layout.quad(), weights.shape.gates());
        for (bias, block) in self.layers[0].bias.chunks_exact(quad).zip(sums.chunks_exact_mut(rows * quad)) {
            block[row * quad..(row + 1) * quad].copy_from_slice(bias);
        }
        let matrix = weights.part(Part::Input(0));
        for (&code, &table) in codes.iter().zip(tables) {
            let code_row = &matrix[(table + code) as usize * n_gates..][..n_gates];
            for (block, to, from) in self.layout.runs() {
                let at = (block * rows + row) * quad;
                for (sum, weight) in sums[at + to.start..at + to.end].iter_mut().zip(&code_row[from]) {
                    *sum += weight;
                }
            }
        }
    }
}
