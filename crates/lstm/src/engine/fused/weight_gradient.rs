//! The gradient by a layer's weights and by the head's, from the derivatives by what they made.

// Arrays of vectors stay in registers when they are indexed by numbers that the compiler knows.
#![allow(clippy::needless_range_loop)]

use crate::kernel::{Left, Right, Vectors, accumulate, for_height, multiversion, next_tile};

/// The derivatives that a gradient by weights is summed from. A row of words is a row of the pack, or a pair of rows: these
/// are what the sums run over.
#[derive(Clone, Copy)]
pub(super) struct GateDerivatives<'a> {
    /// `(blocks, n, quad)` derivatives by the pre-activations.
    pub(super) d_gates: &'a [f32],
    pub(super) blocks: usize,
    pub(super) n: usize,
    /// The first of the rows that are summed, and their number.
    pub(super) first: usize,
    pub(super) rows: usize,
}

multiversion! {
    /// Adds what the rows contribute to the gradient `(blocks, k, quad)` of a matrix that they came through as `inputs`
    /// `(rows, k)`.
    pub(super) fn by_weights = by_weights_body(derivatives: GateDerivatives<'_>, inputs: &[f32], k: usize, gradient: &mut [f32])
}

#[inline(always)]
fn by_weights_body<S: Vectors>(s: S, derivatives: GateDerivatives<'_>, inputs: &[f32], k: usize, gradient: &mut [f32]) {
    for block in 0..derivatives.blocks {
        let mut left = 0..k;
        while !left.is_empty() {
            let height = next_tile(&left, S::ROWS);
            for_height!(height, by_weights_tile::<S>(s, derivatives, inputs, k, gradient, block, left.start));
            left.start += height;
        }
    }
}

/// `R` rows of the matrix, from `at` on.
#[inline(always)]
fn by_weights_tile<S: Vectors, const R: usize>(
    s: S,
    derivatives: GateDerivatives<'_>,
    inputs: &[f32],
    k: usize,
    gradient: &mut [f32],
    block: usize,
    at: usize,
) {
    let quad = 4 * S::LANES;
    let place = (block * k + at) * quad;
    let mut sums = [[s.splat(0.0); 4]; R];
    for r in 0..R {
        for c in 0..4 {
            sums[r][c] = s.load(&gradient[place + r * quad + c * S::LANES..]);
        }
    }
    let left = Left { values: &inputs[at..], row_stride: 1, step: k };
    let right = Right {
        values: &derivatives.d_gates[(block * derivatives.n + derivatives.first) * quad..],
        stride: quad,
        panel: 0,
    };
    accumulate(s, &mut sums, left, right, derivatives.rows);
    for r in 0..R {
        for c in 0..4 {
            s.store(sums[r][c], &mut gradient[place + r * quad + c * S::LANES..]);
        }
    }
}

multiversion! {
    /// Adds the derivatives of the rows, no pairs, to the gradient `(blocks, quad)` of the bias.
    pub(super) fn by_bias = by_bias_body(derivatives: GateDerivatives<'_>, gradient: &mut [f32])
}

#[inline(always)]
fn by_bias_body<S: Vectors>(s: S, derivatives: GateDerivatives<'_>, gradient: &mut [f32]) {
    let quad = 4 * S::LANES;
    for block in 0..derivatives.blocks {
        let mut sums = [s.splat(0.0); 4];
        for c in 0..4 {
            sums[c] = s.load(&gradient[block * quad + c * S::LANES..]);
        }
        for row in derivatives.d_gates[(block * derivatives.n + derivatives.first) * quad..][..derivatives.rows * quad]
            .chunks_exact(quad)
        {
            for c in 0..4 {
                sums[c] = s.add(sums[c], s.load(&row[c * S::LANES..]));
            }
        }
        for c in 0..4 {
            s.store(sums[c], &mut gradient[block * quad + c * S::LANES..]);
        }
    }
}

multiversion! {
    /// From the derivatives `(n)` by the logits to those `(n, width)` by what the head saw; adds to the head's gradient
    /// `(width)`.
    pub(super) fn by_head =
        by_head_body(d_logits: &[f32], head: &[f32], seen: &[f32], d_seen: &mut [f32], gradient: &mut [f32])
}

#[inline(always)]
fn by_head_body<S: Vectors>(
    s: S,
    d_logits: &[f32],
    head: &[f32],
    seen: &[f32],
    d_seen: &mut [f32],
    gradient: &mut [f32],
) {
    let width = head.len();
    for ((&d, seen), d_seen) in d_logits.iter().zip(seen.chunks_exact(width)).zip(d_seen.chunks_exact_mut(width)) {
        let d = s.splat(d);
        for at in (0..width).step_by(S::LANES) {
            let sum = s.multiply_add(d, s.load(&seen[at..]), s.load(&gradient[at..]));
            s.store(sum, &mut gradient[at..]);
            s.store(s.multiply(d, s.load(&head[at..])), &mut d_seen[at..]);
        }
    }
}
