//! How many rows of each class fall into each bin of a feature, among the rows of one node.

use super::bins::MISSING;
use super::drawn::Drawn;
use super::tally::Tally;
use super::training_table::Sparse;

/// A bin that holds rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BinTally<T> {
    pub(crate) bin: u8,
    pub(crate) tally: T,
}

/// Nodes of fewer rows keep a list of the bins they touch instead of walking through all.
const SMALL: usize = 256;

/// One feature's sums in one node, and the memory they are taken in.
pub(crate) struct Histogram<T> {
    /// All zero between counts. Neighbouring rows mostly fall into one bin; four tables spare each addition the wait
    /// for the one before.
    tables: Box<[[T; 256]; 4]>,
    /// The bins with rows, ascending, missing left out.
    pub(crate) cells: Vec<BinTally<T>>,
    /// The rows whose value is missing.
    pub(crate) missing: T,
}

impl<T: Tally> Histogram<T> {
    pub(crate) fn new() -> Self {
        Histogram { tables: Box::new([[T::default(); 256]; 4]), cells: Vec::with_capacity(256), missing: T::default() }
    }

    /// Sums the rows of `bag` by their code, `(n_distinct)`.
    pub(crate) fn count(&mut self, bag: &[Drawn], codes: &[u8], n_bins: usize, weights: &[u32]) {
        self.cells.clear();
        match bag.len() < SMALL {
            true => self.count_small(bag, codes, weights),
            false => self.count_large(bag, codes, n_bins, weights),
        }
    }

    /// The same for a node of which `inside` has a bit set for every row, `total` being their sum: only rows outside
    /// the column's frequent bin are looked at, that bin gets the rest. `tallies` are those of [`Drawn`], by row.
    pub(crate) fn count_sparse(
        &mut self,
        inside: &[u64],
        (sparse, codes, n_bins): (&Sparse, &[u8], usize),
        (tallies, weights): (&[u32], &[u32]),
        total: T,
    ) {
        self.cells.clear();
        let mut rest = total;
        for (word, (&inside, &others)) in inside.iter().zip(&sparse.others).enumerate() {
            let mut bits = inside & others;
            while bits != 0 {
                let row = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let one = T::of(Drawn::from_tally(row as u32, tallies[row]), weights);
                let cell = &mut self.tables[row % 2][codes[row] as usize];
                *cell = *cell + one;
            }
        }
        let [a, b, ..] = &mut *self.tables;
        for bin in (0..n_bins).chain([MISSING as usize]) {
            rest = rest - a[bin] - b[bin];
        }
        a[sparse.most as usize] = rest;
        self.collect(n_bins);
    }

    fn count_small(&mut self, bag: &[Drawn], codes: &[u8], weights: &[u32]) {
        let table = &mut self.tables[0];
        let mut touched = [0u64; 4];
        for &drawn in bag {
            let code = codes[drawn.row as usize];
            table[code as usize] = table[code as usize] + T::of(drawn, weights);
            touched[code as usize / 64] |= 1 << (code % 64);
        }
        for (block, mut bits) in (0u8..).zip(touched) {
            while bits != 0 {
                let bin = block * 64 + bits.trailing_zeros() as u8;
                bits &= bits - 1;
                self.cells.push(BinTally { bin, tally: std::mem::take(&mut table[bin as usize]) });
            }
        }
        self.missing = match self.cells.pop_if(|cell| cell.bin == MISSING) {
            Some(cell) => cell.tally,
            None => T::default(),
        };
    }

    fn count_large(&mut self, bag: &[Drawn], codes: &[u8], n_bins: usize, weights: &[u32]) {
        let [a, b, c, d] = &mut *self.tables;
        let (fours, rest) = bag.as_chunks::<4>();
        for four in fours {
            for (table, &drawn) in [&mut *a, &mut *b, &mut *c, &mut *d].into_iter().zip(four) {
                let bin = &mut table[codes[drawn.row as usize] as usize];
                *bin = *bin + T::of(drawn, weights);
            }
        }
        for &drawn in rest {
            let bin = &mut a[codes[drawn.row as usize] as usize];
            *bin = *bin + T::of(drawn, weights);
        }
        self.collect(n_bins);
    }

    /// Adds the four tables up into cells and leaves them zero.
    fn collect(&mut self, n_bins: usize) {
        let [a, b, c, d] = &mut *self.tables;
        let mut take = |bin: usize| {
            let sum = a[bin] + b[bin] + c[bin] + d[bin];
            (a[bin], b[bin], c[bin], d[bin]) = Default::default();
            sum
        };
        for bin in 0..n_bins {
            let tally = take(bin);
            if tally != T::default() {
                self.cells.push(BinTally { bin: bin as u8, tally });
            }
        }
        self.missing = take(MISSING as usize);
    }
}

#[cfg(test)]
mod tests {
    use nta_data::{Label, Purpose, rng};
    use rand_core::RngCore;

    use super::*;
    use crate::grow::tally::{Counts, Weighted, sum};

    fn check<T: Tally + std::fmt::Debug>(codes: &[u8], weights: &[u32]) {
        let label = |row: u32| if row % 5 < 2 { Label::Attack } else { Label::Benign };
        let mut histogram = Histogram::<T>::new();
        for n in [1, 17, 255, 256, 257, 999] {
            let bag: Vec<Drawn> = (0..n).map(|row| Drawn::new(row, 1 + row % 3, label(row))).collect();
            let mut expected = [T::default(); 256];
            for &drawn in &bag {
                let cell = &mut expected[codes[drawn.row as usize] as usize];
                *cell = *cell + T::of(drawn, weights);
            }
            let cells: Vec<(u8, T)> =
                (0..255u8).map(|bin| (bin, expected[bin as usize])).filter(|c| c.1 != T::default()).collect();
            let mut inside = vec![0u64; 999_usize.div_ceil(64)];
            (0..n as usize).for_each(|row| inside[row / 64] |= 1 << (row % 64));
            let tallies: Vec<u32> = bag.iter().map(|d| d.tally()).chain(vec![0; 999 - n as usize]).collect();
            // Twice: the first count leaves nothing behind.
            for _ in 0..2 {
                let found = |histogram: &Histogram<T>| -> Vec<(u8, T)> {
                    histogram.cells.iter().map(|c| (c.bin, c.tally)).collect()
                };
                histogram.count(&bag, codes, 255, weights);
                assert_eq!((found(&histogram), histogram.missing), (cells.clone(), expected[255]));
                for most in [0, 4, 77, MISSING] {
                    let mut others = vec![0u64; inside.len()];
                    (0..999).filter(|&row| codes[row] != most).for_each(|row| others[row / 64] |= 1 << (row % 64));
                    let sparse = Sparse { most, others };
                    let total = sum::<T>(&bag, weights);
                    histogram.count_sparse(&inside, (&sparse, codes, 255), (&tallies, weights), total);
                    assert_eq!((found(&histogram), histogram.missing), (cells.clone(), expected[255]));
                }
            }
        }
    }

    #[test]
    fn small_large_and_sparse_nodes_count_alike() {
        let mut random = rng(5, Purpose::Shuffle, 0, 0);
        let codes: Vec<u8> = (0..999).map(|_| (random.next_u32() % 256) as u8 & !2).collect();
        check::<Counts>(&codes, &[]);
        check::<Weighted>(&codes, &(0..999).map(|row| 1 + row % 7).collect::<Vec<u32>>());
        let mostly: Vec<u8> = codes.iter().map(|&c| if c > 40 { 4 } else { c }).collect();
        check::<Counts>(&mostly, &[]);
    }
}
