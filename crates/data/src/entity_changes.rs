//! What of a memory has changed since it was last written down, and a memory made again of what was written: it goes on
//! exactly as the one that was written down.
//!
//! Both queues stand in the order of last visits, so what was visited since is the newest end of each, and what was
//! forgotten the oldest of the rest: how many of the rest stand tells which. One case needs more: an entity that was on
//! probation, became established and was forgotten since stands in neither end. Then all that was established before is
//! forgotten too, and the memory is written down whole.

use crate::entity_queue::{Queue, Slot};
use crate::{DataError, EntityStore, MemoryConfig, Remembered};

/// What makes of an earlier memory a later one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes<S> {
    /// Entities forgotten for lack of room, from the start until the later one.
    pub evictions: u64,
    /// Of the entities on probation that none of those below is, so many stand, the newest.
    pub kept_probation: usize,
    /// The same of established ones.
    pub kept_established: usize,
    /// Entities on probation that came since, the last first.
    pub probation: Vec<Remembered<S>>,
    /// Established entities that were seen since, the last first.
    pub established: Vec<Remembered<S>>,
}

impl<S> EntityStore<S> {
    /// What was visited and forgotten since [`EntityStore::begin_stretch`], or since the store was made or restored.
    pub fn changes(&self) -> Changes<&S> {
        let since = |slot: &&Slot<S>| slot.stretch == self.stretch;
        let established: Vec<_> = self.main.back(&self.slots).take_while(since).filter_map(remembered).collect();
        let kept_established = self.main.len - established.len();
        if kept_established == 0 && self.main_forgot == self.stretch {
            return self.whole();
        }
        let probation: Vec<_> = self.probation.back(&self.slots).take_while(since).filter_map(remembered).collect();
        let kept_probation = self.probation.len - probation.len();
        Changes { evictions: self.evictions, kept_probation, kept_established, probation, established }
    }

    /// All that is remembered, which makes of any earlier memory this one.
    pub fn whole(&self) -> Changes<&S> {
        let all = |queue: &Queue| queue.back(&self.slots).filter_map(remembered).collect();
        let (probation, established) = (all(&self.probation), all(&self.main));
        Changes { evictions: self.evictions, kept_probation: 0, kept_established: 0, probation, established }
    }

    /// What comes from here on is a change.
    pub fn begin_stretch(&mut self) {
        self.stretch += 1;
    }

    /// Makes of the store that [`EntityStore::changes`] was relative to the one that it was asked of.
    ///
    /// # Errors
    /// Changes of another memory: an entity that stands twice, more entities than there is room for, fewer than are kept.
    /// The store is of no use then.
    pub fn apply(&mut self, changes: Changes<S>) -> Result<(), DataError> {
        let refused = |why: String| Err(DataError::Memory { why });
        for changed in changes.probation.iter().chain(&changes.established) {
            if let Some(at) = self.places.get(&changed.entity) {
                self.take_out(*at);
            }
        }
        let kept = [changes.kept_probation, changes.kept_established];
        let more = [changes.probation.len(), changes.established.len()];
        for (i, (kept, more)) in kept.into_iter().zip(more).enumerate() {
            let Queue { len, room, .. } = *self.queues()[i];
            let later = kept.saturating_add(more);
            if later > room {
                return refused(format!("{later} entities in a queue that has room for {room}"));
            }
            if len < kept {
                return refused(format!("{kept} entities are kept of {len}"));
            }
            (0..len - kept).for_each(|_| self.take_out(self.queues()[i].oldest));
        }
        for (is_established, changed) in [(false, changes.probation), (true, changes.established)] {
            for Remembered { entity, last_end, state } in changed.into_iter().rev() {
                if self.places.contains_key(&entity) {
                    return refused(format!("entity {entity:016x} stands twice"));
                }
                let at = self.admit(entity, last_end);
                self.slots[at as usize].state = Some(state);
                if is_established {
                    self.establish(at);
                }
            }
        }
        self.evictions = changes.evictions;
        Ok(())
    }

    /// Probation and main.
    fn queues(&self) -> [&Queue; 2] {
        [&self.probation, &self.main]
    }

    /// The store that remembers these entities, in the order in which [`EntityStore::probation`] and
    /// [`EntityStore::established`] tell them, and has forgotten `evictions`. It goes on exactly as the one that told
    /// them.
    ///
    /// # Errors
    /// More entities than a memory of this size has room for, an entity that stands twice.
    pub fn restore(
        config: &MemoryConfig,
        mut probation: Vec<Remembered<S>>,
        mut established: Vec<Remembered<S>>,
        evictions: u64,
    ) -> Result<Self, DataError> {
        let mut store = EntityStore::new(config);
        probation.reverse();
        established.reverse();
        store.apply(Changes { evictions, kept_probation: 0, kept_established: 0, probation, established })?;
        Ok(store)
    }
}

/// A slot in a queue has its state: it is made before the visit ends.
fn remembered<S>(slot: &Slot<S>) -> Option<Remembered<&S>> {
    let state = slot.state.as_ref()?;
    Some(Remembered { entity: slot.entity, last_end: slot.last_end, state })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::N_SHARDS;

    /// What a store answers from here on to hosts that come, come again after a silence, and are forgotten.
    fn answers(store: &mut EntityStore<u32>, visits: std::ops::Range<u64>) -> Vec<(u32, Option<i64>, u64, usize)> {
        let mut answers = Vec::new();
        for i in visits {
            let (host, end) = (i * i % 97 % 31, (i * 7_000_000) as i64);
            let (seen, previous) = store.visit(host, end, || 0);
            *seen += 1;
            let answer = (*seen, previous);
            answers.push((answer.0, answer.1, store.evictions(), store.len()));
        }
        answers
    }

    #[test]
    fn a_restored_store_goes_on_as_the_one_it_was_made_from() {
        let config = MemoryConfig { entities: 16 * N_SHARDS, idle_seconds: 60.0 };
        for n in [0, 1, 3, 50, 333] {
            let mut store: EntityStore<u32> = EntityStore::new(&config);
            answers(&mut store, 0..n);
            let owned = |r: Remembered<&u32>| Remembered { entity: r.entity, last_end: r.last_end, state: *r.state };
            let probation: Vec<_> = store.probation().map(owned).collect();
            let established: Vec<_> = store.established().map(owned).collect();
            assert_eq!(probation.len() + established.len(), store.len());
            let mut restored =
                EntityStore::restore(&config, probation.clone(), established, store.evictions()).unwrap();
            assert_eq!(answers(&mut restored, n..n + 500), answers(&mut store, n..n + 500));
            assert!(n < 50 || store.evictions() > 20, "evictions happen");
        }
    }

    #[test]
    fn a_store_that_cannot_be_is_refused() {
        let config = MemoryConfig { entities: 16 * N_SHARDS, idle_seconds: 60.0 };
        let entities = |n: u64| (0..n).map(|entity| Remembered { entity, last_end: 0, state: 0 }).collect::<Vec<_>>();
        let error =
            |probation, established| EntityStore::restore(&config, probation, established, 0).unwrap_err().to_string();
        assert!(error(entities(5), Vec::new()).contains("5 entities in a queue that has room for 4"));
        assert!(error(entities(2), entities(1)).contains("stands twice"));
    }

    /// Changes that own what they tell of.
    fn owned(changes: Changes<&u32>) -> Changes<u32> {
        let own = |all: Vec<Remembered<&u32>>| {
            all.into_iter().map(|r| Remembered { entity: r.entity, last_end: r.last_end, state: *r.state }).collect()
        };
        let Changes { evictions, kept_probation, kept_established, .. } = changes;
        let (probation, established) = (own(changes.probation), own(changes.established));
        Changes { evictions, kept_probation, kept_established, probation, established }
    }

    #[test]
    fn changes_make_of_an_earlier_store_the_later_one() {
        let (mut turned_over, mut went_on) = (0, 0);
        for seed in 0..400u64 {
            // Rooms from 4 to 16; few hosts or many, so that some stretches turn both queues over.
            let config = MemoryConfig { entities: (4 + seed as usize % 13) * N_SHARDS, idle_seconds: 60.0 };
            let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut draw = |n: u64| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random % n
            };
            let (hosts, mut now) = (3 + draw(60), 0);
            let (mut store, mut copy) = (EntityStore::<u32>::new(&config), EntityStore::<u32>::new(&config));
            for _ in 0..20 {
                for _ in 0..draw(80) {
                    now += draw(20_000_000) as i64;
                    // Runs of one host, so that it is established at once.
                    let (host, again) = (draw(hosts), draw(3));
                    (0..=again).for_each(|_| *store.visit(host, now, || 0).0 += 1);
                }
                let changes = store.changes();
                turned_over += u32::from(changes == store.whole() && store.evictions() > 0);
                went_on += u32::from(changes.kept_established > 0 && changes.kept_probation > 0);
                copy.apply(owned(changes)).unwrap();
                store.begin_stretch();
                assert!(store.changes().probation.is_empty() && store.changes().established.is_empty());
                assert_eq!(owned(copy.whole()), owned(store.whole()), "seed {seed}");
            }
            assert_eq!(answers(&mut copy.map(|state| state), 0..300), answers(&mut store, 0..300), "seed {seed}");
        }
        assert!(turned_over > 100 && went_on > 100, "{turned_over} {went_on}");
    }

    #[test]
    fn changes_of_another_memory_are_refused() {
        let config = MemoryConfig { entities: 16 * N_SHARDS, idle_seconds: 60.0 };
        let mut store: EntityStore<u32> = EntityStore::new(&config);
        let none = || Changes {
            evictions: 0,
            kept_probation: 0,
            kept_established: 0,
            probation: Vec::new(),
            established: Vec::new(),
        };
        let error = store.apply(Changes { kept_probation: 1, ..none() }).unwrap_err().to_string();
        assert!(error.contains("1 entities are kept of 0"), "{error}");
        let error = store.apply(Changes { kept_established: usize::MAX, ..none() }).unwrap_err().to_string();
        assert!(error.contains("has room for 12"), "{error}");
        let twice = vec![Remembered { entity: 1, last_end: 0, state: 0 }; 2];
        let error = store.apply(Changes { established: twice, ..none() }).unwrap_err().to_string();
        assert!(error.contains("stands twice"), "{error}");
    }
}
