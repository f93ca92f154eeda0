//! A false positive rate whose rows are not independent, because a host that raises one false alarm raises more.

use std::collections::HashMap;

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::beta::t_quantile_above;
use crate::error::{MetricsError, same_length};
use crate::interval::{INTERVAL_CONFIDENCE, Interval, clopper_pearson_real};

/// The false positive rate with entities (hosts), not flows, taken as independent.
///
/// The rate itself is the ratio estimator: all false alarms over all benign flows. Its variance is the
/// cluster-robust one, `K / (K - 1) Σ (fp_k - rate · n_k)² / n²` over K entities. From it follows how many independent
/// flows the table is worth, and the interval is Clopper–Pearson's for that many (Korn and Graubard 1998), which stays
/// honest for rates near 0 where a normal interval does not. Without any false alarm, or with nothing but, the variance
/// says nothing and the table counts as worth K flows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusteredRate {
    /// Entities with benign flows.
    pub entities: u64,
    /// Entities with at least one false alarm.
    pub entities_with_false_alarms: u64,
    /// Mean over entities of each one's own rate: what a host picked at random sees.
    pub mean_over_entities: f64,
    /// Independent flows that the table is worth.
    pub effective_rows: f64,
    /// Interval for the rate over all flows; null where there is one entity only.
    pub interval: Option<Interval>,
    /// Why there is no interval; null where there is one.
    pub reason: Option<String>,
}

/// The entity-clustered estimate for `flags` `(n_rows)` on rows of these labels and entities `(n_rows)`. `None` where
/// there are no entities (`entity` empty) or no benign row.
pub fn clustered_fpr(labels: &[Label], flags: &[bool], entity: &[u64]) -> Result<Option<ClusteredRate>, MetricsError> {
    same_length("the flags column", labels.len(), flags.len())?;
    if entity.is_empty() {
        return Ok(None);
    }
    same_length("the entity column", labels.len(), entity.len())?;
    Ok(estimate(&count_by_entity(labels, flags, entity)))
}

/// (false alarms, benign rows) of each entity, in order of first appearance.
fn count_by_entity(labels: &[Label], flags: &[bool], entity: &[u64]) -> Vec<(u64, u64)> {
    let mut index: HashMap<u64, usize> = HashMap::new();
    let mut counts: Vec<(u64, u64)> = Vec::new();
    for ((label, &flag), &key) in labels.iter().zip(flags).zip(entity) {
        if label.is_attack() {
            continue;
        }
        let i = *index.entry(key).or_insert_with(|| {
            counts.push((0, 0));
            counts.len() - 1
        });
        counts[i].0 += u64::from(flag);
        counts[i].1 += 1;
    }
    counts
}

fn estimate(counts: &[(u64, u64)]) -> Option<ClusteredRate> {
    let entities = counts.len() as f64;
    let (alarms, rows) = counts.iter().fold((0, 0), |(a, r), (fp, n)| (a + fp, r + n));
    if rows == 0 {
        return None;
    }
    let n = rows as f64;
    let rate = alarms as f64 / n;
    let squares: f64 = counts.iter().map(|&(fp, n_k)| (fp as f64 - rate * n_k as f64).powi(2)).sum();
    let variance = entities / (entities - 1.0).max(1.0) * squares / (n * n);
    let effective_rows = if counts.len() < 2 {
        1.0
    } else if alarms == 0 || alarms == rows {
        entities
    } else {
        // Student's t with K - 1 degrees of freedom, for the variance itself is estimated from K numbers.
        let tail = (1.0 - INTERVAL_CONFIDENCE) / 2.0;
        let widening = t_quantile_above(tail, n - 1.0) / t_quantile_above(tail, entities - 1.0);
        (rate * (1.0 - rate) / variance * widening * widening).min(n)
    };
    let one = counts.len() < 2;
    Some(ClusteredRate {
        entities: counts.len() as u64,
        entities_with_false_alarms: counts.iter().filter(|(fp, _)| *fp > 0).count() as u64,
        mean_over_entities: counts.iter().map(|&(fp, n_k)| fp as f64 / n_k as f64).sum::<f64>() / entities,
        effective_rows,
        interval: (!one).then(|| clopper_pearson_real(rate * effective_rows, effective_rows, INTERVAL_CONFIDENCE)),
        reason: one.then(|| "all benign flows belong to one entity".to_owned()),
    })
}
