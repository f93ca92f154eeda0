//! Whose sequence a flow belongs to, and how much of what came before is remembered.

use std::hash::Hasher;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

/// Keyed 64-bit hash (SipHash-1-3, Aumasson and Bernstein 2012) of the parts; the lengths are hashed too, so parts
/// cannot run into each other.
pub fn entity_hash(key: &[u8; 16], parts: &[&[u8]]) -> u64 {
    let mut hasher = SipHasher13::new_with_key(key);
    for part in parts {
        hasher.write_u64(part.len() as u64);
        hasher.write(part);
    }
    hasher.finish()
}

/// The entity as it appears in segment `segment` of a part: another key in each segment, the same within one.
pub fn segment_entity(entity: u64, segment: u32) -> u64 {
    if segment == 0 {
        return entity;
    }
    entity_hash(&[0x5e; 16], &[&entity.to_le_bytes(), &segment.to_le_bytes()])
}

/// What tells sensors apart in the hash of an entity, where no column names the capture of a row. Part of the model: a
/// host seen by two sensors is two entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SensorKey {
    /// The place of the file among those read together, as in models made before sensors had names.
    #[default]
    FileIndex,
    /// The sensor's name, which a rotation of its file does not change.
    Name,
}

/// Shards in which per-entity state lives; fixed, so that no result depends on the number of threads.
pub const N_SHARDS: usize = 16;

/// The shard of an entity.
pub fn shard_of(entity: u64) -> usize {
    (entity >> 60) as usize % N_SHARDS
}

/// How much of the past is remembered per entity. Part of the model, so that training cuts sequences, and live scoring
/// forgets, as evaluation does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MemoryConfig {
    /// Entities remembered at most, over all shards.
    pub entities: usize,
    /// An entity silent for longer than this, from the end of one flow to the end of its next, starts afresh; seconds.
    pub idle_seconds: f64,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        MemoryConfig { entities: 262_144, idle_seconds: 3_600.0 }
    }
}
