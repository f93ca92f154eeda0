//! A false positive rate whose rows are not independent, because a host that raises one false alarm raises more.

use std::collections::HashMap;

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::beta::t_quantile_above;
use super::independent::{INTERVAL_CONFIDENCE, Interval, clopper_pearson_real};
use crate::error::{MetricsError, same_length};

/// The false positive rate with entities (hosts), not flows, taken as independent.
///
/// The rate itself is the ratio estimator: all false alarms over all benign flows. Its variance is the
/// cluster-robust one, `K / (K - 1) Σ (fp_k - rate · n_k)² / n²` over K entities. From it follows how many independent
/// flows the table is worth, and the interval is Clopper–Pearson's for that many (Korn and Graubard 1998), which stays
/// honest for rates near 0 where a normal interval does not. Without any false alarm, or with nothing but, the variance
/// says nothing and the table counts as worth K flows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[cfg(test)]
mod tests {
    use super::*;
    use Label::{Attack, Benign};

    #[test]
    fn hosts_of_one_flow_count_as_flows() {
        let n = 1_000u64;
        let labels = vec![Benign; n as usize];
        let flags: Vec<bool> = (0..n).map(|i| i % 100 == 0).collect();
        let entity: Vec<u64> = (0..n).collect();
        let found = clustered_fpr(&labels, &flags, &entity).unwrap().unwrap();
        let plain = crate::clopper_pearson(10, 1_000, INTERVAL_CONFIDENCE).unwrap();
        let interval = found.interval.unwrap();
        // K / (K - 1) makes one row in a thousand of difference.
        assert!((found.effective_rows - 999.0).abs() < 1e-6, "{}", found.effective_rows);
        assert!((interval.low / plain.low - 1.0).abs() < 1e-3 && (interval.high / plain.high - 1.0).abs() < 1e-3);
        assert_eq!((found.entities, found.entities_with_false_alarms), (1_000, 10));
    }

    #[test]
    fn hosts_that_answer_as_one_count_as_one_each() {
        // 20 hosts of 50 flows, two of them all false alarms. By hand: rate 0.1, squares 18·5² + 2·45² = 4,500,
        // variance 20/19 · 4,500 / 1,000² = 0.0047368, so 0.09 / variance = 19 rows, times (t_999 / t_19)² =
        // (1.9623415 / 2.0930241)² = 0.8790240 (scipy 1.17.1, stats.t.ppf).
        let labels = vec![Benign; 1_000];
        let entity: Vec<u64> = (0..1_000).map(|i| i % 20).collect();
        let flags: Vec<bool> = entity.iter().map(|e| *e < 2).collect();
        let found = clustered_fpr(&labels, &flags, &entity).unwrap().unwrap();
        assert!((found.effective_rows - 19.0 * 0.8790240).abs() < 1e-4, "{}", found.effective_rows);
        assert!((found.mean_over_entities - 0.1).abs() < 1e-12);
        let interval = found.interval.unwrap();
        assert!(interval.low < 0.02 && interval.high > 0.3, "{interval:?}");
    }

    #[test]
    fn without_false_alarms_the_table_is_worth_its_hosts() {
        let flags = vec![false; 1_000];
        let labels = vec![Benign; 1_000];
        let entity: Vec<u64> = (0..1_000).map(|i| i % 10).collect();
        let found = clustered_fpr(&labels, &flags, &entity).unwrap().unwrap();
        // scipy 1.17.1: 0 of 10.
        assert!((found.interval.unwrap().high - 0.30849710781876294).abs() < 1e-9);
    }

    #[test]
    fn one_host_gives_no_interval_and_no_host_gives_nothing() {
        let found = clustered_fpr(&[Benign, Benign, Attack], &[true, false, true], &[4, 4, 5]).unwrap().unwrap();
        assert_eq!((found.entities, found.interval, found.mean_over_entities), (1, None, 0.5));
        assert!(found.reason.is_some());
        assert_eq!(clustered_fpr(&[Benign], &[true], &[]).unwrap(), None);
        assert_eq!(clustered_fpr(&[Attack], &[true], &[1]).unwrap(), None);
        assert!(clustered_fpr(&[Attack], &[true], &[1, 2]).is_err());
    }
}
