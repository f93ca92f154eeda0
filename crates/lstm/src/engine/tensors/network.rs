//! The same network in burn's tensors with burn's derivatives: for GPUs, and the reference for the CPU engine.
//!
//! Batches, dropout masks, initial weights and the optimiser's formula are ours; no random number of burn's is drawn.

use burn::tensor::activation::{relu, sigmoid, tanh};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use nta_data::Dense;

use super::padded::Padded;
#[cfg(test)]
use super::padded::places;
use crate::engine::adam::{Adam, BETA_1, BETA_2, EPSILON, Rate, StepSizes};
use crate::engine::batch::Batch;
use crate::engine::contract::{BatchLoss, Engine, Truth};
use crate::engine::device;
use crate::engine::dropout::Dropout;
use crate::weights::{Parameter, Shape, Weights};
use crate::{DeviceChoice, LstmError};

/// Trains through burn.
pub(crate) struct Tensors {
    choice: DeviceChoice,
    device: Device,
    shape: Shape,
    /// One a parameter of [`Shape::parameters`], matrices as `(inputs, 4·hidden)`, vectors as `(1, n)`, the head as `(hidden, 1)`,
    /// embeddings as `(codes, dimension)`.
    weights: Vec<Tensor<2>>,
    mean: Vec<Tensor<2>>,
    square: Vec<Tensor<2>>,
    steps: u64,
    dropout: f64,
    seed: u64,
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
            let parameters = weights.shape.parameters().into_iter();
            parameters
                .map(|(parameter, range)| {
                    let size = size_of(&weights.shape, parameter);
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
        let mut parameters = self.weights.iter().cloned();
        let mut next = || parameters.next().expect("one tensor a parameter");
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
            let outputs = self.recur(batch, sums, recurrent);
            below = Some(match batch.masks.get(layer) {
                Some(mask) => outputs * mask.clone(),
                None => outputs,
            });
        }
        let (head, bias) = (next(), next());
        below.expect("at least one layer").matmul(head) + bias
    }

    /// Outputs of a layer at every step, `(n_steps · n_sequences, hidden)`, from the pre-activations without the recurrence
    /// `(n_steps · n_sequences, 4·hidden)`.
    fn recur(&self, batch: &Padded, sums: Tensor<2>, recurrent: Tensor<2>) -> Tensor<2> {
        let (hidden, lanes) = (self.shape.hidden, batch.n_sequences);
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
        Tensor::cat(outputs, 0)
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
        for (i, ((parameter, _), gradient)) in self.shape.parameters().into_iter().zip(gradients).enumerate() {
            let gradient = gradient * scale.clone();
            let keep = if parameter.is_bias() { 1.0 } else { sizes.keep };
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
        Padded::new(&self.device, &self.shape, (Dropout::new(self.dropout), self.seed), (dense, truth, batch))
    }

    fn read(&self, tensor: Tensor<2>) -> Result<Vec<f32>, LstmError> {
        let failed = |why: String| LstmError::Device { device: self.choice.name(), why };
        tensor.try_into_vec_as::<f32>().map_err(|e| failed(e.to_string()))
    }

    fn download(&self, parameters: &[Tensor<2>]) -> Result<Weights, LstmError> {
        let mut values = Vec::with_capacity(self.shape.n_weights());
        for parameter in parameters {
            values.extend(self.read(parameter.clone().inner())?);
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

fn size_of(shape: &Shape, parameter: Parameter) -> [usize; 2] {
    match parameter {
        Parameter::Embedding(j) => [shape.cardinality[j] as usize, shape.embedding.unwrap_or(0)],
        Parameter::Input(l) => [shape.inputs(l), shape.gates()],
        Parameter::Recurrent(_) => [shape.hidden, shape.gates()],
        Parameter::Bias(_) => [1, shape.gates()],
        Parameter::HeadWeight => [shape.hidden, 1],
        Parameter::HeadBias => [1, 1],
    }
}
