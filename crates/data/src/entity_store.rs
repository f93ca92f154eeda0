//! The bounded memory of what came before, entity by entity.

use std::collections::HashMap;

use crate::entity_queue::{Queue, Slot};
use crate::{MemoryConfig, N_SHARDS};

/// Bounded per-entity state of one shard, and the one rule of where a sequence begins: at an entity's first flow, after
/// a silence, or where the entity was forgotten for lack of room.
///
/// A new entity stands in a probation queue (first in, first out, a quarter of the room) and moves to the main queue
/// at its second flow (2Q, Johnson and Shasha 1994): a flood of one-flow addresses turns over the probation queue alone
/// and never evicts a host that has been seen twice. The main queue evicts the least recently used.
#[derive(Debug, Clone)]
pub struct EntityStore<S> {
    pub(crate) places: HashMap<u64, u32>,
    pub(crate) slots: Vec<Slot<S>>,
    /// Places of `slots` that are free again.
    free: Vec<u32>,
    pub(crate) probation: Queue,
    pub(crate) main: Queue,
    idle_micros: i64,
    pub(crate) evictions: u64,
    /// The stretch of visits under way: a new one begins where what has changed is written down.
    pub(crate) stretch: u32,
    /// The stretch in which the main queue last forgot an entity.
    pub(crate) main_forgot: u32,
}

/// An entity of an [`EntityStore`], as it is told and restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered<S> {
    /// Its keyed hash.
    pub entity: u64,
    /// End of its last flow, microseconds.
    pub last_end: i64,
    /// What is remembered of it.
    pub state: S,
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
            stretch: 1,
            main_forgot: 0,
        }
    }

    /// The entity has a flow that ended at `end` (microseconds; all the same where the traffic has no time). Answers its
    /// state, made with `fresh` where a sequence begins, and the end of its flow before, `None` where a sequence begins.
    pub fn visit(&mut self, entity: u64, end: i64, fresh: impl FnOnce() -> S) -> (&mut S, Option<i64>) {
        let found = self.places.get(&entity).copied();
        let at = match found {
            Some(at) => {
                self.establish(at);
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
        slot.stretch = self.stretch;
        let last = std::mem::replace(&mut slot.last_end, end);
        let previous = found.and_then(|_| (end.saturating_sub(last) <= self.idle_micros).then_some(last));
        if previous.is_none() {
            slot.state = None;
        }
        (slot.state.get_or_insert_with(fresh), previous)
    }

    /// What is remembered of every entity, in no order that means anything, and its place: no other entity's while it is
    /// remembered. There are as many places as there were ever entities at once.
    pub fn states_mut(&mut self) -> impl Iterator<Item = (u32, &mut S)> {
        let slots = (0..).zip(&mut self.slots);
        slots.filter_map(|(place, slot)| slot.state.as_mut().map(|state| (place, state)))
    }

    /// What is remembered of the entity, which is not visited by asking: what is changed in it belongs to its last visit.
    pub fn get_mut(&mut self, entity: u64) -> Option<&mut S> {
        let at = *self.places.get(&entity)?;
        self.slots[at as usize].state.as_mut()
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

    /// Entities that were seen once, the oldest first: the next to be forgotten.
    pub fn probation(&self) -> impl Iterator<Item = Remembered<&S>> {
        self.along(&self.probation)
    }

    /// Entities that were seen again, the least recently used first: the next to be forgotten.
    pub fn established(&self) -> impl Iterator<Item = Remembered<&S>> {
        self.along(&self.main)
    }

    fn along(&self, queue: &Queue) -> impl Iterator<Item = Remembered<&S>> {
        let slots = queue.places(&self.slots);
        // A slot in a queue has its state: it is made before the visit ends.
        slots.filter_map(|slot| {
            slot.state.as_ref().map(|state| Remembered { entity: slot.entity, last_end: slot.last_end, state })
        })
    }

    /// Moves an entity behind all others of the main queue.
    pub(crate) fn establish(&mut self, at: u32) {
        let from = if self.slots[at as usize].established { &mut self.main } else { &mut self.probation };
        from.take_out(&mut self.slots, at);
        self.slots[at as usize].established = true;
        self.main.push_newest(&mut self.slots, at);
    }

    /// A slot for a new entity, on probation, its state not made yet.
    pub(crate) fn admit(&mut self, entity: u64, end: i64) -> u32 {
        let slot = Slot::new(entity, end);
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
        if self.slots[at as usize].established {
            self.main_forgot = self.stretch;
        }
        self.take_out(at);
        self.evictions += 1;
    }

    /// Frees an entity's slot.
    pub(crate) fn take_out(&mut self, at: u32) {
        let slot = &mut self.slots[at as usize];
        slot.state = None;
        let (entity, established) = (slot.entity, slot.established);
        let queue = if established { &mut self.main } else { &mut self.probation };
        queue.take_out(&mut self.slots, at);
        self.places.remove(&entity);
        self.free.push(at);
    }

    /// The same memory of what `change` makes of each state.
    pub fn map<T>(self, mut change: impl FnMut(S) -> T) -> EntityStore<T> {
        let EntityStore { places, slots, free, probation, main, idle_micros, evictions, stretch, main_forgot } = self;
        let slots = slots.into_iter().map(|slot| slot.map(&mut change)).collect();
        EntityStore { places, slots, free, probation, main, idle_micros, evictions, stretch, main_forgot }
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
