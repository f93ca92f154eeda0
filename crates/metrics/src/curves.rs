//! The numbers behind the figures: curves thinned to what an eye can tell apart, histograms, reliability.

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calibration::bin_of;
use crate::error::{MetricsError, all_scores, same_length};
use crate::{Ranking, Reliability, reliability};

/// No curve holds more points than this.
const MAX_POINTS: usize = 2_000;
const HISTOGRAM_BINS: usize = 50;
const RELIABILITY_BINS: usize = 10;

/// What the figures of one member are drawn from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Curves {
    /// Recall over false positive rate; empty where a class is missing.
    pub roc: RocCurve,
    /// Precision over recall; empty where there is no attack.
    pub pr: PrCurve,
    /// Scores of either class.
    pub histogram: Histogram,
    /// Share of attacks over score.
    pub reliability: Reliability,
}

/// Points of a ROC curve from (0, 0) to (1, 1), at most 2,000.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RocCurve {
    /// False positive rates, ascending.
    pub fpr: Vec<f64>,
    /// Recalls, ascending.
    pub recall: Vec<f64>,
    /// Area under the whole curve, not under the points kept.
    pub auc: Option<f64>,
}

/// Points of a precision–recall curve by rising recall, at most 2,000. Drawn as steps: the area under them is the
/// average precision.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrCurve {
    /// Recalls, ascending.
    pub recall: Vec<f64>,
    /// Precisions.
    pub precision: Vec<f64>,
    /// Average precision of all points, not of those kept.
    pub average_precision: Option<f64>,
}

/// Rows by score, in bins of equal width over [0, 1]; an upper edge belongs to the next bin, except 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// Benign rows in each bin.
    pub benign: Vec<u64>,
    /// Attacks in each bin.
    pub attack: Vec<u64>,
}

/// The figures' numbers for one member's scores.
pub fn curves(scores: &[f32], labels: &[Label]) -> Result<Curves, MetricsError> {
    let ranking = Ranking::new(scores, labels)?;
    let (fpr, recall) = thin_roc(&ranking.roc_points(), ranking.benign()).into_iter().unzip();
    let roc = RocCurve { fpr, recall, auc: ranking.roc_auc() };
    let (recall, precision) = thin_pr(&ranking.pr_points()).into_iter().unzip();
    let pr = PrCurve { recall, precision, average_precision: ranking.average_precision() };
    let histogram = histogram(scores, labels, HISTOGRAM_BINS)?;
    Ok(Curves { roc, pr, histogram, reliability: reliability(scores, labels, RELIABILITY_BINS)? })
}

/// Rows of either class by score, in `bins` bins.
pub fn histogram(scores: &[f32], labels: &[Label], bins: usize) -> Result<Histogram, MetricsError> {
    same_length("the scores column", labels.len(), scores.len())?;
    all_scores("the scores'", scores)?;
    let bins = bins.max(1);
    let mut counts = Histogram { benign: vec![0; bins], attack: vec![0; bins] };
    for (&score, &label) in scores.iter().zip(labels) {
        let column = if label.is_attack() { &mut counts.attack } else { &mut counts.benign };
        column[bin_of(score, bins)] += 1;
    }
    Ok(counts)
}

/// Keeps a point where the curve has moved on by a thousandth of its height or width, or, at the left edge, by a
/// thousandth of the decades of false positive rate, so that a logarithmic axis has its points too.
fn thin_roc(points: &[(f64, f64)], benign: u64) -> Vec<(f64, f64)> {
    let decades = (benign as f64).log10().max(1.0);
    let decade = |fpr: f64| fpr.max(1.0 / benign as f64).log10() / decades;
    thin(points, |from, to| {
        let along = (to.0 - from.0) + (to.1 - from.1);
        along / 2.0 + (decade(to.0) - decade(from.0))
    })
}

/// Keeps a point where recall has moved on; the high scores, where precision jumps, in full.
fn thin_pr(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    thin(points, |from, to| (to.0 - from.0) + (to.1 - from.1).abs().min(0.02) / 4.0)
}

/// The first and last point, and between them those whose distance from the one kept before is at least a step; the
/// step grows until no more than [`MAX_POINTS`] are left.
fn thin(points: &[(f64, f64)], distance: impl Fn((f64, f64), (f64, f64)) -> f64) -> Vec<(f64, f64)> {
    let mut step = if points.len() <= MAX_POINTS { 0.0 } else { 1.0 / MAX_POINTS as f64 };
    loop {
        let mut kept: Vec<(f64, f64)> = Vec::new();
        for (i, &point) in points.iter().enumerate() {
            let is_end = i == 0 || i + 1 == points.len();
            if is_end || kept.last().is_none_or(|&last| distance(last, point) >= step) {
                kept.push(point);
            }
        }
        if kept.len() <= MAX_POINTS {
            return kept;
        }
        step *= 1.5;
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::tests::{LABELS, SCORES};

    #[test]
    fn a_short_curve_is_kept_whole() {
        let found = curves(&SCORES, &LABELS).unwrap();
        assert_eq!((found.roc.fpr.len(), found.pr.recall.len()), (8, 7));
        assert_eq!((found.roc.fpr[0], found.roc.recall[0]), (0.0, 0.0));
        assert_eq!(found.histogram.attack.iter().sum::<u64>(), 6);
        assert_eq!((found.histogram.benign.len(), found.histogram.benign[25]), (50, 1));
    }

    #[test]
    fn a_long_curve_is_thinned_and_keeps_its_ends_and_its_area() {
        let n = 100_000u32;
        let scores: Vec<f32> = (0..n).map(|i| i as f32 / n as f32).collect();
        let labels: Vec<Label> = (0..n)
            .map(|i| if i.wrapping_mul(2_654_435_761) / 43_000 < i { Label::Attack } else { Label::Benign })
            .collect();
        let found = curves(&scores, &labels).unwrap();
        for points in [found.roc.fpr.len(), found.pr.recall.len()] {
            assert!((200..=MAX_POINTS).contains(&points), "{points}");
        }
        let roc: Vec<(f64, f64)> = found.roc.fpr.iter().copied().zip(found.roc.recall.iter().copied()).collect();
        assert_eq!((roc[0], roc[roc.len() - 1]), ((0.0, 0.0), (1.0, 1.0)));
        assert!(roc.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1));
        let area: f64 = roc.windows(2).map(|w| (w[1].0 - w[0].0) * (w[1].1 + w[0].1) / 2.0).sum();
        assert!((area - found.roc.auc.unwrap()).abs() < 1e-3, "{area}");
        assert_eq!(found.pr.recall.last(), Some(&1.0));
        let steps: f64 = found.pr.recall[0] * found.pr.precision[0]
            + (1..found.pr.recall.len())
                .map(|i| (found.pr.recall[i] - found.pr.recall[i - 1]) * found.pr.precision[i])
                .sum::<f64>();
        assert!((steps - found.pr.average_precision.unwrap()).abs() < 5e-3, "{steps}");
        // A logarithmic axis has its points too.
        assert!(roc.iter().filter(|p| p.0 > 0.0 && p.0 < 0.01).count() > 50);
    }

    #[test]
    fn one_class_leaves_empty_curves_and_a_histogram() {
        let found = curves(&[0.5, 1.0], &[Label::Benign; 2]).unwrap();
        assert!(found.roc.fpr.is_empty() && found.pr.recall.is_empty());
        assert_eq!((found.roc.auc, found.histogram.benign[49]), (None, 1));
        assert!(curves(&[], &[]).unwrap().reliability.rows.is_empty());
    }
}
