//! The rows of a batch by the entity that they go along, with the states that they begin from.

use std::collections::HashMap;

use nta_data::{Sequences, shard_of};
use nta_lstm::LstmState;

use crate::ModelError;
use crate::memory::{Kept, Shard};

/// Runs of rows that each go on from one remembered state, which the memory has lent out.
#[derive(Default)]
pub(crate) struct Chains {
    /// The chain of each row, in the order in which rows came.
    of_row: Vec<u32>,
    /// The last chain of each entity.
    last: HashMap<u64, u32>,
    /// The states of each chain, a network each.
    pub(crate) lent: Vec<Vec<LstmState>>,
}

impl Chains {
    /// The next row, of `entity`, of which the memory answers `kept`: lent already where an earlier row of the chain
    /// has taken it. A memory that forgot the entity since, or lets it begin anew, answers with states again, and with
    /// these a new chain begins. `bring` gets what is not in memory.
    pub(crate) fn add(
        &mut self,
        entity: u64,
        kept: &mut Kept,
        bring: impl FnOnce(u32) -> Result<Vec<LstmState>, ModelError>,
    ) -> Result<(), ModelError> {
        let next = self.lent.len() as u32;
        let chain = match self.last.get(&entity) {
            Some(chain) if matches!(kept, Kept::Lent) => *chain,
            _ => {
                self.lent.push(match std::mem::replace(kept, Kept::Lent) {
                    Kept::Here { states, .. } => states,
                    Kept::Away { place } => bring(place)?,
                    Kept::Lent => Vec::new(),
                });
                self.last.insert(entity, next);
                next
            }
        };
        self.of_row.push(chain);
        Ok(())
    }

    /// The rows of each chain, by their number among those added.
    pub(crate) fn sequences(&self) -> Sequences {
        let mut bounds = vec![0; self.lent.len() + 1];
        self.of_row.iter().for_each(|chain| bounds[*chain as usize + 1] += 1);
        for i in 1..bounds.len() {
            bounds[i] += bounds[i - 1];
        }
        let (mut rows, mut next) = (vec![0; self.of_row.len()], bounds.clone());
        for (row, chain) in (0..).zip(&self.of_row) {
            let place = &mut next[*chain as usize];
            rows[*place as usize] = row;
            *place += 1;
        }
        Sequences { rows, bounds }
    }

    /// Gives the memory what it lent, where it has not forgotten the entity since. `shards` are those that it was lent by,
    /// of which `first` is the number of the first.
    pub(crate) fn give_back(mut self, shards: &mut [Shard], first: usize) {
        for (entity, chain) in self.last {
            if let Some(shard) = shards.get_mut(shard_of(entity).wrapping_sub(first)) {
                shard.take_back(entity, std::mem::take(&mut self.lent[chain as usize]));
            }
        }
    }
}
