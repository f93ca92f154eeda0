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

    /// Area under the ROC curve up to a false positive rate of `rate`, straight between its points, scaled so that chance
    /// is 0.5 and perfection 1 (McClish 1989). `None` where a class is missing; `rate` lies in (0, 1].
    pub fn partial_roc_auc(&self, rate: f64) -> Option<f64> {
        let points = self.roc_points();
        let mut area = 0.0;
        for pair in points.windows(2) {
            let ((from, low), (to, high)) = (pair[0], pair[1]);
            let end = to.min(rate);
            if end > from {
                let recall = low + (high - low) * (end - from) / (to - from);
                area += (end - from) * (low + recall) / 2.0;
            }
        }
        let chance = rate * rate / 2.0;
        (!points.is_empty()).then(|| (1.0 + (area - chance) / (rate - chance)) / 2.0)
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
#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use Label::{Attack as A, Benign as B};

    /// Twelve rows with tied scores, all of them exact in binary; used by the reference tests of other modules too.
    pub(crate) const LABELS: [Label; 12] = [B, B, A, A, B, A, B, A, A, B, B, A];
    pub(crate) const SCORES: [f32; 12] = [0.125, 0.25, 0.25, 0.5, 0.5, 0.75, 0.0625, 0.875, 0.5, 0.75, 0.25, 0.9375];

    fn ranking(scores: &[f32], labels: &[Label]) -> Ranking {
        Ranking::new(scores, labels).unwrap()
    }

    #[test]
    fn areas_and_points_agree_with_scikit_learn() {
        // scikit-learn 1.9.1, roc_auc_score, average_precision_score, roc_curve(drop_intermediate=False).
        let ranking = ranking(&SCORES, &LABELS);
        assert!((ranking.roc_auc().unwrap() - 0.8194444444444445).abs() < 1e-15);
        assert!((ranking.average_precision().unwrap() - 0.7964285714285714).abs() < 1e-15);
        let sixths = |(x, y): (f64, f64)| ((x * 6.0).round() as u32, (y * 6.0).round() as u32);
        let roc: Vec<_> = ranking.roc_points().into_iter().map(sixths).collect();
        assert_eq!(roc, [(0, 0), (0, 1), (0, 2), (1, 3), (2, 5), (4, 6), (5, 6), (6, 6)]);
        let precision: Vec<f64> = ranking.pr_points().iter().map(|p| p.1).collect();
        let expected = [1.0, 1.0, 0.75, 0.7142857142857143, 0.6, 0.5454545454545454, 0.5];
        assert!(precision.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{precision:?}");
    }

    #[test]
    fn the_area_up_to_a_rate_agrees_with_scikit_learn() {
        // scikit-learn 1.9.1, roc_auc_score(max_fpr=...).
        let few = ranking(&SCORES, &LABELS);
        let expected = [(1.0 / 6.0, 0.6818181818181818), (0.25, 0.6984126984126984), (0.4, 0.7456597222222222)];
        for (rate, area) in expected.into_iter().chain([(0.9, 0.8176206509539844), (1.0, 0.8194444444444445)]) {
            assert!((few.partial_roc_auc(rate).unwrap() - area).abs() < 1e-14, "{rate}");
        }
        let scores: Vec<f32> = (0..200u32).map(|i| (i * 7919 % 31) as f32 / 31.0).collect();
        let labels: Vec<Label> = (0..200u32).map(|i| if i * 104_729 % 5 < 2 { A } else { B }).collect();
        let tied = ranking(&scores, &labels);
        for (rate, area) in [(0.01, 0.49899497487437183), (0.05, 0.4949252136752137), (0.5, 0.4901388888888889)] {
            assert!((tied.partial_roc_auc(rate).unwrap() - area).abs() < 1e-14, "{rate}");
        }
        assert_eq!(ranking(&[0.5], &[A]).partial_roc_auc(0.01), None);
    }

    #[test]
    fn ties_stand_or_fall_together_in_the_detection_rate() {
        let ranking = ranking(&SCORES, &LABELS);
        let rate = |fpr: f64| (ranking.detection_rate_at_fpr(fpr).unwrap() * 6.0).round() as u32;
        assert_eq!((rate(0.0), rate(0.16), rate(1.0 / 6.0), rate(0.34), rate(1.0)), (2, 2, 3, 5, 6));
        // All scores tied: no threshold but those that flag all or nothing.
        let tied = Ranking::new(&[0.5; 4], &[A, B, A, B]).unwrap();
        assert_eq!((tied.detection_rate_at_fpr(0.5), tied.roc_auc()), (Some(0.0), Some(0.5)));
        assert_eq!(tied.average_precision(), Some(0.5));
        // The rate is met exactly: 3 of 300 benign rows are 1 %.
        let scores: Vec<f32> = (0..301).map(|i| i as f32 / 301.0).collect();
        let mut labels = vec![B; 301];
        labels[297] = A;
        assert_eq!(Ranking::new(&scores, &labels).unwrap().detection_rate_at_fpr(0.01), Some(1.0));
        labels.swap(297, 296);
        assert_eq!(Ranking::new(&scores, &labels).unwrap().detection_rate_at_fpr(0.01), Some(0.0));
    }

    #[test]
    fn the_area_is_the_share_of_pairs_put_right() {
        // Against the definition, pair by pair, on scores with many ties.
        let scores: Vec<f32> = (0..200u32).map(|i| (i * 7919 % 31) as f32 / 31.0).collect();
        let labels: Vec<Label> = (0..200u32).map(|i| if i * 104_729 % 5 < 2 { A } else { B }).collect();
        let (mut right, mut pairs) = (0.0, 0.0);
        for (i, a) in labels.iter().enumerate().filter(|(_, l)| l.is_attack()) {
            for (j, b) in labels.iter().enumerate().filter(|(_, l)| !l.is_attack()) {
                assert_ne!(a, b);
                pairs += 1.0;
                right += match scores[i].total_cmp(&scores[j]) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        assert!((ranking(&scores, &labels).roc_auc().unwrap() - right / pairs).abs() < 1e-15);
    }

    #[test]
    fn a_missing_class_leaves_the_areas_undefined() {
        let benign = ranking(&[0.25, 0.5], &[B, B]);
        assert_eq!((benign.roc_auc(), benign.average_precision()), (None, None));
        assert_eq!(benign.detection_rate_at_fpr(0.1), None);
        assert!(benign.roc_points().is_empty() && benign.pr_points().is_empty());
        let attacks = ranking(&[0.25, 0.5], &[A, A]);
        assert_eq!((attacks.roc_auc(), attacks.average_precision()), (None, Some(1.0)));
        assert_eq!(ranking(&[], &[]).average_precision(), None);
    }

    #[test]
    fn what_is_no_score_is_refused_and_minus_zero_is_zero() {
        let error = Ranking::new(&[0.5, f32::NAN], &[A, B]).unwrap_err().to_string();
        assert_eq!(error, "the scores' row 1 has the score NaN: a score is a number from 0 to 1");
        assert!(Ranking::new(&[1.5], &[A]).is_err() && Ranking::new(&[0.5], &[]).is_err());
        assert_eq!(ranking(&[-0.0, 0.0], &[A, B]).cuts().len(), 1);
    }
}
