//! One step of a layer back through time, and the derivatives by what came in.

// Arrays of vectors stay in registers when they are indexed by numbers that the compiler knows.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use super::turned::{Turned, WIDE};
use crate::cell::Layout;
use crate::kernel::{Left, Right, Vectors, accumulate, for_height, multiversion, next_tile};

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
pub(super) struct BackwardBuffers<'a> {
    /// `(blocks, n, quad)`: gates, then the derivatives by the pre-activations.
    pub(super) gates: &'a mut [f32],
    /// `(blocks, n, words of quad)`: these again, for products. Unused where a word is one term.
    pub(super) words: &'a mut [f32],
    /// `(rows, width)`: the derivative by the step's cell states from the step after, then that by the states before.
    pub(super) d_cells: &'a mut [f32],
}

multiversion! {
    /// Goes through one step.
    pub(super) fn backward = backward_body(step: Step<'_>, buffers: BackwardBuffers<'_>)
}

#[inline(always)]
fn backward_body<S: Vectors>(s: S, step: Step<'_>, mut buffers: BackwardBuffers<'_>) {
    let whole = step.layout.blocks - step.layout.blocks % WIDE;
    // Rows that go on, then rows that end here.
    for rows in [0..step.after.len(), step.after.len()..step.rows.len()] {
        let mut left = rows;
        while !left.is_empty() {
            let height = next_tile(&left, S::ROWS);
            let mut block = 0;
            while block < step.layout.blocks {
                if block < whole {
                    for_height!(height, backward_tile::<S, WIDE>(s, &step, &mut buffers, block, left.start));
                    block += WIDE;
                } else {
                    for_height!(height, backward_tile::<S, ONE>(s, &step, &mut buffers, block, left.start));
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
    buffers: &mut BackwardBuffers<'_>,
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
        let d_gates = if S::TERMS > 1 { &*buffers.words } else { &*buffers.gates };
        through::<S, R, C>(s, &mut sums, d_gates, step.n, step.after.start + at, step.turned, block);
    }
    for r in 0..R {
        for c in 0..C {
            let unit = (at + r) * width + (block + c) * S::LANES;
            let before = if step.cells_before.is_empty() { s.splat(0.0) } else { s.load(&step.cells_before[unit..]) };
            let squashed = s.load(&step.squashed[unit..]);
            let d_cell = s.load(&buffers.d_cells[unit..]);
            let place = ((block + c) * step.n + step.rows.start + at + r) * quad;
            let kept = &mut buffers.gates[place..][..quad];
            let d_cell = derive(s, kept, sums[r][c], before, squashed, d_cell);
            s.store(d_cell, &mut buffers.d_cells[unit..]);
            if S::TERMS > 1 {
                for gate in (0..quad).step_by(S::LANES) {
                    s.store_words(s.load(&kept[gate..]), &mut buffers.words[(place + gate) / S::TERMS..]);
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
