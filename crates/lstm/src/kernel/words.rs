//! Numbers as the words of which products are summed: two terms of a sum, neighbours in a row or in a column.
//!
//! A last term without a partner gets 0 for one. Where a word is one term nothing of this is needed.

use super::multiversion::multiversion;
use super::vectors::Vectors;

/// Words that what follows may write beyond the last row where a row is not whole vectors.
pub(crate) const ROOM: usize = 16;

multiversion! {
    /// `(rows, columns)` to words of neighbours in a row, `(rows, ⌈columns / 2⌉)` and [`ROOM`].
    pub(crate) fn join_columns = join_columns_body(from: &[f32], columns: usize, to: &mut [f32])
}

#[inline(always)]
fn join_columns_body<S: Vectors>(s: S, from: &[f32], columns: usize, to: &mut [f32]) {
    let words = columns.div_ceil(S::TERMS);
    for (r, row) in from.chunks_exact(columns.max(1)).enumerate() {
        // The last vector of a row may reach into the next one, which is written after it.
        for at in (0..columns).step_by(S::LANES) {
            s.store_words(s.load_some(&row[at..]), &mut to[r * words + at / S::TERMS..]);
        }
    }
}

multiversion! {
    /// `(rows, columns)` to words of neighbours in a column, `(⌈rows / 2⌉, columns)` and [`ROOM`].
    pub(crate) fn join_rows = join_rows_body(from: &[f32], columns: usize, to: &mut [f32])
}

#[inline(always)]
fn join_rows_body<S: Vectors>(s: S, from: &[f32], columns: usize, to: &mut [f32]) {
    for (r, rows) in from.chunks(2 * columns.max(1)).enumerate() {
        let (even, odd) = rows.split_at(columns);
        for at in (0..columns).step_by(S::LANES) {
            let odd = s.load_some(&odd[at.min(odd.len())..]);
            s.store(s.pair(s.load_some(&even[at..]), odd), &mut to[r * columns + at..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Simd;

    /// The two numbers of a word.
    fn terms(word: f32) -> [f32; 2] {
        let bits = word.to_bits();
        [f32::from_bits(bits << 16), f32::from_bits(bits & 0xffff_0000)]
    }

    /// A number as bf16 holds it, rounded to the nearest and between two to the even one.
    fn rounded(x: f32) -> f32 {
        let bits = x.to_bits();
        f32::from_bits((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff_0000)
    }

    #[test]
    fn neighbours_meet_in_a_word_rounded_and_a_last_one_meets_nought() {
        let Some(simd) = Simd::bf16() else { return Simd::skip_bf16() };
        assert_eq!((rounded(1.003_906_3), rounded(1.011_718_8)), (1.0, 1.015_625), "ties go to even");
        for (rows, columns) in [(1, 1), (2, 5), (3, 16), (5, 41), (4, 64), (0, 7), (3, 0)] {
            let values: Vec<f32> = (0..rows * columns).map(|i| ((i * 7_919) % 4_001) as f32 / 1_000.0 - 2.0).collect();
            let at = |r: usize, c: usize| if r < rows && c < columns { rounded(values[r * columns + c]) } else { 0.0 };
            let across = columns.div_ceil(2);
            let mut words = vec![f32::NAN; rows * across + ROOM];
            join_columns(simd, &values, columns, &mut words);
            for (i, &word) in words[..rows * across].iter().enumerate() {
                let (r, c) = (i / across, i % across);
                assert_eq!(terms(word), [at(r, 2 * c), at(r, 2 * c + 1)], "{rows} × {columns}");
            }
            let mut words = vec![f32::NAN; rows.div_ceil(2) * columns + ROOM];
            join_rows(simd, &values, columns, &mut words);
            for (i, &word) in words[..rows.div_ceil(2) * columns].iter().enumerate() {
                let (r, c) = (i / columns, i % columns);
                assert_eq!(terms(word), [at(2 * r, c), at(2 * r + 1, c)], "{rows} × {columns}");
            }
        }
    }
}
