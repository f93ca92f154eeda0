//! The rows of a batch by the entity that they go along, with the states that they begin from.

use std::collections::HashMap;

use nta_data::{EntityStore, Sequences};
use nta_lstm::LstmState;

/// What is remembered of an entity: the state of each network.
pub(crate) type EntityState = Vec<LstmState>;

/// Runs of rows that each go on from one remembered state, which the memory has lent out: an empty state stands there
/// meanwhile.
#[derive(Default)]
pub(crate) struct Chains {
    /// The chain of each row, in the order in which rows came.
    of_row: Vec<u32>,
    /// The last chain of each entity.
    last: HashMap<u64, u32>,
    /// The state of each chain.
    pub(crate) lent: Vec<EntityState>,
}

impl Chains {
    /// The next row, of `entity`, of which the memory answers `states`: lent already where an earlier row of the chain
    /// has taken them. A memory that forgot the entity since, or lets it begin anew, answers with states again, and with
    /// these a new chain begins.
    pub(crate) fn add(&mut self, entity: u64, states: &mut EntityState) {
        let next = self.lent.len() as u32;
        let chain = match self.last.get(&entity) {
            Some(chain) if states.is_empty() => *chain,
            _ => {
                self.lent.push(std::mem::take(states));
                self.last.insert(entity, next);
                next
            }
        };
        self.of_row.push(chain);
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

    /// Gives the memory what it lent, where it has not forgotten the entity since.
    pub(crate) fn give_back(mut self, store: &mut EntityStore<EntityState>) {
        for (entity, chain) in self.last {
            if let Some(states) = store.get_mut(entity).filter(|states| states.is_empty()) {
                *states = std::mem::take(&mut self.lent[chain as usize]);
            }
        }
    }
}
