//! The same network in burn's tensors with burn's derivatives: for GPUs, and the reference for the CPU engine.
//!
//! Batches, dropout masks, initial weights and the optimiser's formula are ours; no random number of burn's is drawn.

use burn::tensor::activation::{relu, sigmoid, tanh};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use nta_data::Dense;

use crate::adam::{Adam, BETA_1, BETA_2, EPSILON, Rate, StepSizes};
use crate::batches::{Batch, Pack};
use crate::device;
use crate::engine::{BatchLoss, Engine, Truth};
use crate::fused::Dropout;
use crate::shape::{Part, Shape};
use crate::weights::Weights;
use crate::{DeviceChoice, LstmError};

/// Trains through burn.
pub(crate) struct Tensors {
    choice: DeviceChoice,
    device: Device,
    shape: Shape,
    /// One a part of [`Shape::parts`], matrices as `(inputs, 4·hidden)`, vectors as `(1, n)`, the head as `(hidden, 1)`,
    /// embeddings as `(codes, dimension)`.
    weights: Vec<Tensor<2>>,
    mean: Vec<Tensor<2>>,
    square: Vec<Tensor<2>>,
    steps: u64,
    dropout: f64,
    seed: u64,
}

/// A batch as padded tensors. Rows stand time-major: step `t` of sequence `s` is `t · n_sequences + s`.
struct Padded {
    n_sequences: usize,
    n_steps: usize,
    /// First steps of the batch that are read and not learned from, 0 without any. Sequences without such begin at the
    /// step after them.
    context: usize,
    /// `(n_sequences, 1)`: 1 where a sequence has context, else 0.
    warm: Tensor<2>,
    /// `(n_steps · n_sequences, n_numeric)`, absent without numbers.
    numeric: Option<Tensor<2>>,
    /// A categorical input: `(n_steps · n_sequences)` rows of its embedding, or of the first layer's matrix.
    codes: Vec<Tensor<1, Int>>,
    /// `(n_steps · n_sequences, 1)`.
    attack: Tensor<2>,
    /// `(n_steps · n_sequences, 1)`; 0 where there is padding, and in the context.
    weight: Tensor<2>,
    /// A layer: `(n_steps · n_sequences, hidden)` factors; none without dropout.
    masks: Vec<Tensor<2>>,
    /// Sum of the weights.
    total: f64,
    /// Power of the focal loss, 0 for the log loss.
    power: f64,
}

impl Tensors {
    /// Goes on from these weights and moments.
    pub(crate) fn new(
        choice: DeviceChoice,
        weights: &Weights,
        adam: &Adam,
        dropout: f64,
        seed: u64,
    ) -> Result<Self, LstmError> {
        let device = device::open(choice).map_err(|why| LstmError::Device { device: choice.name(), why })?.device;
        let upload = |weights: &Weights, device: &Device| -> Vec<Tensor<2>> {
            let parts = weights.shape.parts().into_iter();
            parts
                .map(|(part, range)| {
                    let size = size_of(&weights.shape, part);
                    Tensor::from_data(TensorData::new(weights.values[range].to_vec(), size), device)
                })
                .collect()
        };
        let learned = upload(weights, &device.clone().autodiff());
        Ok(Tensors {
            choice,
            shape: weights.shape.clone(),
            weights: learned.into_iter().map(Tensor::require_grad).collect(),
            mean: upload(&adam.mean, &device),
            square: upload(&adam.square, &device),
            device,
            steps: adam.steps,
            dropout,
            seed,
        })
    }

    /// Logits of every step, `(n_steps · n_sequences, 1)`.
    fn forward(&self, batch: &Padded) -> Tensor<2> {
        let shape = &self.shape;
        let (hidden, lanes) = (shape.hidden, batch.n_sequences);
        let mut parts = self.weights.iter().cloned();
        let mut next = || parts.next().expect("one tensor a part");
        let n_tables = shape.embedding.map_or(0, |_| shape.cardinality.len());
        let tables: Vec<Tensor<2>> = (0..n_tables).map(|_| next()).collect();
        let mut below: Option<Tensor<2>> = None;
        for layer in 0..shape.layers {
            let (input, recurrent, bias) = (next(), next(), next());
            // (n_steps · n_sequences, 4·hidden)
            let sums = match below {
                Some(below) => below.matmul(input) + bias,
                None => self.first_inputs(batch, &tables, input, bias),
            };
            let mut outputs: Vec<Tensor<2>> = Vec::with_capacity(batch.n_steps);
            let mut cell: Option<Tensor<2>> = None;
            for t in 0..batch.n_steps {
                if t > 0 && t == batch.context {
                    // The past is given: nothing is learned from it, and padding is no past.
                    let given = |state: Tensor<2>| (state * batch.warm.clone()).detach();
                    let last = outputs.pop().map(given);
                    outputs = outputs.into_iter().map(Tensor::detach).chain(last).collect();
                    cell = cell.map(given);
                }
                let mut gates = sums.clone().narrow(0, t * lanes, lanes);
                if let Some(output) = outputs.last() {
                    gates = gates + output.clone().matmul(recurrent.clone());
                }
                let gate = |i: usize| gates.clone().narrow(1, i * hidden, hidden);
                let new = sigmoid(gate(0)) * tanh(gate(2));
                let now = match cell {
                    Some(before) => sigmoid(gate(1)) * before + new,
                    None => new,
                };
                outputs.push(sigmoid(gate(3)) * tanh(now.clone()));
                cell = Some(now);
            }
            let outputs = Tensor::cat(outputs, 0);
            below = Some(match batch.masks.get(layer) {
                Some(mask) => outputs * mask.clone(),
                None => outputs,
            });
        }
        let (head, bias) = (next(), next());
        below.expect("at least one layer").matmul(head) + bias
    }

    /// Pre-activations of the first layer without the recurrence, `(n_steps · n_sequences, 4·hidden)`.
    fn first_inputs(&self, batch: &Padded, tables: &[Tensor<2>], matrix: Tensor<2>, bias: Tensor<2>) -> Tensor<2> {
        if !tables.is_empty() {
            let vectors = tables.iter().zip(&batch.codes).map(|(table, codes)| table.clone().select(0, codes.clone()));
            let inputs: Vec<Tensor<2>> = batch.numeric.clone().into_iter().chain(vectors).collect();
            return Tensor::cat(inputs, 1).matmul(matrix) + bias;
        }
        let numbers = batch.numeric.clone().map(|x| x.matmul(matrix.clone().narrow(0, 0, self.shape.n_numeric)));
        let codes = batch.codes.iter().map(|codes| matrix.clone().select(0, codes.clone()));
        numbers.into_iter().chain(codes).fold(bias, |sum, term| sum + term)
    }

    /// Σ weight · loss / Σ weight.
    fn loss(&self, batch: &Padded) -> Tensor<1> {
        let logits = self.forward(batch);
        let curve = relu(logits.clone()) + logits.clone().abs().neg().exp().log1p();
        let mut loss = curve.clone() - logits.clone() * batch.attack.clone();
        if batch.power > 0.0 {
            // −ln q, the log loss of the opposite: the focal loss is qᵞ times the log loss.
            let opposite = curve - logits * (batch.attack.clone().neg() + 1.0);
            loss = loss * opposite.mul_scalar(-batch.power).exp();
        }
        (loss * batch.weight.clone()).sum().div_scalar(batch.total)
    }

    /// The loss, and its derivative by each part.
    fn differentiate(&self, batch: &Padded) -> (Tensor<1>, Vec<Tensor<2>>) {
        let loss = self.loss(batch);
        let gradients: Gradients = loss.backward();
        // A part without influence (recurrent weights in a batch of single flows) has no gradient: it is 0.
        let of =
            |weight: &Tensor<2>| weight.grad(&gradients).unwrap_or_else(|| Tensor::zeros(weight.dims(), &self.device));
        (loss.inner(), self.weights.iter().map(of).collect())
    }

    /// The formula of [`Adam::apply`] in tensors.
    fn apply(&mut self, gradients: Vec<Tensor<2>>, rate: Rate) {
        let squares = gradients.iter().map(|g| g.clone().square().sum());
        let norm = squares.reduce(|a, b| a + b).expect("a network has weights").sqrt();
        let scale = norm.recip().mul_scalar(rate.clip_norm).clamp_max(1.0).reshape([1, 1]);
        self.steps += 1;
        let sizes = StepSizes::new(self.steps, rate);
        for (i, ((part, _), gradient)) in self.shape.parts().into_iter().zip(gradients).enumerate() {
            let gradient = gradient * scale.clone();
            let keep = if part.is_bias() { 1.0 } else { sizes.keep };
            let mean = self.mean[i].clone().mul_scalar(BETA_1) + gradient.clone().mul_scalar(1.0 - BETA_1);
            let square = self.square[i].clone().mul_scalar(BETA_2) + gradient.square().mul_scalar(1.0 - BETA_2);
            let root = square.clone().sqrt().mul_scalar(sizes.root_scale).add_scalar(EPSILON);
            let weight = self.weights[i].clone().inner().mul_scalar(keep);
            let weight = weight - mean.clone().mul_scalar(sizes.step) / root;
            self.weights[i] = weight.autodiff().require_grad();
            (self.mean[i], self.square[i]) = (mean, square);
        }
    }

    fn pad(&self, dense: &Dense, truth: &Truth, batch: &Batch) -> Padded {
        let n_sequences = batch.packs.iter().map(|p| p.width(0)).sum::<usize>();
        let context = batch.packs.iter().map(|p| p.context).max().unwrap_or(0);
        let n_steps = batch.packs.iter().map(|p| context - p.context + p.n_steps()).max().unwrap_or(0);
        let n = n_sequences * n_steps;
        let (hidden, n_numeric) = (self.shape.hidden, self.shape.n_numeric);
        let tables = match self.shape.embedding {
            Some(_) => vec![0; self.shape.cardinality.len()],
            None => self.shape.table_rows(),
        };
        let dropout = Dropout::new(self.dropout);
        let n_masks = if dropout.is_on() { self.shape.layers } else { 0 };
        let mut numeric = vec![0f32; n * n_numeric];
        let mut codes: Vec<Vec<i32>> = tables.iter().map(|&t| vec![t as i32; n]).collect();
        let (mut attack, mut weight) = (vec![0f32; n], vec![0f32; n]);
        let mut masks = vec![vec![0f32; n * hidden]; n_masks];
        let mut warm = vec![0f32; n_sequences];
        let mut first = 0;
        for (p, pack) in batch.packs.iter().enumerate() {
            let places = places(pack, context, n_sequences, first);
            warm[first..first + pack.width(0)].fill(if pack.context > 0 { 1.0 } else { 0.0 });
            for (i, (&place, &row)) in places.iter().zip(&pack.rows).enumerate() {
                let row = row as usize;
                numeric[place * n_numeric..(place + 1) * n_numeric].copy_from_slice(dense.numeric_row(row));
                for ((codes, &code), &table) in codes.iter_mut().zip(dense.code_row(row)).zip(&tables) {
                    codes[place] = (table + code) as i32;
                }
                if i >= pack.first_learned() {
                    attack[place] = f32::from(u8::from(truth.attack[row]));
                    weight[place] = truth.weight[row];
                }
            }
            let mut rng = batch.dropout_rng(self.seed, p);
            let mut drawn = Vec::new();
            for mask in &mut masks {
                Dropout::draw(&mut drawn, places.len() * hidden, &mut rng);
                for (&place, random) in places.iter().zip(drawn.chunks_exact(hidden)) {
                    for (factor, &random) in mask[place * hidden..].iter_mut().zip(random) {
                        *factor = dropout.factor(random);
                    }
                }
            }
            first += pack.width(0);
        }
        let device = self.device.clone().autodiff();
        let matrix = |values: Vec<f32>, width: usize| -> Tensor<2> {
            let n = values.len() / width;
            Tensor::from_data(TensorData::new(values, [n, width]), &device)
        };
        let column = |codes: Vec<i32>| Tensor::<1, Int>::from_data(TensorData::new(codes, [n]), &device);
        Padded {
            n_sequences,
            n_steps,
            context,
            warm: matrix(warm, 1),
            numeric: (n_numeric > 0).then(|| matrix(numeric, n_numeric)),
            codes: codes.into_iter().map(column).collect(),
            attack: matrix(attack, 1),
            weight: matrix(weight, 1),
            masks: masks.into_iter().map(|m| matrix(m, hidden)).collect(),
            total: truth.weight_of(batch),
            power: truth.loss.power(),
        }
    }

    fn read(&self, tensor: Tensor<2>) -> Result<Vec<f32>, LstmError> {
        let failed = |why: String| LstmError::Device { device: self.choice.name(), why };
        tensor.try_into_vec_as::<f32>().map_err(|e| failed(e.to_string()))
    }

    fn download(&self, parts: &[Tensor<2>]) -> Result<Weights, LstmError> {
        let mut values = Vec::with_capacity(self.shape.n_weights());
        for part in parts {
            values.extend(self.read(part.clone().inner())?);
        }
        Ok(Weights { shape: self.shape.clone(), values })
    }
}

#[cfg(test)]
impl Tensors {
    /// The mean loss of a batch and its gradient, without a step.
    pub(crate) fn gradient(&self, dense: &Dense, truth: &Truth, batch: &Batch) -> Result<(f64, Weights), LstmError> {
        let (loss, gradients) = self.differentiate(&self.pad(dense, truth, batch));
        Ok((f64::from(self.read(loss.reshape([1, 1]))?[0]), self.download(&gradients)?))
    }

    /// Probability of attack for each of the batch's rows, in the order of [`Batch::rows`]; without dropout.
    pub(crate) fn probabilities(&self, dense: &Dense, truth: &Truth, batch: &Batch) -> Result<Vec<f32>, LstmError> {
        let mut padded = self.pad(dense, truth, batch);
        padded.masks.clear();
        let scores = self.read(sigmoid(self.forward(&padded)).inner())?;
        let mut found = Vec::new();
        let mut first = 0;
        for pack in &batch.packs {
            let places = places(pack, padded.context, padded.n_sequences, first);
            found.extend(places[pack.first_learned()..].iter().map(|&place| scores[place]));
            first += pack.width(0);
        }
        Ok(found)
    }
}

impl Engine for Tensors {
    fn step(&mut self, dense: &Dense, truth: &Truth, batch: &Batch, rate: Rate) -> Result<BatchLoss, LstmError> {
        let padded = self.pad(dense, truth, batch);
        let weight = padded.total;
        if weight <= 0.0 {
            return Ok(BatchLoss { sum: 0.0, weight: 0.0 });
        }
        let (loss, gradients) = self.differentiate(&padded);
        let loss = f64::from(self.read(loss.reshape([1, 1]))?[0]);
        if loss.is_finite() {
            self.apply(gradients, rate);
        }
        Ok(BatchLoss { sum: loss * weight, weight })
    }

    fn weights(&self) -> Result<Weights, LstmError> {
        self.download(&self.weights)
    }

    fn adam(&self) -> Result<Adam, LstmError> {
        Ok(Adam { mean: self.download(&self.mean)?, square: self.download(&self.square)?, steps: self.steps })
    }
}

/// Where a pack's rows stand in the padded tensors, its sequences being `first` and following: all that is learned from
/// begins at step `context`.
fn places(pack: &Pack, context: usize, n_sequences: usize, first: usize) -> Vec<usize> {
    let step = |t: usize| (context - pack.context + t) * n_sequences + first;
    (0..pack.n_steps()).flat_map(|t| (0..pack.width(t)).map(move |s| step(t) + s)).collect()
}

fn size_of(shape: &Shape, part: Part) -> [usize; 2] {
    match part {
        Part::Embedding(j) => [shape.cardinality[j] as usize, shape.embedding.unwrap_or(0)],
        Part::Input(l) => [shape.inputs(l), shape.gates()],
        Part::Recurrent(_) => [shape.hidden, shape.gates()],
        Part::Bias(_) => [1, shape.gates()],
        Part::HeadWeight => [shape.hidden, 1],
        Part::HeadBias => [1, 1],
    }
}
