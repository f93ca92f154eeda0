//! The CPU engine: forward pass and back-propagation through time written out, a batch's packs side by side on all
//! threads. Gradients are summed pack by pack in a fixed order, so no bit depends on the number of threads.

mod back;
mod gradient;
mod layer;
mod network;
mod pairs;
mod pass;
mod turned;
mod weight_gradient;

use std::sync::Mutex;

use nta_data::Dense;
use rayon::prelude::*;

use super::adam::{Adam, Rate};
use super::batch::Batch;
use super::contract::{BatchLoss, Engine, Truth};
use crate::LstmError;
use crate::kernel::Simd;
use crate::weights::{Weights, embedding};

use gradient::Gradient;
use network::Network;
use pass::Pass;

/// Trains on the CPU.
pub(crate) struct Fused {
    /// One-hot, as all that computes here knows them.
    network: Network,
    /// Where categories are embedded: what is learned in place of the network's weights, and its gradient.
    embedded: Option<(Weights, Weights)>,
    adam: Adam,
    /// One gradient a pack of the batch, reused.
    gradients: Vec<Gradient>,
    /// Memory for activations, taken by whichever thread works.
    passes: Mutex<Vec<Pass>>,
    total: Weights,
    dropout: f64,
    seed: u64,
}

impl Fused {
    /// Goes on from these weights and moments, on this vector unit.
    pub(crate) fn new(simd: Simd, learned: Weights, adam: Adam, dropout: f64, seed: u64) -> Self {
        let (weights, learned) = embedding::one_hot(learned);
        let embedded = learned.map(|learned| (learned.clone(), learned));
        let total = Weights::zeros(&weights.shape);
        let network = Network::new(simd, weights);
        Fused { network, embedded, adam, gradients: Vec::new(), passes: Mutex::default(), total, dropout, seed }
    }

    /// Loss of the batch and its gradient, in `self.total`.
    fn differentiate(&mut self, dense: &Dense, truth: &Truth, batch: &Batch) -> BatchLoss {
        self.network.update();
        let Fused { network, gradients, passes, total, dropout, seed, .. } = self;
        let (network, passes) = (&*network, &*passes);
        while gradients.len() < batch.packs.len() {
            gradients.push(Gradient::new(network.layout(), &network.weights.shape));
        }
        let weight = truth.weight_of(batch);
        let scale = if weight > 0.0 { (1.0 / weight) as f32 } else { 0.0 };
        let losses: Vec<f64> = gradients
            .par_iter_mut()
            .zip(&batch.packs)
            .enumerate()
            .map(|(i, (gradient, pack))| {
                let taken = passes.lock().unwrap_or_else(|e| e.into_inner()).pop();
                let mut pass = taken.unwrap_or_else(|| Pass::new(*dropout));
                pass.forward(network, dense, pack, &mut batch.dropout_rng(*seed, i));
                let loss = pass.backward(network, dense, truth, pack, scale, gradient);
                passes.lock().unwrap_or_else(|e| e.into_inner()).push(pass);
                loss
            })
            .collect();
        gradient::reduce(&mut gradients[..batch.packs.len()], total);
        BatchLoss { sum: losses.iter().sum(), weight }
    }
}

#[cfg(test)]
impl Fused {
    /// The loss of a batch and its gradient, without a step.
    pub(crate) fn gradient(&mut self, dense: &Dense, truth: &Truth, batch: &Batch) -> (BatchLoss, Weights) {
        let loss = self.differentiate(dense, truth, batch);
        let Some((learned, gradient)) = &mut self.embedded else { return (loss, self.total.clone()) };
        embedding::fold(learned, &self.total, gradient);
        (loss, gradient.clone())
    }
}

impl Engine for Fused {
    fn step(&mut self, dense: &Dense, truth: &Truth, batch: &Batch, rate: Rate) -> Result<BatchLoss, LstmError> {
        // Once into the pool, not once for each of its loops: a thread outside must be woken each time.
        rayon::scope(|_| {
            let loss = self.differentiate(dense, truth, batch);
            if loss.weight > 0.0 && loss.sum.is_finite() {
                match &mut self.embedded {
                    None => self.adam.apply(&mut self.network.weights, &mut self.total, rate),
                    Some((learned, gradient)) => {
                        embedding::fold(learned, &self.total, gradient);
                        self.adam.apply(learned, gradient, rate);
                        embedding::unfold(learned, &mut self.network.weights);
                    }
                }
            }
            Ok(loss)
        })
    }

    fn weights(&self) -> Result<Weights, LstmError> {
        Ok(self.embedded.as_ref().map_or(&self.network.weights, |(learned, _)| learned).clone())
    }

    fn adam(&self) -> Result<Adam, LstmError> {
        Ok(self.adam.clone())
    }
}
