//! The arithmetic of one LSTM step on rows of gates, forward and back, compiled for this CPU's vectors.
//!
//! With a = the four pre-activations: i, f, o = σ(a), g = tanh(a), c' = f·c + i·g, h = o·tanh(c').

use crate::activation::{sigmoid, tanh};
use crate::simd::{multiply_add, multiversion};

multiversion! {
    /// Turns `(n, 4·hidden)` pre-activations into gates in place and writes the new cell state, its tanh and the output,
    /// each `(n, hidden)`. `before` is the cell state of the step before, or empty at the first step.
    pub(crate) fn forward = forward_body(
        hidden: usize,
        gates: &mut [f32],
        before: &[f32],
        cell: &mut [f32],
        squashed: &mut [f32],
        output: &mut [f32],
    )
}

#[inline(always)]
fn forward_body<const FUSED: bool>(
    hidden: usize,
    gates: &mut [f32],
    before: &[f32],
    cell: &mut [f32],
    squashed: &mut [f32],
    output: &mut [f32],
) {
    for (r, row) in gates.chunks_exact_mut(4 * hidden).enumerate() {
        let (first_two, rest) = row.split_at_mut(2 * hidden);
        for value in first_two.iter_mut() {
            *value = sigmoid::<FUSED>(*value);
        }
        let (inputs, forgets) = first_two.split_at(hidden);
        let (candidates, outputs) = rest.split_at_mut(hidden);
        let at = r * hidden..(r + 1) * hidden;
        let cell = &mut cell[at.clone()];
        let squashed = &mut squashed[at.clone()];
        let output = &mut output[at.clone()];
        for value in candidates.iter_mut() {
            *value = tanh::<FUSED>(*value);
        }
        for value in outputs.iter_mut() {
            *value = sigmoid::<FUSED>(*value);
        }
        for j in 0..hidden {
            cell[j] = inputs[j] * candidates[j];
        }
        if !before.is_empty() {
            let before = &before[at];
            for j in 0..hidden {
                cell[j] = multiply_add::<FUSED>(forgets[j], before[j], cell[j]);
            }
        }
        for j in 0..hidden {
            squashed[j] = tanh::<FUSED>(cell[j]);
            output[j] = outputs[j] * squashed[j];
        }
    }
}

multiversion! {
    /// Turns `(n, 4·hidden)` gates in place into the loss's derivatives by the pre-activations. `d_output` `(n, hidden)`
    /// is the derivative by the step's output; `d_cell` `(n, hidden)` comes in as the derivative by the new cell state
    /// from the step after, and goes out as that by the state before.
    pub(crate) fn backward = backward_body(
        hidden: usize,
        gates: &mut [f32],
        before: &[f32],
        squashed: &[f32],
        d_output: &[f32],
        d_cell: &mut [f32],
    )
}

#[inline(always)]
fn backward_body<const FUSED: bool>(
    hidden: usize,
    gates: &mut [f32],
    before: &[f32],
    squashed: &[f32],
    d_output: &[f32],
    d_cell: &mut [f32],
) {
    for (r, row) in gates.chunks_exact_mut(4 * hidden).enumerate() {
        let (inputs, rest) = row.split_at_mut(hidden);
        let (forgets, rest) = rest.split_at_mut(hidden);
        let (candidates, outputs) = rest.split_at_mut(hidden);
        let at = r * hidden..(r + 1) * hidden;
        let squashed = &squashed[at.clone()];
        let d_output = &d_output[at.clone()];
        let d_cell = &mut d_cell[at.clone()];
        for j in 0..hidden {
            let (o, s) = (outputs[j], squashed[j]);
            let d = multiply_add::<FUSED>(d_output[j] * o, 1.0 - s * s, d_cell[j]);
            outputs[j] = d_output[j] * s * o * (1.0 - o);
            d_cell[j] = d;
        }
        for j in 0..hidden {
            let (i, g, d) = (inputs[j], candidates[j], d_cell[j]);
            inputs[j] = d * g * i * (1.0 - i);
            candidates[j] = d * i * (1.0 - g * g);
        }
        if before.is_empty() {
            forgets.fill(0.0);
            continue;
        }
        let before = &before[at];
        for j in 0..hidden {
            let (f, d) = (forgets[j], d_cell[j]);
            forgets[j] = d * before[j] * f * (1.0 - f);
            d_cell[j] = d * f;
        }
    }
}

multiversion! {
    /// Adds `row` to `sum`.
    pub(crate) fn add = add_body(sum: &mut [f32], row: &[f32])
}

#[inline(always)]
fn add_body<const FUSED: bool>(sum: &mut [f32], row: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += value;
    }
}
