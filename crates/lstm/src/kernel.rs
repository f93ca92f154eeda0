//! Rows times a matrix for scoring: every element is one sum in one order, so a row's result is the same whether it
//! comes alone or among others.

use crate::simd::{multiply_add, multiversion};

multiversion! {
    /// `sums (n, columns) += inputs (n, k) · matrix (k, columns)`, each element summed over k from first to last.
    pub(crate) fn accumulate = accumulate_body(sums: &mut [f32], inputs: &[f32], matrix: &[f32], columns: usize)
}

#[inline(always)]
fn accumulate_body<const FUSED: bool>(sums: &mut [f32], inputs: &[f32], matrix: &[f32], columns: usize) {
    let k = matrix.len() / columns;
    if k == 0 {
        return;
    }
    let mut rows = sums.chunks_mut(columns).zip(inputs.chunks_exact(k));
    let whole = columns - columns % 16;
    loop {
        // Six rows share each weight read; the last ones go alone.
        let six: [_; 6] = std::array::from_fn(|_| rows.next());
        if let [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f)] = six {
            let mut block = [a, b, c, d, e, f];
            for at in (0..whole).step_by(16) {
                tile::<FUSED, 6, 16>(&mut block, matrix, columns, at);
            }
            for (sums, inputs) in &mut block {
                rest::<FUSED>(sums, inputs, matrix, columns, whole);
            }
            continue;
        }
        for row in six.into_iter().flatten() {
            let mut row = [row];
            let wide = columns - columns % 64;
            for at in (0..wide).step_by(64) {
                tile::<FUSED, 1, 64>(&mut row, matrix, columns, at);
            }
            for at in (wide..whole).step_by(16) {
                tile::<FUSED, 1, 16>(&mut row, matrix, columns, at);
            }
            let [(sums, inputs)] = row;
            rest::<FUSED>(sums, inputs, matrix, columns, whole);
        }
        return;
    }
}

/// `ROWS × WIDTH` sums held in registers over the whole of k.
#[inline(always)]
fn tile<const FUSED: bool, const ROWS: usize, const WIDTH: usize>(
    rows: &mut [(&mut [f32], &[f32]); ROWS],
    matrix: &[f32],
    columns: usize,
    at: usize,
) {
    let k = rows[0].1.len();
    let mut sums = [[0f32; WIDTH]; ROWS];
    for (sum, (row, _)) in sums.iter_mut().zip(rows.iter()) {
        sum.copy_from_slice(&row[at..at + WIDTH]);
    }
    for i in 0..k {
        let weights: &[f32; WIDTH] = matrix[i * columns + at..].first_chunk().expect("the tile lies in the matrix");
        for (sum, (_, inputs)) in sums.iter_mut().zip(rows.iter()) {
            let x = inputs[i];
            for j in 0..WIDTH {
                sum[j] = multiply_add::<FUSED>(x, weights[j], sum[j]);
            }
        }
    }
    for (sum, (row, _)) in sums.iter().zip(rows.iter_mut()) {
        row[at..at + WIDTH].copy_from_slice(sum);
    }
}

/// The columns from `from` on, that fill no tile.
#[inline(always)]
fn rest<const FUSED: bool>(sums: &mut [f32], inputs: &[f32], matrix: &[f32], columns: usize, from: usize) {
    for (&x, weights) in inputs.iter().zip(matrix.chunks_exact(columns)) {
        for j in from..columns {
            sums[j] = multiply_add::<FUSED>(x, weights[j], sums[j]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_gets_the_same_bits_alone_and_among_others() {
        for columns in [4, 16, 20, 64, 100, 256] {
            let (n, k) = (15, 9);
            let value = |i: usize| ((i * 7_919) % 1_013) as f32 / 1_013.0 - 0.5;
            let inputs: Vec<f32> = (0..n * k).map(value).collect();
            let matrix: Vec<f32> = (0..k * columns).map(|i| value(i + 31)).collect();
            let start: Vec<f32> = (0..n * columns).map(|i| value(i + 77)).collect();
            let mut together = start.clone();
            accumulate(&mut together, &inputs, &matrix, columns);
            for r in 0..n {
                let mut alone = start[r * columns..(r + 1) * columns].to_vec();
                accumulate(&mut alone, &inputs[r * k..(r + 1) * k], &matrix, columns);
                assert_eq!(alone, together[r * columns..(r + 1) * columns]);
                for j in 0..columns {
                    let exact: f64 =
                        (0..k).map(|i| f64::from(inputs[r * k + i]) * f64::from(matrix[i * columns + j])).sum::<f64>()
                            + f64::from(start[r * columns + j]);
                    assert!((f64::from(alone[j]) - exact).abs() < 1e-6);
                }
            }
        }
    }
}
