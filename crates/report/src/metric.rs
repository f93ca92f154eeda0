//! The numbers of a member that tables, figures and comparisons show: one list, one order, one name each.

use nta_metrics::{MemberEvaluation, OperatingPoint};
use nta_plots::MetricSense;

/// A number of a member.
pub(crate) struct Metric {
    /// Key in `members.csv`, as in evaluation.json.
    pub(crate) key: &'static str,
    /// As people call it.
    pub(crate) name: &'static str,
    /// How it is written.
    pub(crate) format: Format,
    /// Which end is good; `None` where neither is.
    pub(crate) sense: Option<MetricSense>,
    /// The same, where the figure of members shows it.
    pub(crate) drawn: Option<MetricSense>,
    /// The number.
    pub(crate) value: fn(&MemberEvaluation) -> Option<f64>,
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Four decimals.
    Decimal,
    /// Four significant digits.
    Threshold,
    /// A percentage with two decimals.
    Percent,
}

impl Format {
    pub(crate) fn write(self, value: f64) -> String {
        match self {
            Format::Decimal => nta_plots::decimal(value),
            Format::Threshold => nta_plots::threshold(value),
            Format::Percent => nta_plots::percent_in_column(value),
        }
    }
}

const HIGHER: Option<MetricSense> = Some(MetricSense::HigherIsBetter);
const LOWER: Option<MetricSense> = Some(MetricSense::LowerIsBetter);

/// Numbers of the ranking, which need no threshold.
pub(crate) const RANKING: &[Metric] = &[
    metric("roc_auc", "ROC-AUC", Format::Decimal, HIGHER, HIGHER, |m| m.roc_auc),
    metric("average_precision", "average precision", Format::Decimal, HIGHER, HIGHER, |m| m.average_precision),
    metric("detection_rate_at_fpr_0_01", "detection rate at 1\u{a0}% FPR", Format::Percent, HIGHER, HIGHER, |m| {
        m.detection_rate_at_fpr_0_01
    }),
    metric("detection_rate_at_fpr_0_001", "detection rate at 0.1\u{a0}% FPR", Format::Percent, HIGHER, HIGHER, |m| {
        m.detection_rate_at_fpr_0_001
    }),
    metric("brier", "Brier score", Format::Decimal, LOWER, None, |m| m.brier),
    metric("log_loss", "log loss", Format::Decimal, LOWER, None, |m| m.log_loss),
];

/// Numbers at the member's own threshold.
pub(crate) const AT_THRESHOLD: &[Metric] = &[
    metric("threshold", "threshold", Format::Threshold, None, None, |m| Some(f64::from(m.threshold.value))),
    metric("precision", "precision", Format::Percent, HIGHER, HIGHER, |m| m.at_budget.precision),
    metric("recall", "recall (detection rate)", Format::Percent, HIGHER, HIGHER, |m| m.at_budget.recall),
    metric("f1", "F1", Format::Decimal, HIGHER, HIGHER, |m| m.at_budget.f1),
    metric("fpr", "false positive rate", Format::Percent, LOWER, LOWER, |m| m.at_budget.fpr),
    metric("fnr", "false negative rate", Format::Percent, LOWER, None, |m| m.at_budget.fnr),
    metric("accuracy", "accuracy", Format::Percent, HIGHER, None, |m| m.at_budget.accuracy),
    metric("balanced_accuracy", "balanced accuracy", Format::Percent, HIGHER, None, |m| m.at_budget.balanced_accuracy),
    metric("mcc", "Matthews correlation", Format::Decimal, HIGHER, None, |m| m.at_budget.mcc),
];

const fn metric(
    key: &'static str,
    name: &'static str,
    format: Format,
    sense: Option<MetricSense>,
    drawn: Option<MetricSense>,
    value: fn(&MemberEvaluation) -> Option<f64>,
) -> Metric {
    Metric { key, name, format, sense, drawn, value }
}

/// A number of an operating point, by its key in [`AT_THRESHOLD`].
pub(crate) fn at_point(point: &OperatingPoint, key: &str) -> Option<f64> {
    match key {
        "threshold" => point.threshold.map(f64::from),
        "precision" => point.precision,
        "recall" => point.recall,
        "f1" => point.f1,
        "fpr" => point.fpr,
        "fnr" => point.fnr,
        "accuracy" => point.accuracy,
        "balanced_accuracy" => point.balanced_accuracy,
        "mcc" => point.mcc,
        _ => None,
    }
}
