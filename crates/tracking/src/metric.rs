//! One number at one step, as MLflow and TensorBoard take them.

use serde::{Deserialize, Deserializer, Serialize};

use crate::Moment;

/// A number that a stage measured at a step. What it means is the writer's business.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepMetric {
    /// Name, `lstm.validation_loss`.
    pub key: String,
    /// The number; one that is not finite is written as null and read as NaN.
    #[serde(deserialize_with = "null_is_nan")]
    pub value: f64,
    /// Epoch, tree or whatever the stage counts.
    pub step: u64,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub timestamp: i64,
}

impl StepMetric {
    /// A number measured now.
    pub fn now(key: &str, value: f64, step: u64) -> Self {
        StepMetric { key: key.to_owned(), value, step, timestamp: Moment::now().milliseconds() }
    }
}

fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}
