//! Four counts, and every formula on them, each in one place.

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{MetricsError, same_length};

/// How often each truth met each answer. Attack is the positive class. A formula whose denominator is 0 is `None`;
/// [`ConfusionMatrix::undefined`] says why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfusionMatrix {
    /// Benign, not flagged.
    pub tn: u64,
    /// Benign, flagged: a false alarm.
    pub fp: u64,
    /// Attack, not flagged: missed.
    #[serde(rename = "fn")]
    pub fn_: u64,
    /// Attack, flagged.
    pub tp: u64,
}

impl ConfusionMatrix {
    /// Counts flags against labels.
    pub fn count(labels: &[Label], flags: &[bool]) -> Result<Self, MetricsError> {
        same_length("the flags column", labels.len(), flags.len())?;
        Ok(Self::tally(labels.iter().zip(flags).map(|(&label, &flag)| (label, flag))))
    }

    /// Counts `score > threshold`, strictly, against labels.
    pub fn at_threshold(labels: &[Label], scores: &[f32], threshold: f32) -> Result<Self, MetricsError> {
        same_length("the scores column", labels.len(), scores.len())?;
        Ok(Self::tally(labels.iter().zip(scores).map(|(&label, &score)| (label, score > threshold))))
    }

    /// Counts pairs of truth and flag.
    pub(crate) fn tally(pairs: impl Iterator<Item = (Label, bool)>) -> Self {
        let mut cells = [0u64; 4];
        for (label, flag) in pairs {
            cells[2 * label as usize + usize::from(flag)] += 1;
        }
        let [tn, fp, fn_, tp] = cells;
        ConfusionMatrix { tn, fp, fn_, tp }
    }

    /// Rows counted.
    pub fn total(&self) -> u64 {
        self.benign() + self.attacks()
    }

    /// Benign rows.
    pub fn benign(&self) -> u64 {
        self.tn + self.fp
    }

    /// Attack rows.
    pub fn attacks(&self) -> u64 {
        self.fn_ + self.tp
    }

    /// Rows flagged.
    pub fn flagged(&self) -> u64 {
        self.fp + self.tp
    }

    /// Share of rows answered rightly.
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.tn + self.tp, self.total())
    }

    /// Share of the flagged rows that are attacks.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.tp, self.flagged())
    }

    /// Share of the attacks that are flagged (detection rate).
    pub fn recall(&self) -> Option<f64> {
        ratio(self.tp, self.attacks())
    }

    /// Harmonic mean of precision and recall, `2 tp / (2 tp + fp + fn)`: 0, not undefined, where attacks exist and
    /// none is flagged.
    pub fn f1(&self) -> Option<f64> {
        ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn_)
    }

    /// Share of the benign rows that are flagged.
    pub fn fpr(&self) -> Option<f64> {
        ratio(self.fp, self.benign())
    }

    /// Share of the attacks that are missed.
    pub fn fnr(&self) -> Option<f64> {
        ratio(self.fn_, self.attacks())
    }

    /// Matthews correlation of truth and answer, in [-1, 1]. (scikit-learn gives 0 where this is undefined.)
    pub fn mcc(&self) -> Option<f64> {
        let not_flagged = self.tn + self.fn_;
        let margins = [self.flagged(), not_flagged, self.attacks(), self.benign()];
        if margins.contains(&0) {
            return None;
        }
        let wide = |n: u64| i128::from(n);
        let covariance = wide(self.tp) * wide(self.tn) - wide(self.fp) * wide(self.fn_);
        let [a, b, c, d] = margins.map(|n| n as f64);
        Some(covariance as f64 / ((a * b).sqrt() * (c * d).sqrt()))
    }

    /// Mean of the recalls of the two classes.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        Some((self.recall()? + self.benign_positive().recall()?) / 2.0)
    }

    /// The same counts with benign as the positive class.
    pub fn benign_positive(&self) -> Self {
        ConfusionMatrix { tn: self.tp, fp: self.fn_, fn_: self.fp, tp: self.tn }
    }

    /// Rows `benign`, `attack`, `macro avg`, `weighted avg`, as in scikit-learn's `classification_report`.
    pub fn classification_report(&self) -> [ClassRow; 4] {
        let benign = ClassRow::of("benign", &self.benign_positive());
        let attack = ClassRow::of("attack", self);
        let total = self.total();
        let macro_avg = ClassRow::mean("macro avg", [(&benign, 1), (&attack, 1)], total);
        let weighted_avg =
            ClassRow::mean("weighted avg", [(&benign, benign.support), (&attack, attack.support)], total);
        [benign, attack, macro_avg, weighted_avg]
    }

    /// Which of the formulas above are undefined here, under their names in evaluation.json, and why.
    pub fn undefined(&self) -> Vec<(&'static str, &'static str)> {
        const NO_ROW: &str = "there is no flow";
        const NO_FLAG: &str = "nothing was flagged";
        const NO_ATTACK: &str = "there is no attack";
        const NO_BENIGN: &str = "there is no benign flow";
        const NEITHER: &str = "there is no attack and nothing was flagged";
        const ONE_CLASS: &str = "there is one class only";
        const ONE_ANSWER: &str = "all flows have one label or got one answer";
        let named = [
            ("accuracy", self.accuracy(), NO_ROW),
            ("precision", self.precision(), NO_FLAG),
            ("recall", self.recall(), NO_ATTACK),
            ("f1", self.f1(), NEITHER),
            ("fpr", self.fpr(), NO_BENIGN),
            ("fnr", self.fnr(), NO_ATTACK),
            ("mcc", self.mcc(), ONE_ANSWER),
            ("balanced_accuracy", self.balanced_accuracy(), ONE_CLASS),
        ];
        named.into_iter().filter(|(_, value, _)| value.is_none()).map(|(name, _, why)| (name, why)).collect()
    }
}

/// One row of a classification report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassRow {
    /// `benign`, `attack`, `macro avg` or `weighted avg`.
    pub class: String,
    /// Share of the rows given this class that are of it; null where no row was given it.
    pub precision: Option<f64>,
    /// Share of the rows of this class that were given it; null where it has no row.
    pub recall: Option<f64>,
    /// Harmonic mean of the two; null where neither exists.
    pub f1: Option<f64>,
    /// Rows of this class; in the averages all rows.
    pub support: u64,
}

impl ClassRow {
    fn of(class: &str, matrix: &ConfusionMatrix) -> Self {
        ClassRow {
            class: class.to_owned(),
            precision: matrix.precision(),
            recall: matrix.recall(),
            f1: matrix.f1(),
            support: matrix.attacks(),
        }
    }

    /// Mean by weight; undefined where a class of weight above 0 has no value (scikit-learn counts it as 0).
    fn mean(name: &str, rows: [(&ClassRow, u64); 2], support: u64) -> Self {
        let mean = |value: fn(&ClassRow) -> Option<f64>| {
            let counted = rows.iter().filter(|(_, weight)| *weight > 0);
            let weighted: Option<f64> = counted.clone().map(|(row, weight)| Some(value(row)? * *weight as f64)).sum();
            let weights: u64 = counted.map(|(_, weight)| weight).sum();
            weighted.filter(|_| weights > 0).map(|sum| sum / weights as f64)
        };
        let (precision, recall, f1) = (mean(|r| r.precision), mean(|r| r.recall), mean(|r| r.f1));
        ClassRow { class: name.to_owned(), precision, recall, f1, support }
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
