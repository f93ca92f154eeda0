//! How well scores put attacks above benign flows, whatever the threshold.

use nta_data::Label;

use crate::ConfusionMatrix;
use crate::error::{MetricsError, all_scores, same_length};

/// Scores sorted once, highest first, tied scores as one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    cuts: Vec<Cut>,
    benign: u64,
    attacks: u64,
}

/// What is flagged when every row of at least this score is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// The lowest score flagged.
    pub score: f32,
    /// Benign rows of at least this score.
    pub fp: u64,
    /// Attacks of at least this score.
    pub tp: u64,
}

impl Ranking {
    /// Sorts `scores` `(n_rows)` of rows with these labels `(n_rows)`. Refuses a score outside [0, 1].
    pub fn new(scores: &[f32], labels: &[Label]) -> Result<Self, MetricsError> {
        same_length("the scores column", labels.len(), scores.len())?;
        all_scores("the scores'", scores)?;
        // The bits of floats that are not negative sort as the floats do; adding 0 turns -0 into 0.
        let mut keys: Vec<u64> = scores
            .iter()
            .zip(labels)
            .map(|(&score, &label)| u64::from((score + 0.0).to_bits()) << 1 | u64::from(label.is_attack()))
            .collect();
        keys.sort_unstable();
        let mut cuts: Vec<Cut> = Vec::new();
        let (mut fp, mut tp) = (0, 0);
        for key in keys.iter().rev() {
            let score = f32::from_bits((key >> 1) as u32);
            if cuts.last().is_none_or(|cut| cut.score != score) {
                cuts.push(Cut { score, fp, tp });
            }
            tp += key & 1;
            fp += 1 - (key & 1);
            if let Some(cut) = cuts.last_mut() {
                (cut.fp, cut.tp) = (fp, tp);
            }
        }
        Ok(Ranking { cuts, benign: fp, attacks: tp })
    }

    /// One cut a distinct score, from the highest score down.
    pub fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// Benign rows.
    pub fn benign(&self) -> u64 {
        self.benign
    }

    /// Attacks.
    pub fn attacks(&self) -> u64 {
        self.attacks
    }

    /// The counts at a cut.
    pub fn confusion(&self, cut: &Cut) -> ConfusionMatrix {
        ConfusionMatrix { tn: self.benign - cut.fp, fp: cut.fp, fn_: self.attacks - cut.tp, tp: cut.tp }
    }

    /// Area under the ROC curve: the probability that an attack scores above a benign row, ties counted half. `None`
    /// where a class is missing.
    pub fn roc_auc(&self) -> Option<f64> {
        if self.benign == 0 || self.attacks == 0 {
            return None;
        }
        // Twice the number of pairs put right, in whole numbers.
        let mut doubled: u128 = 0;
        let (mut fp, mut tp) = (0, 0);
        for cut in &self.cuts {
            doubled += u128::from(cut.fp - fp) * u128::from(cut.tp + tp);
            (fp, tp) = (cut.fp, cut.tp);
        }
        Some(doubled as f64 / (2.0 * self.benign as f64 * self.attacks as f64))
    }

    /// Average precision: precision at each cut times the recall gained there, summed as steps, not interpolated.
    /// `None` where there is no attack.
    pub fn average_precision(&self) -> Option<f64> {
        if self.attacks == 0 {
            return None;
        }
        let (mut sum, mut tp) = (0.0, 0);
        for cut in self.cuts.iter().filter(|cut| cut.tp > 0) {
            sum += (cut.tp - tp) as f64 * (cut.tp as f64 / (cut.tp + cut.fp) as f64);
            tp = cut.tp;
        }
        Some(sum / self.attacks as f64)
    }

    /// The largest recall among thresholds whose false positive rate is at most `rate`; no interpolation, tied scores
    /// stand or fall together. Its cut is picked on the very rows it is measured on: a ranking, not an operating
    /// point. `None` where a class is missing.
    pub fn detection_rate_at_fpr(&self, rate: f64) -> Option<f64> {
        if self.benign == 0 || self.attacks == 0 {
            return None;
        }
        let within = self.cuts.partition_point(|cut| cut.fp as f64 / self.benign as f64 <= rate);
        let tp = within.checked_sub(1).map_or(0, |last| self.cuts[last].tp);
        Some(tp as f64 / self.attacks as f64)
    }

    /// ROC points (false positive rate, recall), from (0, 0), one a cut. Empty where a class is missing.
    pub fn roc_points(&self) -> Vec<(f64, f64)> {
        if self.benign == 0 || self.attacks == 0 {
            return Vec::new();
        }
        let point = |cut: &Cut| (cut.fp as f64 / self.benign as f64, cut.tp as f64 / self.attacks as f64);
        std::iter::once((0.0, 0.0)).chain(self.cuts.iter().map(point)).collect()
    }

    /// Precision–recall points (recall, precision), one a cut, from the highest score down. Empty where there is no
    /// attack.
    pub fn pr_points(&self) -> Vec<(f64, f64)> {
        if self.attacks == 0 {
            return Vec::new();
        }
        let point = |cut: &Cut| (cut.tp as f64 / self.attacks as f64, cut.tp as f64 / (cut.tp + cut.fp) as f64);
        self.cuts.iter().map(point).collect()
    }
}
