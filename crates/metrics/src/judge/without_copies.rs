//! What remains of a member's results when rows whose exact copy stands in train are left out.

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::input::JudgedMember;
use super::operating_point::OperatingPoint;
use crate::error::MetricsError;
use crate::{ConfusionMatrix, Ranking};

/// What remains when rows whose exact copy stands in train are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WithoutCopies {
    /// Rows left out.
    pub copies: u64,
    /// Area under the ROC curve on the rest; null where a class is missing there.
    pub roc_auc: Option<f64>,
    /// Average precision on the rest; null where no attack is left.
    pub average_precision: Option<f64>,
    /// Ranking, not operating point; null where a class is missing.
    pub detection_rate_at_fpr_0_01: Option<f64>,
    /// At the same threshold as with the copies.
    pub at_budget: OperatingPoint,
    /// At the threshold 0.5.
    pub at_half: OperatingPoint,
}

impl WithoutCopies {
    /// Measures `member` on the rows that `copies` `(n_rows)` does not name, at its own threshold and at `half`.
    pub(crate) fn of(
        labels: &[Label],
        member: &JudgedMember<'_>,
        copies: &[bool],
        half: f32,
    ) -> Result<Self, MetricsError> {
        let fresh = labels.iter().zip(member.scores).zip(copies).filter(|(_, copy)| !**copy);
        let (labels, scores): (Vec<Label>, Vec<f32>) = fresh.map(|((label, score), _)| (*label, *score)).unzip();
        let ranking = Ranking::new(&scores, &labels)?;
        let at = |threshold: f32| {
            ConfusionMatrix::at_threshold(&labels, &scores, threshold).map(|m| OperatingPoint::of(m, Some(threshold)))
        };
        Ok(WithoutCopies {
            copies: copies.iter().filter(|copy| **copy).count() as u64,
            roc_auc: ranking.roc_auc(),
            average_precision: ranking.average_precision(),
            detection_rate_at_fpr_0_01: ranking.detection_rate_at_fpr(0.01),
            at_budget: at(member.threshold.value)?,
            at_half: at(half)?,
        })
    }

    /// The ranking's numbers under their names.
    pub(crate) fn ranking(&self) -> [(&'static str, Option<f64>); 3] {
        [
            ("roc_auc", self.roc_auc),
            ("average_precision", self.average_precision),
            ("detection_rate_at_fpr_0_01", self.detection_rate_at_fpr_0_01),
        ]
    }
}
