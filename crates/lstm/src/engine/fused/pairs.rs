//! Rows of a few steps two by two, as products of bf16 take them for the gradient by the weights: its sums run over rows.

use std::ops::Range;

use super::weight_gradient::{self, GateDerivatives};
use crate::cell::{self, Layout};
use crate::input::Pack;
use crate::kernel::Aligned;
use crate::kernel::words::{ROOM, join_rows};

/// Memory for the rows of some steps, reused.
#[derive(Default)]
pub(super) struct Pairs {
    /// `(blocks, pairs, quad)`.
    d_gates: Aligned,
    /// `(pairs, inputs of the layer)`.
    inputs: Aligned,
    /// `(rows, width)`: outputs of the step before each row, 0 at the first step. A row and the one that it goes on from
    /// need not be both the first, or both the second, of a pair.
    before: Aligned,
    /// `(pairs, width)`: these.
    before_words: Aligned,
}

/// The steps of a pack whose rows are taken, and what a layer did there.
pub(super) struct Stretch<'a> {
    pub(super) layout: Layout,
    pub(super) pack: &'a Pack,
    pub(super) steps: Range<usize>,
    /// The rows themselves, one by one.
    pub(super) derivatives: GateDerivatives<'a>,
    /// `(rows, inputs of the layer)`: what came in.
    pub(super) inputs: &'a [f32],
    /// `(n, width)`: outputs of all rows of the pack.
    pub(super) outputs: &'a [f32],
}

impl Pairs {
    /// Adds what the rows contribute to the gradients of the layer's two matrices.
    pub(super) fn by_weights(&mut self, stretch: Stretch<'_>, sums: &mut cell::Layer) {
        let Stretch { layout, pack, steps, derivatives, inputs, outputs } = stretch;
        let (k, width, quad, pairs) = (sums.inputs, layout.width(), layout.quad(), derivatives.rows.div_ceil(2));
        self.d_gates.resize(layout.gates() * pairs);
        for block in 0..layout.blocks {
            let rows =
                &derivatives.d_gates[(block * derivatives.n + derivatives.first) * quad..][..derivatives.rows * quad];
            join_rows(layout.simd, rows, quad, &mut self.d_gates[block * pairs * quad..]);
        }
        self.inputs.resize(pairs * k + ROOM);
        join_rows(layout.simd, &inputs[..derivatives.rows * k], k, &mut self.inputs);
        let first = self.take_before(pack, steps, width, outputs) / 2;
        self.before_words.resize(pairs * width);
        join_rows(layout.simd, &self.before, width, &mut self.before_words);
        let derivatives =
            GateDerivatives { d_gates: &self.d_gates, blocks: layout.blocks, n: pairs, first: 0, rows: pairs };
        weight_gradient::by_weights(layout.simd, derivatives, &self.inputs, k, &mut sums.input);
        if first < pairs {
            let derivatives = GateDerivatives { first, rows: pairs - first, ..derivatives };
            weight_gradient::by_weights(
                layout.simd,
                derivatives,
                &self.before_words[first * width..],
                width,
                &mut sums.recurrent,
            );
        }
    }

    /// Copies the outputs that each row of `steps` goes on from; gives the number of rows, the first ones, that go on
    /// from none.
    fn take_before(&mut self, pack: &Pack, steps: Range<usize>, width: usize, outputs: &[f32]) -> usize {
        let start = pack.bounds[steps.start];
        self.before.resize((pack.bounds[steps.end] - start) * width);
        let mut fresh = 0;
        for t in steps {
            let rows = &mut self.before[(pack.bounds[t] - start) * width..][..pack.width(t) * width];
            if t == 0 {
                fresh = pack.width(0);
                rows.fill(0.0);
            } else {
                rows.copy_from_slice(&outputs[pack.bounds[t - 1] * width..][..rows.len()]);
            }
        }
        fresh
    }
}
