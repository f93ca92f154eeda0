//! Four counts, and every formula on them, each in one place.

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{MetricsError, same_length};

/// How often each truth met each answer. Attack is the positive class. A formula whose denominator is 0 is `None`.
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

impl std::ops::AddAssign for ConfusionMatrix {
    fn add_assign(&mut self, other: Self) {
        self.tn += other.tn;
        self.fp += other.fp;
        self.fn_ += other.fn_;
        self.tp += other.tp;
    }
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

    /// The precision to expect with the same rates where `prevalence` of the flows are attacks, by Bayes' rule (Axelsson
    /// 2000). `None` where a class is missing or no flow would be flagged.
    pub fn precision_at_prevalence(&self, prevalence: f64) -> Option<f64> {
        let caught = self.recall()? * prevalence;
        let flagged = caught + self.fpr()? * (1.0 - prevalence);
        (flagged > 0.0).then(|| caught / flagged)
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
#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|f| (f - expected).abs() < 1e-14), "{found:?} is not {expected}");
    }

    #[test]
    fn every_formula_agrees_with_scikit_learn() {
        // scikit-learn 1.9.1 on 9 benign and 3 attack rows.
        let matrix = ConfusionMatrix { tn: 7, fp: 2, fn_: 1, tp: 2 };
        near(matrix.accuracy(), 0.75);
        near(matrix.precision(), 0.5);
        near(matrix.recall(), 2.0 / 3.0);
        near(matrix.f1(), 0.5714285714285714);
        near(matrix.fpr(), 2.0 / 9.0);
        near(matrix.fnr(), 1.0 / 3.0);
        near(matrix.mcc(), 0.408248290463863);
        near(matrix.balanced_accuracy(), 0.7222222222222222);
        let expected = [
            ("benign", 0.875, 0.7777777777777778, 0.8235294117647058, 9),
            ("attack", 0.5, 0.6666666666666666, 0.5714285714285714, 3),
            ("macro avg", 0.6875, 0.7222222222222222, 0.6974789915966386, 12),
            ("weighted avg", 0.78125, 0.75, 0.7605042016806722, 12),
        ];
        for (row, (class, precision, recall, f1, support)) in matrix.classification_report().iter().zip(expected) {
            assert_eq!((row.class.as_str(), row.support), (class, support));
            near(row.precision, precision);
            near(row.recall, recall);
            near(row.f1, f1);
        }
    }

    #[test]
    fn a_zero_denominator_is_none() {
        let nothing = ConfusionMatrix::default();
        let rates = [nothing.accuracy(), nothing.precision(), nothing.recall(), nothing.f1(), nothing.fpr()];
        assert_eq!((rates, nothing.fnr(), nothing.mcc(), nothing.balanced_accuracy()), ([None; 5], None, None, None));
        let nothing_flagged = ConfusionMatrix { tn: 5, fp: 0, fn_: 2, tp: 0 };
        near(nothing_flagged.f1(), 0.0);
        let [benign, attack, macro_avg, weighted_avg] = nothing_flagged.classification_report();
        near(benign.precision, 5.0 / 7.0);
        assert_eq!((attack.precision, macro_avg.precision, weighted_avg.precision), (None, None, None));
        near(macro_avg.recall, 0.5);
        let benign_only = ConfusionMatrix { tn: 5, fp: 0, fn_: 0, tp: 0 };
        let [_, _, macro_avg, weighted_avg] = benign_only.classification_report();
        assert_eq!(macro_avg.recall, None);
        near(weighted_avg.recall, 1.0);
    }

    #[test]
    fn precision_falls_with_the_share_of_attacks() {
        // Axelsson 2000, section 4: with 2 attacks in 100,000 records and 1 false alarm in 100,000, a detection rate of 1
        // gives 66 %, one of 0.7 gives 58 %.
        let perfect = ConfusionMatrix { tn: 99_999, fp: 1, fn_: 0, tp: 10 };
        near(perfect.precision_at_prevalence(2e-5), 2e-5 / (2e-5 + 0.99998e-5));
        let axelsson =
            |recall| ConfusionMatrix { fn_: 10 - recall, tp: recall, ..perfect }.precision_at_prevalence(2e-5);
        assert_eq!([axelsson(10), axelsson(7)].map(|p| (p.unwrap() * 100.0) as u32), [66, 58]);
        // Where the share is the table's own, it is the table's precision.
        let own = ConfusionMatrix { tn: 7, fp: 2, fn_: 1, tp: 2 };
        near(own.precision_at_prevalence(0.25), own.precision().unwrap());
        let one_class = ConfusionMatrix { tn: 7, fp: 2, fn_: 0, tp: 0 };
        let silent = ConfusionMatrix { tn: 7, fp: 0, fn_: 2, tp: 0 };
        assert_eq!((one_class.precision_at_prevalence(0.5), silent.precision_at_prevalence(0.5)), (None, None));
    }

    #[test]
    fn large_counts_do_not_overflow() {
        let matrix = ConfusionMatrix { tn: 4_000_000_000, fp: 0, fn_: 0, tp: 4_000_000_000 };
        near(matrix.mcc(), 1.0);
    }

    #[test]
    fn a_flag_needs_a_score_strictly_above_the_threshold() {
        use Label::{Attack, Benign};
        let labels = [Benign, Attack, Attack];
        let found = ConfusionMatrix::at_threshold(&labels, &[0.5, 0.5, 0.75], 0.5).unwrap();
        assert_eq!(found, ConfusionMatrix { tn: 1, fp: 0, fn_: 1, tp: 1 });
        assert_eq!(found, ConfusionMatrix::count(&labels, &[false, false, true]).unwrap());
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(json, r#"{"tn":1,"fp":0,"fn":1,"tp":1}"#);
        let error = ConfusionMatrix::count(&labels, &[true]).unwrap_err().to_string();
        assert_eq!(error, "the flags column has 1 rows where the labels have 3");
    }
}
