//! Matrices turned for the way back.

use std::ops::Range;

use crate::cell::Layout;
use crate::kernel::{Aligned, words};
use crate::weights::{Parameter, Weights};

/// Blocks whose derivatives are summed side by side.
pub(super) const WIDE: usize = 4;

/// A matrix from hidden units (of this layer or the one below) to gates, turned: for each group of [`WIDE`] blocks, and
/// each block that is left over, `(gates, units of the group)`.
pub(super) struct Turned {
    pub(super) layout: Layout,
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
    pub(super) fn panel(&self, block: usize) -> &[f32] {
        let values = if self.words.is_empty() { &self.values } else { &self.words };
        &values[block * self.layout.lanes * self.layout.gates() / self.layout.simd.terms()..]
    }

    /// From `(hidden, 4·hidden)`.
    pub(super) fn update(&mut self, weights: &Weights, parameter: Parameter) {
        let layout = self.layout;
        let (hidden, n_gates, quad) = (weights.shape.hidden, weights.shape.gates(), layout.quad());
        let matrix = weights.of(parameter);
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
