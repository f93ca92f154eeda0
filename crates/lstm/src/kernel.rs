//! Rows times a matrix for scoring: every element is one sum in one order, so a row's result is the same whether it
//! comes alone or among others.

use crate::simd::{multiply_add, multiversion};

multiversion! {
    /// `sums (n, columns) += inputs (n, k) · matrix (k, columns)`, each element summed over k from first to last.
    pub(crate) fn accumulate = accumulate_body(sums: &mut [f32], inputs: &[f32], matrix: &[f32], columns: usize)
}

/// Inputs of a row whose products are summed before the sums go back to memory.
const DEPTH: usize = 128;

/// Sums of one row with the row's inputs.
type Row<'a> = (&'a mut [f32], &'a [f32]);

#[inline(always)]
fn accumulate_body<const FUSED: bool>(sums: &mut [f32], inputs: &[f32], matrix: &[f32], columns: usize) {
    let k = matrix.len() / columns;
    if k == 0 {
        return;
    }
    let mut rows = sums.chunks_mut(columns).zip(inputs.chunks_exact(k));
    loop {
        // Six rows share each weight read; the last ones go alone.
        let six: [Option<Row<'_>>; 6] = std::array::from_fn(|_| rows.next());
        match six {
            [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f)] => {
                block::<FUSED, 6, 16>([a, b, c, d, e, f], matrix, columns);
            }
            last => {
                // Loops, not closures: a closure is compiled without the vector unit of its surroundings.
                for row in last.into_iter().flatten() {
                    block::<FUSED, 1, 64>([row], matrix, columns);
                }
                return;
            }
        }
    }
}

/// All columns of `ROWS` rows, in tiles of `WIDTH`.
#[inline(always)]
fn block<const FUSED: bool, const ROWS: usize, const WIDTH: usize>(
    mut rows: [Row<'_>; ROWS],
    matrix: &[f32],
    columns: usize,
) {
    for (b, matrix) in matrix.chunks(DEPTH * columns).enumerate() {
        let depth = matrix.len() / columns;
        let mut inputs = [[0f32; ROWS]; DEPTH];
        for (r, (_, row)) in rows.iter().enumerate() {
            for (turned, &x) in inputs.iter_mut().zip(&row[b * DEPTH..b * DEPTH + depth]) {
                turned[r] = x;
            }
        }
        let inputs = &inputs[..depth];
        let whole = columns - columns % WIDTH;
        let (wide, rest) = (0..whole, whole..columns - columns % 16);
        for at in wide.step_by(WIDTH) {
            tile::<FUSED, ROWS, WIDTH>(&mut rows, inputs, matrix, columns, at);
        }
        for at in rest.step_by(16) {
            tile::<FUSED, ROWS, 16>(&mut rows, inputs, matrix, columns, at);
        }
        for (r, (sums, _)) in rows.iter_mut().enumerate() {
            for (x, weights) in inputs.iter().zip(matrix.chunks_exact(columns)) {
                for j in columns - columns % 16..columns {
                    sums[j] = multiply_add::<FUSED>(x[r], weights[j], sums[j]);
                }
            }
        }
    }
}

/// `ROWS × WIDTH` sums held in registers. They are copied element by element and no index in the loop can fail, or the
/// compiler would keep them in memory.
#[inline(always)]
#[allow(clippy::manual_memcpy)]
fn tile<const FUSED: bool, const ROWS: usize, const WIDTH: usize>(
    rows: &mut [Row<'_>; ROWS],
    inputs: &[[f32; ROWS]],
    matrix: &[f32],
    columns: usize,
    at: usize,
) {
    let mut sums = [[0f32; WIDTH]; ROWS];
    for (sum, (row, _)) in sums.iter_mut().zip(rows.iter()) {
        let from: &[f32; WIDTH] = row[at..].first_chunk().expect("the tile lies in the row");
        for j in 0..WIDTH {
            sum[j] = from[j];
        }
    }
    for (inputs, weights) in inputs.iter().zip(matrix[at..].chunks(columns)) {
        let Some(weights) = weights.first_chunk::<WIDTH>() else { break };
        for r in 0..ROWS {
            for j in 0..WIDTH {
                sums[r][j] = multiply_add::<FUSED>(inputs[r], weights[j], sums[r][j]);
            }
        }
    }
    for (sum, (row, _)) in sums.iter().zip(rows.iter_mut()) {
        let to: &mut [f32; WIDTH] = row[at..].first_chunk_mut().expect("the tile lies in the row");
        for j in 0..WIDTH {
            to[j] = sum[j];
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
