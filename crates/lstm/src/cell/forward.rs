//! One step of one layer forward, for training and for scoring: products, gates and state in one go.
//!
//! With a = the four pre-activations: i, f, o = σ(a), g = tanh(a), c' = f·c + i·g, h = o·tanh(c'). Every sum runs over
//! the inputs, then over the outputs of the step before, each first to last: a row's result is the same bits whether it
//! comes alone or among others.

// Arrays of vectors stay in registers when they are indexed by numbers that the compiler knows.
#![allow(clippy::needless_range_loop)]

use super::panels::{Layer, Layout};
use crate::kernel::{Left, Right, Vectors, accumulate, for_height, multiversion, next_tile, sigmoid, tanh};

/// What a step starts from.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) layout: Layout,
    pub(crate) layer: &'a Layer,
    /// Rows of the step.
    pub(crate) rows: usize,
    /// `(rows, inputs of the layer)` words; empty when the sums that it begins with hold their part.
    pub(crate) inputs: &'a [f32],
    /// `(rows, words of width)` outputs of the step before; empty at a cold start.
    pub(crate) outputs: &'a [f32],
    /// `(rows, width)` cell states of the step before; empty at a cold start.
    pub(crate) cells: &'a [f32],
    /// Whether the sums begin with what stands in [`StepResults::gates`], not with the bias alone.
    pub(crate) started: bool,
    /// Whether blocks come last to first, which changes no result: a step that goes the other way than the one before it
    /// finds the weights which that one used last still in the nearest cache.
    pub(crate) from_last: bool,
}

/// Where its results go.
pub(crate) struct StepResults<'a> {
    /// `(blocks, n, quad)`: the gates of more steps than this one; may be empty when they are neither started nor kept.
    pub(crate) gates: &'a mut [f32],
    /// Rows of `gates`.
    pub(crate) n: usize,
    /// The step's first row in `gates`.
    pub(crate) first: usize,
    /// `(rows, width)` tanh of the new cell states. Empty when nothing but state and output is kept, as in scoring.
    pub(crate) squashed: &'a mut [f32],
    /// `(rows, width)`.
    pub(crate) cells: &'a mut [f32],
    /// `(rows, width)`.
    pub(crate) outputs: &'a mut [f32],
    /// `(rows, words of width)`: the outputs again, for products. Unused where a word is one term.
    pub(crate) words: &'a mut [f32],
}

multiversion! {
    /// Takes the step.
    pub(crate) fn forward = forward_body(step: Step<'_>, results: StepResults<'_>)
}

#[inline(always)]
fn forward_body<S: Vectors>(s: S, step: Step<'_>, mut results: StepResults<'_>) {
    let blocks = step.layout.blocks;
    // A row alone has the four sums of a block, too few to keep the unit busy while each waits for its last term.
    let wide = if step.rows == 1 { 2 } else { 1 };
    let places = blocks.div_ceil(wide);
    for place in 0..places {
        let block = wide * if step.from_last { places - 1 - place } else { place };
        if wide == 2 && block + 1 < blocks {
            forward_tile::<S, 1, TWO>(s, &step, &mut results, block, 0);
            continue;
        }
        let mut left = 0..step.rows;
        while !left.is_empty() {
            let height = next_tile(&left, S::ROWS);
            for_height!(height, forward_tile::<S, ONE>(s, &step, &mut results, block, left.start));
            left.start += height;
        }
    }
}

/// Vectors of sums of one block, and of two.
const ONE: usize = 4;
const TWO: usize = 8;

/// `R` rows of `C` / 4 blocks from `block` on, from row `at` of the step on.
#[inline(always)]
fn forward_tile<S: Vectors, const R: usize, const C: usize>(
    s: S,
    step: &Step<'_>,
    results: &mut StepResults<'_>,
    block: usize,
    at: usize,
) {
    let (layer, width, quad) = (step.layer, step.layout.width(), 4 * S::LANES);
    let mut sums = [[s.splat(0.0); C]; R];
    for r in 0..R {
        for c in (0..C).step_by(4) {
            let block = block + c / 4;
            let start = if step.started {
                &results.gates[(block * results.n + results.first + at + r) * quad..][..quad]
            } else {
                &layer.bias[block * quad..][..quad]
            };
            for gate in 0..4 {
                sums[r][c + gate] = s.load(&start[gate * S::LANES..]);
            }
        }
    }
    if !step.inputs.is_empty() {
        add_inputs(s, &mut sums, layer, step.inputs, block, at);
    }
    if !step.outputs.is_empty() {
        let words = width / S::TERMS;
        let left = Left { values: &step.outputs[at * words..], row_stride: words, step: 1 };
        let panel = words * quad;
        let right = Right { values: &layer.recurrent[block * panel..], stride: quad, panel };
        accumulate(s, &mut sums, left, right, words);
    }
    for r in 0..R {
        for c in (0..C).step_by(4) {
            let quad = [sums[r][c], sums[r][c + 1], sums[r][c + 2], sums[r][c + 3]];
            finish(s, step, results, quad, block + c / 4, at + r);
        }
    }
}

/// From a row's four sums of one block to its gates, state and output.
#[inline(always)]
fn finish<S: Vectors>(
    s: S,
    step: &Step<'_>,
    results: &mut StepResults<'_>,
    sums: [S::Vector; 4],
    block: usize,
    row: usize,
) {
    let (unit, quad) = (row * step.layout.width() + block * S::LANES, 4 * S::LANES);
    let before = if step.cells.is_empty() { s.splat(0.0) } else { s.load(&step.cells[unit..]) };
    let gates = [sigmoid(s, sums[0]), sigmoid(s, sums[1]), tanh(s, sums[2]), sigmoid(s, sums[3])];
    let cell = s.multiply_add(gates[1], before, s.multiply(gates[0], gates[2]));
    let squashed = tanh(s, cell);
    let output = s.multiply(gates[3], squashed);
    s.store(cell, &mut results.cells[unit..]);
    s.store(output, &mut results.outputs[unit..]);
    if S::TERMS > 1 {
        s.store_words(output, &mut results.words[unit / S::TERMS..]);
    }
    if !results.squashed.is_empty() {
        s.store(squashed, &mut results.squashed[unit..]);
        let kept = &mut results.gates[(block * results.n + results.first + row) * quad..][..quad];
        for gate in 0..4 {
            s.store(gates[gate], &mut kept[gate * S::LANES..]);
        }
    }
}

/// Adds what rows from `at` on of `inputs` contribute to the sums of `C` / 4 blocks.
#[inline(always)]
fn add_inputs<S: Vectors, const R: usize, const C: usize>(
    s: S,
    sums: &mut [[S::Vector; C]; R],
    layer: &Layer,
    inputs: &[f32],
    block: usize,
    at: usize,
) {
    let (k, quad) = (layer.inputs, 4 * S::LANES);
    let left = Left { values: &inputs[at * k..], row_stride: k, step: 1 };
    let panel = k * quad;
    let right = Right { values: &layer.input[block * panel..], stride: quad, panel };
    accumulate(s, sums, left, right, k);
}

multiversion! {
    /// What `inputs` `(n, inputs of the layer)` of any steps contribute, `(blocks, n, quad)`: added to what stands there
    /// where the sums are `started`, else to the bias. A [`Step`] without inputs goes on from there to the same bits as
    /// one with them.
    pub(crate) fn project = project_body(layer: &Layer, inputs: &[f32], n: usize, started: bool, sums: &mut [f32])
}

#[inline(always)]
fn project_body<S: Vectors>(s: S, layer: &Layer, inputs: &[f32], n: usize, started: bool, sums: &mut [f32]) {
    let quad = 4 * S::LANES;
    for (block, bias) in layer.bias.chunks_exact(quad).enumerate() {
        let sums = &mut sums[block * n * quad..][..n * quad];
        let mut left = 0..n;
        while !left.is_empty() {
            let height = next_tile(&left, S::ROWS);
            let bias = if started { &[] } else { bias };
            for_height!(height, project_tile::<S>(s, layer, inputs, bias, sums, block, left.start));
            left.start += height;
        }
    }
}

/// `R` rows of one block, whose sums are `(n, quad)`, from row `at` on.
#[inline(always)]
fn project_tile<S: Vectors, const R: usize>(
    s: S,
    layer: &Layer,
    inputs: &[f32],
    bias: &[f32],
    into: &mut [f32],
    block: usize,
    at: usize,
) {
    let quad = 4 * S::LANES;
    let mut sums = [[s.splat(0.0); 4]; R];
    for r in 0..R {
        let start = if bias.is_empty() { &into[(at + r) * quad..][..quad] } else { bias };
        for gate in 0..4 {
            sums[r][gate] = s.load(&start[gate * S::LANES..]);
        }
    }
    add_inputs(s, &mut sums, layer, inputs, block, at);
    for r in 0..R {
        for gate in 0..4 {
            s.store(sums[r][gate], &mut into[(at + r) * quad + gate * S::LANES..]);
        }
    }
}

multiversion! {
    /// `logits[r] = outputs[r] · head + bias` for `outputs` `(rows, width)`.
    pub(crate) fn head = head_body(outputs: &[f32], head: &[f32], bias: f32, logits: &mut [f32])
}

#[inline(always)]
fn head_body<S: Vectors>(s: S, outputs: &[f32], head: &[f32], bias: f32, logits: &mut [f32]) {
    for (logit, row) in logits.iter_mut().zip(outputs.chunks_exact(head.len())) {
        let mut sums = s.splat(0.0);
        for (x, w) in row.chunks_exact(S::LANES).zip(head.chunks_exact(S::LANES)) {
            sums = s.multiply_add(s.load(x), s.load(w), sums);
        }
        let mut lanes = [0f32; 16];
        s.store(sums, &mut lanes);
        *logit = lanes.iter().sum::<f32>() + bias;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Panels;
    use crate::kernel::Simd;
    use crate::weights::{Parameter, Shape, Weights};

    /// Numbers in ±2 without a pattern that a wrong place could hide behind.
    fn values(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7_919 + seed * 104_729) % 4_001) as f32 / 1_000.0 - 2.0).collect()
    }

    /// Outputs, cell states and logits of some of the rows.
    fn step(panels: &Panels, inputs: &[f32], state: &[f32]) -> [Vec<f32>; 3] {
        let (layout, width) = (panels.layout, panels.layout.width());
        let rows = state.len() / width;
        let [mut cells, mut outputs] = [vec![0.0; rows * width], vec![0.0; rows * width]];
        let layer = &panels.layers[0];
        let from = Step { layout, layer, rows, inputs, outputs: state, cells: state, started: false, from_last: false };
        let (cells_to, outputs_to) = (&mut cells[..], &mut outputs[..]);
        let (gates, squashed, words) = (&mut [][..], &mut [][..], &mut [][..]);
        let results = StepResults { gates, n: 0, first: 0, squashed, cells: cells_to, outputs: outputs_to, words };
        forward(layout.simd, from, results);
        let mut logits = vec![0.0; rows];
        head(layout.simd, &outputs, &panels.head, panels.head_bias, &mut logits);
        [outputs, cells, logits]
    }

    #[test]
    fn a_row_gets_the_formulas_value_and_the_same_bits_alone_and_among_others() {
        let (k, rows) = (9, 15);
        for hidden in [1, 5, 16, 24, 70] {
            let shape = Shape { n_numeric: k, cardinality: vec![], embedding: None, hidden, layers: 1 };
            let mut weights = Weights::draw(&shape, 3, 0.25);
            let bias = shape.range(Parameter::Bias(0));
            weights.values[bias].copy_from_slice(&values(4 * hidden, 1));
            let inputs = values(rows * k, 2);
            for simd in Simd::all() {
                let panels = Panels::of(simd, &weights);
                let width = panels.layout.width();
                let mut state = vec![0.0; rows * width];
                for (r, row) in state.chunks_exact_mut(width).enumerate() {
                    row[..hidden].copy_from_slice(&values(hidden, 3 + r));
                }
                let together = step(&panels, &inputs, &state);
                for r in 0..rows {
                    let at = r * width..(r + 1) * width;
                    let alone = step(&panels, &inputs[r * k..(r + 1) * k], &state[at.clone()]);
                    assert_eq!(alone[0], together[0][at.clone()]);
                    assert_eq!(alone[1], together[1][at.clone()]);
                    assert_eq!(alone[2][0], together[2][r]);
                    assert!(alone[0][hidden..].iter().all(|&x| x == 0.0), "what fills a row up stays 0");
                    let (output, cell, logit) =
                        exact(&weights, &inputs[r * k..(r + 1) * k], &state[at.start..at.start + hidden]);
                    for j in 0..hidden {
                        assert!((f64::from(alone[0][j]) - output[j]).abs() < 3e-6, "{simd:?}, hidden {hidden}");
                        assert!((f64::from(alone[1][j]) - cell[j]).abs() < 3e-6, "{simd:?}, hidden {hidden}");
                    }
                    assert!((f64::from(alone[2][0]) - logit).abs() < 1e-5, "{simd:?}, hidden {hidden}");
                }
            }
        }
    }

    /// The formula in f64, from a state whose outputs and cells are the same numbers.
    fn exact(weights: &Weights, inputs: &[f32], state: &[f32]) -> (Vec<f64>, Vec<f64>, f64) {
        let hidden = weights.shape.hidden;
        let sum = |column: usize| {
            let part = |part, x: &[f32]| -> f64 {
                let rows = weights.of(part).chunks_exact(4 * hidden);
                x.iter().zip(rows).map(|(&x, row)| f64::from(x) * f64::from(row[column])).sum()
            };
            f64::from(weights.of(Parameter::Bias(0))[column])
                + part(Parameter::Input(0), inputs)
                + part(Parameter::Recurrent(0), state)
        };
        let gate = |x: f64| 1.0 / (1.0 + (-x).exp());
        let cell = |j: usize| gate(sum(hidden + j)) * f64::from(state[j]) + gate(sum(j)) * sum(2 * hidden + j).tanh();
        let cells: Vec<f64> = (0..hidden).map(cell).collect();
        let outputs: Vec<f64> = (0..hidden).map(|j| gate(sum(3 * hidden + j)) * cells[j].tanh()).collect();
        let head = weights.of(Parameter::HeadWeight);
        let logit = outputs.iter().zip(head).map(|(x, &w)| x * f64::from(w)).sum::<f64>();
        (outputs, cells, logit + f64::from(weights.of(Parameter::HeadBias)[0]))
    }
}
