//! The heart of every product: a few rows of sums held in registers while the terms go by.

use std::ops::Range;

use crate::simd::Vectors;

/// The left factor: element `(r, k)` stands at `r · row_stride + k · step`.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) row_stride: usize,
    pub(crate) step: usize,
}

/// The right factor: row `k` begins at `k · stride`.
#[derive(Clone, Copy)]
pub(crate) struct Right<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) stride: usize,
}

/// `sums[r][c] += Σ left(r, k) · right(k, c)` over `k` in `0..depth`, first to last, so that a row's sum is the same
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
    let last = depth - 1;
    assert!((R - 1) * left.row_stride + last * left.step < left.values.len());
    assert!(last * right.stride + C * S::LANES <= right.values.len());
    let (mut a, mut b) = (left.values.as_ptr(), right.values.as_ptr());
    let mut kept = *sums;
    for _ in 0..depth {
        // SAFETY: the assertions hold every element that (r, k) and (k, c) name inside the slices; the pointers leave
        // them only after the last term, where nothing is read.
        unsafe {
            let mut row = [s.splat(0.0); C];
            for c in 0..C {
                row[c] = s.load_at(b.add(c * S::LANES));
            }
            for r in 0..R {
                let x = s.splat(*a.add(r * left.row_stride));
                for c in 0..C {
                    kept[r][c] = s.multiply_add(x, row[c], kept[r][c]);
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
