//! A scorer's memory as bytes, shard by shard and change by change: what is written down costs what has changed, and is
//! put together again one shard at a time.
//!
//! A section is one shard's memory, all of it or what has changed since the section before. All numbers are
//! little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | entities forgotten so far |
//! | 4 + 4 | entities on probation, and established ones, that stand as in the sections before: the newest of those that are not named here; 0 and 0 where this is all |
//! | 4 + 4 | entities on probation, and established ones, named here |
//! | | each of these, those on probation first, the last to be forgotten first: as in a snapshot |

use nta_data::{Changes, EntityStore, MemoryConfig};
use nta_lstm::LstmState;
use rayon::prelude::*;

use crate::memory::Shard;
use crate::snapshot::{Bytes, damaged, entity_bytes, write_entity, write_length};
use crate::{ModelError, Scorer};

/// How much of a memory is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// What has changed since it was written down last, or since the scorer was made or restored.
    Changes,
    /// All of it.
    Whole,
}

/// What is to be known of a model to put sections of its memory together.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryShape {
    config: MemoryConfig,
    /// Bytes of an entity's state.
    state_bytes: usize,
}

impl Scorer {
    /// A section of each shard; none where the model follows no entity. What comes from here on is a change.
    ///
    /// # Errors
    /// More than 4,294,967,295 entities, a disk that does not give back what it keeps.
    pub fn take_sections(&mut self, span: Span) -> Result<Vec<Vec<u8>>, ModelError> {
        let networks = &self.networks;
        let entity_bytes = entity_bytes(networks.state_bytes());
        let write_state = |states: &[LstmState], out: &mut Vec<u8>| networks.write_state(states, out);
        let section = |shard: &mut Shard| {
            let changes = if span == Span::Whole { shard.store.whole() } else { shard.store.changes() };
            let n = changes.probation.len() + changes.established.len();
            let mut out = Vec::with_capacity(24 + n * entity_bytes);
            write_section(&changes, &mut out, |state, out| shard.bring().append(state, out, write_state))?;
            shard.store.begin_stretch();
            Ok(out)
        };
        self.shards.par_iter_mut().map(section).collect()
    }

    /// What [`MemoryShape::fold`] needs to know.
    pub fn memory_shape(&self) -> MemoryShape {
        let config = self.model.state.as_ref().map(|state| state.memory.clone()).unwrap_or_default();
        MemoryShape::new(config, self.networks.state_bytes())
    }

    /// Shards of the memory; 0 where the model follows no entity.
    pub fn n_shards(&self) -> usize {
        self.shards.len()
    }

    /// Remembers of a shard what [`Scorer::take_sections`] told of it, from a section of all of it on. With every shard
    /// restored the scorer gives the scores that the other would have given, bit for bit on the same model of processor.
    ///
    /// # Errors
    /// Sections of another model, and bytes that are not what was written.
    pub fn restore_shard(&mut self, shard: usize, sections: &[Vec<u8>]) -> Result<(), ModelError> {
        let restored = self.memory_shape().put_together(shard, sections)?;
        let place = self.shards.get_mut(shard).ok_or_else(|| damaged(format!("the model has no shard {shard}")))?;
        *place = Shard::of(restored.map(|state| Shard::here(self.networks.read_state(state))));
        Ok(())
    }
}

impl MemoryShape {
    /// Of a memory of this size, of states of so many bytes.
    pub fn new(config: MemoryConfig, state_bytes: usize) -> MemoryShape {
        MemoryShape { config, state_bytes }
    }

    /// All sections of a shard, from one of the whole memory on, as one.
    ///
    /// # Errors
    /// Sections of another model, and bytes that are not what was written.
    pub fn fold(&self, shard: usize, sections: &[Vec<u8>]) -> Result<Vec<u8>, ModelError> {
        let store = self.put_together(shard, sections)?;
        let mut out = Vec::with_capacity(24 + store.len() * entity_bytes(self.state_bytes));
        write_section(&store.whole(), &mut out, |state, out| {
            out.extend_from_slice(state);
            Ok(())
        })?;
        Ok(out)
    }

    fn put_together<'a>(&self, shard: usize, sections: &'a [Vec<u8>]) -> Result<EntityStore<&'a [u8]>, ModelError> {
        let mut store = EntityStore::new(&self.config);
        for section in sections {
            store.apply(self.changes(shard, section)?).map_err(damaged)?;
        }
        Ok(store)
    }

    /// What a section says.
    fn changes<'a>(&self, shard: usize, section: &'a [u8]) -> Result<Changes<&'a [u8]>, ModelError> {
        let mut rest = Bytes(section);
        let evictions = u64::from_le_bytes(rest.array("a shard's evictions")?);
        let mut length = || rest.length("a shard's size");
        let [kept_probation, kept_established, n_probation, n_established] =
            [length()?, length()?, length()?, length()?];
        let probation = rest.entities(n_probation, shard, self.state_bytes)?;
        let established = rest.entities(n_established, shard, self.state_bytes)?;
        match rest.0.len() {
            0 => Ok(Changes { evictions, kept_probation, kept_established, probation, established }),
            more => Err(damaged(format!("{more} bytes follow a shard's end"))),
        }
    }
}

fn write_section<S>(
    changes: &Changes<&S>,
    out: &mut Vec<u8>,
    write_state: impl Fn(&S, &mut Vec<u8>) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    out.extend_from_slice(&changes.evictions.to_le_bytes());
    let Changes { kept_probation, kept_established, probation, established, .. } = changes;
    for length in [*kept_probation, *kept_established, probation.len(), established.len()] {
        write_length(length, out)?;
    }
    for remembered in probation.iter().chain(established) {
        write_entity(remembered, out);
        write_state(remembered.state, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use nta_data::{N_SHARDS, Order};

    use super::*;
    use crate::fixture::{model, traffic};

    /// What every shard's sections are together with those of `more`.
    fn add(all: &mut [Vec<Vec<u8>>], more: Vec<Vec<u8>>) {
        all.iter_mut().zip(more).for_each(|(sections, section)| sections.push(section));
    }

    fn restored(order: Order, all: &[Vec<Vec<u8>>]) -> Scorer {
        let mut scorer = Scorer::new(model(order)).unwrap();
        all.iter().enumerate().for_each(|(shard, sections)| scorer.restore_shard(shard, sections).unwrap());
        scorer
    }

    #[test]
    fn a_scorer_put_together_of_its_changes_goes_on_bit_for_bit() {
        // More hosts than the memory holds, and few.
        for (hosts, order) in [(900, Order::File), (30, Order::File), (9, Order::None)] {
            let rows = traffic(3_000, hosts, order);
            let mut scorer = Scorer::new(model(order)).unwrap();
            let mut all = vec![Vec::new(); scorer.shards.len()];
            add(&mut all, scorer.take_sections(Span::Whole).unwrap());
            for from in (0..2_000u32).step_by(100) {
                scorer.score(&rows.take(&(from..from + 100).collect::<Vec<_>>())).unwrap();
                add(&mut all, scorer.take_sections(Span::Changes).unwrap());
                if from % 700 == 0 {
                    let shape = scorer.memory_shape();
                    for (shard, sections) in all.iter_mut().enumerate() {
                        *sections = vec![shape.fold(shard, sections).unwrap()];
                    }
                }
            }
            let mut copy = restored(order, &all);
            assert_eq!(copy.snapshot(b"").unwrap(), scorer.snapshot(b"").unwrap());
            assert_eq!(copy.take_sections(Span::Whole).unwrap(), scorer.take_sections(Span::Whole).unwrap());
            let rest = rows.take(&(2_000..3_000).collect::<Vec<_>>());
            assert_eq!(copy.score(&rest).unwrap(), scorer.score(&rest).unwrap(), "{hosts} hosts, {order:?}");
            // And what changes after a restart is told likewise.
            assert_eq!(copy.take_sections(Span::Changes).unwrap(), scorer.take_sections(Span::Changes).unwrap());
        }
    }

    #[test]
    fn what_has_not_changed_costs_nothing() {
        let rows = traffic(3_000, 200, Order::File);
        let mut scorer = Scorer::new(model(Order::File)).unwrap();
        scorer.score(&rows).unwrap();
        let bytes = |sections: Vec<Vec<u8>>| sections.iter().map(Vec::len).sum::<usize>();
        let whole = bytes(scorer.take_sections(Span::Whole).unwrap());
        assert_eq!(bytes(scorer.take_sections(Span::Changes).unwrap()), 24 * N_SHARDS);
        scorer.score(&rows.take(&[0, 1, 2])).unwrap();
        let changed = bytes(scorer.take_sections(Span::Changes).unwrap());
        assert!(changed <= 24 * N_SHARDS + 3 * entity_bytes(scorer.networks.state_bytes()) && changed * 9 < whole);
    }

    #[test]
    fn sections_that_are_none_are_refused_in_words() {
        let rows = traffic(300, 200, Order::File);
        let mut scorer = Scorer::new(model(Order::File)).unwrap();
        scorer.score(&rows).unwrap();
        let (shape, sections) = (scorer.memory_shape(), scorer.take_sections(Span::Whole).unwrap());
        let refused = |shard: usize, section: &[u8]| shape.fold(shard, &[section.to_vec()]).unwrap_err().to_string();
        for length in 0..sections[0].len() {
            assert!(refused(0, &sections[0][..length]).contains("it ends within"));
        }
        assert!(refused(0, &[&sections[0][..], &[0]].concat()).contains("1 bytes follow"));
        assert!(refused(1, &sections[0]).contains("is no one of shard 1"));
        let mut kept = sections[0].clone();
        kept[8] = 1;
        assert!(refused(0, &kept).contains("kept of 0"), "{}", refused(0, &kept));
        kept[16..20].fill(0xff);
        assert!(refused(0, &kept).contains("it ends within an entity"));
    }
}
