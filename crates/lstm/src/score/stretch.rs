//! Scoring many rows: a few steps of a few sequences at a time, each layer's inputs of all these steps in one product,
//! then its recurrence.

use nta_data::Dense;

use crate::Lstm;
use crate::cell::{self, Layer, Layout, Step, StepResults};
use crate::input::Pack;
use crate::kernel::{Aligned, probability};
use crate::score::state::LstmState;

/// Some steps of sequences that go side by side, with what their inputs contribute to the first layer.
#[derive(Default)]
pub(crate) struct Stretch {
    pub(crate) pack: Pack,
    /// `(n, n_numeric)`.
    inputs: Aligned,
    /// `(blocks, n, quad)`.
    sums: Aligned,
}

/// What sequences side by side remember, and memory for a stretch of them.
pub(crate) struct Lanes {
    layers: Vec<Memory>,
    /// Whether nothing is remembered yet.
    cold: bool,
    /// `(blocks, n, quad)` of the layers above the first.
    sums: Aligned,
    /// `(n)`.
    logits: Vec<f32>,
}

/// One layer's.
#[derive(Default)]
struct Memory {
    /// `(n, width)` outputs of the stretch.
    outputs: Aligned,
    /// `(lanes, width)` outputs of the step before the stretch.
    before: Aligned,
    /// `(lanes, width)` cell states of the step before.
    cells: Aligned,
    /// `(lanes, width)` cell states of the step.
    new_cells: Aligned,
}

impl Lanes {
    /// Of sequences that have not begun.
    pub(crate) fn new(layers: usize) -> Self {
        let layers = (0..layers).map(|_| Memory::default()).collect();
        Lanes { layers, cold: true, sums: Aligned::default(), logits: Vec::new() }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.cold = true;
    }

    /// Remembers these states, a lane each.
    pub(crate) fn load<'a>(&mut self, width: usize, states: impl ExactSizeIterator<Item = &'a LstmState>) {
        self.cold = false;
        for memory in &mut self.layers {
            memory.before.resize(states.len() * width);
            memory.cells.resize(states.len() * width);
        }
        for (lane, state) in states.enumerate() {
            let place = lane * width..(lane + 1) * width;
            for (memory, values) in self.layers.iter_mut().zip(state.values.chunks_exact(2 * width)) {
                memory.before[place.clone()].copy_from_slice(&values[..width]);
                memory.cells[place.clone()].copy_from_slice(&values[width..]);
            }
        }
    }

    /// What a lane remembers after the last stretch, of which it took the last step.
    pub(crate) fn store(&self, width: usize, lane: usize, state: &mut LstmState) {
        let place = lane * width..(lane + 1) * width;
        for (memory, values) in self.layers.iter().zip(state.values.chunks_exact_mut(2 * width)) {
            values[..width].copy_from_slice(&memory.before[place.clone()]);
            values[width..].copy_from_slice(&memory.cells[place.clone()]);
        }
    }
}

impl Lstm {
    /// Computes what the inputs of the stretch's rows contribute.
    pub(crate) fn prepare(&self, dense: &Dense, stretch: &mut Stretch) {
        let Stretch { pack, inputs, sums } = stretch;
        let (panels, k, n) = (&self.panels, dense.numeric_names.len(), pack.rows.len());
        inputs.resize(n * k);
        sums.resize(n * panels.layout.gates());
        for (i, &row) in pack.rows.iter().enumerate() {
            inputs[i * k..(i + 1) * k].copy_from_slice(dense.numeric_row(row as usize));
        }
        let started = !self.tables.is_empty();
        if started {
            for (i, &row) in pack.rows.iter().enumerate() {
                panels.start_row(&self.weights, &self.tables, dense.code_row(row as usize), sums, n, i);
            }
        }
        cell::project(panels.layout.simd, &panels.layers[0], inputs, n, started, sums);
    }

    /// Goes through a prepared stretch, which follows what the lanes have gone through, and appends the probability of
    /// each of its rows to `scores`.
    pub(crate) fn go_through(&self, stretch: &mut Stretch, lanes: &mut Lanes, scores: &mut Vec<f32>) {
        let (panels, layout) = (&self.panels, self.panels.layout);
        let Stretch { pack, sums: first_sums, .. } = stretch;
        let n = pack.rows.len();
        let Lanes { layers, cold, sums, logits } = lanes;
        for l in 0..layers.len() {
            let (below, rest) = layers.split_at_mut(l);
            let layer = &panels.layers[l];
            let sums = if let Some(below) = below.last() {
                sums.resize(n * layout.gates());
                cell::project(layout.simd, layer, &below.outputs, n, false, sums);
                &mut *sums
            } else {
                &mut *first_sums
            };
            rest[0].remember(layout, layer, pack, sums, *cold);
        }
        *cold = false;
        logits.resize(n, 0.0);
        let Some(top) = layers.last() else { return };
        cell::head(layout.simd, &top.outputs, &panels.head, panels.head_bias, logits);
        scores.extend(logits.iter().map(|&logit| probability(logit)));
    }
}

impl Memory {
    /// The recurrence over a stretch, from sums that hold what the inputs contribute.
    fn remember(&mut self, layout: Layout, layer: &Layer, pack: &Pack, sums: &mut [f32], cold: bool) {
        let (width, n) = (layout.width(), pack.rows.len());
        let Memory { outputs, before, cells, new_cells } = self;
        outputs.resize(n * width);
        for values in [&mut *before, cells, new_cells] {
            values.resize(pack.width(0) * width);
        }
        for t in 0..pack.n_steps() {
            let (start, len) = (pack.bounds[t], pack.width(t) * width);
            let (behind, ahead) = outputs.split_at_mut(start * width);
            let last = if t == 0 { &before[..] } else { &behind[pack.bounds[t - 1] * width..] };
            let cold = cold && t == 0;
            let step = Step {
                layout,
                layer,
                rows: pack.width(t),
                inputs: &[],
                outputs: if cold { &[] } else { last },
                cells: if cold { &[] } else { cells },
                started: true,
                from_last: t % 2 == 1,
            };
            let results = StepResults {
                gates: &mut *sums,
                n,
                first: start,
                squashed: &mut [],
                cells: &mut new_cells[..len],
                outputs: ahead,
                words: &mut [],
            };
            cell::forward(layout.simd, step, results);
            std::mem::swap(cells, new_cells);
        }
        if let Some(last) = pack.n_steps().checked_sub(1) {
            before.resize(pack.width(last) * width);
            before.copy_from_slice(&outputs[pack.bounds[last] * width..]);
        }
    }
}
