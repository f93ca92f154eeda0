//! The time since an entity's previous flow: preprocessing with a memory, the same in training, in a file, and live.

use nta_data::{Dataset, EntityStore, MemoryConfig, N_SHARDS, shard_of};
use serde::{Deserialize, Serialize};

use super::config::Scale;
use super::error::PreprocessError;
use super::numeric::{CLIP, center_and_spread};

/// Names of the two last numeric inputs.
pub(super) const GAP_NAMES: [&str; 2] = ["gap_seconds", "first_flow"];

/// How the gap is scaled, and how long an entity is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GapScaling {
    /// Mean of ln(1 + seconds) over the training rows that have a previous flow.
    pub mean: f64,
    /// Their standard deviation; 1 where it would be 0.
    pub deviation: f64,
    /// What is remembered of entities.
    pub memory: MemoryConfig,
}

/// The end of each entity's last flow.
#[derive(Debug, Clone)]
pub struct GapMemory {
    shards: Vec<EntityStore<()>>,
}

impl GapMemory {
    /// Remembers nothing yet.
    pub fn new(config: &MemoryConfig) -> Self {
        GapMemory { shards: (0..N_SHARDS).map(|_| EntityStore::new(config)).collect() }
    }

    /// The entity has a flow that ended at `end` (microseconds). Answers the end of the flow before it, or `None` if
    /// this is its first, the first after a long silence, or the first since it was forgotten.
    pub fn visit(&mut self, entity: u64, end: i64) -> Option<i64> {
        self.shards[shard_of(entity)].visit(entity, end, || ()).1
    }

    /// The same for each row, in row order, `(n_rows)`.
    pub(super) fn previous_ends(&mut self, entity: &[u64], end: &[i64]) -> Vec<Option<i64>> {
        entity.iter().zip(end).map(|(&entity, &end)| self.visit(entity, end)).collect()
    }
}

impl GapScaling {
    /// Fits on the training rows in row order; `None` for rows without time or without entities.
    pub(super) fn fit(train: &Dataset, memory: &MemoryConfig) -> Option<Self> {
        let (entity, end) = entity_and_end(train).ok()?;
        let previous = GapMemory::new(memory).previous_ends(entity, end);
        let mut gaps: Vec<f64> =
            previous.iter().zip(end).filter_map(|(previous, &end)| previous.map(|p| log_gap(p, end))).collect();
        let (mean, deviation) =
            if gaps.is_empty() { (0.0, 1.0) } else { center_and_spread(&mut gaps, Scale::Standard) };
        Some(GapScaling { mean, deviation, memory: memory.clone() })
    }

    /// The two inputs of a flow that ended at `end`, after one that ended at `previous_end` (microseconds): the
    /// standardised ln(1 + seconds), held within [`CLIP`], and 1 for a first flow, whose gap counts as average.
    pub(super) fn inputs(&self, previous_end: Option<i64>, end: i64) -> [f32; 2] {
        match previous_end {
            None => [0.0, 1.0],
            Some(previous) => [((log_gap(previous, end) - self.mean) / self.deviation).clamp(-CLIP, CLIP) as f32, 0.0],
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let Self { mean, deviation, .. } = self;
        if !(mean.is_finite() && deviation.is_finite() && *deviation > 0.0) {
            return Err(format!("gap: mean {mean}, deviation {deviation}"));
        }
        Ok(())
    }
}

/// ln(1 + seconds) between two ends; a flow that ended before the one delivered earlier counts as 0 seconds later.
fn log_gap(previous: i64, end: i64) -> f64 {
    (end.saturating_sub(previous).max(0) as f64 / 1e6).ln_1p()
}

/// What the gap needs of a table.
pub(super) fn entity_and_end(dataset: &Dataset) -> Result<(&[u64], &[i64]), PreprocessError> {
    let lacks = |what| PreprocessError::NoGap { what, schema: dataset.schema.name.clone() };
    let end = dataset.end_time.as_deref().ok_or_else(|| lacks("time"))?;
    if dataset.entity.len() != end.len() {
        return Err(lacks("entity (host)"));
    }
    Ok((&dataset.entity, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn the_gap_is_standardised_and_never_negative() {
        let scaling = GapScaling { mean: 1.0, deviation: 0.5, memory: MemoryConfig::default() };
        assert_eq!(scaling.inputs(None, 5), [0.0, 1.0]);
        assert_eq!(scaling.inputs(Some(0), 0), [-2.0, 0.0]);
        assert_eq!(scaling.inputs(Some(9 * SECOND), 0), [-2.0, 0.0], "negative gaps are 0");
        let [gap, first] = scaling.inputs(Some(0), SECOND);
        assert!((f64::from(gap) - (2f64.ln() - 1.0) / 0.5).abs() < 1e-7 && first == 0.0);
        assert_eq!(scaling.inputs(Some(i64::MIN), i64::MAX)[0], 10.0);
    }
}
