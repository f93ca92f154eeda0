//! What is said of a number wherever it is shown. The entries themselves stand beside the fields that they read.

use serde::Serialize;

/// One metric: a name for programs, words for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Metric {
    /// Its key in evaluation.json, in the tables and on a tracking server, `roc_auc`; it never changes.
    pub name: &'static str,
    /// As people call it, `ROC-AUC`.
    pub words: &'static str,
    /// The same for a narrow column, `avg.prec`.
    pub short: &'static str,
    /// What it tells, in a sentence.
    pub meaning: &'static str,
    /// What one of it is.
    pub unit: Unit,
    /// Which end is the good one.
    pub better: Better,
}

/// What a metric counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A share of something that can be counted, from 0 to 1; read as a percentage.
    Share,
    /// A number without a unit, such as an area or a correlation.
    Index,
    /// Natural logarithms of a probability.
    Nats,
    /// A probability of attack as a member gives it.
    Score,
    /// Things counted.
    Count,
    /// Yes (1) or no (0).
    YesNo,
}

/// Which end of a metric is the good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// As with recall.
    Higher,
    /// As with the false positive rate.
    Lower,
    /// As with a threshold.
    Neither,
}

/// A metric, and how a `T` of the evaluation gives it.
pub struct MetricOf<T> {
    /// What is said of it.
    pub metric: Metric,
    /// Its value; `None` where it is undefined.
    pub value: fn(&T) -> Option<f64>,
    /// Why it is undefined, where it is.
    pub why_undefined: fn(&T) -> &'static str,
}

impl Metric {
    pub(crate) const fn new(name: &'static str, words: &'static str, unit: Unit, better: Better) -> Self {
        Metric { name, words, short: words, meaning: "", unit, better }
    }

    pub(crate) const fn short(self, short: &'static str) -> Self {
        Metric { short, ..self }
    }

    pub(crate) const fn means(self, meaning: &'static str) -> Self {
        Metric { meaning, ..self }
    }

    /// Reads it with `value`, which is undefined because of what `why_undefined` says.
    pub(crate) const fn read<T>(
        self,
        value: fn(&T) -> Option<f64>,
        why_undefined: fn(&T) -> &'static str,
    ) -> MetricOf<T> {
        MetricOf { metric: self, value, why_undefined }
    }
}

/// Each metric of `list` with its value in `holder`.
pub(crate) fn values<'a, T>(
    list: &'static [MetricOf<T>],
    holder: &'a T,
) -> impl Iterator<Item = (&'static Metric, Option<f64>)> + use<'a, T> {
    list.iter().map(move |entry| (&entry.metric, (entry.value)(holder)))
}

/// Names and reasons of what `list` finds undefined in `holder`.
pub(crate) fn undefined<'a, T>(
    list: &'static [MetricOf<T>],
    holder: &'a T,
) -> impl Iterator<Item = (&'static str, String)> + use<'a, T> {
    let missing = list.iter().filter(move |entry| (entry.value)(holder).is_none());
    missing.map(move |entry| (entry.metric.name, (entry.why_undefined)(holder).to_owned()))
}
