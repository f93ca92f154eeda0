//! One member's results: how it ranks, what its thresholds give, and the metrics that are read from there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::families::{FamilyRecall, UnseenFamilies, by_family};
use super::input::{JudgeInput, JudgedMember};
use super::metric::{Better, Metric, MetricOf, Unit, undefined, values};
use super::operating_point::OperatingPoint;
use super::promise::Promise;
use super::without_copies::WithoutCopies;
use crate::error::MetricsError;
use crate::{ChosenThreshold, ConfusionMatrix, Named, Ranking, brier, log_loss};

/// The threshold of those who choose none.
const HALF: f32 = 0.5;

/// One member's results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// Area under the ROC curve up to a false positive rate of 1 %, scaled so that chance is 0.5 and perfection 1.
    pub partial_auc_to_fpr_0_01: Option<f64>,
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

impl MemberEvaluation {
    /// Measures one member of a checked input.
    pub(crate) fn of(input: &JudgeInput<'_>, member: &JudgedMember<'_>) -> Result<Self, MetricsError> {
        let (labels, scores) = (input.labels, member.scores);
        let ranking = Ranking::new(scores, labels)?;
        let confusion = ConfusionMatrix::count(labels, member.flags)?;
        let at_half = ConfusionMatrix::at_threshold(labels, scores, HALF)?;
        let (families, unseen) = by_family(input, member, HALF);
        let fresh = |copies| WithoutCopies::of(labels, member, copies, HALF);
        let mut evaluation = MemberEvaluation {
            roc_auc: ranking.roc_auc(),
            average_precision: ranking.average_precision(),
            brier: brier(scores, labels)?,
            log_loss: log_loss(scores, labels)?,
            detection_rate_at_fpr_0_01: ranking.detection_rate_at_fpr(0.01),
            detection_rate_at_fpr_0_001: ranking.detection_rate_at_fpr(0.001),
            partial_auc_to_fpr_0_01: ranking.partial_roc_auc(0.01),
            at_budget: OperatingPoint::of(confusion, Some(member.threshold.value)),
            at_half: OperatingPoint::of(at_half, Some(HALF)),
            families,
            unseen,
            without_copies: input.copies.map(fresh).transpose()?,
            threshold: member.threshold.clone(),
            promise: Promise::of(labels, input.host, member, &confusion)?,
            undefined: Named::new(),
        };
        evaluation.undefined = evaluation.reasons();
        Ok(evaluation)
    }

    /// Each metric of [`RANKING`], of [`UNSEEN`], and of [`crate::AT_THRESHOLD`] at the member's own threshold.
    pub fn metrics(&self) -> impl Iterator<Item = (&'static Metric, Option<f64>)> {
        values(RANKING, self).chain(values(UNSEEN, self)).chain(self.at_budget.metrics())
    }

    /// The value of the metric of that name; `None` where it is undefined, or no metric of a member is called so.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.metrics().find(|(metric, _)| metric.name == name)?.1
    }

    /// Why there is no promise.
    pub(crate) fn no_promise(&self) -> String {
        format!("the threshold was chosen without a budget: {}", self.threshold.rule.describe())
    }

    fn reasons(&self) -> Named<String> {
        let mut reasons: Named<String> = undefined(RANKING, self).chain(undefined(UNSEEN, self)).collect();
        if self.promise.is_none() {
            reasons.put("promise", self.no_promise());
        }
        if self.without_copies.is_none() {
            reasons.put("without_copies", "copies of training rows were not looked for".to_owned());
        }
        reasons
    }
}

/// The metrics of a member's ranking, which need no threshold, in the order in which tables show them.
pub static RANKING: &[MetricOf<MemberEvaluation>] = &[
    Metric::new("roc_auc", "ROC-AUC", Unit::Index, Better::Higher)
        .means("Area under the ROC curve: how often an attack scores above a benign flow, ties counted half.")
        .read(|m| m.roc_auc, missing_class),
    Metric::new("average_precision", "average precision", Unit::Index, Better::Higher)
        .short("avg.prec")
        .means("Area under precision over recall, summed as steps.")
        .read(|m| m.average_precision, missing_class),
    Metric::new("detection_rate_at_fpr_0_01", "detection rate at 1\u{a0}% FPR", Unit::Share, Better::Higher)
        .short("DR@1%FPR")
        .means("Largest recall among thresholds that flag at most 1 % of the benign test flows.")
        .read(|m| m.detection_rate_at_fpr_0_01, missing_class),
    Metric::new("detection_rate_at_fpr_0_001", "detection rate at 0.1\u{a0}% FPR", Unit::Share, Better::Higher)
        .short("DR@0.1%FPR")
        .means("Largest recall among thresholds that flag at most 0.1 % of the benign test flows.")
        .read(|m| m.detection_rate_at_fpr_0_001, missing_class),
    Metric::new("partial_auc_to_fpr_0_01", "partial ROC-AUC to 1\u{a0}% FPR", Unit::Index, Better::Higher)
        .short("pAUC@1%FPR")
        .means("Area under the ROC curve up to 1 % false positives, scaled so that chance is 0.5 and perfection 1.")
        .read(|m| m.partial_auc_to_fpr_0_01, missing_class),
    Metric::new("brier", "Brier score", Unit::Index, Better::Lower)
        .short("Brier")
        .means("Mean squared distance of score and truth.")
        .read(|m| m.brier, missing_class),
    Metric::new("log_loss", "log loss", Unit::Nats, Better::Lower)
        .means("Mean negative logarithm of the probability given to the truth.")
        .read(|m| m.log_loss, missing_class),
];

/// The metrics of all attack families together that training never held.
pub static UNSEEN: &[MetricOf<MemberEvaluation>] = &[
    Metric::new("unseen.families", "families not in training", Unit::Count, Better::Neither)
        .means("Attack families of the test part that are absent from training.")
        .read(|m| Some(m.unseen.families as f64), |_| ""),
    Metric::new("unseen.flows", "flows of families not in training", Unit::Count, Better::Neither)
        .means("Attacks of the families that are absent from training.")
        .read(|m| Some(m.unseen.flows as f64), |_| ""),
    Metric::new("unseen.recall_at_budget", "recall on families not in training", Unit::Share, Better::Higher)
        .means("Share of the attacks of unseen families that are flagged at the member's own threshold.")
        .read(|m| m.unseen.recall_at_budget, |_| NO_UNSEEN),
    Metric::new("unseen.recall_at_half", "recall on families not in training, at 0.5", Unit::Share, Better::Higher)
        .means("Share of the attacks of unseen families that score above 0.5.")
        .read(|m| m.unseen.recall_at_half, |_| NO_UNSEEN),
];

const NO_UNSEEN: &str = "the test part holds no named family that is absent from training";

/// What keeps a ranking from being one.
fn missing_class(member: &MemberEvaluation) -> &'static str {
    let counts = &member.at_budget.confusion;
    match (counts.benign(), counts.attacks()) {
        (0, 0) => "there is no flow",
        (0, _) => "there is no benign flow",
        _ => "there is no attack",
    }
}
