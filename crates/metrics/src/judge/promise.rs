//! The budget that a threshold was chosen for, and what came of it on the test part.

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::input::JudgedMember;
use super::metric::{Better, Metric, MetricOf, Unit};
use crate::error::MetricsError;
use crate::percent::percent;
use crate::{
    ClusteredRate, ConfusionMatrix, INTERVAL_CONFIDENCE, Interval, ThresholdRule, clopper_pearson, clustered_fpr,
};

/// The budget a threshold was chosen for, and the false positive rate that came of it on the test part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Promise {
    /// Largest false positive rate promised.
    pub budget: f64,
    /// Confidence of the promise, for traffic like that of the threshold part.
    pub confidence: f64,
    /// Share of the test part's benign rows that were flagged; null where it has none.
    pub observed_fpr: Option<f64>,
    /// Whether that is within the budget; null where it is undefined.
    pub kept: Option<bool>,
    /// Benign rows flagged.
    pub false_alarms: u64,
    /// Benign rows.
    pub benign_rows: u64,
    /// Clopper–Pearson interval of the observed rate, rows taken as independent.
    pub interval: Option<Interval>,
    /// The same with entities taken as independent; null where flows belong to no entity.
    pub clustered: Option<ClusteredRate>,
}

/// What a promise is worth, as numbers.
pub static PROMISE: &[MetricOf<Promise>] = &[
    Metric::new("promise.budget", "promised false positive rate", Unit::Share, Better::Neither)
        .means("Largest share of the benign flows that may be flagged.")
        .read(|p| Some(p.budget), |_| ""),
    Metric::new("promise.confidence", "confidence of the promise", Unit::Share, Better::Neither)
        .means("How surely the threshold keeps the budget on traffic like that it was chosen on.")
        .read(|p| Some(p.confidence), |_| ""),
    Metric::new("promise.observed_fpr", "observed false positive rate", Unit::Share, Better::Lower)
        .means("Share of the test part's benign flows that were flagged.")
        .read(|p| p.observed_fpr, |_| "there is no benign flow"),
    Metric::new("promise.kept", "promise kept", Unit::YesNo, Better::Higher)
        .means("Whether the observed rate is within the budget.")
        .read(|p| p.kept.map(|kept| f64::from(u8::from(kept))), |_| "there is no benign flow"),
    Metric::new("promise.false_alarms", "false alarms", Unit::Count, Better::Lower)
        .means("Benign flows of the test part that were flagged.")
        .read(|p| Some(p.false_alarms as f64), |_| ""),
    Metric::new("promise.benign_rows", "benign flows", Unit::Count, Better::Neither)
        .means("Benign flows of the test part, on which the observed rate rests.")
        .read(|p| Some(p.benign_rows as f64), |_| ""),
];

impl Promise {
    /// What came of a member's budget; `None` where its threshold was chosen by another rule. `host` `(n_rows)` may be
    /// empty.
    pub(crate) fn of(
        labels: &[Label],
        host: &[u64],
        member: &JudgedMember<'_>,
        confusion: &ConfusionMatrix,
    ) -> Result<Option<Self>, MetricsError> {
        let ThresholdRule::Budget(budget) = member.threshold.rule else { return Ok(None) };
        Ok(Some(Promise {
            budget: budget.false_positive_rate,
            confidence: budget.confidence,
            observed_fpr: confusion.fpr(),
            kept: confusion.fpr().map(|observed| observed <= budget.false_positive_rate),
            false_alarms: confusion.fp,
            benign_rows: confusion.benign(),
            interval: clopper_pearson(confusion.fp, confusion.benign(), INTERVAL_CONFIDENCE),
            clustered: clustered_fpr(labels, member.flags, host)?,
        }))
    }

    /// The promise and what came of it: `FPR ≤ 1.0 %, observed 9.8 % [9.2, 10.4]: MISSED`.
    pub fn describe(&self) -> String {
        let budget = percent(self.budget);
        let (Some(observed), Some(interval), Some(kept)) = (self.observed_fpr, self.interval, self.kept) else {
            return format!("FPR ≤ {budget}, nothing observed: the test part has no benign flow");
        };
        let outcome = match (kept, interval.low <= self.budget) {
            (true, _) => "kept",
            (false, true) => "missed, though within sampling error",
            (false, false) => "MISSED",
        };
        // As many digits as the interval's width gives a meaning to.
        let digits = match interval.high - interval.low {
            width if width > 0.005 => 1,
            width if width > 0.0005 => 2,
            _ => 3,
        };
        let [observed, low, high] = [observed, interval.low, interval.high].map(|r| format!("{:.digits$}", r * 100.0));
        format!("FPR ≤ {budget}, observed {observed} % [{low}, {high}]: {outcome}")
    }
}
