//! A scorer's memory as bytes, so that scoring goes on after a restart, or on another machine, as if nothing had been.
//!
//! All numbers are little-endian, in this order:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `NTASCORE` |
//! | 4 | format revision, 1 |
//! | 64 | digest of the model, lower-case hex |
//! | 4 + n | length of the position, then the position: the caller's own words for how far it has read |
//! | 4 | number of shards; 0 where the model follows no entity |
//! | | for each shard: 8 bytes, entities forgotten so far; 4 + 4 bytes, entities on probation and established |
//! | | for each of these entities, those on probation first, in the order in which they would be forgotten: 8 bytes, its hash; 8 bytes, the end of its last flow in microseconds; then each network's state |
//! | 32 | SHA-256 of everything before |
//!
//! A network's state is `(layers, 2, hidden)` f32, output and cell state by hidden unit: it does not depend on the vector
//! unit that made it.

use std::sync::Arc;

use nta_data::{EntityStore, N_SHARDS, Remembered, shard_of};
use nta_lstm::LstmState;
use sha2::{Digest, Sha256};

use crate::memory::{Kept, Shard};
use crate::networks::Networks;
use crate::{Model, ModelError, Scorer};

/// What every snapshot begins with.
const MAGIC: &[u8; 8] = b"NTASCORE";

/// Format revision written, and the newest that is read. A watch's state, which holds sections in place of a snapshot, says 2
/// in this place, so that an nta that knows snapshots alone asks for a newer one.
const REVISION: u32 = 1;

/// Bytes of the digest at the end.
const SEAL_BYTES: usize = 32;

impl Scorer {
    /// What the scorer remembers, and `position`: whatever the caller needs to read on from here, kept as it is.
    ///
    /// # Errors
    /// A model that cannot be put into files, a position of 4 GiB or more, a disk that does not give back what it keeps.
    pub fn snapshot(&self, position: &[u8]) -> Result<Vec<u8>, ModelError> {
        let mut out = Vec::new();
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&REVISION.to_le_bytes());
        out.extend_from_slice(self.digest()?.as_bytes());
        write_length(position.len(), &mut out)?;
        out.extend_from_slice(position);
        write_length(self.shards.len(), &mut out)?;
        let write_state = |states: &[LstmState], out: &mut Vec<u8>| self.networks.write_state(states, out);
        for shard in &self.shards {
            let store = &shard.store;
            out.extend_from_slice(&store.evictions().to_le_bytes());
            write_length(store.probation().count(), &mut out)?;
            write_length(store.established().count(), &mut out)?;
            for remembered in store.probation().chain(store.established()) {
                write_entity(&remembered, &mut out);
                shard.bring().append(remembered.state, &mut out, write_state)?;
            }
        }
        let seal = Sha256::digest(&out);
        out.extend_from_slice(&seal);
        Ok(out)
    }

    /// The scorer that [`Scorer::snapshot`] was asked of, with `model` to go on with, and the position given there. It
    /// gives the scores that the other would have given, bit for bit on the same model of processor.
    ///
    /// # Errors
    /// The snapshot of another model or of a newer nta, and bytes that are not what was written.
    pub fn restore(model: Arc<Model>, bytes: &[u8]) -> Result<(Self, Vec<u8>), ModelError> {
        let mut rest = Bytes(unsealed(bytes)?);
        let mut scorer = Scorer::new(model)?;
        let theirs = rest.take(64, "the model's digest")?;
        let ours = scorer.digest()?;
        if theirs != ours.as_bytes() {
            let theirs = String::from_utf8_lossy(theirs).into_owned();
            return Err(ModelError::SnapshotOfAnother { theirs, ours: ours.to_owned() });
        }
        let n_position = rest.length("the position")?;
        let position = rest.take(n_position, "the position")?.to_vec();
        let n_shards = rest.length("the number of shards")?;
        if n_shards != scorer.shards.len() {
            return Err(damaged(format!("{n_shards} shards where the model has {}", scorer.shards.len())));
        }
        let memory = scorer.model.state.as_ref().map(|state| state.memory.clone()).unwrap_or_default();
        for (index, shard) in scorer.shards.iter_mut().enumerate() {
            let evictions = u64::from_le_bytes(rest.array("a shard's evictions")?);
            let (n_probation, n_established) = (rest.length("a shard's size")?, rest.length("a shard's size")?);
            let probation = entities(&mut rest, n_probation, index, &scorer.networks)?;
            let established = entities(&mut rest, n_established, index, &scorer.networks)?;
            let store = EntityStore::restore(&memory, probation, established, evictions);
            *shard = Shard::of(store.map_err(damaged)?);
        }
        match rest.0.len() {
            0 => Ok((scorer, position)),
            more => Err(damaged(format!("{more} bytes follow its end"))),
        }
    }
}

/// What stands between the revision and the seal of a snapshot that is whole and of a known revision.
fn unsealed(bytes: &[u8]) -> Result<&[u8], ModelError> {
    let mut rest = Bytes(bytes);
    if rest.take(MAGIC.len(), "its first bytes")? != MAGIC {
        return Err(damaged("it does not begin as one"));
    }
    let found = u32::from_le_bytes(rest.array("its revision")?);
    let whole = rest.0.len().checked_sub(SEAL_BYTES).map(|at| rest.0.split_at(at));
    let Some((contents, seal)) = whole else { return Err(damaged("it was cut short")) };
    let holds = Sha256::digest(&bytes[..bytes.len() - SEAL_BYTES]).as_slice() == seal;
    // Asked before the seal is: a newer revision may be sealed in another way.
    if found > REVISION {
        let doubt = if holds { "" } else { " (or it is damaged: its digest does not hold)" };
        return Err(ModelError::SnapshotNewer { found, reads: REVISION, doubt });
    }
    match holds && found == REVISION {
        true => Ok(contents),
        false => Err(damaged("its digest does not hold: it was changed or cut short")),
    }
}

/// The next `n` entities of the shard `index`.
fn entities(
    rest: &mut Bytes<'_>,
    n: usize,
    index: usize,
    networks: &Networks,
) -> Result<Vec<Remembered<Kept>>, ModelError> {
    let entities = rest.entities(n, index, networks.state_bytes())?.into_iter();
    let here = |Remembered { entity, last_end, state }: Remembered<&[u8]>| {
        let state = Shard::here(networks.read_state(state));
        Remembered { entity, last_end, state }
    };
    Ok(entities.map(here).collect())
}

/// Bytes of an entity whose state has so many.
pub(crate) fn entity_bytes(state_bytes: usize) -> usize {
    size_of::<u64>() + size_of::<i64>() + state_bytes
}

/// An entity's hash and the end of its last flow; its state follows.
pub(crate) fn write_entity<S>(remembered: &Remembered<&S>, out: &mut Vec<u8>) {
    out.extend_from_slice(&remembered.entity.to_le_bytes());
    out.extend_from_slice(&remembered.last_end.to_le_bytes());
}

pub(crate) fn write_length(length: usize, out: &mut Vec<u8>) -> Result<(), ModelError> {
    let length = u32::try_from(length).map_err(|_| ModelError::rows("a snapshot counts in 32 bits"))?;
    out.extend_from_slice(&length.to_le_bytes());
    Ok(())
}

pub(crate) fn damaged(why: impl ToString) -> ModelError {
    ModelError::SnapshotDamaged { why: why.to_string() }
}

/// Bytes not read yet.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn take(&mut self, n: usize, what: &str) -> Result<&'a [u8], ModelError> {
        let (head, tail) = self.0.split_at_checked(n).ok_or_else(|| damaged(format!("it ends within {what}")))?;
        self.0 = tail;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], ModelError> {
        let bytes = self.take(N, what)?;
        bytes.try_into().map_err(|_| damaged(format!("it ends within {what}")))
    }

    pub(crate) fn length(&mut self, what: &str) -> Result<usize, ModelError> {
        Ok(u32::from_le_bytes(self.array(what)?) as usize)
    }

    /// The next `n` entities, which must live in the shard `index`, and their states.
    pub(crate) fn entities(
        &mut self,
        n: usize,
        index: usize,
        state_bytes: usize,
    ) -> Result<Vec<Remembered<&'a [u8]>>, ModelError> {
        // A length that the bytes do not hold must not be believed: nothing is made room for before.
        let all = n.checked_mul(entity_bytes(state_bytes));
        let all = all.ok_or_else(|| damaged("it names more entities than there can be"))?;
        let mut entities = Bytes(self.take(all, "an entity")?);
        (0..n).map(|_| entities.entity(index, state_bytes)).collect()
    }

    /// The next entity, which must live in the shard `index`, and its state.
    fn entity(&mut self, index: usize, state_bytes: usize) -> Result<Remembered<&'a [u8]>, ModelError> {
        let entity = u64::from_le_bytes(self.array("an entity")?);
        let last_end = i64::from_le_bytes(self.array("an entity")?);
        if shard_of(entity) != index {
            return Err(damaged(format!("entity {entity:016x} is no one of shard {index} of {N_SHARDS}")));
        }
        Ok(Remembered { entity, last_end, state: self.take(state_bytes, "an entity's state")? })
    }
}

#[cfg(test)]
mod tests {
    use nta_data::{Dataset, Order};

    use super::*;
    use crate::fixture::{fit, memory, model, traffic};

    /// A scorer that has seen `n` rows of more hosts than it remembers, and the rows that follow.
    fn after(n: usize, order: Order) -> (Scorer, Dataset) {
        let rows = traffic(3_000, 900, order);
        let mut scorer = Scorer::new(model(order)).unwrap();
        scorer.score(&rows.take(&(0..n as u32).collect::<Vec<_>>())).unwrap();
        (scorer, rows.take(&(n as u32..3_000).collect::<Vec<_>>()))
    }

    /// The same snapshot with a right digest over changed contents.
    fn sealed_anew(mut bytes: Vec<u8>, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
        let at = bytes.len() - SEAL_BYTES;
        change(&mut bytes[..at]);
        let seal = Sha256::digest(&bytes[..at]);
        bytes[at..].copy_from_slice(&seal);
        bytes
    }

    #[test]
    fn a_restored_scorer_goes_on_bit_for_bit() {
        for (n, order) in [(0, Order::File), (1, Order::File), (1_700, Order::File), (10, Order::None)] {
            let (mut scorer, rest) = after(n, order);
            let (entities, evictions) = (scorer.entities(), scorer.evictions());
            let bytes = scorer.snapshot(b"sensor-1 4096").unwrap();
            let (mut restored, position) = Scorer::restore(model(order), &bytes).unwrap();
            assert_eq!(position, b"sensor-1 4096");
            assert_eq!((restored.entities(), restored.evictions()), (entities, evictions));
            assert_eq!(restored.snapshot(&position).unwrap(), bytes);
            assert_eq!(restored.score(&rest).unwrap(), scorer.score(&rest).unwrap(), "{n} rows, {order:?}");
            assert_eq!(restored.evictions(), scorer.evictions());
            assert!(order == Order::None || scorer.evictions() > evictions, "hosts are forgotten on the way");
        }
    }

    #[test]
    fn every_flipped_or_lost_byte_is_refused_in_words() {
        let (scorer, _) = after(40, Order::File);
        let bytes = scorer.snapshot(b"here").unwrap();
        let refused = |bytes: &[u8]| {
            let error = Scorer::restore(model(Order::File), bytes).unwrap_err();
            let named = matches!(error, ModelError::SnapshotDamaged { .. } | ModelError::SnapshotNewer { .. });
            assert!(named && error.to_string().contains("snapshot"), "{error}");
        };
        for i in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[i] ^= 1 << (i % 8);
            refused(&changed);
            refused(&bytes[..i]);
        }
        refused(&[bytes.as_slice(), &[0]].concat());
    }

    #[test]
    fn lengths_that_the_bytes_do_not_hold_are_not_believed() {
        let (scorer, _) = after(400, Order::File);
        let bytes = scorer.snapshot(b"").unwrap();
        let refused = |at: usize| {
            let changed = sealed_anew(bytes.clone(), |contents| contents[at..at + 4].fill(0xff));
            Scorer::restore(model(Order::File), &changed).unwrap_err().to_string()
        };
        let position = MAGIC.len() + 4 + 64;
        assert!(refused(position).contains("it ends within the position"));
        assert!(refused(position + 4).contains("4294967295 shards where the model has 16"));
        assert!(refused(position + 8 + 8).contains("it ends within an entity"));
        // The highest byte of the first entity's hash: it would live in another shard.
        let moved = sealed_anew(bytes.clone(), |contents| contents[position + 8 + 16 + 7] ^= 0xf0);
        let error = Scorer::restore(model(Order::File), &moved).unwrap_err().to_string();
        assert!(error.contains("is no one of shard 0"), "{error}");
    }

    #[test]
    fn another_model_and_a_newer_revision_are_told_apart() {
        let (scorer, _) = after(40, Order::File);
        let bytes = scorer.snapshot(b"").unwrap();
        let other = fit(Order::File, nta_data::MemoryConfig { entities: 512, ..memory() });
        let error = Scorer::restore(other, &bytes).unwrap_err();
        assert!(matches!(&error, ModelError::SnapshotOfAnother { .. }), "{error}");
        assert!(error.to_string().contains("another model"), "{error}");
        let newer = sealed_anew(bytes, |contents| contents[MAGIC.len()] = 2);
        let error = Scorer::restore(model(Order::File), &newer).unwrap_err().to_string();
        assert!(error.ends_with("format revision 2, this one reads 1: update nta"), "{error}");
    }
}
