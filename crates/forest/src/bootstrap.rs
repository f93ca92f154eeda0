//! Which rows a tree grows on, and how often each was drawn.

use nta_data::{Label, Purpose, rng};
use rand_core::RngCore;

use crate::Bootstrap;
use crate::table::Table;

/// A distinct row in a tree's bag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drawn {
    /// Distinct row of the [`Table`].
    pub(crate) row: u32,
    /// Times drawn, shifted left by one; the lowest bit is set for an attack.
    tally: u32,
}

impl Drawn {
    pub(crate) fn new(row: u32, times: u32, label: Label) -> Self {
        Drawn { row, tally: times << 1 | label as u32 }
    }

    /// Times drawn, in the half of the word that its class has in a [`crate::histogram::Counts`].
    #[inline(always)]
    pub(crate) fn packed(self) -> u64 {
        u64::from(self.tally >> 1) << ((self.tally & 1) * 32)
    }
}

/// The places (see [`Table::members`]) that a tree has seen, one bit each. Empty where nothing was left out.
pub(crate) type Seen = Vec<u64>;

/// Whether the row at `place` was drawn.
pub(crate) fn was_seen(seen: &[u64], place: usize) -> bool {
    seen.get(place / 64).is_none_or(|word| word >> (place % 64) & 1 == 1)
}

/// Fills `bag` with the distinct rows of tree `tree`, ascending. `times` is scratch.
pub(crate) fn draw(
    kind: Bootstrap,
    table: &Table,
    seed: u64,
    tree: u32,
    times: &mut Vec<u32>,
    bag: &mut Vec<Drawn>,
) -> Seen {
    let n_rows = table.n_rows();
    times.clear();
    let mut seen = Seen::new();
    match kind {
        Bootstrap::None => times.extend((0..table.n_distinct()).map(|i| table.copies(i))),
        Bootstrap::Rows => {
            times.resize(table.n_distinct(), 0);
            seen.resize(n_rows.div_ceil(64), 0);
            let mut random = rng(seed, Purpose::Bootstrap, tree.into(), 0);
            for _ in 0..n_rows {
                let place = below(random.next_u32(), n_rows);
                seen[place / 64] |= 1 << (place % 64);
                times[table.distinct_of[place] as usize] += 1;
            }
        }
    }
    bag.clear();
    let drawn = times.iter().zip(&table.labels).enumerate().filter(|(_, (times, _))| **times > 0);
    bag.extend(drawn.map(|(row, (&times, &label))| Drawn::new(row as u32, times, label)));
    seen
}

/// A number below `n` from 32 random bits (multiply and shift; for n below 2^31 no number is favoured by more than
/// n / 2^32).
pub(crate) fn below(random: u32, n: usize) -> usize {
    ((u64::from(random) * n as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use nta_data::{Tabular, TabularKind};

    use super::*;

    fn table(n: usize) -> Table {
        let values = (0..n).map(|i| (i % 10) as f32).collect();
        let x = Tabular { names: vec!["a".into()], kinds: vec![TabularKind::Numeric], columns: vec![values] };
        let y: Vec<Label> = (0..n).map(|i| if i % 10 < 3 { Label::Attack } else { Label::Benign }).collect();
        Table::new(&x, &y, 255)
    }

    #[test]
    fn a_bag_holds_as_many_rows_as_the_table_and_misses_a_third() {
        let (table, mut bag) = (table(5_000), Vec::new());
        let seen = draw(Bootstrap::Rows, &table, 3, 0, &mut Vec::new(), &mut bag);
        let counts: u64 = bag.iter().map(|d| d.packed()).sum();
        assert_eq!((counts >> 32) + (counts & 0xFFFF_FFFF), 5_000);
        assert!(((counts >> 32) as f64 / 5_000.0 - 0.3).abs() < 0.03);
        let out = (0..5_000).filter(|&p| !was_seen(&seen, p)).count() as f64 / 5_000.0;
        assert!((out - 0.368).abs() < 0.03, "{out}");
        let mut other = Vec::new();
        draw(Bootstrap::Rows, &table, 3, 1, &mut Vec::new(), &mut other);
        assert_ne!(bag, other);
    }

    #[test]
    fn without_bootstrap_every_copy_is_in_the_bag_and_seen() {
        let (table, mut bag) = (table(40), Vec::new());
        let seen = draw(Bootstrap::None, &table, 3, 0, &mut Vec::new(), &mut bag);
        assert_eq!(bag.len(), 10);
        assert_eq!(bag[0], Drawn::new(0, 4, Label::Attack));
        assert!((0..40).all(|p| was_seen(&seen, p)));
    }
}
