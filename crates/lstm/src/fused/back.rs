//! Derivatives of a layer: one step back through time, and the products that this takes.

// Arrays of vectors stay in registers when they are indexed by numbers that the compiler knows.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::aligned::Aligned;
use crate::panels::Layout;
use crate::shape::Part;
use crate::simd::{Vectors, multiversion};
use crate::tile::{Left, Right, accumulate, for_height, next_tile};
use crate::weights::Weights;
use crate::words;

/// Blocks whose derivatives are summed side by side.
const WIDE: usize = 4;

/// A matrix from hidden units (of this layer or the one below) to gates, turned: for each group of [`WIDE`] blocks, and
/// each block that is left over, `(gates, units of the group)`.
pub(super) struct Turned {
    layout: Layout,
    values: Aligned,
    /// The same in words of two gates; empty where a word is one term.
    words: Aligned,
}

impl Turned {
    pub(super) fn new(layout: Layout) -> Self {
        let words = if layout.simd.terms() > 1 { layout.words() * layout.gates() } else { 0 };
        Turned { layout, values: Aligned::zeros(layout.width() * layout.gates()), words: Aligned::zeros(words) }
    }

    /// Rows of words from those of a block on.
    #[inline(always)]
    fn panel(&self, block: usize) -> &[f32] {
        let values = if self.words.is_empty() { &self.values } else { &self.words };
        &values[block * self.layout.lanes * self.layout.gates() / self.layout.simd.terms()..]
    }

    /// From `(hidden, 4·hidden)`.
    pub(super) fn update(&mut self, weights: &Weights, part: Part) {
        let layout = self.layout;
        let (hidden, n_gates, quad) = (weights.shape.hidden, weights.shape.gates(), layout.quad());
        let matrix = weights.part(part);
        for group in groups(layout.blocks) {
            let (first, units) = (group.start * layout.lanes, group.len() * layout.lanes);
            let panel = &mut self.values[first * layout.gates()..][..units * layout.gates()];
            let there = units.min(hidden - first);
            for (block, to, from) in layout.runs() {
                for (to, from) in to.zip(from) {
                    let row = &mut panel[(block * quad + to) * units..][..there];
                    for (unit, value) in row.iter_mut().enumerate() {
                        *value = matrix[(first + unit) * n_gates + from];
                    }
                }
            }
            if !self.words.is_empty() {
                let at = first * layout.gates() / layout.simd.terms();
                words::join_rows(layout.simd, panel, units, &mut self.words[at..]);
            }
        }
    }
}

/// Blocks in groups of [`WIDE`], the rest one by one.
#[inline(always)]
fn groups(blocks: usize) -> impl Iterator<Item = Range<usize>> {
    let whole = blocks - blocks % WIDE;
    (0..whole).step_by(WIDE).map(|b| b..b + WIDE).chain((whole..blocks).map(|b| b..b + 1))
}

/// The rows of a step.
pub(super) struct Step<'a> {
    pub(super) layout: Layout,
    /// Rows of all steps.
    pub(super) n: usize,
    /// The step's rows.
    pub(super) rows: Range<usize>,
    /// Rows of the step after that go on from the first of these.
    pub(super) after: Range<usize>,
    /// Recurrent weights.
    pub(super) turned: &'a Turned,
    /// `(rows, width)` cell states of the step before; empty at the first step.
    pub(super) cells_before: &'a [f32],
    /// `(rows, width)` tanh of the step's cell states.
    pub(super) squashed: &'a [f32],
    /// `(rows, width)`: derivative by the step's outputs but for what the step after makes of them.
    pub(super) d_outputs: &'a [f32],
}

/// What a step back turns into derivatives of the loss.
pub(super) struct Turns<'a> {
    /// `(blocks, n, quad)`: gates, then the derivatives by the pre-activations.
    pub(super) gates: &'a mut [f32],
    /// `(blocks, n, words of quad)`: these again, for products. Unused where a word is one term.
    pub(super) words: &'a mut [f32],
    /// `(rows, width)`: the derivative by the step's cell states from the step after, then that by the states before.
    pub(super) d_cells: &'a mut [f32],
}

multiversion! {
    /// Goes through one step.
    pub(super) fn backward = backward_body(step: Step<'_>, turns: Turns<'_>)
}

#[inline(always)]
fn backward_body<S: Vectors>(s: S, step: Step<'_>, mut turns: Turns<'_>) {
    let whole = step.layout.blocks - step.layout.blocks % WIDE;
    // Rows that go on, then rows that end here.
    for rows in [0..step.after.len(), step.after.len()..step.rows.len()] {
        let mut left = rows;
        while !left.is_empty() {
            let height = next_tile(&left, S::ROWS);
            let mut block = 0;
            while block < step.layout.blocks {
                if block < whole {
                    for_height!(height, backward_tile::<S, WIDE>(s, &step, &mut turns, block, left.start));
                    block += WIDE;
                } else {
                    for_height!(height, backward_tile::<S, ONE>(s, &step, &mut turns, block, left.start));
                    block += 1;
                }
            }
            left.start += height;
        }
    }
}

/// One block.
const ONE: usize = 1;

/// `R` rows of `C` blocks from `block` on, from row `at` of the step on.
#[inline(always)]
fn backward_tile<S: Vectors, const R: usize, const C: usize>(
    s: S,
    step: &Step<'_>,
    turns: &mut Turns<'_>,
    block: usize,
    at: usize,
) {
    let (width, quad) = (step.layout.width(), 4 * S::LANES);
    let mut sums = [[s.splat(0.0); C]; R];
    for r in 0..R {
        for c in 0..C {
            sums[r][c] = s.load(&step.d_outputs[(at + r) * width + (block + c) * S::LANES..]);
        }
    }
    if at < step.after.len() {
        let d_gates = if S::TERMS > 1 { &*turns.words } else { &*turns.gates };
        through::<S, R, C>(s, &mut sums, d_gates, step.n, step.after.start + at, step.turned, block);
    }
    for r in 0..R {
        for c in 0..C {
            let unit = (at + r) * width + (block + c) * S::LANES;
            let before = if step.cells_before.is_empty() { s.splat(0.0) } else { s.load(&step.cells_before[unit..]) };
            let squashed = s.load(&step.squashed[unit..]);
            let d_cell = s.load(&turns.d_cells[unit..]);
            let place = ((block + c) * step.n + step.rows.start + at + r) * quad;
            let kept = &mut turns.gates[place..][..quad];
            let d_cell = derive(s, kept, sums[r][c], before, squashed, d_cell);
            s.store(d_cell, &mut turns.d_cells[unit..]);
            if S::TERMS > 1 {
                for gate in (0..quad).step_by(S::LANES) {
                    s.store_words(s.load(&kept[gate..]), &mut turns.words[(place + gate) / S::TERMS..]);
                }
            }
        }
    }
}

/// One quad of gates into derivatives; gives the derivative by the cell state before.
#[inline(always)]
fn derive<S: Vectors>(
    s: S,
    quad: &mut [f32],
    d_output: S::Vector,
    before: S::Vector,
    squashed: S::Vector,
    d_cell: S::Vector,
) -> S::Vector {
    let one = s.splat(1.0);
    let (i, f) = (s.load(quad), s.load(&quad[S::LANES..]));
    let (g, o) = (s.load(&quad[2 * S::LANES..]), s.load(&quad[3 * S::LANES..]));
    let straight = s.subtract(one, s.multiply(squashed, squashed));
    let d = s.multiply_add(s.multiply(d_output, o), straight, d_cell);
    let d_i = s.multiply(s.multiply(s.multiply(d, g), i), s.subtract(one, i));
    let d_f = s.multiply(s.multiply(s.multiply(d, before), f), s.subtract(one, f));
    let d_g = s.multiply(s.multiply(d, i), s.subtract(one, s.multiply(g, g)));
    let d_o = s.multiply(s.multiply(s.multiply(d_output, squashed), o), s.subtract(one, o));
    s.store(d_i, quad);
    s.store(d_f, &mut quad[S::LANES..]);
    s.store(d_g, &mut quad[2 * S::LANES..]);
    s.store(d_o, &mut quad[3 * S::LANES..]);
    s.multiply(d, f)
}

/// Adds derivatives by the pre-activations, `(blocks, n, words of quad)`, of rows from `row` on, times the turned matrix.
#[inline(always)]
fn through<S: Vectors, const R: usize, const C: usize>(
    s: S,
    sums: &mut [[S::Vector; C]; R],
    d_gates: &[f32],
    n: usize,
    row: usize,
    turned: &Turned,
    block: usize,
) {
    let (words, units) = (4 * S::LANES / S::TERMS, C * S::LANES);
    let panel = turned.panel(block);
    for from in 0..turned.layout.blocks {
        let left = Left { values: &d_gates[(from * n + row) * words..], row_stride: words, step: 1 };
        let right = Right { values: &panel[from * words * units..], stride: units, panel: 0 };
        accumulate(s, sums, left, right, words);
    }
}

multiversion! {
    /// Derivatives `(n, width)` by what came in, from those by the pre-activations, `(blocks, n, words of quad)`. Rows before
    /// `first` are left as they were.
    pub(super) fn by_inputs = by_inputs_body(d_gates: &[f32], turned: &Turned, first: usize, d_inputs: &mut [f32])
}

#[inline(always)]
fn by_inputs_body<S: Vectors>(s: S, d_gates: &[f32], turned: &Turned, first: usize, d_inputs: &mut [f32]) {
    let layout = turned.layout;
    let (n, whole) = (d_inputs.len() / layout.width(), layout.blocks - layout.blocks % WIDE);
    let mut left = first..n;
    while !left.is_empty() {
        let height = next_tile(&left, S::ROWS);
        let mut block = 0;
        while block < layout.blocks {
            if block < whole {
                for_height!(height, by_inputs_tile::<S, WIDE>(s, d_gates, turned, d_inputs, block, left.start));
                block += WIDE;
            } else {
                for_height!(height, by_inputs_tile::<S, ONE>(s, d_gates, turned, d_inputs, block, left.start));
                block += 1;
            }
        }
        left.start += height;
    }
}

#[inline(always)]
fn by_inputs_tile<S: Vectors, const R: usize, const C: usize>(
    s: S,
    d_gates: &[f32],
    turned: &Turned,
    d_inputs: &mut [f32],
    block: usize,
    at: usize,
) {
    let width = turned.layout.width();
    let n = d_inputs.len() / width;
    let mut sums = [[s.splat(0.0); C]; R];
    through::<S, R, C>(s, &mut sums, d_gates, n, at, turned, block);
    for r in 0..R {
        for c in 0..C {
            s.store(sums[r][c], &mut d_inputs[(at + r) * width + (block + c) * S::LANES..]);
        }
    }
}

/// What met the weights, for the gradient by them. A row of words is a row of the pack, or a pair of rows: these are what
/// the sums run over.
#[derive(Clone, Copy)]
pub(super) struct Met<'a> {
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
    pub(super) fn by_weights = by_weights_body(met: Met<'_>, inputs: &[f32], k: usize, gradient: &mut [f32])
}

#[inline(always)]
fn by_weights_body<S: Vectors>(s: S, met: Met<'_>, inputs: &[f32], k: usize, gradient: &mut [f32]) {
    for block in 0..met.blocks {
        let mut left = 0..k;
        while !left.is_empty() {
            let height = next_tile(&left, S::ROWS);
            for_height!(height, by_weights_tile::<S>(s, met, inputs, k, gradient, block, left.start));
            left.start += height;
        }
    }
}

/// `R` rows of the matrix, from `at` on.
#[inline(always)]
fn by_weights_tile<S: Vectors, const R: usize>(
    s: S,
    met: Met<'_>,
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
    let right = Right { values: &met.d_gates[(block * met.n + met.first) * quad..], stride: quad, panel: 0 };
    accumulate(s, &mut sums, left, right, met.rows);
    for r in 0..R {
        for c in 0..4 {
            s.store(sums[r][c], &mut gradient[place + r * quad + c * S::LANES..]);
        }
    }
}

multiversion! {
    /// Adds the derivatives of the rows, no pairs, to the gradient `(blocks, quad)` of the bias.
    pub(super) fn by_bias = by_bias_body(met: Met<'_>, gradient: &mut [f32])
}

#[inline(always)]
fn by_bias_body<S: Vectors>(s: S, met: Met<'_>, gradient: &mut [f32]) {
    let quad = 4 * S::LANES;
    for block in 0..met.blocks {
        let mut sums = [s.splat(0.0); 4];
        for c in 0..4 {
            sums[c] = s.load(&gradient[block * quad + c * S::LANES..]);
        }
        for row in met.d_gates[(block * met.n + met.first) * quad..][..met.rows * quad].chunks_exact(quad) {
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
