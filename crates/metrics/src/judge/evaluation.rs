//! Everything measured on the test part, in the shape of evaluation.json. An undefined number is null, and
//! `undefined` beside it says why. Keys are added, never renamed, so a reader passes over those that it does not know.

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::cross_fitted::CrossFitted;
use super::input::PartSize;
use super::leave_out::LeaveOut;
use super::member::MemberEvaluation;
use super::metric::{Better, Metric, MetricOf, Unit};
use super::moved::Moved;
use super::promise::Promise;
use crate::error::MetricsError;
use crate::{Named, brier, log_loss};

/// Everything measured, for every member, the hybrid and the baselines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evaluation {
    /// The members in the model's order, then `hybrid`.
    pub members: Named<MemberEvaluation>,
    /// The budget that the hybrid's threshold was chosen for, and what came of it; null where there was no budget.
    pub promise: Option<Promise>,
    /// How well the reported probability, the hybrid's score through the isotonic map, meets the truth; null where
    /// there is none.
    pub probability: Option<ProbabilityQuality>,
    /// What anyone could say without a model: `always_benign`, and `last_flow` where flows belong to hosts.
    pub baselines: Named<Baseline>,
    /// Rows of each part.
    pub parts: Named<PartSize>,
    /// Whether the test traffic is like the training traffic, told before its labels were read; null where that was not
    /// asked, or there are too few rows to tell.
    #[serde(default)]
    pub moved: Option<Moved>,
    /// Flows a day of the test traffic, as its times tell; absent where they span less than an hour, or there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flows_per_day: Option<f64>,
    /// Whether the hybrid can be used, by recall and false alarms, and whether it pays, against the best member, in plain
    /// words.
    pub verdict: String,
    /// `average`: the plain average of forest and LSTM at a threshold of its own, where the hybrid is another fusion.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub beside: Named<MemberEvaluation>,
    /// What members and fusions find of families left out of training, by the training part alone; absent where that was
    /// not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave_out: Option<LeaveOut>,
    /// What the shipped members were fitted on, where that is all rows that are not test; absent where it is the training
    /// part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_fitted: Option<CrossFitted>,
    /// Why a value above is null, by its name.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub undefined: Named<String>,
    /// Digest of the model judged.
    pub digest: String,
}

/// How near a probability comes to the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProbabilityQuality {
    /// Mean squared distance of probability and truth; null where there is no row.
    pub brier: Option<f64>,
    /// Mean negative log probability of the truth, clipped at 1e-15; null where there is no row.
    pub log_loss: Option<f64>,
}

impl ProbabilityQuality {
    /// Measures probabilities `(n_rows)`.
    pub(crate) fn of(probability: &[f32], labels: &[Label]) -> Result<Self, MetricsError> {
        Ok(ProbabilityQuality { brier: brier(probability, labels)?, log_loss: log_loss(probability, labels)? })
    }
}

/// The metrics of the reported probability.
pub static PROBABILITY: &[MetricOf<ProbabilityQuality>] = &[
    Metric::new("probability.brier", "Brier score of the probability", Unit::Index, Better::Lower)
        .means("Mean squared distance of the reported probability and the truth.")
        .read(|p| p.brier, |_| "there is no flow"),
    Metric::new("probability.log_loss", "log loss of the probability", Unit::Nats, Better::Lower)
        .means("Mean negative logarithm of the reported probability of the truth.")
        .read(|p| p.log_loss, |_| "there is no flow"),
];
