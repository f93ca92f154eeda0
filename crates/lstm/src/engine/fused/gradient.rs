//! The gradient of one pack, and the sum of a batch's.

use rayon::prelude::*;

use crate::cell::{Layout, Panels, add_row};
use crate::weights::{Parameter, Shape, Weights};

/// Values that one thread sums at a time.
const BLOCK: usize = 4_096;

/// Derivatives by every weight. Category tables may be large and a pack meets few of their rows, so these are kept at
/// zero but for the rows listed.
pub(super) struct Gradient {
    /// In the layout of the weights.
    pub(super) panels: Panels,
    /// `(rows of all category tables, 4·hidden)`.
    table: Vec<f32>,
    /// Rows of the tables that this pack's categories met, in order of meeting.
    touched: Vec<u32>,
    /// `(rows of all category tables)`.
    seen: Vec<bool>,
}

impl Gradient {
    pub(super) fn new(layout: Layout, shape: &Shape) -> Self {
        let rows = shape.inputs(0) - shape.n_numeric;
        Gradient {
            panels: Panels::zeros(layout.simd, shape),
            table: vec![0.0; rows * shape.gates()],
            touched: Vec::new(),
            seen: vec![false; rows],
        }
    }

    /// Back to zero, but for the tables, which are zero.
    pub(super) fn clear(&mut self) {
        for layer in &mut self.panels.layers {
            for values in [&mut layer.bias, &mut layer.input, &mut layer.recurrent] {
                values.fill(0.0);
            }
        }
        self.panels.head.fill(0.0);
        self.panels.head_bias = 0.0;
    }

    /// Adds the derivatives of a row, which stands in row `row` of `d_gates` `(blocks, n, quad)`, to row `table_row` of
    /// the tables.
    pub(super) fn add_to_table(&mut self, table_row: usize, d_gates: &[f32], n: usize, row: usize) {
        if !self.seen[table_row] {
            self.seen[table_row] = true;
            self.touched.push(table_row as u32);
        }
        let layout = self.panels.layout;
        let n_gates = 4 * layout.hidden;
        let sums = &mut self.table[table_row * n_gates..(table_row + 1) * n_gates];
        add_row(layout.simd, layout, sums, d_gates, n, row);
    }

    /// Moves the tables' part into `total` and leaves zeros.
    fn drain_table(&mut self, total: &mut [f32]) {
        for row in self.touched.drain(..) {
            self.seen[row as usize] = false;
            let n_gates = 4 * self.panels.layout.hidden;
            let at = row as usize * n_gates..(row as usize + 1) * n_gates;
            for (sum, d) in total[at.clone()].iter_mut().zip(&self.table[at.clone()]) {
                *sum += d;
            }
            self.table[at].fill(0.0);
        }
    }
}

/// `total` = the sum of the gradients, first to last.
pub(super) fn reduce(gradients: &mut [Gradient], total: &mut Weights) {
    let shape = total.shape.clone();
    for l in 0..shape.layers {
        let dense = if l == 0 { shape.n_numeric } else { shape.hidden };
        let input = shape.range(Parameter::Input(l));
        let input = input.start..input.start + dense * shape.gates();
        sum(gradients, &mut total.values[input], |p| (&p.layers[l].input, p.layers[l].inputs));
        sum(gradients, &mut total.values[shape.range(Parameter::Recurrent(l))], |p| {
            (&p.layers[l].recurrent, p.layout.width())
        });
        sum(gradients, &mut total.values[shape.range(Parameter::Bias(l))], |p| (&p.layers[l].bias, 1));
    }
    let (head, bias) = (shape.range(Parameter::HeadWeight), shape.range(Parameter::HeadBias));
    total.values[head.clone()].fill(0.0);
    total.values[bias.clone()].fill(0.0);
    for gradient in gradients.iter() {
        for (sum, d) in total.values[head.clone()].iter_mut().zip(gradient.panels.head.iter()) {
            *sum += d;
        }
        total.values[bias.start] += gradient.panels.head_bias;
    }
    let tables = shape.n_numeric * shape.gates()..shape.inputs(0) * shape.gates();
    total.values[tables.clone()].fill(0.0);
    for gradient in gradients {
        gradient.drain_table(&mut total.values[tables.clone()]);
    }
}

/// Sums one matrix, `(k, 4·hidden)` in `total` and `(blocks, rows, quad)` in each gradient: `part` gives it with its rows.
fn sum(gradients: &[Gradient], total: &mut [f32], part: impl Fn(&Panels) -> (&[f32], usize) + Sync) {
    let Some(first) = gradients.first() else { return total.fill(0.0) };
    let layout = first.panels.layout;
    let n_gates = 4 * layout.hidden;
    let rows_at_once = (BLOCK / n_gates).max(1);
    total.par_chunks_mut(rows_at_once * n_gates).enumerate().for_each(|(i, chunk)| {
        chunk.fill(0.0);
        for gradient in gradients {
            let (values, rows) = part(&gradient.panels);
            for (k, total) in chunk.chunks_exact_mut(n_gates).enumerate() {
                add_row(layout.simd, layout, total, values, rows, i * rows_at_once + k);
            }
        }
    });
}
