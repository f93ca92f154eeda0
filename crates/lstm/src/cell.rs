//! One step of one layer forward, for training and for scoring: products, gates and state in one go.
//!
//! With a = the four pre-activations: i, f, o = σ(a), g = tanh(a), c' = f·c + i·g, h = o·tanh(c'). Every sum runs over
//! the inputs, then over the outputs of the step before, each first to last: a row's result is the same bits whether it
//! comes alone or among others.

use crate::activation::{sigmoid, tanh};
use crate::panels::{Layer, Layout};
use crate::simd::{Vectors, multiversion};
use crate::tile::{Left, Right, accumulate, for_height, next_tile};

/// What a step starts step.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) layout: Layout,
    pub(crate) layer: &'a Layer,
    /// Rows of the step.
    pub(crate) rows: usize,
    /// `(rows, inputs of the layer)`.
    pub(crate) inputs: &'a [f32],
    /// `(rows, width)` outputs of the step before; empty at a cold start.
    pub(crate) outputs: &'a [f32],
    /// `(rows, width)` cell states of the step before; empty at a cold start.
    pub(crate) cells: &'a [f32],
    /// Whether the sums begin with what stands in [`Made::gates`], not with the bias alone.
    pub(crate) started: bool,
}

/// Where its results go.
pub(crate) struct Made<'a> {
    /// `(blocks, n, quad)`: the gates of more steps than this one; may be empty when they are neither started nor kept.
    pub(crate) gates: &'a mut [f32],
    /// Rows of `gates`.
    pub(crate) n: usize,
    /// The step's first row in `gates`.
    pub(crate) first: usize,
    /// `(rows, width)` tanh of the new cell states. Empty when nothing but state and output is kept, as in scoring.
    pub(crate) squashed: &'a mut [f32],
    /// `(rows, width)`.
    pub(crate) cells: &'a mut [f32],
    /// `(rows, width)`.
    pub(crate) outputs: &'a mut [f32],
}

multiversion! {
    /// Takes the step.
    pub(crate) fn forward = forward_body(step: Step<'_>, made: Made<'_>)
}

#[inline(always)]
fn forward_body<S: Vectors>(s: S, step: Step<'_>, mut made: Made<'_>) {
    for block in 0..step.layout.blocks {
        let mut left = 0..step.rows;
        while !left.is_empty() {
            let height = next_tile(&left, S::ROWS);
            for_height!(height, forward_tile::<S>(s, &step, &mut made, block, left.start));
            left.start += height;
        }
    }
}

/// `R` rows of one block, from row `at` of the step on.
#[inline(always)]
fn forward_tile<S: Vectors, const R: usize>(s: S, step: &Step<'_>, made: &mut Made<'_>, block: usize, at: usize) {
    let (layer, width, quad) = (step.layer, step.layout.width(), 4 * S::LANES);
    let mut sums = [[s.splat(0.0); 4]; R];
    for r in 0..R {
        let start = if step.started {
            &made.gates[(block * made.n + made.first + at + r) * quad..][..quad]
        } else {
            &layer.bias[block * quad..][..quad]
        };
        for gate in 0..4 {
            sums[r][gate] = s.load(&start[gate * S::LANES..]);
        }
    }
    let k = layer.inputs;
    let left = Left { values: &step.inputs[at * k..], row_stride: k, step: 1 };
    let right = Right { values: &layer.input[block * k * quad..], stride: quad };
    accumulate(s, &mut sums, left, right, k);
    if !step.outputs.is_empty() {
        let left = Left { values: &step.outputs[at * width..], row_stride: width, step: 1 };
        let right = Right { values: &layer.recurrent[block * width * quad..], stride: quad };
        accumulate(s, &mut sums, left, right, width);
    }
    for r in 0..R {
        let unit = (at + r) * width + block * S::LANES;
        let before = if step.cells.is_empty() { s.splat(0.0) } else { s.load(&step.cells[unit..]) };
        let gates = [sigmoid(s, sums[r][0]), sigmoid(s, sums[r][1]), tanh(s, sums[r][2]), sigmoid(s, sums[r][3])];
        let cell = s.multiply_add(gates[1], before, s.multiply(gates[0], gates[2]));
        let squashed = tanh(s, cell);
        s.store(cell, &mut made.cells[unit..]);
        s.store(s.multiply(gates[3], squashed), &mut made.outputs[unit..]);
        if !made.squashed.is_empty() {
            s.store(squashed, &mut made.squashed[unit..]);
            let kept = &mut made.gates[(block * made.n + made.first + at + r) * quad..][..quad];
            for gate in 0..4 {
                s.store(gates[gate], &mut kept[gate * S::LANES..]);
            }
        }
    }
}

multiversion! {
    /// `logits[r] = outputs[r] · head + bias` for `outputs` `(rows, width)`.
    pub(crate) fn head = head_body(outputs: &[f32], head: &[f32], bias: f32, logits: &mut [f32])
}

#[inline(always)]
fn head_body<S: Vectors>(s: S, outputs: &[f32], head: &[f32], bias: f32, logits: &mut [f32]) {
    for (logit, row) in logits.iter_mut().zip(outputs.chunks_exact(head.len())) {
        let mut sums = s.splat(0.0);
        for (x, w) in row.chunks_exact(S::LANES).zip(head.chunks_exact(S::LANES)) {
            sums = s.multiply_add(s.load(x), s.load(w), sums);
        }
        let mut lanes = [0f32; 16];
        s.store(sums, &mut lanes);
        *logit = lanes.iter().sum::<f32>() + bias;
    }
}
