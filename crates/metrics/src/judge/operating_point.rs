//! What comes of flagging at one threshold: four counts and every measure of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::{Better, Metric, MetricOf, Unit, undefined, values};
use crate::{ClassRow, ConfusionMatrix, Named};

/// One threshold's results. A flow is flagged when `score > threshold`, strictly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
        let mut point = OperatingPoint {
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
            undefined: Named::new(),
        };
        point.undefined = undefined(AT_THRESHOLD, &point).collect();
        point
    }

    /// Each metric of [`AT_THRESHOLD`] with its value here.
    pub fn metrics(&self) -> impl Iterator<Item = (&'static Metric, Option<f64>)> {
        values(AT_THRESHOLD, self)
    }

    /// The value of the metric of that name; `None` where it is undefined, or none of [`AT_THRESHOLD`] is called so.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.metrics().find(|(metric, _)| metric.name == name)?.1
    }
}

/// The metrics of an operating point, in the order in which tables show them.
pub static AT_THRESHOLD: &[MetricOf<OperatingPoint>] = &[
    Metric::new("threshold", "threshold", Unit::Score, Better::Neither)
        .means("The score above which a flow is flagged.")
        .read(|p| p.threshold.map(f64::from), |_| "a baseline has none"),
    Metric::new("precision", "precision", Unit::Share, Better::Higher)
        .means("Share of the flagged flows that are attacks.")
        .read(|p| p.precision, |_| "nothing was flagged"),
    Metric::new("recall", "recall (detection rate)", Unit::Share, Better::Higher)
        .short("recall")
        .means("Share of the attacks that are flagged.")
        .read(|p| p.recall, |_| NO_ATTACK),
    Metric::new("f1", "F1", Unit::Index, Better::Higher)
        .means("Harmonic mean of precision and recall.")
        .read(|p| p.f1, |_| "there is no attack and nothing was flagged"),
    Metric::new("fpr", "false positive rate", Unit::Share, Better::Lower)
        .short("FPR")
        .means("Share of the benign flows that are flagged.")
        .read(|p| p.fpr, |_| "there is no benign flow"),
    Metric::new("fnr", "false negative rate", Unit::Share, Better::Lower)
        .short("FNR")
        .means("Share of the attacks that are missed.")
        .read(|p| p.fnr, |_| NO_ATTACK),
    Metric::new("accuracy", "accuracy", Unit::Share, Better::Higher)
        .means("Share of the flows answered rightly.")
        .read(|p| p.accuracy, |_| "there is no flow"),
    Metric::new("balanced_accuracy", "balanced accuracy", Unit::Share, Better::Higher)
        .short("bal.acc")
        .means("Mean of the recalls of the two classes.")
        .read(|p| p.balanced_accuracy, |_| "there is one class only"),
    Metric::new("mcc", "Matthews correlation", Unit::Index, Better::Higher)
        .short("MCC")
        .means("Correlation of truth and answer, from -1 to 1.")
        .read(|p| p.mcc, |_| "all flows have one label or got one answer"),
    Metric::new("tn", "true negatives", Unit::Count, Better::Higher)
        .short("TN")
        .means("Benign flows that are not flagged.")
        .read(|p| count(p.confusion.tn), |_| ""),
    Metric::new("fp", "false positives", Unit::Count, Better::Lower)
        .short("FP")
        .means("Benign flows that are flagged: false alarms.")
        .read(|p| count(p.confusion.fp), |_| ""),
    Metric::new("fn", "false negatives", Unit::Count, Better::Lower)
        .short("FN")
        .means("Attacks that are not flagged: missed.")
        .read(|p| count(p.confusion.fn_), |_| ""),
    Metric::new("tp", "true positives", Unit::Count, Better::Higher)
        .short("TP")
        .means("Attacks that are flagged.")
        .read(|p| count(p.confusion.tp), |_| ""),
];

const NO_ATTACK: &str = "there is no attack";

fn count(rows: u64) -> Option<f64> {
    Some(rows as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_denominator_is_null_and_has_a_reason() {
        let reasons = |tn, fp, fn_, tp| {
            let point = OperatingPoint::of(ConfusionMatrix { tn, fp, fn_, tp }, Some(0.5));
            point.undefined.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        };
        let all = ["precision", "recall", "f1", "fpr", "fnr", "accuracy", "balanced_accuracy", "mcc"];
        assert_eq!(reasons(0, 0, 0, 0), all);
        assert_eq!(reasons(5, 0, 0, 0), ["precision", "recall", "f1", "fnr", "balanced_accuracy", "mcc"]);
        assert_eq!(reasons(5, 0, 2, 0), ["precision", "mcc"]);
        assert_eq!(reasons(0, 0, 2, 3), ["fpr", "balanced_accuracy", "mcc"]);
        assert_eq!(reasons(5, 1, 0, 0), ["recall", "fnr", "balanced_accuracy", "mcc"]);
        assert!(reasons(5, 1, 2, 3).is_empty());
        let baseline = OperatingPoint::of(ConfusionMatrix { tn: 5, fp: 1, fn_: 2, tp: 3 }, None);
        assert_eq!(baseline.undefined.get("threshold").unwrap(), "a baseline has none");
        let blind = OperatingPoint::of(ConfusionMatrix { tn: 5, fp: 0, fn_: 2, tp: 0 }, Some(0.5));
        assert_eq!(blind.undefined.get("precision").unwrap(), "nothing was flagged");
    }

    #[test]
    fn a_value_is_found_by_its_name() {
        let point = OperatingPoint::of(ConfusionMatrix { tn: 7, fp: 2, fn_: 1, tp: 2 }, Some(0.25));
        assert_eq!((point.value("precision"), point.value("fn")), (Some(0.5), Some(1.0)));
        assert_eq!((point.value("threshold"), point.value("roc_auc")), (Some(0.25), None));
    }
}
