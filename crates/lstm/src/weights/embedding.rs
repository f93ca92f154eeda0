//! Embedded categories as the one-hot weights that they amount to: a code's row of the first layer's matrix is its
//! embedding × the matrix's rows for that column. Engines and scoring know one-hot weights alone; here stand the way
//! there, and the way back for gradients. Each costs codes × dimension × 4·hidden multiplications a column and step.

use super::shape::{Parameter, Shape};
use super::values::Weights;

/// The one-hot weights that these amount to, and, where they are others, the learned ones.
pub(crate) fn one_hot(learned: Weights) -> (Weights, Option<Weights>) {
    if learned.shape.embedding.is_none() {
        return (learned, None);
    }
    let mut one_hot = Weights::zeros(&learned.shape.one_hot());
    unfold(&learned, &mut one_hot);
    (one_hot, Some(learned))
}

/// Writes the one-hot weights that `learned` amounts to into `one_hot`, of shape [`Shape::one_hot`].
pub(crate) fn unfold(learned: &Weights, one_hot: &mut Weights) {
    let (first, rest) = borders(learned);
    let at = one_hot.shape.range(Parameter::Input(0));
    let (to, to_rest) = one_hot.values.split_at_mut(at.end);
    to_rest.copy_from_slice(&learned.values[rest..]);
    let numbers = learned.shape.n_numeric * learned.shape.gates();
    to[..numbers].copy_from_slice(&learned.values[first..first + numbers]);
    let (gates, matrix) = (learned.shape.gates(), &learned.values[first..rest]);
    for column in columns(&learned.shape) {
        let rows = to[column.one_hot..].chunks_exact_mut(gates);
        for (row, vector) in rows.zip(learned.of(column.parameter).chunks_exact(column.dimension)) {
            row.fill(0.0);
            for (&x, weights) in vector.iter().zip(matrix[column.learned..].chunks_exact(gates)) {
                add(row, x, weights);
            }
        }
    }
}

/// Writes the gradient by the learned weights that a gradient by the one-hot weights amounts to into `gradient`.
pub(crate) fn fold(learned: &Weights, one_hot: &Weights, gradient: &mut Weights) {
    let (first, rest) = borders(learned);
    let gates = learned.shape.gates();
    let end = one_hot.shape.range(Parameter::Input(0)).end;
    gradient.values[rest..].copy_from_slice(&one_hot.values[end..]);
    let numbers = learned.shape.n_numeric * gates;
    gradient.values[first..first + numbers].copy_from_slice(&one_hot.values[..numbers]);
    // The tables stand before the first layer's matrix.
    let (d_tables, d_matrix) = gradient.values[..rest].split_at_mut(first);
    let matrix = &learned.values[first..rest];
    for column in columns(&learned.shape) {
        let at = column.learned..column.learned + column.dimension * gates;
        d_matrix[at.clone()].fill(0.0);
        let vectors = learned.of(column.parameter).chunks_exact(column.dimension);
        let d_vectors = d_tables[learned.shape.range(column.parameter)].chunks_exact_mut(column.dimension);
        let d_rows = one_hot.values[column.one_hot..].chunks_exact(gates);
        for ((vector, d_vector), d_row) in vectors.zip(d_vectors).zip(d_rows) {
            d_vector.fill(0.0);
            // A batch meets few of many codes.
            if d_row.iter().all(|&d| d == 0.0) {
                continue;
            }
            let rows = matrix[at.clone()].chunks_exact(gates).zip(d_matrix[at.clone()].chunks_exact_mut(gates));
            for ((&x, d), (weights, d_weights)) in vector.iter().zip(d_vector).zip(rows) {
                *d = dot(d_row, weights);
                add(d_weights, x, d_row);
            }
        }
    }
}

/// `sum += x · row`.
fn add(sum: &mut [f32], x: f32, row: &[f32]) {
    for (sum, &value) in sum.iter_mut().zip(row) {
        *sum += x * value;
    }
}

/// Σ a·b in eight partial sums, so that it fills vectors and still has one order.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut lanes = [0f32; 8];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// Where the first layer's matrix begins among the learned weights, and where it ends.
fn borders(learned: &Weights) -> (usize, usize) {
    let range = learned.shape.range(Parameter::Input(0));
    (range.start, range.end)
}

/// A categorical input.
struct Column {
    parameter: Parameter,
    dimension: usize,
    /// Where its rows begin in the first layer's matrix, learned and one-hot.
    learned: usize,
    one_hot: usize,
}

fn columns(shape: &Shape) -> impl Iterator<Item = Column> + use<> {
    let (gates, dimension) = (shape.gates(), shape.embedding.unwrap_or(0));
    let tables = shape.one_hot().table_rows();
    let numbers = shape.n_numeric;
    let of = move |(j, row): (usize, u32)| Column {
        parameter: Parameter::Embedding(j),
        dimension,
        learned: (numbers + j * dimension) * gates,
        one_hot: row as usize * gates,
    };
    tables.into_iter().enumerate().map(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codes_row_is_its_embedding_times_the_matrix() {
        let shape = Shape { n_numeric: 1, cardinality: vec![2, 3], embedding: Some(2), hidden: 1, layers: 1 };
        let mut learned = Weights::zeros(&shape);
        // Tables (2, 2) and (3, 2), then the matrix (1 + 2·2, 4), then everything else.
        for (i, w) in learned.values.iter_mut().enumerate() {
            *w = i as f32;
        }
        let mut one_hot = Weights::zeros(&shape.one_hot());
        unfold(&learned, &mut one_hot);
        // The number's row stays; code 1 of column 0 is [2, 3] · [[14 …], [18 …]]; code 2 of column 1 [8, 9] · [[22 …], [26 …]].
        assert_eq!(one_hot.values[..4], [10.0, 11.0, 12.0, 13.0]);
        assert_eq!(one_hot.values[8..12], [82.0, 87.0, 92.0, 97.0]);
        assert_eq!(one_hot.values[20..24], [410.0, 427.0, 444.0, 461.0]);
        assert_eq!(one_hot.values[24..], learned.values[30..]);
    }

    #[test]
    fn the_gradient_comes_back_by_the_chain_rule() {
        let shape = Shape { n_numeric: 1, cardinality: vec![2, 3], embedding: Some(2), hidden: 1, layers: 1 };
        let learned = Weights::draw(&shape, 3, 0.5);
        // A loss that is linear in the one-hot weights: its derivative by each is that weight's factor.
        let factors = Weights::draw(&shape.one_hot(), 9, 0.25);
        let loss = |learned: &Weights| {
            let mut one_hot = Weights::zeros(&shape.one_hot());
            unfold(learned, &mut one_hot);
            let terms = one_hot.values.iter().zip(&factors.values);
            terms.map(|(w, f)| f64::from(*w) * f64::from(*f)).sum::<f64>()
        };
        let mut gradient = Weights::zeros(&shape);
        fold(&learned, &factors, &mut gradient);
        for i in 0..learned.values.len() {
            let mut moved = learned.clone();
            moved.values[i] += 0.25;
            let rise = (loss(&moved) - loss(&learned)) / 0.25;
            assert!((rise - f64::from(gradient.values[i])).abs() < 1e-5, "{i}: {rise} {}", gradient.values[i]);
        }
    }
}
