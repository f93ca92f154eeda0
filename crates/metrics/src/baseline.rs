//! What anyone could say without a model.

use std::collections::HashMap;

use nta_data::Label;

use crate::error::{MetricsError, same_length};

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
