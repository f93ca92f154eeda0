//! One pack forward through the layers and back, with the memory that this takes.

use std::ops::Range;

use nta_data::{Dense, Rng};

use super::back::{self, Met, Turned};
use super::dropout::Dropout;
use super::gradient::Gradient;
use crate::aligned::Aligned;
use crate::batches::Pack;
use crate::cell::{self, Made, Step};
use crate::engine::Truth;
use crate::panels::{Layout, Panels};
use crate::shape::Part;
use crate::simd::Simd;
use crate::weights::Weights;

/// Rows, of some steps, whose contribution to the weights' gradient is summed while they are still in the cache.
const ROWS_AT_ONCE: usize = 128;

/// A network as a pass needs it: its weights, and the same for the way back, turned once a step of the optimiser.
pub(super) struct Network {
    pub(super) weights: Weights,
    /// Rows of the first layer's matrix where the categories' tables begin.
    tables: Vec<u32>,
    panels: Panels,
    /// A layer: recurrent, and input but for the first, whose inputs need no derivative.
    turned: Vec<(Turned, Option<Turned>)>,
}

impl Network {
    pub(super) fn new(simd: Simd, weights: Weights) -> Self {
        let panels = Panels::of(simd, &weights);
        let layout = panels.layout;
        let turned = |l| (Turned::new(layout), (l > 0).then(|| Turned::new(layout)));
        let turned = (0..weights.shape.layers).map(turned).collect();
        Network { tables: weights.shape.table_rows(), weights, panels, turned }
    }

    pub(super) fn layout(&self) -> Layout {
        self.panels.layout
    }

    /// To be called when the weights have changed.
    pub(super) fn update(&mut self) {
        let Network { weights, panels, turned, .. } = self;
        let turn = || {
            for (l, (recurrent, input)) in turned.iter_mut().enumerate() {
                recurrent.update(weights, Part::Recurrent(l));
                if let Some(input) = input {
                    input.update(weights, Part::Input(l));
                }
            }
        };
        rayon::join(|| panels.update(weights), turn);
    }
}

/// What one layer did with one pack. `n` is the number of the pack's rows.
#[derive(Default)]
struct Layer {
    /// `(blocks, n, quad)`: gates, on the way back the derivatives by the pre-activations.
    gates: Aligned,
    /// `(n, width)` cell states.
    cells: Aligned,
    /// `(n, width)` their tanh.
    squashed: Aligned,
    /// `(n, width)` outputs.
    outputs: Aligned,
    /// `(n, width)` outputs after dropout; empty without.
    dropped: Aligned,
    /// `(n, hidden)` random numbers; below the threshold an output is dropped. Empty without dropout.
    mask: Vec<u16>,
}

impl Layer {
    /// What the next layer sees, `(n, width)`.
    fn seen(&self) -> &[f32] {
        if self.dropped.is_empty() { &self.outputs } else { &self.dropped }
    }
}

/// Memory for one pack's way forward and back.
pub(super) struct Pass {
    dropout: Dropout,
    /// `(n, n_numeric)`.
    numeric: Vec<f32>,
    layers: Vec<Layer>,
    /// `(n)`: then the derivative by each.
    logits: Vec<f32>,
    /// `(n, width)`: derivative by a layer's outputs.
    d_outputs: Aligned,
    /// `(width of the first step, width)`: derivative by the cell states.
    d_cells: Aligned,
}

impl Pass {
    pub(super) fn new(dropout: f64) -> Self {
        Pass {
            dropout: Dropout::new(dropout),
            numeric: Vec::new(),
            layers: Vec::new(),
            logits: Vec::new(),
            d_outputs: Aligned::default(),
            d_cells: Aligned::default(),
        }
    }

    /// Runs the pack through the network; activations and logits stay in `self`.
    pub(super) fn forward(&mut self, network: &Network, dense: &Dense, pack: &Pack, rng: &mut Rng) {
        let (panels, layout) = (&network.panels, network.layout());
        let n = pack.rows.len();
        self.numeric.clear();
        for &row in &pack.rows {
            self.numeric.extend_from_slice(dense.numeric_row(row as usize));
        }
        self.layers.resize_with(panels.layers.len(), Layer::default);
        for l in 0..panels.layers.len() {
            let (below, rest) = self.layers.split_at_mut(l);
            let layer = &mut rest[0];
            layer.gates.resize(n * layout.gates());
            for values in [&mut layer.cells, &mut layer.squashed, &mut layer.outputs] {
                values.resize(n * layout.width());
            }
            let started = l == 0 && !network.tables.is_empty();
            if started {
                for (i, &row) in pack.rows.iter().enumerate() {
                    let codes = dense.code_row(row as usize);
                    panels.start_row(&network.weights, &network.tables, codes, &mut layer.gates, n, i);
                }
            }
            let inputs = below.last().map_or(&self.numeric[..], Layer::seen);
            run_steps(layer, panels, l, inputs, pack, started);
            if self.dropout.is_on() {
                Dropout::draw(&mut layer.mask, n * layout.hidden, rng);
                layer.dropped.resize(n * layout.width());
                layer.dropped.copy_from_slice(&layer.outputs);
                self.dropout.apply(&mut layer.dropped, layout.width(), &layer.mask, layout.hidden);
            }
        }
        self.logits.resize(n, 0.0);
        let top = self.layers[panels.layers.len() - 1].seen();
        cell::head(layout.simd, top, &panels.head, panels.head_bias, &mut self.logits);
    }

    /// Goes back from the loss, `Σ scale · weight · loss` over the rows, to the gradient of every weight. Gives
    /// `Σ weight · loss`.
    pub(super) fn backward(
        &mut self,
        network: &Network,
        dense: &Dense,
        truth: &Truth,
        pack: &Pack,
        scale: f32,
        gradient: &mut Gradient,
    ) -> f64 {
        gradient.clear();
        let loss = self.derive_loss(truth, pack, scale);
        self.back_from_head(network, gradient);
        let layout = network.layout();
        for l in (0..self.layers.len()).rev() {
            if self.dropout.is_on() {
                self.dropout.apply(&mut self.d_outputs, layout.width(), &self.layers[l].mask, layout.hidden);
            }
            self.back_through_steps(network, dense, pack, l, gradient);
            if let Some(turned) = &network.turned[l].1 {
                back::by_inputs(layout.simd, &self.layers[l].gates, turned, &mut self.d_outputs);
            }
        }
        loss
    }

    /// Turns logits into derivatives by them; gives the loss.
    fn derive_loss(&mut self, truth: &Truth, pack: &Pack, scale: f32) -> f64 {
        let mut loss = 0.0;
        for (&row, logit) in pack.rows.iter().zip(&mut self.logits) {
            let (weight, attack) = (truth.weight[row as usize], truth.attack[row as usize]);
            let (lost, slope) = truth.loss.of(*logit, attack);
            if weight > 0.0 {
                loss += f64::from(weight) * lost;
            }
            *logit = scale * weight * slope;
        }
        loss
    }

    /// The head's gradient, and the derivative by what the head saw.
    fn back_from_head(&mut self, network: &Network, gradient: &mut Gradient) {
        let (panels, sums) = (&network.panels, &mut gradient.panels);
        self.d_outputs.resize(self.logits.len() * panels.layout.width());
        let top = self.layers[self.layers.len() - 1].seen();
        back::by_head(panels.layout.simd, &self.logits, &panels.head, top, &mut self.d_outputs, &mut sums.head);
        sums.head_bias = self.logits.iter().sum();
    }

    /// Through time, last step first. Leaves the derivatives by the pre-activations in the layer's gates and sums what
    /// they make of the weights' gradient.
    fn back_through_steps(&mut self, network: &Network, dense: &Dense, pack: &Pack, l: usize, gradient: &mut Gradient) {
        let layout = network.layout();
        let width = layout.width();
        self.d_cells.resize(pack.width(0) * width);
        self.d_cells.fill(0.0);
        let mut done = pack.n_steps();
        for t in (0..pack.n_steps()).rev() {
            let rows = pack.bounds[t]..pack.bounds[t + 1];
            let layer = &mut self.layers[l];
            let step = back::Step {
                layout,
                n: pack.rows.len(),
                rows: rows.clone(),
                after: rows.end..rows.end + pack.width(t + 1),
                turned: &network.turned[l].0,
                cells_before: if t == 0 { &[] } else { &layer.cells[pack.bounds[t - 1] * width..] },
                squashed: &layer.squashed[rows.start * width..],
                d_outputs: &self.d_outputs[rows.start * width..],
            };
            back::backward(layout.simd, step, &mut layer.gates, &mut self.d_cells);
            if t == 0 || pack.bounds[done] - rows.start >= ROWS_AT_ONCE {
                self.weight_gradients(network, dense, pack, l, t..done, gradient);
                done = t;
            }
        }
    }

    /// Adds what the rows of `steps` contribute to the gradient of one layer's weights.
    fn weight_gradients(
        &self,
        network: &Network,
        dense: &Dense,
        pack: &Pack,
        l: usize,
        steps: Range<usize>,
        gradient: &mut Gradient,
    ) {
        let layout = network.layout();
        let (d_gates, blocks, n) = (&self.layers[l].gates, layout.blocks, pack.rows.len());
        let met = |rows: Range<usize>| Met { d_gates, blocks, n, first: rows.start, rows: rows.len() };
        let sums = &mut gradient.panels.layers[l];
        let rows = pack.bounds[steps.start]..pack.bounds[steps.end];
        let inputs = if l == 0 { &self.numeric } else { self.layers[l - 1].seen() };
        let inputs = &inputs[rows.start * sums.inputs..];
        back::by_weights(layout.simd, met(rows.clone()), inputs, sums.inputs, &mut sums.input);
        back::by_bias(layout.simd, met(rows.clone()), &mut sums.bias);
        for (rows, before) in pack.continued(steps) {
            let outputs = &self.layers[l].outputs[before * layout.width()..];
            back::by_weights(layout.simd, met(rows), outputs, layout.width(), &mut sums.recurrent);
        }
        if l > 0 || network.tables.is_empty() {
            return;
        }
        let n_numeric = network.weights.shape.n_numeric;
        for i in rows {
            for (&code, &table) in dense.code_row(pack.rows[i] as usize).iter().zip(&network.tables) {
                gradient.add_to_table((table + code) as usize - n_numeric, d_gates, n, i);
            }
        }
    }
}

/// The recurrence over the pack's steps.
fn run_steps(layer: &mut Layer, panels: &Panels, l: usize, inputs: &[f32], pack: &Pack, started: bool) {
    let layout = panels.layout;
    let (width, k) = (layout.width(), panels.layers[l].inputs);
    for t in 0..pack.n_steps() {
        let start = pack.bounds[t];
        let (cells_before, cells) = layer.cells.split_at_mut(start * width);
        let (outputs_before, outputs) = layer.outputs.split_at_mut(start * width);
        let before = if t == 0 { 0 } else { pack.bounds[t - 1] * width };
        let step = Step {
            layout,
            layer: &panels.layers[l],
            rows: pack.width(t),
            inputs: &inputs[start * k..],
            outputs: &outputs_before[before..],
            cells: &cells_before[before..],
            started,
            from_last: t % 2 == 1,
        };
        let squashed = &mut layer.squashed[start * width..];
        let made = Made { gates: &mut layer.gates, n: pack.rows.len(), first: start, squashed, cells, outputs };
        cell::forward(layout.simd, step, made);
    }
}
