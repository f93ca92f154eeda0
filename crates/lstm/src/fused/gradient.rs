//! The gradient of one pack, and the sum of a batch's.

use std::ops::Range;

use rayon::prelude::*;

use crate::fused::gates;
use crate::shape::Shape;
use crate::weights::Weights;

/// Values that one thread sums at a time.
const BLOCK: usize = 16_384;

/// Derivatives by every weight. Category tables may be large and a pack meets few of their rows, so these are kept at
/// zero but for the rows listed.
pub(crate) struct Gradient {
    pub(crate) values: Vec<f32>,
    gates: usize,
    /// Rows of the first layer's matrix that this pack's categories met, in order of meeting.
    touched: Vec<u32>,
    /// `(rows of the first layer's matrix)`.
    seen: Vec<bool>,
}

/// Where the category tables stand among the weights.
fn table_of(shape: &Shape) -> Range<usize> {
    shape.n_numeric * shape.gates()..shape.inputs(0) * shape.gates()
}

impl Gradient {
    pub(crate) fn new(shape: &Shape) -> Self {
        Gradient {
            values: vec![0.0; shape.n_weights()],
            gates: shape.gates(),
            touched: Vec::new(),
            seen: vec![false; shape.inputs(0)],
        }
    }

    /// Adds a row's derivative to row `row` of the first layer's matrix.
    pub(crate) fn add_to_table(&mut self, row: usize, derivative: &[f32]) {
        if !self.seen[row] {
            self.seen[row] = true;
            self.touched.push(row as u32);
        }
        gates::add(&mut self.values[row * self.gates..(row + 1) * self.gates], derivative);
    }

    /// Moves the table's part into `total` and leaves zeros.
    fn drain_table(&mut self, total: &mut [f32]) {
        for row in self.touched.drain(..) {
            self.seen[row as usize] = false;
            let at = row as usize * self.gates..(row as usize + 1) * self.gates;
            gates::add(&mut total[at.clone()], &self.values[at.clone()]);
            self.values[at].fill(0.0);
        }
    }
}

/// `total` = the sum of the gradients, first to last.
pub(crate) fn reduce(gradients: &mut [Gradient], total: &mut Weights) {
    let table = table_of(&total.shape);
    let end = total.values.len();
    for dense in [0..table.start, table.end..end] {
        let start = dense.start;
        total.values[dense].par_chunks_mut(BLOCK).enumerate().for_each(|(i, block)| {
            let at = start + i * BLOCK..start + i * BLOCK + block.len();
            block.fill(0.0);
            for gradient in gradients.iter() {
                gates::add(block, &gradient.values[at.clone()]);
            }
        });
    }
    total.values[table].fill(0.0);
    for gradient in gradients {
        gradient.drain_table(&mut total.values);
    }
}
