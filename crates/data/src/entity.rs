//! Whose sequence a flow belongs to, and the bounded memory of what came before.

use std::collections::{HashMap, VecDeque};
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
    slots: HashMap<u64, Slot<S>>,
    probation: VecDeque<(u64, u64)>,
    main: VecDeque<(u64, u64)>,
    n_probation: usize,
    n_main: usize,
    probation_room: usize,
    main_room: usize,
    idle_micros: i64,
    clock: u64,
    evictions: u64,
}

#[derive(Debug, Clone)]
struct Slot<S> {
    state: S,
    last_end: i64,
    tick: u64,
    established: bool,
}

impl<S> EntityStore<S> {
    /// A store for one of [`N_SHARDS`] shards of a memory of this size.
    pub fn new(config: &MemoryConfig) -> Self {
        let room = (config.entities / N_SHARDS).max(4);
        EntityStore {
            slots: HashMap::new(),
            probation: VecDeque::new(),
            main: VecDeque::new(),
            n_probation: 0,
            n_main: 0,
            probation_room: room / 4,
            main_room: room - room / 4,
            idle_micros: (config.idle_seconds * 1e6) as i64,
            clock: 0,
            evictions: 0,
        }
    }

    /// The entity has a flow that ended at `end` (microseconds; all the same where the traffic has no time). Answers its
    /// state, made with `fresh` where a sequence begins, and the end of its flow before, `None` where a sequence begins.
    pub fn visit(&mut self, entity: u64, end: i64, fresh: impl FnOnce() -> S) -> (&mut S, Option<i64>) {
        self.clock += 1;
        let tick = self.clock;
        let previous = match self.slots.get_mut(&entity) {
            Some(slot) => {
                let last = std::mem::replace(&mut slot.last_end, end);
                let follows = end.saturating_sub(last) <= self.idle_micros;
                if !follows {
                    slot.state = fresh();
                }
                self.promote(entity, tick);
                follows.then_some(last)
            }
            None => {
                self.slots.insert(entity, Slot { state: fresh(), last_end: end, tick, established: false });
                self.probation.push_back((entity, tick));
                self.n_probation += 1;
                None
            }
        };
        self.make_room();
        let slot = self.slots.get_mut(&entity).expect("the newest entity is never the one evicted");
        (&mut slot.state, previous)
    }

    /// Entities remembered now.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Entities forgotten for lack of room since the start.
    pub fn evictions(&self) -> u64 {
        self.evictions
    }

    fn promote(&mut self, entity: u64, tick: u64) {
        let Some(slot) = self.slots.get_mut(&entity) else { return };
        slot.tick = tick;
        if !slot.established {
            slot.established = true;
            self.n_probation -= 1;
            self.n_main += 1;
        }
        self.main.push_back((entity, tick));
    }

    fn make_room(&mut self) {
        while self.n_probation > self.probation_room {
            let Some((entity, tick)) = self.probation.pop_front() else { break };
            if self.slots.get(&entity).is_some_and(|s| s.tick == tick && !s.established) {
                self.slots.remove(&entity);
                self.n_probation -= 1;
                self.evictions += 1;
            }
        }
        while self.n_main > self.main_room {
            let Some((entity, tick)) = self.main.pop_front() else { break };
            if self.slots.get(&entity).is_some_and(|s| s.tick == tick) {
                self.slots.remove(&entity);
                self.n_main -= 1;
                self.evictions += 1;
            }
        }
        // Queue entries outlive their slots' later visits; drop the stale ones before they pile up.
        if self.main.len() > 4 * self.main_room + 64 {
            let slots = &self.slots;
            self.main.retain(|(entity, tick)| slots.get(entity).is_some_and(|s| s.tick == *tick));
        }
        if self.probation.len() > 4 * self.probation_room + 64 {
            let slots = &self.slots;
            self.probation
                .retain(|(entity, tick)| slots.get(entity).is_some_and(|s| s.tick == *tick && !s.established));
        }
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
        assert!(store.probation.len() < 200 && store.main.len() < 400);
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
        assert!(store.slots.contains_key(&1) && !store.slots.contains_key(&2));
        assert!(store.slots.contains_key(&3) && store.slots.contains_key(&4));
    }
}
