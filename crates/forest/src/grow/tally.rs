//! What is summed over the rows of a node: rows a class, and their weights where rows have weights of their own. Whole
//! numbers throughout, so that no order of additions changes a result and a part taken away leaves the exact rest.

use std::ops::{Add, Sub};

use super::drawn::Drawn;

/// A sum over drawn rows.
pub(crate) trait Tally:
    Copy + Default + PartialEq + Send + Sync + Add<Output = Self> + Sub<Output = Self>
{
    /// What one distinct row in a bag adds. `weights` are those of [`TrainingTable`](super::training_table::TrainingTable).
    fn of(drawn: Drawn, weights: &[u32]) -> Self;

    /// Rows of both classes.
    fn rows(self) -> Counts;

    /// Weight of the benign rows and of the attacks, class weights not applied, in a unit of its own.
    fn masses(self) -> [f64; 2];
}

/// The sum over a bag.
pub(crate) fn sum<T: Tally>(bag: &[Drawn], weights: &[u32]) -> T {
    bag.iter().fold(T::default(), |sum, &drawn| sum + T::of(drawn, weights))
}

/// Rows of both classes: benign in the low half of the word, attacks in the high half. One addition counts both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts(u64);

impl Counts {
    pub(crate) fn benign(self) -> u32 {
        self.0 as u32
    }

    pub(crate) fn attack(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(crate) fn total(self) -> u32 {
        self.benign().wrapping_add(self.attack())
    }

    /// Whether at most one class occurs.
    pub(crate) fn is_pure(self) -> bool {
        self.benign() == 0 || self.attack() == 0
    }
}

impl Add for Counts {
    type Output = Counts;

    #[inline(always)]
    fn add(self, other: Counts) -> Counts {
        Counts(self.0.wrapping_add(other.0))
    }
}

impl Sub for Counts {
    type Output = Counts;

    /// `other` is part of `self`, so neither half borrows.
    #[inline(always)]
    fn sub(self, other: Counts) -> Counts {
        Counts(self.0.wrapping_sub(other.0))
    }
}

impl Tally for Counts {
    #[inline(always)]
    fn of(drawn: Drawn, _weights: &[u32]) -> Counts {
        Counts(u64::from(drawn.times()) << (drawn.class() * 32))
    }

    fn rows(self) -> Counts {
        self
    }

    fn masses(self) -> [f64; 2] {
        [self.benign().into(), self.attack().into()]
    }
}

/// Rows and weights of both classes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Weighted {
    rows: Counts,
    /// Benign, attack. At most 2^31 rows of at most [`super::weights::UNITS`] each.
    weight: [u64; 2],
}

impl Add for Weighted {
    type Output = Weighted;

    fn add(self, other: Weighted) -> Weighted {
        let [a, b] = self.weight;
        let [c, d] = other.weight;
        Weighted { rows: self.rows + other.rows, weight: [a.wrapping_add(c), b.wrapping_add(d)] }
    }
}

impl Sub for Weighted {
    type Output = Weighted;

    fn sub(self, other: Weighted) -> Weighted {
        let [a, b] = self.weight;
        let [c, d] = other.weight;
        Weighted { rows: self.rows - other.rows, weight: [a.wrapping_sub(c), b.wrapping_sub(d)] }
    }
}

impl Tally for Weighted {
    fn of(drawn: Drawn, weights: &[u32]) -> Weighted {
        let mut weight = [0; 2];
        weight[drawn.class() as usize] = u64::from(drawn.times()) * u64::from(weights[drawn.row as usize]);
        Weighted { rows: Counts::of(drawn, weights), weight }
    }

    fn rows(self) -> Counts {
        self.rows
    }

    fn masses(self) -> [f64; 2] {
        self.weight.map(|weight| weight as f64)
    }
}

#[cfg(test)]
impl Counts {
    pub(crate) fn new(benign: u32, attack: u32) -> Counts {
        Counts(u64::from(benign) | u64::from(attack) << 32)
    }
}

#[cfg(test)]
impl Weighted {
    pub(crate) fn new(rows: Counts, weight: [u64; 2]) -> Weighted {
        Weighted { rows, weight }
    }
}

#[cfg(test)]
mod tests {
    use nta_data::Label;

    use super::*;

    #[test]
    fn halves_do_not_mix() {
        let whole = Counts::new(5, 7);
        let part = Counts::new(5, 1);
        assert_eq!(whole - part, Counts::new(0, 6));
        assert_eq!((whole - part) + part, whole);
        assert_eq!((whole.benign(), whole.attack(), whole.total()), (5, 7, 12));
        assert!((whole - part).is_pure() && !whole.is_pure());
    }

    #[test]
    fn a_drawn_row_weighs_its_weight_as_often_as_it_was_drawn() {
        let bag = [Drawn::new(0, 3, Label::Benign), Drawn::new(1, 1, Label::Attack), Drawn::new(2, 2, Label::Attack)];
        let weights = [10, 7, 100];
        assert_eq!(sum::<Counts>(&bag, &[]), Counts::new(3, 3));
        let all: Weighted = sum(&bag, &weights);
        assert_eq!(all, Weighted::new(Counts::new(3, 3), [30, 207]));
        assert_eq!(all.masses(), [30.0, 207.0]);
        assert_eq!(all - Weighted::of(bag[2], &weights), Weighted::new(Counts::new(3, 1), [30, 7]));
    }
}
