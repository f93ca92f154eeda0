//! Everything measured on the test part, in the shape of evaluation.json. An undefined number is null, and
//! `undefined` beside it says why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::percent;
use crate::{ChosenThreshold, ClassRow, ClusteredRate, ConfusionMatrix, Interval, Named};

/// Everything measured, for every member, the hybrid and the baselines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
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
    /// Whether the hybrid pays, against the best member, in plain words.
    pub verdict: String,
    /// Why a value above is null, by its name.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub undefined: Named<String>,
    /// Digest of the model judged.
    pub digest: String,
}

/// One member's results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberEvaluation {
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// Step sum of precision over recall; not interpolated.
    pub average_precision: Option<f64>,
    /// Mean squared distance of score and truth.
    pub brier: Option<f64>,
    /// Mean negative log probability of the truth, clipped at 1e-15.
    pub log_loss: Option<f64>,
    /// Ranking, not operating point: the largest recall among thresholds whose false positive rate on the test part
    /// is at most 1 %. The cut is picked on the test part.
    pub detection_rate_at_fpr_0_01: Option<f64>,
    /// The same at 0.1 %.
    pub detection_rate_at_fpr_0_001: Option<f64>,
    /// At the threshold chosen by the configured rule, before the test part was opened.
    pub at_budget: OperatingPoint,
    /// At the threshold 0.5.
    pub at_half: OperatingPoint,
    /// Attack families by number of flows, most first. Attacks without a family name are not listed.
    pub families: Named<FamilyRecall>,
    /// All families together that are absent from training.
    pub unseen: UnseenFamilies,
    /// The same measures without the test rows whose exact copy stands in train; null where that was not asked.
    pub without_copies: Option<WithoutCopies>,
    /// How the threshold came about.
    pub threshold: ChosenThreshold,
    /// The budget, and what came of it for this member; null where there was no budget.
    pub promise: Option<Promise>,
    /// Why a value above is null, by its name.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub undefined: Named<String>,
}

/// How near a probability comes to the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbabilityQuality {
    /// Mean squared distance of probability and truth; null where there is no row.
    pub brier: Option<f64>,
    /// Mean negative log probability of the truth, clipped at 1e-15; null where there is no row.
    pub log_loss: Option<f64>,
}

/// One threshold's results. A flow is flagged when `score > threshold`, strictly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatingPoint {
    /// The threshold; null for a baseline, which has none.
    pub threshold: Option<f32>,
    /// Share of rows answered rightly.
    pub accuracy: Option<f64>,
    /// Share of the flagged rows that are attacks.
    pub precision: Option<f64>,
    /// Share of the attacks that are flagged.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// Share of the benign rows that are flagged.
    pub fpr: Option<f64>,
    /// Share of the attacks that are missed.
    pub fnr: Option<f64>,
    /// Matthews correlation.
    pub mcc: Option<f64>,
    /// Mean of the recalls of the two classes.
    pub balanced_accuracy: Option<f64>,
    /// The counts.
    pub confusion: ConfusionMatrix,
    /// Per class, macro and weighted, as in scikit-learn's classification report.
    pub classes: Vec<ClassRow>,
    /// Why a value above is null, by its name.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub undefined: Named<String>,
}

impl OperatingPoint {
    /// Every measure of these counts.
    pub fn of(confusion: ConfusionMatrix, threshold: Option<f32>) -> Self {
        let mut undefined: Named<String> =
            confusion.undefined().into_iter().map(|(name, why)| (name, why.to_owned())).collect();
        if threshold.is_none() {
            undefined.put("threshold", "a baseline has none".to_owned());
        }
        OperatingPoint {
            threshold,
            accuracy: confusion.accuracy(),
            precision: confusion.precision(),
            recall: confusion.recall(),
            f1: confusion.f1(),
            fpr: confusion.fpr(),
            fnr: confusion.fnr(),
            mcc: confusion.mcc(),
            balanced_accuracy: confusion.balanced_accuracy(),
            confusion,
            classes: confusion.classification_report().into(),
            undefined,
        }
    }
}

/// Recall on one attack family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FamilyRecall {
    /// Flows of this family.
    pub flows: u64,
    /// Share flagged at the chosen threshold.
    pub recall_at_budget: f64,
    /// Share flagged at 0.5.
    pub recall_at_half: f64,
    /// Whether the training part holds this family.
    pub seen_in_training: bool,
}

/// Recall on all attack families that are absent from training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnseenFamilies {
    /// Families.
    pub families: u64,
    /// Flows of these families.
    pub flows: u64,
    /// Share flagged at the chosen threshold; null where there is no such flow.
    pub recall_at_budget: Option<f64>,
    /// Share flagged at 0.5; null where there is no such flow.
    pub recall_at_half: Option<f64>,
}

/// What remains when rows whose exact copy stands in train are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
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

/// A baseline's results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// What it says, in words.
    pub rule: String,
    /// Average precision of its yes and no taken as scores; null where there is no attack.
    pub average_precision: Option<f64>,
    /// Its answers.
    pub answers: OperatingPoint,
}

/// Size of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartSize {
    /// Rows.
    pub rows: u64,
    /// Benign rows.
    pub benign: u64,
    /// Attacks.
    pub attacks: u64,
}

/// The budget a threshold was chosen for, and the false positive rate that came of it on the test part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
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

impl Promise {
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
