//! One layer's way forward through a pack, and what it keeps of it for the way back.

use nta_data::Rng;

use crate::cell::{self, Layout, Step, StepResults};
use crate::engine::dropout::Dropout;
use crate::input::Pack;
use crate::kernel::{Aligned, words};

/// What one layer did with one pack. `n` is the number of the pack's rows.
#[derive(Default)]
pub(super) struct Layer {
    /// `(blocks, n, quad)`: gates, on the way back the derivatives by the pre-activations.
    pub(super) gates: Aligned,
    /// `(n, width)` cell states.
    pub(super) cells: Aligned,
    /// `(n, width)` their tanh.
    pub(super) squashed: Aligned,
    /// `(n, width)` outputs.
    pub(super) outputs: Aligned,
    /// `(n, width)` outputs after dropout; empty without.
    dropped: Aligned,
    /// `(n, hidden)` random numbers; below the threshold an output is dropped. Empty without dropout.
    pub(super) mask: Vec<u16>,
    pub(super) words: Words,
}

/// What enters a layer's products, in words; empty where a word is one term, and the numbers are that already.
#[derive(Default)]
pub(super) struct Words {
    /// `(n, words of width)` outputs.
    outputs: Aligned,
    /// `(n, words of width)` outputs after dropout; empty without.
    dropped: Aligned,
    /// `(blocks, n, words of quad)` derivatives by the pre-activations.
    pub(super) d_gates: Aligned,
}

impl Layer {
    /// What the next layer sees, `(n, width)`.
    pub(super) fn seen(&self) -> &[f32] {
        if self.dropped.is_empty() { &self.outputs } else { &self.dropped }
    }

    /// What the next layer's products take, `(n, words of width)`.
    pub(super) fn seen_words(&self) -> &[f32] {
        match (self.words.outputs.is_empty(), self.words.dropped.is_empty()) {
            (true, _) => self.seen(),
            (false, true) => &self.words.outputs,
            (false, false) => &self.words.dropped,
        }
    }

    /// Derivatives by the pre-activations as products take them, `(blocks, n, words of quad)`.
    pub(super) fn d_gates(&self) -> &[f32] {
        if self.words.d_gates.is_empty() { &self.gates } else { &self.words.d_gates }
    }

    /// Becomes room for `n` rows.
    pub(super) fn resize(&mut self, layout: Layout, n: usize) {
        self.gates.resize(n * layout.gates());
        for values in [&mut self.cells, &mut self.squashed, &mut self.outputs] {
            values.resize(n * layout.width());
        }
        if layout.simd.terms() > 1 {
            self.words.outputs.resize(n * layout.words());
            self.words.d_gates.resize(n * 4 * layout.words());
        }
    }

    /// Draws which outputs the next layer does not see.
    pub(super) fn drop_out(&mut self, dropout: Dropout, layout: Layout, rng: &mut Rng) {
        let n = self.outputs.len() / layout.width();
        Dropout::draw(&mut self.mask, n * layout.hidden, rng);
        self.dropped.resize(n * layout.width());
        self.dropped.copy_from_slice(&self.outputs);
        dropout.apply(&mut self.dropped, layout.width(), &self.mask, layout.hidden);
        if layout.simd.terms() > 1 {
            self.words.dropped.resize(n * layout.words());
            words::join_columns(layout.simd, &self.dropped, layout.width(), &mut self.words.dropped);
        }
    }

    /// The recurrence over the pack's steps: `weights` and `inputs` are in words; gates may be started.
    pub(super) fn run(&mut self, layout: Layout, weights: &cell::Layer, inputs: &[f32], pack: &Pack, started: bool) {
        let (width, words) = (layout.width(), layout.words());
        for t in 0..pack.n_steps() {
            let (start, before) = (pack.bounds[t], if t == 0 { 0 } else { pack.bounds[t - 1] });
            let (cells_before, cells) = self.cells.split_at_mut(start * width);
            let (outputs_before, outputs) = self.outputs.split_at_mut(start * width);
            let in_words = self.words.outputs.len().min(start * words);
            let (words_before, words_now) = self.words.outputs.split_at_mut(in_words);
            let outputs_before = if layout.simd.terms() > 1 { words_before } else { outputs_before };
            let step = Step {
                layout,
                layer: weights,
                rows: pack.width(t),
                inputs: &inputs[start * weights.inputs..],
                outputs: &outputs_before[before * words..],
                cells: &cells_before[before * width..],
                started,
                from_last: t % 2 == 1,
            };
            let (n, squashed) = (pack.rows.len(), &mut self.squashed[start * width..]);
            let results =
                StepResults { gates: &mut self.gates, n, first: start, squashed, cells, outputs, words: words_now };
            cell::forward(layout.simd, step, results);
        }
    }
}
