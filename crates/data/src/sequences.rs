//! Which rows follow each other in one entity's traffic: index ranges, never a copy.

use crate::{EntityStore, MemoryConfig, N_SHARDS, shard_of};

/// Rows grouped into sequences, each in arrival order; every row stands in exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequences {
    /// Row indices, sequence after sequence.
    pub rows: Vec<u32>,
    /// `(n_sequences + 1)` bounds into `rows`.
    pub bounds: Vec<u32>,
}

impl Sequences {
    /// One sequence per entity, in order of the entity's first row, cut where the memory lets go of the entity: after a
    /// silence, or for lack of room. `entity` is empty for data without order: then each of the `n_rows` rows stands
    /// alone. `end_time` in microseconds, where the data has time.
    pub fn by_entity(n_rows: usize, entity: &[u64], end_time: Option<&[i64]>, memory: &MemoryConfig) -> Self {
        if entity.is_empty() {
            return Sequences { rows: (0..n_rows as u32).collect(), bounds: (0..=n_rows as u32).collect() };
        }
        let mut shards: Vec<EntityStore<u32>> = (0..N_SHARDS).map(|_| EntityStore::new(memory)).collect();
        let mut n_groups = 0u32;
        let mut group_of = |(i, &key): (usize, &u64)| {
            let fresh = || {
                n_groups += 1;
                n_groups - 1
            };
            *shards[shard_of(key)].visit(key, end_time.map_or(0, |t| t[i]), fresh).0
        };
        let group: Vec<u32> = entity.iter().enumerate().map(&mut group_of).collect();
        let mut bounds = vec![0u32; n_groups as usize + 1];
        for &g in &group {
            bounds[g as usize + 1] += 1;
        }
        for i in 1..bounds.len() {
            bounds[i] += bounds[i - 1];
        }
        let mut next = bounds.clone();
        let mut rows = vec![0u32; n_rows];
        for (i, &g) in group.iter().enumerate() {
            rows[next[g as usize] as usize] = i as u32;
            next[g as usize] += 1;
        }
        Sequences { rows, bounds }
    }

    /// Number of sequences.
    pub fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows of sequence `i`, in arrival order.
    pub fn get(&self, i: usize) -> &[u32] {
        &self.rows[self.bounds[i] as usize..self.bounds[i + 1] as usize]
    }

    /// The same rows in pieces of at most `length`, for training.
    pub fn cut(&self, length: usize) -> Self {
        let mut bounds = vec![0u32];
        for pair in self.bounds.windows(2) {
            let mut at = pair[0];
            while at < pair[1] {
                at = (at + length as u32).min(pair[1]);
                bounds.push(at);
            }
        }
        Sequences { rows: self.rows.clone(), bounds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_host_follow_each_other_and_a_long_silence_parts_them() {
        let end = [0, 1_000_000, 2_000_000, 3_000_000, 90_000_000];
        let memory = MemoryConfig { idle_seconds: 60.0, ..Default::default() };
        let sequences = Sequences::by_entity(5, &[1, 2, 1, 1, 1], Some(&end), &memory);
        let all: Vec<&[u32]> = (0..sequences.len()).map(|i| sequences.get(i)).collect();
        assert_eq!(all, [&[0u32, 2, 3][..], &[1], &[4]]);
        let cut = sequences.cut(2);
        let all: Vec<&[u32]> = (0..cut.len()).map(|i| cut.get(i)).collect();
        assert_eq!(all, [&[0u32, 2][..], &[3], &[1], &[4]]);
    }

    #[test]
    fn without_order_every_row_stands_alone() {
        let sequences = Sequences::by_entity(3, &[], None, &MemoryConfig::default());
        assert_eq!(sequences.len(), 3);
        assert_eq!(sequences.get(2), [2]);
    }
    #[test]
    fn a_host_that_the_memory_lets_go_begins_anew() {
        let memory = MemoryConfig { entities: 4 * N_SHARDS, idle_seconds: 60.0 };
        // One place on probation in each shard: host 2 pushes out host 1, which had been seen once.
        let sequences = Sequences::by_entity(4, &[1, 2, 1, 1], None, &memory);
        let all: Vec<&[u32]> = (0..sequences.len()).map(|i| sequences.get(i)).collect();
        assert_eq!(all, [&[0u32][..], &[1], &[2, 3]]);
    }
}
