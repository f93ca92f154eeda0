//! Bins of a text column, whose categories come in as ranks.

use super::{Bins, FIRST_KEPT, MISSING, RARE, UNSEEN};

/// The largest rank of a category.
pub(crate) const MOST_RANK: u32 = (1 << 24) - 1;

/// Whether `x` is a category's rank.
pub(crate) fn is_rank(x: f32) -> bool {
    x >= 0.0 && x <= MOST_RANK as f32 && x.fract() == 0.0
}

/// Keeps the `most` categories of greatest weight, of ranks and weights ascending; of equal ones the first by rank.
pub(crate) fn fit_categories(ranks: &[(f32, f64)], most: usize) -> Bins {
    let mut ordered = ranks.to_vec();
    ordered.sort_by(|a, b| b.1.total_cmp(&a.1));
    let ranks: Vec<u32> = ordered.iter().map(|(rank, _)| *rank as u32).collect();
    let (kept, rare) = ranks.split_at(most.min(ranks.len()));
    Bins::Categories { kept: kept.to_vec(), rare: rare.to_vec() }
}

/// The code of each rank that has one of its own or a shared one, ascending by rank.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ranks(Vec<(u32, u8)>);

impl Ranks {
    /// Refuses a rank that stands twice or is too large.
    pub(crate) fn of(bins: &Bins) -> Result<Self, String> {
        let Bins::Categories { kept, rare } = bins else { return Err("no categories".to_owned()) };
        let own = kept.iter().enumerate().map(|(place, rank)| (*rank, (place + FIRST_KEPT) as u8));
        let mut codes: Vec<(u32, u8)> = own.chain(rare.iter().map(|rank| (*rank, RARE as u8))).collect();
        codes.sort_unstable();
        match codes.iter().any(|(rank, _)| *rank > MOST_RANK) || codes.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            true => Err("a category's rank stands twice or is too large".to_owned()),
            false => Ok(Ranks(codes)),
        }
    }

    /// The code of the category of rank `x`, NaN being a missing one.
    pub(crate) fn code(&self, x: f32) -> u8 {
        if x.is_nan() {
            return MISSING as u8;
        }
        let found = self.0.binary_search_by_key(&(x as u32), |(rank, _)| *rank);
        found.map_or(UNSEEN as u8, |place| self.0[place].1)
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
        let ranks = Ranks::of(&bins).unwrap();
        assert_eq!([1.0, 0.0, 4.0, 6.0, 2.0, 700.0, f32::NAN].map(|x| ranks.code(x)), [3, 4, 2, 2, 1, 1, 0]);
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
