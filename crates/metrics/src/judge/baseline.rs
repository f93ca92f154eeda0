//! What anyone could say without a model.

use std::collections::HashMap;

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operating_point::OperatingPoint;
use crate::error::{MetricsError, same_length};
use crate::{ConfusionMatrix, Named, Ranking};

/// A baseline's results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// What it says, in words.
    pub rule: String,
    /// Average precision of its yes and no taken as scores; null where there is no attack.
    pub average_precision: Option<f64>,
    /// Its answers.
    pub answers: OperatingPoint,
}

impl Baseline {
    fn of(rule: &str, labels: &[Label], flags: &[bool]) -> Result<Self, MetricsError> {
        let scores: Vec<f32> = flags.iter().map(|&flag| f32::from(u8::from(flag))).collect();
        Ok(Baseline {
            rule: rule.to_owned(),
            average_precision: Ranking::new(&scores, labels)?.average_precision(),
            answers: OperatingPoint::of(ConfusionMatrix::count(labels, flags)?, None),
        })
    }
}

/// `always_benign`, and `last_flow` where `entity` `(n_rows)` is not empty.
pub(crate) fn baselines(labels: &[Label], entity: &[u64]) -> Result<Named<Baseline>, MetricsError> {
    let mut named = Named::new();
    let never = vec![false; labels.len()];
    named.put("always_benign", Baseline::of("no flow is an attack", labels, &never)?);
    if !entity.is_empty() {
        let flags = last_flow_baseline(labels, entity)?;
        let rule = "same as the true label of the entity's last flow, which no detector knows; a first flow is benign";
        named.put("last_flow", Baseline::of(rule, labels, &flags)?);
    }
    Ok(named)
}

/// "Same as the entity's last flow": each row is flagged when the entity's row before it was an attack, the entity's
/// first row never. It reads the true label of the last flow, which no detector knows; a sequence model on traffic
/// that comes in long runs of one label has to be held against it. Rows stand in arrival order; `entity` `(n_rows)`.
pub fn last_flow_baseline(labels: &[Label], entity: &[u64]) -> Result<Vec<bool>, MetricsError> {
    same_length("the entity column", labels.len(), entity.len())?;
    let mut last: HashMap<u64, bool> = HashMap::new();
    let flags = labels.iter().zip(entity);
    Ok(flags.map(|(label, &key)| last.insert(key, label.is_attack()).unwrap_or(false)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Label::{Attack, Benign};

    #[test]
    fn a_flow_is_flagged_when_the_same_hosts_last_one_was_an_attack() {
        let labels = [Attack, Attack, Benign, Benign, Attack, Attack];
        let entity = [1, 1, 2, 1, 2, 2];
        let flags = last_flow_baseline(&labels, &entity).unwrap();
        assert_eq!(flags, [false, true, false, true, false, true]);
        assert!(last_flow_baseline(&labels, &entity[1..]).is_err());
    }
}
