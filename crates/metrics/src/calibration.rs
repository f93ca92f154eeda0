//! Whether a score of 0.7 means that seven in ten such flows are attacks.

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{MetricsError, all_scores, same_length};

/// Log loss takes a score no nearer to 0 or 1 than this, so that one sure and wrong answer costs 34.5, not infinity.
/// (scikit-learn clips at the resolution of the scores' type.)
pub const LOG_LOSS_CLIP: f64 = 1e-15;

/// Mean squared distance of score and truth (Brier 1950); `None` for no row.
pub fn brier(scores: &[f32], labels: &[Label]) -> Result<Option<f64>, MetricsError> {
    mean(scores, labels, |score, attack| (score - f64::from(u8::from(attack))).powi(2))
}

/// Mean of -ln of the probability given to the truth, clipped at [`LOG_LOSS_CLIP`]; `None` for no row.
pub fn log_loss(scores: &[f32], labels: &[Label]) -> Result<Option<f64>, MetricsError> {
    mean(scores, labels, |score, attack| {
        let given = if attack { score } else { 1.0 - score };
        -given.clamp(LOG_LOSS_CLIP, 1.0 - LOG_LOSS_CLIP).ln()
    })
}

fn mean(scores: &[f32], labels: &[Label], loss: impl Fn(f64, bool) -> f64) -> Result<Option<f64>, MetricsError> {
    same_length("the scores column", labels.len(), scores.len())?;
    all_scores("the scores'", scores)?;
    let sum: f64 = scores.iter().zip(labels).map(|(&s, l)| loss(f64::from(s), l.is_attack())).sum();
    Ok((!labels.is_empty()).then(|| sum / labels.len() as f64))
}

/// Scores in bins of equal width against the share of attacks found there. A bin without rows is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reliability {
    /// Lower and upper edge of each bin; the upper one belongs to the next bin, except 1.
    pub edges: Vec<[f64; 2]>,
    /// Mean score in each bin.
    pub mean_score: Vec<f64>,
    /// Share of attacks in each bin.
    pub attack_rate: Vec<f64>,
    /// Rows in each bin.
    pub rows: Vec<u64>,
}

/// Reliability of `scores` in `bins` bins.
pub fn reliability(scores: &[f32], labels: &[Label], bins: usize) -> Result<Reliability, MetricsError> {
    same_length("the scores column", labels.len(), scores.len())?;
    all_scores("the scores'", scores)?;
    let bins = bins.max(1);
    let mut sums = vec![(0.0f64, 0u64, 0u64); bins];
    for (&score, label) in scores.iter().zip(labels) {
        let (sum, attacks, rows) = &mut sums[bin_of(score, bins)];
        *sum += f64::from(score);
        *attacks += u64::from(label.is_attack());
        *rows += 1;
    }
    let mut table = Reliability::default();
    for (bin, (sum, attacks, rows)) in sums.into_iter().enumerate().filter(|(_, (_, _, rows))| *rows > 0) {
        table.edges.push([bin as f64 / bins as f64, (bin + 1) as f64 / bins as f64]);
        table.mean_score.push(sum / rows as f64);
        table.attack_rate.push(attacks as f64 / rows as f64);
        table.rows.push(rows);
    }
    Ok(table)
}

/// The bin of a score in [0, 1] among `bins` of equal width.
pub(crate) fn bin_of(score: f32, bins: usize) -> usize {
    ((f64::from(score) * bins as f64) as usize).min(bins - 1)
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::tests::{LABELS, SCORES};

    #[test]
    fn losses_agree_with_scikit_learn() {
        // scikit-learn 1.9.1, brier_score_loss and log_loss.
        assert!((brier(&SCORES, &LABELS).unwrap().unwrap() - 0.17513020833333334).abs() < 1e-15);
        assert!((log_loss(&SCORES, &LABELS).unwrap().unwrap() - 0.5092680257332622).abs() < 1e-15);
        assert_eq!((brier(&[], &[]).unwrap(), log_loss(&[], &[]).unwrap()), (None, None));
    }

    #[test]
    fn a_sure_and_wrong_answer_costs_the_clip() {
        let loss = log_loss(&[0.0], &[Label::Attack]).unwrap().unwrap();
        assert!((loss - 34.538776394910684).abs() < 1e-12, "{loss}");
        let loss = log_loss(&[1.0], &[Label::Attack]).unwrap().unwrap();
        assert!((0.0..2e-15).contains(&loss), "{loss}");
    }

    #[test]
    fn reliability_agrees_with_scikit_learn() {
        // scikit-learn 1.9.1, calibration_curve(n_bins=5); no score lies on an edge.
        let table = reliability(&SCORES, &LABELS, 5).unwrap();
        assert_eq!(table.mean_score, [0.09375, 0.25, 0.5, 0.75, 0.90625]);
        assert_eq!(table.attack_rate, [0.0, 1.0 / 3.0, 2.0 / 3.0, 0.5, 1.0]);
        assert_eq!(table.rows, [2, 3, 3, 2, 2]);
        assert_eq!(table.edges[1], [0.2, 0.4]);
        // An empty bin is left out, and 1 belongs to the last.
        let ends = reliability(&[0.0, 1.0], &[Label::Benign, Label::Attack], 4).unwrap();
        assert_eq!((ends.edges, ends.rows), (vec![[0.0, 0.25], [0.75, 1.0]], vec![1, 1]));
    }
}
