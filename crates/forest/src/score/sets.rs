//! Votes for the rows of a block: values to codes, rows sorted into sets of 64, the sets through all trees.

use super::lanes::{LANES, Lanes, Plain};
use super::packed::Packed;
use crate::tree::LEAF_UNITS;

/// Memory that a thread uses again for each of its blocks.
#[derive(Default)]
pub(crate) struct SetScratch {
    /// `(n_codes)` columns of `(n_rows)`.
    codes: Vec<u8>,
    order: Vec<u64>,
    /// Codes of the sets of rows one after the other, `(n_sets, n_codes)`.
    sets: Vec<[u8; LANES]>,
    /// `(n_sets)`.
    set_sums: Vec<[f64; LANES]>,
    /// Codes of the rows one after the other, `(n_rows)`, where rows walk by themselves.
    rows: Vec<[u8; LANES]>,
    /// `(n_rows)`.
    units: Vec<u32>,
}

impl SetScratch {
    /// Sums the votes of all trees for rows `start..start + n` of the columns, `(n_features)` of `(n_rows)`, into `sums`,
    /// `(n)`. Rows are sorted by the columns of codes `key`.
    pub(crate) fn sum(&mut self, packed: &Packed, key: &[usize], columns: &[&[f32]], start: usize, sums: &mut [f64]) {
        let columns = columns.iter().map(|column| &column[start..start + sums.len()]);
        #[cfg(target_arch = "x86_64")]
        {
            use crate::score::lanes::x86::{Avx2, Avx512};
            if let (Some(starts), Some(lanes)) = (&packed.starts, Avx512::found()) {
                // SAFETY: the processor has been asked, for the walks where `starts` was made.
                return unsafe { self.sum_walking(lanes, packed, starts, key, columns.collect(), sums) };
            }
            if let Some(lanes) = Avx512::found() {
                // SAFETY: the processor has been asked.
                return unsafe { self.sum_avx512(lanes, packed, key, columns.collect(), sums) };
            }
            if let Some(lanes) = Avx2::found() {
                // SAFETY: the processor has been asked.
                return unsafe { self.sum_avx2(lanes, packed, key, columns.collect(), sums) };
            }
        }
        self.sum_with(Plain, packed, key, columns.collect(), sums)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2")]
    fn sum_avx512(
        &mut self,
        lanes: crate::score::lanes::x86::Avx512,
        packed: &Packed,
        key: &[usize],
        columns: Vec<&[f32]>,
        sums: &mut [f64],
    ) {
        self.sum_with(lanes, packed, key, columns, sums)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1")]
    fn sum_avx2(
        &mut self,
        lanes: crate::score::lanes::x86::Avx2,
        packed: &Packed,
        key: &[usize],
        columns: Vec<&[f32]>,
        sums: &mut [f64],
    ) {
        self.sum_with(lanes, packed, key, columns, sums)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1,bmi2,popcnt")]
    fn sum_walking(
        &mut self,
        lanes: crate::score::lanes::x86::Avx512,
        packed: &Packed,
        starts: &crate::score::walks::Starts,
        key: &[usize],
        columns: Vec<&[f32]>,
        sums: &mut [f64],
    ) {
        let n_rows = sums.len();
        let any_missing = self.encode_and_sort(lanes, packed, key, columns, n_rows);
        self.rows.clear();
        self.rows.resize(n_rows, [0; LANES]);
        for (i, column) in self.codes.chunks_exact(n_rows).enumerate() {
            for (row, &key) in self.rows.iter_mut().zip(&self.order) {
                row[i] = column[row_of(key)];
            }
        }
        self.units.clear();
        self.units.resize(n_rows, 0);
        starts.add_units(packed.splits(), &self.rows, any_missing, &mut self.units);
        for (&key, &units) in self.order.iter().zip(&self.units) {
            sums[row_of(key)] = f64::from(units) / f64::from(LEAF_UNITS);
        }
    }

    /// `columns`, `(n_features)` of `(n_rows)`, to `sums`, `(n_rows)`.
    #[inline(always)]
    fn sum_with<L: Lanes>(&mut self, lanes: L, packed: &Packed, key: &[usize], columns: Vec<&[f32]>, sums: &mut [f64]) {
        let n_rows = sums.len();
        let any_missing = self.encode_and_sort(lanes, packed, key, columns, n_rows);
        for order in self.order.chunks(LANES * packed.sets_together()) {
            let n_sets = order.len().div_ceil(LANES);
            self.sets.resize(n_sets * packed.n_codes(), [0; LANES]);
            for (set, order) in self.sets.chunks_exact_mut(packed.n_codes()).zip(order.chunks(LANES)) {
                for (set, column) in set.iter_mut().zip(self.codes.chunks_exact(n_rows)) {
                    set.iter_mut().zip(order).for_each(|(code, &key)| *code = column[row_of(key)]);
                }
            }
            self.set_sums.clear();
            self.set_sums.resize(n_sets, [0.0; LANES]);
            packed.add_votes(lanes, &self.sets, order.len(), any_missing, &mut self.set_sums);
            for (&key, &sum) in order.iter().zip(self.set_sums.as_flattened()) {
                sums[row_of(key)] = sum;
            }
        }
    }

    /// Fills `codes` and `order`; returns whether a value is missing.
    #[inline(always)]
    fn encode_and_sort<L: Lanes>(
        &mut self,
        lanes: L,
        packed: &Packed,
        key: &[usize],
        columns: Vec<&[f32]>,
        n_rows: usize,
    ) -> bool {
        self.codes.resize(packed.n_codes() * n_rows, 0);
        let mut any_missing = false;
        for ladder in &packed.ladders {
            let codes = &mut self.codes[ladder.first_code * n_rows..][..ladder.n_codes() * n_rows];
            any_missing |= lanes.encode(ladder, columns[ladder.feature], codes);
        }
        self.order.clear();
        self.order.extend(0..n_rows as u64);
        for (i, &column) in key.iter().enumerate() {
            for (key, &code) in self.order.iter_mut().zip(&self.codes[column * n_rows..][..n_rows]) {
                *key |= u64::from(code) << (56 - 8 * i);
            }
        }
        self.order.sort_unstable();
        any_missing
    }
}

/// The number of a row in its block, which its key ends with.
fn row_of(key: u64) -> usize {
    (key & 0xffff) as usize
}
