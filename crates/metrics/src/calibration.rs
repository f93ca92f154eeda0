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
