//! One pack forward through the layers and back, with the memory that this takes.

use nta_data::{Dense, Rng};
use rand_core::RngCore;

use super::gates;
use super::gradient::Gradient;
use crate::batches::Pack;
use crate::engine::Truth;
use crate::product::{Matrix, Target, product};
use crate::shape::{Part, Shape};
use crate::simd::dot;
use crate::weights::{Weights, transpose_into};

/// Weights that the way back reads column by column, turned once a step.
pub(crate) struct Turned {
    /// `(4·hidden, hidden)` a layer.
    recurrent: Vec<Vec<f32>>,
    /// `(4·hidden, hidden)` a layer, empty for the first, whose inputs need no derivative.
    input: Vec<Vec<f32>>,
}

impl Turned {
    pub(crate) fn new(shape: &Shape) -> Self {
        let square = shape.hidden * shape.gates();
        Turned {
            recurrent: vec![vec![0.0; square]; shape.layers],
            input: (0..shape.layers).map(|l| vec![0.0; if l == 0 { 0 } else { square }]).collect(),
        }
    }

    pub(crate) fn update(&mut self, weights: &Weights) {
        let (hidden, gates) = (weights.shape.hidden, weights.shape.gates());
        for layer in 0..weights.shape.layers {
            transpose_into(weights.part(Part::Recurrent(layer)), hidden, gates, &mut self.recurrent[layer]);
            if layer > 0 {
                transpose_into(weights.part(Part::Input(layer)), hidden, gates, &mut self.input[layer]);
            }
        }
    }
}

/// What one layer did with one pack. `n` is the number of the pack's rows.
#[derive(Default)]
struct Layer {
    /// `(n, 4·hidden)`: gates, on the way back the derivatives by the pre-activations.
    gates: Vec<f32>,
    /// `(n, hidden)` cell states.
    cell: Vec<f32>,
    /// `(n, hidden)` their tanh.
    squashed: Vec<f32>,
    /// `(n, hidden)` outputs.
    output: Vec<f32>,
    /// `(n, hidden)` outputs after dropout; empty without.
    dropped: Vec<f32>,
    /// `(n, hidden)` random numbers; below the threshold an output is dropped. Empty without dropout.
    mask: Vec<u16>,
}

impl Layer {
    /// What the next layer sees, `(n, hidden)`.
    fn seen(&self) -> &[f32] {
        if self.dropped.is_empty() { &self.output } else { &self.dropped }
    }
}

/// The share of outputs dropped, as a bound on 16 random bits.
#[derive(Clone, Copy)]
pub(crate) struct Dropout {
    threshold: u16,
    scale: f32,
}

impl Dropout {
    pub(crate) fn new(share: f64) -> Self {
        let threshold = (share * 65_536.0).round() as u16;
        Dropout { threshold, scale: (65_536.0 / (65_536.0 - f64::from(threshold))) as f32 }
    }

    /// Whether anything is dropped.
    pub(crate) fn is_on(self) -> bool {
        self.threshold > 0
    }

    /// Sixteen random bits for each output.
    pub(crate) fn draw(mask: &mut Vec<u16>, len: usize, rng: &mut Rng) {
        mask.clear();
        mask.reserve(len + 3);
        while mask.len() < len {
            let word = rng.next_u64();
            mask.extend([word as u16, (word >> 16) as u16, (word >> 32) as u16, (word >> 48) as u16]);
        }
        mask.truncate(len);
    }

    /// What an output is multiplied with.
    pub(crate) fn factor(self, random: u16) -> f32 {
        if random < self.threshold { 0.0 } else { self.scale }
    }

    fn apply(self, values: &mut [f32], mask: &[u16]) {
        for (value, &random) in values.iter_mut().zip(mask) {
            *value *= self.factor(random);
        }
    }
}

/// Memory for one pack's way forward and back.
pub(crate) struct Pass {
    dropout: Dropout,
    /// `(n, n_numeric)`.
    numeric: Vec<f32>,
    layers: Vec<Layer>,
    /// `(n)`.
    logits: Vec<f32>,
    /// `(n, hidden)`: derivative by a layer's outputs.
    d_output: Vec<f32>,
    /// `(width of the first step, hidden)`: derivative by the cell state.
    d_cell: Vec<f32>,
    /// `(n − width of the first step, hidden)`: the outputs that each later row started from.
    before: Vec<f32>,
}

impl Pass {
    pub(crate) fn new(dropout: f64) -> Self {
        Pass {
            dropout: Dropout::new(dropout),
            numeric: Vec::new(),
            layers: Vec::new(),
            logits: Vec::new(),
            d_output: Vec::new(),
            d_cell: Vec::new(),
            before: Vec::new(),
        }
    }

    /// Runs the pack through the network; activations and logits stay in `self`.
    pub(crate) fn forward(&mut self, weights: &Weights, dense: &Dense, pack: &Pack, rng: &mut Rng) {
        let shape = &weights.shape;
        let n = pack.rows.len();
        self.numeric.clear();
        for &row in &pack.rows {
            self.numeric.extend_from_slice(dense.numeric_row(row as usize));
        }
        self.layers.resize_with(shape.layers, Layer::default);
        for l in 0..shape.layers {
            let (below, rest) = self.layers.split_at_mut(l);
            let layer = &mut rest[0];
            layer.gates.clear();
            let bias = weights.part(Part::Bias(l));
            (0..n).for_each(|_| layer.gates.extend_from_slice(bias));
            match below.last() {
                None => first_inputs(&mut layer.gates, &self.numeric, weights, dense, pack),
                Some(below) => {
                    let input = Matrix::new(below.seen(), n, shape.hidden);
                    let into = Matrix::new(weights.part(Part::Input(l)), shape.hidden, shape.gates());
                    product(&mut layer.gates, Target::Add, input, into);
                }
            }
            run_steps(layer, weights.part(Part::Recurrent(l)), shape, pack);
            layer.dropped.clear();
            if self.dropout.is_on() {
                Dropout::draw(&mut layer.mask, n * shape.hidden, rng);
                layer.dropped.extend_from_slice(&layer.output);
                self.dropout.apply(&mut layer.dropped, &layer.mask);
            }
        }
        let head = weights.part(Part::HeadWeight);
        let bias = weights.part(Part::HeadBias)[0];
        self.logits.clear();
        let top = self.layers[shape.layers - 1].seen();
        self.logits.extend(top.chunks_exact(shape.hidden).map(|row| dot(row, head) + bias));
    }

    /// Goes back from the loss, `Σ scale · weight · loss` over the rows, to the gradient of every weight. Gives
    /// `Σ weight · loss`.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn backward(
        &mut self,
        weights: &Weights,
        turned: &Turned,
        dense: &Dense,
        truth: &Truth,
        pack: &Pack,
        scale: f32,
        gradient: &mut Gradient,
    ) -> f64 {
        let loss = self.back_from_head(weights, truth, pack, scale, gradient);
        for l in (0..weights.shape.layers).rev() {
            if self.dropout.is_on() {
                self.dropout.apply(&mut self.d_output, &self.layers[l].mask);
            }
            self.back_through_steps(&turned.recurrent[l], &weights.shape, pack, l);
            self.weight_gradients(&weights.shape, dense, pack, l, gradient);
            if l > 0 {
                let d_gates = Matrix::new(&self.layers[l].gates, pack.rows.len(), weights.shape.gates());
                let turned = Matrix::new(&turned.input[l], weights.shape.gates(), weights.shape.hidden);
                product(&mut self.d_output, Target::Set, d_gates, turned);
            }
        }
        loss
    }

    /// The loss, the head's gradient, and the derivative by what the head saw.
    fn back_from_head(
        &mut self,
        weights: &Weights,
        truth: &Truth,
        pack: &Pack,
        scale: f32,
        gradient: &mut Gradient,
    ) -> f64 {
        let shape = &weights.shape;
        let head = weights.part(Part::HeadWeight);
        let (head_range, bias_range) = (shape.range(Part::HeadWeight), shape.range(Part::HeadBias));
        let seen = self.layers[shape.layers - 1].seen();
        let mut loss = 0.0;
        let mut d_bias = 0.0;
        gradient.values[head_range.clone()].fill(0.0);
        self.d_output.clear();
        for ((&row, &logit), seen) in pack.rows.iter().zip(&self.logits).zip(seen.chunks_exact(shape.hidden)) {
            let (weight, attack) = (truth.weight[row as usize], truth.attack[row as usize]);
            let (lost, slope) = truth.loss.of(logit, attack);
            if weight > 0.0 {
                loss += f64::from(weight) * lost;
            }
            let d = scale * weight * slope;
            d_bias += d;
            for (g, &s) in gradient.values[head_range.clone()].iter_mut().zip(seen) {
                *g += d * s;
            }
            self.d_output.extend(head.iter().map(|&w| d * w));
        }
        gradient.values[bias_range.start] = d_bias;
        loss
    }

    /// Through time, last step first. Leaves the derivatives by the pre-activations in the layer's gates.
    fn back_through_steps(&mut self, turned: &[f32], shape: &Shape, pack: &Pack, l: usize) {
        let (hidden, n_gates) = (shape.hidden, shape.gates());
        let layer = &mut self.layers[l];
        let turned = Matrix::new(turned, n_gates, hidden);
        self.d_cell.clear();
        self.d_cell.resize(pack.width(0) * hidden, 0.0);
        for t in (0..pack.n_steps()).rev() {
            let (start, end) = (pack.bounds[t], pack.bounds[t + 1]);
            let next = pack.width(t + 1);
            if next > 0 {
                let d_gates = Matrix::new(&layer.gates[end * n_gates..], next, n_gates);
                product(&mut self.d_output[start * hidden..], Target::Add, d_gates, turned);
            }
            let before = if t == 0 { &[] } else { &layer.cell[pack.bounds[t - 1] * hidden..start * hidden] };
            gates::backward(
                hidden,
                &mut layer.gates[start * n_gates..end * n_gates],
                before,
                &layer.squashed[start * hidden..end * hidden],
                &self.d_output[start * hidden..end * hidden],
                &mut self.d_cell,
            );
        }
    }

    /// The gradient of one layer's weights from the derivatives by its pre-activations.
    fn weight_gradients(&mut self, shape: &Shape, dense: &Dense, pack: &Pack, l: usize, gradient: &mut Gradient) {
        let (hidden, n_gates, n) = (shape.hidden, shape.gates(), pack.rows.len());
        let first = pack.width(0);
        let layer = &self.layers[l];
        self.before.clear();
        for t in 1..pack.n_steps() {
            let start = pack.bounds[t - 1] * hidden;
            self.before.extend_from_slice(&layer.output[start..start + pack.width(t) * hidden]);
        }
        let d_gates = Matrix::new(&layer.gates, n, n_gates);
        let later = Matrix::new(&layer.gates[first * n_gates..], n - first, n_gates);
        let before = Matrix::new(&self.before, n - first, hidden).turned();
        product(&mut gradient.values[shape.range(Part::Recurrent(l))], Target::Set, before, later);
        let input = match l {
            0 => Matrix::new(&self.numeric, n, shape.n_numeric),
            l => Matrix::new(self.layers[l - 1].seen(), n, hidden),
        };
        product(&mut gradient.values[shape.range(Part::Input(l))], Target::Set, input.turned(), d_gates);
        let bias = shape.range(Part::Bias(l));
        gradient.values[bias.clone()].fill(0.0);
        for d in layer.gates.chunks_exact(n_gates) {
            gates::add(&mut gradient.values[bias.clone()], d);
        }
        if l == 0 && !shape.cardinality.is_empty() {
            let tables = shape.table_rows();
            for (&row, d) in pack.rows.iter().zip(layer.gates.chunks_exact(n_gates)) {
                for (&code, &table) in dense.code_row(row as usize).iter().zip(&tables) {
                    gradient.add_to_table((table + code) as usize, d);
                }
            }
        }
    }
}

/// Adds numbers · weights and each row's category weights to the first layer's pre-activations.
fn first_inputs(into: &mut [f32], numeric: &[f32], weights: &Weights, dense: &Dense, pack: &Pack) {
    let shape = &weights.shape;
    let matrix = weights.part(Part::Input(0));
    let tables = shape.table_rows();
    for (&row, gates) in pack.rows.iter().zip(into.chunks_exact_mut(shape.gates())) {
        for (&code, &table) in dense.code_row(row as usize).iter().zip(&tables) {
            let at = (table + code) as usize * shape.gates();
            gates::add(gates, &matrix[at..at + shape.gates()]);
        }
    }
    let input = Matrix::new(numeric, pack.rows.len(), shape.n_numeric);
    product(into, Target::Add, input, Matrix::new(matrix, shape.n_numeric, shape.gates()));
}

/// The recurrence over the pack's steps.
fn run_steps(layer: &mut Layer, recurrent: &[f32], shape: &Shape, pack: &Pack) {
    let (hidden, n_gates) = (shape.hidden, shape.gates());
    let recurrent = Matrix::new(recurrent, hidden, n_gates);
    let n = pack.rows.len() * hidden;
    for values in [&mut layer.cell, &mut layer.squashed, &mut layer.output] {
        values.resize(n, 0.0);
    }
    for t in 0..pack.n_steps() {
        let (start, end) = (pack.bounds[t], pack.bounds[t + 1]);
        let gates = &mut layer.gates[start * n_gates..end * n_gates];
        let (cell_before, cell) = layer.cell.split_at_mut(start * hidden);
        let (output_before, output) = layer.output.split_at_mut(start * hidden);
        let before = if t == 0 { 0 } else { pack.bounds[t - 1] * hidden };
        if t > 0 {
            let from = Matrix::new(&output_before[before..], end - start, hidden);
            product(gates, Target::Add, from, recurrent);
        }
        let squashed = &mut layer.squashed[start * hidden..end * hidden];
        let len = squashed.len();
        gates::forward(hidden, gates, &cell_before[before..], &mut cell[..len], squashed, &mut output[..len]);
    }
}
