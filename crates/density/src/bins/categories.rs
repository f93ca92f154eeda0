//! Bins of a text column, whose categories come in as ranks.

use super::{Bins, FIRST_KEPT, MISSING, RARE, UNSEEN};

/// The largest rank of a category.
pub(crate) const MOST_RANK: u32 = (1 << 24) - 1;

/// Whether `x` is a category's rank.
pub(crate) fn is_rank(x: f32) -> bool {
    x >= 0.0 && x <= MOST_RANK as f32 && (x as i32) as f32 == x
}

/// Keeps the `most` categories of greatest weight, of ranks and weights ascending; of equal ones the first by rank.
pub(crate) fn fit_categories(ranks: &[(f32, f64)], most: usize) -> Bins {
    let mut ordered = ranks.to_vec();
    ordered.sort_by(|a, b| b.1.total_cmp(&a.1));
    let ranks: Vec<u32> = ordered.iter().map(|(rank, _)| *rank as u32).collect();
    let (kept, rare) = ranks.split_at(most.min(ranks.len()));
    Bins::Categories { kept: kept.to_vec(), rare: rare.to_vec() }
}

/// Refuses a rank that stands twice or is too large.
pub(super) fn check_ranks(kept: &[u32], rare: &[u32]) -> Result<(), String> {
    let mut ranks: Vec<u32> = kept.iter().chain(rare).copied().collect();
    ranks.sort_unstable();
    match ranks.last().is_some_and(|last| *last > MOST_RANK) || ranks.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err("a category's rank stands twice or is too large".to_owned()),
        false => Ok(()),
    }
}

/// Ranks below this have their place in a table, of a byte each.
const MOST_IN_TABLE: usize = 1 << 12;

/// What a category is called, by its rank.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ranks {
    missing: u8,
    unseen: u8,
    /// Of the first ranks, those that ranks in use reach.
    table: Vec<u8>,
    /// Of ranks in use beyond the table, ascending.
    beyond: Vec<(u32, u8)>,
}

impl Ranks {
    /// Categories called by `label` of their code.
    pub(super) fn new(kept: &[u32], rare: &[u32], label: &dyn Fn(usize) -> u8) -> Self {
        let own = kept.iter().enumerate().map(|(place, rank)| (*rank, label(place + FIRST_KEPT)));
        let mut known: Vec<(u32, u8)> = own.chain(rare.iter().map(|rank| (*rank, label(RARE)))).collect();
        known.sort_unstable();
        let beyond = known.split_off(known.partition_point(|(rank, _)| (*rank as usize) < MOST_IN_TABLE));
        let unseen = label(UNSEEN);
        let mut table = vec![unseen; known.last().map_or(0, |(rank, _)| *rank as usize + 1)];
        known.into_iter().for_each(|(rank, label)| table[rank as usize] = label);
        Ranks { missing: label(MISSING), unseen, table, beyond }
    }

    /// What the category of rank `x` is called, NaN being a missing one.
    pub(super) fn label(&self, x: f32) -> u8 {
        let rank = x as u32;
        match self.table.get(rank as usize) {
            _ if x.is_nan() => self.missing,
            Some(label) => *label,
            None => {
                let found = self.beyond.binary_search_by_key(&rank, |(rank, _)| *rank);
                found.map_or(self.unseen, |place| self.beyond[place].1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bin;

    #[test]
    fn the_most_frequent_have_bins_and_the_others_are_rare_or_unseen() {
        let bins = fit_categories(&[(0.0, 2.0), (1.0, 9.0), (4.0, 2.0), (6.0, 1.0)], 2);
        assert_eq!(bins, Bins::Categories { kept: vec![1, 0], rare: vec![4, 6] });
        let ranks = Ranks::new(&[1, 0], &[4, 6, 70_000], &|code| code as u8);
        let called = [1.0, 0.0, 4.0, 6.0, 2.0, 700.0, 70_000.0, 1e7, f32::NAN].map(|x| ranks.label(x));
        assert_eq!(called, [3, 4, 2, 2, 1, 1, 2, 1, 0]);
        assert_eq!(bins.n_codes(), 5);
        assert_eq!([0, 1, 2, 3].map(|code| bins.bin(code)), [Bin::Missing, Bin::Unseen, Bin::Rare, Bin::Category(1)]);
    }

    #[test]
    fn ranks_that_stand_twice_are_refused() {
        assert!(Bins::Categories { kept: vec![1], rare: vec![1] }.check().is_err());
        assert!(Bins::Categories { kept: vec![MOST_RANK + 1], rare: vec![] }.check().is_err());
        assert!(is_rank(0.0) && is_rank(-0.0) && !is_rank(0.5) && !is_rank(-1.0) && !is_rank(f32::NAN));
    }
}
