//! Weights laid out for the vector unit: a hidden unit's four gates beside each other.
//!
//! A *block* is as many hidden units as a vector has lanes, a *quad* their four gates, `[input, forget, cell, output]`,
//! each one vector. A matrix `(k, 4·hidden)` becomes `(blocks, k, quad)`: one block is a run of memory, its sums are the
//! gates of its units, and these never leave the registers between the product and the activation. Hidden units are
//! filled up to whole blocks with units whose weights are 0; such a unit's output and derivatives are 0.

use std::ops::Range;

use crate::kernel::{Aligned, Simd, Vectors, multiversion, words};
use crate::weights::{Parameter, Shape, Weights};

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

    /// Hidden units with those filled up, in words.
    pub(crate) fn words(&self) -> usize {
        self.width() / self.simd.terms()
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
    pub(crate) head: Aligned,
    pub(crate) head_bias: f32,
}

/// One layer's.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layer {
    /// Words that come in: the numeric inputs, or the width of the layer below.
    pub(crate) inputs: usize,
    /// `(blocks, quad)`.
    pub(crate) bias: Aligned,
    /// `(blocks, inputs, quad)`.
    pub(crate) input: Aligned,
    /// `(blocks, width, quad)`.
    pub(crate) recurrent: Aligned,
}

impl Layer {
    /// Room for what [`Layer::join`] makes of the other.
    pub(crate) fn to_join(other: &Layer, layout: Layout) -> Self {
        let (inputs, gates) = (other.inputs.div_ceil(layout.simd.terms()), layout.gates());
        let zeros = |rows: usize| Aligned::zeros(rows * gates);
        Layer { inputs, bias: zeros(1), input: zeros(inputs), recurrent: zeros(layout.words()) }
    }

    /// Takes the values of the other, whose words are single terms, as words of two.
    pub(crate) fn join(&mut self, other: &Layer, layout: Layout) {
        self.bias.copy_from_slice(&other.bias);
        let join = |from: &[f32], from_rows: usize, to: &mut [f32], to_rows: usize| {
            for block in 0..layout.blocks {
                let from = &from[block * from_rows * layout.quad()..][..from_rows * layout.quad()];
                words::join_rows(layout.simd, from, layout.quad(), &mut to[block * to_rows * layout.quad()..]);
            }
        };
        join(&other.input, other.inputs, &mut self.input, self.inputs);
        join(&other.recurrent, layout.width(), &mut self.recurrent, layout.words());
    }
}

impl Panels {
    /// The weights, laid out for a vector unit.
    pub(crate) fn of(simd: Simd, weights: &Weights) -> Self {
        let mut panels = Panels::zeros(simd, &weights.shape);
        panels.update(weights);
        panels
    }

    pub(crate) fn zeros(simd: Simd, shape: &Shape) -> Self {
        let layout = Layout::new(simd, shape);
        let gates = layout.gates();
        let layer = |l: usize| {
            let inputs = if l == 0 { shape.n_numeric } else { layout.width() };
            let zeros = |rows: usize| Aligned::zeros(rows * gates);
            Layer { inputs, bias: zeros(1), input: zeros(inputs), recurrent: zeros(layout.width()) }
        };
        let layers = (0..shape.layers).map(layer).collect();
        Panels { layout, layers, head: Aligned::zeros(layout.width()), head_bias: 0.0 }
    }

    /// Takes new values; the shape is the same.
    pub(crate) fn update(&mut self, weights: &Weights) {
        let shape = &weights.shape;
        let layout = self.layout;
        for (l, layer) in self.layers.iter_mut().enumerate() {
            let dense = if l == 0 { shape.n_numeric } else { shape.hidden };
            layout.fill(weights.of(Parameter::Bias(l)), &mut layer.bias, 1);
            layout.fill(&weights.of(Parameter::Input(l))[..dense * shape.gates()], &mut layer.input, layer.inputs);
            layout.fill(weights.of(Parameter::Recurrent(l)), &mut layer.recurrent, layout.width());
        }
        self.head[..shape.hidden].copy_from_slice(weights.of(Parameter::HeadWeight));
        self.head_bias = weights.of(Parameter::HeadBias)[0];
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
        let (matrix, bias) = (weights.of(Parameter::Input(0)), &self.layers[0].bias);
        start_with(self.layout.simd, self.layout, bias, matrix, tables, codes, sums, rows, row);
    }
}

multiversion! {
    /// Makes row `row` of `sums` `(blocks, rows, quad)` the `bias` `(blocks, quad)` and, added in their order, the rows of
    /// `matrix` `(k, 4·hidden)` at each of `tables` and its code.
    fn start_with = start_with_body(
        layout: Layout,
        bias: &[f32],
        matrix: &[f32],
        tables: &[u32],
        codes: &[u32],
        sums: &mut [f32],
        rows: usize,
        row: usize,
    )
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn start_with_body<S: Vectors>(
    s: S,
    layout: Layout,
    bias: &[f32],
    matrix: &[f32],
    tables: &[u32],
    codes: &[u32],
    sums: &mut [f32],
    rows: usize,
    row: usize,
) {
    let n_gates = 4 * layout.hidden;
    for block in 0..layout.blocks {
        let units = S::LANES.min(layout.hidden - block * S::LANES);
        for gate in 0..4 {
            let other = gate * layout.hidden + block * S::LANES;
            let bias = &bias[(4 * block + gate) * S::LANES..][..S::LANES];
            let sum = &mut sums[(4 * (block * rows + row) + gate) * S::LANES..][..S::LANES];
            if units < S::LANES {
                sum.copy_from_slice(bias);
                for (code, table) in codes.iter().zip(tables) {
                    add(s, sum, &matrix[(table + code) as usize * n_gates + other..][..units]);
                }
                continue;
            }
            let mut started = s.load(bias);
            for (code, table) in codes.iter().zip(tables) {
                started = s.add(started, s.load(&matrix[(table + code) as usize * n_gates + other..]));
            }
            s.store(started, sum);
        }
    }
}

multiversion! {
    /// Adds row `row` of `from` `(blocks, rows, quad)` to `sums` `(4·hidden)`.
    pub(crate) fn add_row =
        add_row_body(layout: Layout, sums: &mut [f32], from: &[f32], rows: usize, row: usize)
}

#[inline(always)]
fn add_row_body<S: Vectors>(s: S, layout: Layout, sums: &mut [f32], from: &[f32], rows: usize, row: usize) {
    for block in 0..layout.blocks {
        for gate in 0..4 {
            let (at, other) = ((block * rows + row) * 4 * S::LANES, gate * layout.hidden + block * S::LANES);
            let units = S::LANES.min(layout.hidden - block * S::LANES);
            add(s, &mut sums[other..], &from[at + gate * S::LANES..][..units]);
        }
    }
}

/// Adds the units of one gate of a block: a vector, or fewer in the last block.
#[inline(always)]
fn add<S: Vectors>(s: S, sums: &mut [f32], from: &[f32]) {
    if from.len() == S::LANES {
        s.store(s.add(s.load(sums), s.load(from)), sums);
    } else {
        for (sum, x) in sums.iter_mut().zip(from) {
            *sum += x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_into_blocks_and_come_back_on_every_vector_unit() {
        for hidden in [3, 16, 20] {
            let shape = Shape { n_numeric: 1, cardinality: vec![], embedding: None, hidden, layers: 1 };
            for simd in Simd::all() {
                let layout = Layout::new(simd, &shape);
                let matrix: Vec<f32> = (1..=8 * hidden).map(|i| i as f32).collect();
                let mut filled = vec![0.0; 2 * layout.gates()];
                layout.fill(&matrix, &mut filled, 2);
                // Unit 2's forget gate of row 1 stands in block 0, in its quad's second vector.
                assert_eq!(filled[layout.quad() + layout.lanes + 2], matrix[4 * hidden + hidden + 2]);
                let mut added = vec![0.0; 2 * layout.gates()];
                let mut back = vec![0.0; 8 * hidden];
                let bias = vec![0.0; layout.gates()];
                for row in 0..2 {
                    start_with(simd, layout, &bias, &matrix, &[row as u32], &[0], &mut added, 2, row);
                }
                for (row, to) in back.chunks_exact_mut(4 * hidden).enumerate() {
                    add_row(simd, layout, to, &added, 2, row);
                }
                assert_eq!(added, filled);
                assert_eq!(back, matrix);
                assert_eq!(filled.iter().filter(|&&x| x != 0.0).count(), matrix.len(), "what fills up is 0");
            }
        }
    }
}
