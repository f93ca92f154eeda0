//! What every engine does: one optimiser step on one batch.

use nta_data::{Dense, Label};

use super::adam::{Adam, Rate};
use super::batch::Batch;
use crate::weights::Weights;
use crate::{Loss, LstmError};

/// What the rows are, how much each counts, and what it costs to misjudge one.
pub(crate) struct Truth {
    /// The loss of a row.
    pub(crate) loss: Loss,
    /// `(n_rows)`.
    pub(crate) attack: Vec<bool>,
    /// `(n_rows)`: class weight times the caller's weight; 0 leaves a row out of the loss.
    pub(crate) weight: Vec<f32>,
}

impl Truth {
    /// `class_weight` by [`Label`]: benign, attack.
    pub(crate) fn new(labels: &[Label], weight: Option<&[f32]>, class_weight: [f32; 2], loss: Loss) -> Self {
        let attack = labels.iter().map(|l| l.is_attack()).collect();
        let of = |(i, l): (usize, &Label)| class_weight[*l as usize] * weight.map_or(1.0, |w| w[i]);
        Truth { loss, attack, weight: labels.iter().enumerate().map(of).collect() }
    }

    /// Sum of the weights of a batch's rows.
    pub(crate) fn weight_of(&self, batch: &Batch) -> f64 {
        batch.rows().map(|r| f64::from(self.weight[r as usize])).sum()
    }
}

/// The loss of one batch before the step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BatchLoss {
    /// Σ weight · loss.
    pub(crate) sum: f64,
    /// Σ weight.
    pub(crate) weight: f64,
}

/// Something that can train the network.
pub(crate) trait Engine {
    /// One step down the gradient of the batch's mean loss; a batch without weight, or whose loss is no number, changes
    /// nothing.
    fn step(&mut self, dense: &Dense, truth: &Truth, batch: &Batch, rate: Rate) -> Result<BatchLoss, LstmError>;

    /// The weights as they are now.
    fn weights(&self) -> Result<Weights, LstmError>;

    /// The optimiser's memory as it is now.
    fn adam(&self) -> Result<Adam, LstmError>;
}
