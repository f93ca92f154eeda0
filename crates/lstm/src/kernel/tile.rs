//! The heart of every product: a few rows of sums held in registers while the terms go by.

// Arrays of vectors stay in registers when they are indexed by numbers that the compiler knows.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use super::vectors::Vectors;

/// The left factor in words: word `(r, k)` stands at `r · row_stride + k · step`.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) row_stride: usize,
    pub(crate) step: usize,
}

/// The right factor in words: row `k` begins at `k · stride`. Four of its vectors follow each other; the next four, where a
/// tile is that wide, stand `panel` words further on.
#[derive(Clone, Copy)]
pub(crate) struct Right<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) panel: usize,
}

impl Right<'_> {
    /// Where vector `c` of a row stands from its first on.
    #[inline(always)]
    fn place(self, c: usize, lanes: usize) -> usize {
        c / 4 * self.panel + c % 4 * lanes
    }
}

/// `sums[r][c] += Σ left(r, k) · right(k, c)` over words `k` in `0..depth`, first to last, so that a row's sum is the same
/// whatever rows are beside it. `c` counts vectors.
#[inline(always)]
pub(crate) fn accumulate<S: Vectors, const R: usize, const C: usize>(
    s: S,
    sums: &mut [[S::Vector; C]; R],
    left: Left<'_>,
    right: Right<'_>,
    depth: usize,
) {
    if depth == 0 {
        return;
    }
    // The last vector of a row is the furthest one.
    const { assert!(C <= 4 || C.is_multiple_of(4)) }
    let last = depth - 1;
    assert!((R - 1) * left.row_stride + last * left.step < left.values.len());
    assert!(last * right.stride + right.place(C - 1, S::LANES) + S::LANES <= right.values.len());
    let (mut a, mut b) = (left.values.as_ptr(), right.values.as_ptr());
    let mut kept = *sums;
    for _ in 0..depth {
        // SAFETY: the assertions hold every element that (r, k) and (k, c) name inside the slices; the pointers leave
        // them only after the last term, where nothing is read.
        unsafe {
            // The shorter side is held, the longer goes by: with 16 registers that leaves room for all sums of the
            // highest tile, and none is put away in between.
            if R < C {
                let mut x = [s.splat(0.0); R];
                for r in 0..R {
                    x[r] = s.splat(*a.add(r * left.row_stride));
                }
                for c in 0..C {
                    let y = s.load_at(b.add(right.place(c, S::LANES)));
                    for r in 0..R {
                        kept[r][c] = s.add_terms(x[r], y, kept[r][c]);
                    }
                }
            } else {
                let mut y = [s.splat(0.0); C];
                for c in 0..C {
                    y[c] = s.load_at(b.add(right.place(c, S::LANES)));
                }
                for r in 0..R {
                    let x = s.splat(*a.add(r * left.row_stride));
                    for c in 0..C {
                        kept[r][c] = s.add_terms(x, y[c], kept[r][c]);
                    }
                }
            }
            a = a.wrapping_add(left.step);
            b = b.wrapping_add(right.stride);
        }
    }
    *sums = kept;
}

/// The next rows to work on together, at most `most`, so that the rest falls into tiles of nearly the same height.
#[inline(always)]
pub(crate) fn next_tile(left: &Range<usize>, most: usize) -> usize {
    let rows = left.end - left.start;
    rows.div_ceil(rows.div_ceil(most).max(1))
}

/// Calls `$tile::<S, rows>($arguments)` for as many rows as `$rows` says, 1 to 6.
macro_rules! for_height {
    ($rows:expr, $tile:ident::<$s:ident $(, $c:ident)?>($($argument:expr),* $(,)?)) => {
        match $rows {
            1 => $tile::<$s, 1 $(, $c)?>($($argument),*),
            2 => $tile::<$s, 2 $(, $c)?>($($argument),*),
            3 => $tile::<$s, 3 $(, $c)?>($($argument),*),
            4 => $tile::<$s, 4 $(, $c)?>($($argument),*),
            5 => $tile::<$s, 5 $(, $c)?>($($argument),*),
            _ => $tile::<$s, 6 $(, $c)?>($($argument),*),
        }
    };
}
pub(crate) use for_height;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Simd, multiversion};

    multiversion! {
        /// `into (rows, 4 vectors) = left · right`.
        fn product = product_body(into: &mut [f32], left: Left<'_>, right: Right<'_>, depth: usize)
    }

    #[inline(always)]
    fn product_body<S: Vectors>(s: S, into: &mut [f32], left: Left<'_>, right: Right<'_>, depth: usize) {
        for_height!(into.len() / (4 * S::LANES), product_of::<S>(s, into, left, right, depth));
    }

    #[inline(always)]
    fn product_of<S: Vectors, const R: usize>(s: S, into: &mut [f32], left: Left<'_>, right: Right<'_>, depth: usize) {
        let mut sums = [[s.splat(0.0); 4]; R];
        accumulate(s, &mut sums, left, right, depth);
        for (r, row) in into.chunks_exact_mut(4 * S::LANES).enumerate() {
            for c in 0..4 {
                s.store(sums[r][c], &mut row[c * S::LANES..]);
            }
        }
    }

    #[test]
    fn a_tile_of_any_height_is_the_sum_written_out_in_both_ways_of_reading_the_left() {
        let depth = 7;
        let number = |i: usize| ((i * 7_919) % 1_013) as f32 / 1_013.0 - 0.5;
        for simd in Simd::all() {
            let columns = 4 * simd.lanes();
            let right: Vec<f32> = (0..depth * columns).map(|i| number(i + 31)).collect();
            for rows in 1..=6 {
                let values: Vec<f32> = (0..rows * depth).map(number).collect();
                for (row_stride, step) in [(depth, 1), (1, rows)] {
                    let mut into = vec![0.0; rows * columns];
                    let left = Left { values: &values, row_stride, step };
                    product(simd, &mut into, left, Right { values: &right, stride: columns, panel: 0 }, depth);
                    for (i, &found) in into.iter().enumerate() {
                        let (r, c) = (i / columns, i % columns);
                        let term =
                            |k: usize| f64::from(values[r * row_stride + k * step]) * f64::from(right[k * columns + c]);
                        let exact: f64 = (0..depth).map(term).sum();
                        assert!((f64::from(found) - exact).abs() < 1e-6, "{simd:?}, {rows} rows");
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic]
    fn a_factor_that_is_too_short_is_refused() {
        let left = Left { values: &[1.0; 3], row_stride: 1, step: 1 };
        let right = Right { values: &[1.0; 256], stride: 64, panel: 0 };
        product(Simd::detect(), &mut vec![0.0; 4 * Simd::detect().lanes()], left, right, 4);
    }

    #[test]
    fn rows_fall_into_tiles_of_nearly_the_same_height() {
        let mut left = 0..32;
        let mut heights = Vec::new();
        while !left.is_empty() {
            heights.push(next_tile(&left, 6));
            left.start += heights[heights.len() - 1];
        }
        assert_eq!(heights, [6, 6, 5, 5, 5, 5]);
        assert_eq!(next_tile(&(0..4), 6), 4);
    }
}
