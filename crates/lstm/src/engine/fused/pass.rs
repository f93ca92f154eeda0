//! One pack forward through the layers and back, with the memory that this takes.

use std::ops::Range;

use nta_data::{Dense, Rng};

use super::back::{self, BackwardBuffers};
use super::gradient::Gradient;
use super::layer::Layer;
use super::network::Network;
use super::pairs::{Pairs, Stretch};
use super::weight_gradient::{self, GateDerivatives};
use crate::cell;
use crate::engine::contract::Truth;
use crate::engine::dropout::Dropout;
use crate::input::Pack;
use crate::kernel::{Aligned, words};

/// Rows, of some steps, whose contribution to the weights' gradient is summed while they are still in the cache.
const ROWS_AT_ONCE: usize = 128;

/// Memory for one pack's way forward and back.
pub(super) struct Pass {
    dropout: Dropout,
    /// `(n, n_numeric)`.
    numeric: Vec<f32>,
    /// `(n, words of n_numeric)`; empty where a word is one term.
    numeric_words: Aligned,
    layers: Vec<Layer>,
    /// `(n)`: then the derivative by each.
    logits: Vec<f32>,
    /// `(n, width)`: derivative by a layer's outputs.
    d_outputs: Aligned,
    /// `(width of the first step, width)`: derivative by the cell states.
    d_cells: Aligned,
    pairs: Pairs,
}

impl Pass {
    pub(super) fn new(dropout: f64) -> Self {
        Pass {
            dropout: Dropout::new(dropout),
            numeric: Vec::new(),
            numeric_words: Aligned::default(),
            layers: Vec::new(),
            logits: Vec::new(),
            d_outputs: Aligned::default(),
            d_cells: Aligned::default(),
            pairs: Pairs::default(),
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
        if layout.simd.terms() > 1 {
            self.numeric_words.resize(n * network.layer(0).inputs + words::ROOM);
            let columns = network.weights.shape.n_numeric;
            words::join_columns(layout.simd, &self.numeric, columns, &mut self.numeric_words);
        }
        self.layers.resize_with(panels.layers.len(), Layer::default);
        for l in 0..panels.layers.len() {
            let (below, rest) = self.layers.split_at_mut(l);
            let layer = &mut rest[0];
            layer.resize(layout, n);
            let started = l == 0 && !network.tables.is_empty();
            if started {
                for (i, &row) in pack.rows.iter().enumerate() {
                    let codes = dense.code_row(row as usize);
                    panels.start_row(&network.weights, &network.tables, codes, &mut layer.gates, n, i);
                }
            }
            let numeric = if layout.simd.terms() > 1 { &self.numeric_words[..] } else { &self.numeric };
            let inputs = below.last().map_or(numeric, Layer::seen_words);
            layer.run(layout, network.layer(l), inputs, pack, started);
            if self.dropout.is_on() {
                layer.drop_out(self.dropout, layout, rng);
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
                back::by_inputs(
                    layout.simd,
                    self.layers[l].d_gates(),
                    turned,
                    pack.first_learned(),
                    &mut self.d_outputs,
                );
            }
        }
        loss
    }

    /// Turns logits into derivatives by them, 0 where nothing is learned; gives the loss.
    fn derive_loss(&mut self, truth: &Truth, pack: &Pack, scale: f32) -> f64 {
        let mut loss = 0.0;
        let (context, learned) = self.logits.split_at_mut(pack.first_learned());
        context.fill(0.0);
        for (&row, logit) in pack.rows[context.len()..].iter().zip(learned) {
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
        weight_gradient::by_head(
            panels.layout.simd,
            &self.logits,
            &panels.head,
            top,
            &mut self.d_outputs,
            &mut sums.head,
        );
        sums.head_bias = self.logits.iter().sum();
    }

    /// Through time, last step first, as far as rows are learned from. Leaves the derivatives by the pre-activations in
    /// the layer's gates and sums what they make of the weights' gradient.
    fn back_through_steps(&mut self, network: &Network, dense: &Dense, pack: &Pack, l: usize, gradient: &mut Gradient) {
        let layout = network.layout();
        let width = layout.width();
        self.d_cells.resize(pack.width(0) * width);
        self.d_cells.fill(0.0);
        let mut done = pack.n_steps();
        for t in (pack.context..pack.n_steps()).rev() {
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
            let (gates, words, d_cells) = (&mut layer.gates, &mut layer.words.d_gates, &mut self.d_cells);
            back::backward(layout.simd, step, BackwardBuffers { gates, words, d_cells });
            if t == pack.context || pack.bounds[done] - rows.start >= ROWS_AT_ONCE {
                self.weight_gradients(network, dense, pack, l, t..done, gradient);
                done = t;
            }
        }
    }

    /// Adds what the rows of `steps` contribute to the gradient of one layer's weights.
    fn weight_gradients(
        &mut self,
        network: &Network,
        dense: &Dense,
        pack: &Pack,
        l: usize,
        steps: Range<usize>,
        gradient: &mut Gradient,
    ) {
        let layout = network.layout();
        let (layer, n) = (&self.layers[l], pack.rows.len());
        let (d_gates, blocks) = (&layer.gates[..], layout.blocks);
        let derivatives =
            |rows: Range<usize>| GateDerivatives { d_gates, blocks, n, first: rows.start, rows: rows.len() };
        let sums = &mut gradient.panels.layers[l];
        let rows = pack.bounds[steps.start]..pack.bounds[steps.end];
        let inputs = if l == 0 { &self.numeric } else { self.layers[l - 1].seen() };
        let inputs = &inputs[rows.start * sums.inputs..];
        weight_gradient::by_bias(layout.simd, derivatives(rows.clone()), &mut sums.bias);
        if layout.simd.terms() > 1 {
            let (derivatives, outputs) = (derivatives(rows.clone()), &layer.outputs);
            self.pairs.by_weights(Stretch { layout, pack, steps, derivatives, inputs, outputs }, sums);
        } else {
            weight_gradient::by_weights(layout.simd, derivatives(rows.clone()), inputs, sums.inputs, &mut sums.input);
            for (rows, before) in pack.continued(steps) {
                let outputs = &layer.outputs[before * layout.width()..];
                weight_gradient::by_weights(
                    layout.simd,
                    derivatives(rows),
                    outputs,
                    layout.width(),
                    &mut sums.recurrent,
                );
            }
        }
        if l == 0 {
            self.table_gradients(network, dense, pack, rows, gradient);
        }
    }

    /// Adds what `rows` contribute to the rows of the category tables that they met.
    fn table_gradients(
        &self,
        network: &Network,
        dense: &Dense,
        pack: &Pack,
        rows: Range<usize>,
        gradient: &mut Gradient,
    ) {
        let (d_gates, n) = (&self.layers[0].gates, pack.rows.len());
        let n_numeric = network.weights.shape.n_numeric;
        for i in rows {
            for (&code, &table) in dense.code_row(pack.rows[i] as usize).iter().zip(&network.tables) {
                gradient.add_to_table((table + code) as usize - n_numeric, d_gates, n, i);
            }
        }
    }
}
