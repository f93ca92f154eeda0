//! Whose sequence a flow belongs to, and the bounded memory of what came before.

use std::collections::HashMap;
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

/// Bounded per-entity state of one shard, and the one rule of where a sequence begins: at an entity's first flow, after
/// a silence, or where the entity was forgotten for lack of room.
///
/// A new entity stands in a probation queue (first in, first out, a quarter of the room) and moves to the main queue
/// at its second flow (2Q, Johnson and Shasha 1994): a flood of one-flow addresses turns over the probation queue alone
/// and never evicts a host that has been seen twice. The main queue evicts the least recently used.
#[derive(Debug, Clone)]
pub struct EntityStore<S> {
    places: HashMap<u64, u32>,
    slots: Vec<Slot<S>>,
    /// Places of `slots` that are free again.
    free: Vec<u32>,
    probation: Queue,
    main: Queue,
    idle_micros: i64,
    evictions: u64,
}

#[derive(Debug, Clone)]
struct Slot<S> {
    entity: u64,
    /// `None` while the place is free.
    state: Option<S>,
    last_end: i64,
    established: bool,
    older: u32,
    newer: u32,
}

/// A doubly linked list through the slots, oldest first.
#[derive(Debug, Clone)]
struct Queue {
    oldest: u32,
    newest: u32,
    len: usize,
    room: usize,
}

/// No slot.
const NONE: u32 = u32::MAX;

impl Queue {
    fn new(room: usize) -> Self {
        Queue { oldest: NONE, newest: NONE, len: 0, room }
    }

    fn push_newest<S>(&mut self, slots: &mut [Slot<S>], at: u32) {
        (slots[at as usize].older, slots[at as usize].newer) = (self.newest, NONE);
        match self.newest {
            NONE => self.oldest = at,
            newest => slots[newest as usize].newer = at,
        }
        self.newest = at;
        self.len += 1;
    }

    fn take_out<S>(&mut self, slots: &mut [Slot<S>], at: u32) {
        let (older, newer) = (slots[at as usize].older, slots[at as usize].newer);
        match older {
            NONE => self.oldest = newer,
            older => slots[older as usize].newer = newer,
        }
        match newer {
            NONE => self.newest = older,
            newer => slots[newer as usize].older = older,
        }
        self.len -= 1;
    }
}

impl<S> EntityStore<S> {
    /// A store for one of [`N_SHARDS`] shards of a memory of this size.
    pub fn new(config: &MemoryConfig) -> Self {
        let room = (config.entities / N_SHARDS).max(4);
        EntityStore {
            places: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            probation: Queue::new(room / 4),
            main: Queue::new(room - room / 4),
            idle_micros: (config.idle_seconds * 1e6) as i64,
            evictions: 0,
        }
    }

    /// The entity has a flow that ended at `end` (microseconds; all the same where the traffic has no time). Answers its
    /// state, made with `fresh` where a sequence begins, and the end of its flow before, `None` where a sequence begins.
    pub fn visit(&mut self, entity: u64, end: i64, fresh: impl FnOnce() -> S) -> (&mut S, Option<i64>) {
        let found = self.places.get(&entity).copied();
        let at = match found {
            Some(at) => {
                let from = if self.slots[at as usize].established { &mut self.main } else { &mut self.probation };
                from.take_out(&mut self.slots, at);
                self.slots[at as usize].established = true;
                self.main.push_newest(&mut self.slots, at);
                at
            }
            None => self.admit(entity, end),
        };
        // Only one queue grew, and by one; the newest is never the oldest, for both queues have room.
        if self.probation.len > self.probation.room {
            self.evict(self.probation.oldest);
        }
        if self.main.len > self.main.room {
            self.evict(self.main.oldest);
        }
        let slot = &mut self.slots[at as usize];
        let last = std::mem::replace(&mut slot.last_end, end);
        let previous = found.and_then(|_| (end.saturating_sub(last) <= self.idle_micros).then_some(last));
        if previous.is_none() {
            slot.state = None;
        }
        (slot.state.get_or_insert_with(fresh), previous)
    }

    /// Entities remembered now.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Entities forgotten for lack of room since the start.
    pub fn evictions(&self) -> u64 {
        self.evictions
    }

    /// A slot for a new entity, on probation, its state not made yet.
    fn admit(&mut self, entity: u64, end: i64) -> u32 {
        let slot = Slot { entity, state: None, last_end: end, established: false, older: NONE, newer: NONE };
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = slot;
                at
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        self.places.insert(entity, at);
        self.probation.push_newest(&mut self.slots, at);
        at
    }

    fn evict(&mut self, at: u32) {
        let slot = &mut self.slots[at as usize];
        slot.state = None;
        let (entity, established) = (slot.entity, slot.established);
        let queue = if established { &mut self.main } else { &mut self.probation };
        queue.take_out(&mut self.slots, at);
        self.places.remove(&entity);
        self.free.push(at);
        self.evictions += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_new_addresses_leaves_real_hosts_alone() {
        let config = MemoryConfig { entities: 1_024, idle_seconds: 60.0 };
        let mut store: EntityStore<u32> = EntityStore::new(&config);
        for _ in 0..2 {
            *store.visit(7, 0, || 0).0 += 1;
        }
        for spoofed in 1_000..1_001_000u64 {
            store.visit(spoofed, 0, || 0);
        }
        let (seen, previous) = store.visit(7, 1, || 0);
        assert_eq!((*seen, previous), (2, Some(0)));
        assert!(store.len() <= 1_024 / N_SHARDS);
        assert!(store.slots.len() <= 1_024 / N_SHARDS + 1);
        assert_eq!(store.evictions() as usize + store.len(), 1_000_001);
    }

    #[test]
    fn an_entity_is_remembered_until_it_was_silent_for_too_long() {
        let second = 1_000_000;
        let mut store: EntityStore<u32> = EntityStore::new(&MemoryConfig { entities: 1_000, idle_seconds: 60.0 });
        let mut visit = |entity, end| {
            let (flows, previous) = store.visit(entity, end, || 0);
            *flows += 1;
            (*flows, previous)
        };
        assert_eq!(visit(1, 0), (1, None));
        assert_eq!(visit(2, second), (1, None));
        assert_eq!(visit(1, 60 * second), (2, Some(0)));
        assert_eq!(visit(1, 120 * second + 1), (1, None), "a microsecond too long");
        assert_eq!(visit(1, 100 * second), (2, Some(120 * second + 1)), "ends may go backwards");
    }

    #[test]
    fn the_least_recently_used_host_goes_first() {
        let config = MemoryConfig { entities: 4 * N_SHARDS, idle_seconds: 60.0 };
        let mut store: EntityStore<()> = EntityStore::new(&config);
        for host in [1u64, 2, 3, 1, 4] {
            store.visit(host, 0, || ());
            store.visit(host, 0, || ());
        }
        assert!(store.places.contains_key(&1) && !store.places.contains_key(&2));
        assert!(store.places.contains_key(&3) && store.places.contains_key(&4));
    }
}
