//! How many rows of each class fall into each bin of a feature, among the rows of one node.

use std::ops::{Add, Sub};

use crate::bins::MISSING;
use crate::bootstrap::Drawn;

/// Rows of both classes, exactly: benign in the low half of the word, attacks in the high half. One addition counts
/// both, and no order of additions changes a result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts(u64);

impl Counts {
    pub(crate) fn of(bag: &[Drawn]) -> Counts {
        Counts(bag.iter().fold(0, |sum, d| sum.wrapping_add(d.packed())))
    }

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

    fn add(self, other: Counts) -> Counts {
        Counts(self.0.wrapping_add(other.0))
    }
}

impl Sub for Counts {
    type Output = Counts;

    /// `other` is part of `self`, so neither half borrows.
    fn sub(self, other: Counts) -> Counts {
        Counts(self.0.wrapping_sub(other.0))
    }
}

/// A bin that holds rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) bin: u8,
    pub(crate) counts: Counts,
}

/// Nodes of fewer rows keep a list of the bins they touch instead of walking through all.
const SMALL: usize = 256;

/// One feature's counts in one node, and the memory they are taken in.
pub(crate) struct Histogram {
    /// All zero between counts. Neighbouring rows mostly fall into one bin; four tables spare each addition the wait
    /// for the one before.
    tables: [[u64; 256]; 4],
    /// The bins with rows, ascending, missing left out.
    pub(crate) cells: Vec<Cell>,
    /// The rows whose value is missing.
    pub(crate) missing: Counts,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Histogram { tables: [[0; 256]; 4], cells: Vec::with_capacity(256), missing: Counts::default() }
    }

    /// Counts the rows of `bag` by their code.
    pub(crate) fn count(&mut self, bag: &[Drawn], codes: &[u8], n_bins: usize) {
        self.cells.clear();
        match bag.len() < SMALL {
            true => self.count_small(bag, codes),
            false => self.count_large(bag, codes, n_bins),
        }
    }

    fn count_small(&mut self, bag: &[Drawn], codes: &[u8]) {
        let table = &mut self.tables[0];
        let mut touched = [0u64; 4];
        for &drawn in bag {
            let code = codes[drawn.row as usize];
            table[code as usize] = table[code as usize].wrapping_add(drawn.packed());
            touched[code as usize / 64] |= 1 << (code % 64);
        }
        for (block, mut bits) in (0u8..).zip(touched) {
            while bits != 0 {
                let bin = block * 64 + bits.trailing_zeros() as u8;
                bits &= bits - 1;
                self.cells.push(Cell { bin, counts: Counts(std::mem::take(&mut table[bin as usize])) });
            }
        }
        self.missing = match self.cells.pop_if(|cell| cell.bin == MISSING) {
            Some(cell) => cell.counts,
            None => Counts::default(),
        };
    }

    fn count_large(&mut self, bag: &[Drawn], codes: &[u8], n_bins: usize) {
        let [a, b, c, d] = &mut self.tables;
        let (fours, rest) = bag.as_chunks::<4>();
        for four in fours {
            for (table, drawn) in [&mut *a, &mut *b, &mut *c, &mut *d].into_iter().zip(four) {
                let bin = &mut table[codes[drawn.row as usize] as usize];
                *bin = bin.wrapping_add(drawn.packed());
            }
        }
        for drawn in rest {
            let bin = &mut a[codes[drawn.row as usize] as usize];
            *bin = bin.wrapping_add(drawn.packed());
        }
        let mut take = |bin: usize| {
            let sum = a[bin].wrapping_add(b[bin]).wrapping_add(c[bin]).wrapping_add(d[bin]);
            (a[bin], b[bin], c[bin], d[bin]) = (0, 0, 0, 0);
            Counts(sum)
        };
        for bin in 0..n_bins {
            let counts = take(bin);
            if counts.0 != 0 {
                self.cells.push(Cell { bin: bin as u8, counts });
            }
        }
        self.missing = take(MISSING as usize);
    }
}

#[cfg(test)]
impl Counts {
    pub(crate) fn new(benign: u32, attack: u32) -> Counts {
        Counts(u64::from(benign) | u64::from(attack) << 32)
    }
}

#[cfg(test)]
mod tests {
    use nta_data::{Label, Purpose, rng};
    use rand_core::RngCore;

    use super::*;

    #[test]
    fn small_and_large_nodes_count_alike() {
        let mut random = rng(5, Purpose::Shuffle, 0, 0);
        let codes: Vec<u8> = (0..999).map(|_| (random.next_u32() % 256) as u8 & !2).collect();
        let mut histogram = Histogram::new();
        for n in [1, 17, 255, 256, 257, 999] {
            let bag: Vec<Drawn> = (0..n)
                .map(|row| Drawn::new(row, 1 + row % 3, if row % 5 < 2 { Label::Attack } else { Label::Benign }))
                .collect();
            let mut expected = vec![Counts::default(); 256];
            for row in 0..n {
                let times = 1 + row % 3;
                let one = if row % 5 < 2 { Counts::new(0, times) } else { Counts::new(times, 0) };
                expected[codes[row as usize] as usize] = expected[codes[row as usize] as usize] + one;
            }
            // Twice: the first count leaves nothing behind.
            for _ in 0..2 {
                histogram.count(&bag, &codes, 255);
                assert_eq!(histogram.missing, expected[255]);
                let cells: Vec<Cell> = (0..255u8)
                    .map(|bin| Cell { bin, counts: expected[bin as usize] })
                    .filter(|cell| cell.counts.total() > 0)
                    .collect();
                assert_eq!(histogram.cells, cells);
            }
        }
    }

    #[test]
    fn halves_do_not_mix() {
        let whole = Counts::new(5, 7);
        let part = Counts::new(5, 1);
        assert_eq!(whole - part, Counts::new(0, 6));
        assert_eq!((whole - part) + part, whole);
        assert_eq!((whole.benign(), whole.attack(), whole.total()), (5, 7, 12));
        assert!((whole - part).is_pure() && !whole.is_pure());
    }
}
