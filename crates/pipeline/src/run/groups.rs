//! Which group each row is of, where thresholds shall hold in most groups.

use nta_data::{Dataset, SequenceBy};
use nta_hybrid::HybridConfig;
use nta_metrics::{GroupBy, ThresholdRule};

use crate::error::PipelineError;

/// Microseconds.
const HOUR: i64 = 3_600_000_000;

/// A number for each row's group, `(n_rows)`; empty where the rule has none.
///
/// # Errors
/// Rows that have no such groups.
pub(crate) fn of_rows(rows: &Dataset, rule: &HybridConfig) -> Result<Vec<u64>, PipelineError> {
    match rule.rule() {
        ThresholdRule::Groups(groups) => by(rows, groups.by),
        _ => Ok(Vec::new()),
    }
}

/// The same by `by`.
///
/// # Errors
/// Rows that have no such groups.
pub(crate) fn by(rows: &Dataset, by: GroupBy) -> Result<Vec<u64>, PipelineError> {
    let refuse = |lacks: &str| {
        PipelineError::refuse(format!(
            "thresholds by {} need {lacks}; group by something else, or give a budget",
            by.groups()
        ))
    };
    match by {
        GroupBy::Host if rows.entity.is_empty() || !rows.schema.supports(SequenceBy::Src) => {
            Err(refuse("the host of each flow, `entity: { src: … }` in the schema and an order"))
        }
        GroupBy::Host => Ok(rows.entity.clone()),
        GroupBy::Hour => {
            let times = rows.time.as_ref().ok_or_else(|| refuse("the time of each flow, `time:` in the schema"))?;
            Ok(times.iter().map(|time| time.div_euclid(HOUR) as u64).collect())
        }
        GroupBy::Service => {
            let names = rows.schema.categorical.iter().map(|column| column.name.as_str());
            let place = names.clone().position(|name| name.eq_ignore_ascii_case("service"));
            let place = place.ok_or_else(|| refuse("a text column `service` among the features"))?;
            let column = &rows.categorical[place];
            Ok(column.codes.iter().map(|code| hash_of(&column.values[*code as usize])).collect())
        }
    }
}

/// The same number for the same text in every table (FNV-1a).
fn hash_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
