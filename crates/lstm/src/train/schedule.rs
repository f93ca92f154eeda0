//! How far an optimiser step goes, over the course of training.

use crate::engine::Rate;
use crate::{LstmConfig, Schedule};

/// Share of the learning rate that is left at the last planned step of a cosine schedule.
const COSINE_FLOOR: f64 = 0.01;

/// What an epoch without a lower validation log loss leaves of the learning rate on a plateau schedule.
const PLATEAU_FACTOR: f64 = 0.5;

/// The step size of step `behind` of `total`, after `worse` epochs without a lower validation log loss.
pub(super) fn rate(config: &LstmConfig, behind: u64, total: u64, worse: usize) -> Rate {
    let share = match config.schedule {
        Schedule::Constant => 1.0,
        Schedule::Plateau => PLATEAU_FACTOR.powi(worse as i32),
        Schedule::Cosine => {
            let way = std::f64::consts::PI * behind as f64 / total as f64;
            COSINE_FLOOR + (1.0 - COSINE_FLOOR) * 0.5 * (1.0 + way.cos())
        }
    };
    Rate { learning_rate: config.learning_rate * share, weight_decay: config.weight_decay, clip_norm: config.clip_norm }
}
