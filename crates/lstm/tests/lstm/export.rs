//! The tensors from outside tell everything that a score is made of.

use std::collections::BTreeMap;

use nta_lstm::{Categorical, Lstm, LstmConfig, Scratch, Tensor};

use crate::contract::{Traffic, fit, small};

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `matrix` × `x`, `(rows)`.
fn times(matrix: &Tensor, x: &[f64]) -> Vec<f64> {
    assert_eq!(matrix.shape[1], x.len(), "{}", matrix.name);
    let rows = matrix.values.chunks_exact(matrix.shape[1]);
    rows.map(|row| row.iter().zip(x).map(|(&w, x)| f64::from(w) * x).sum()).collect()
}

/// The network written down from [`Lstm::tensors`] in f64.
struct ByHand<'l> {
    lstm: &'l Lstm,
    tensors: BTreeMap<String, Tensor>,
    /// Output and cell state of each layer.
    state: Vec<(Vec<f64>, Vec<f64>)>,
}

impl<'l> ByHand<'l> {
    fn new(lstm: &'l Lstm) -> Self {
        let zeros = || vec![0.0; lstm.hidden()];
        ByHand {
            lstm,
            tensors: lstm.tensors().into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect(),
            state: (0..lstm.n_layers()).map(|_| (zeros(), zeros())).collect(),
        }
    }

    fn inputs(&self, numeric: &[f32], codes: &[u32]) -> Vec<f64> {
        let mut x: Vec<f64> = numeric.iter().map(|&x| f64::from(x)).collect();
        for (j, (&code, &cardinality)) in codes.iter().zip(self.lstm.cardinality()).enumerate() {
            match self.lstm.embedding_dimension() {
                None => x.extend((0..cardinality).map(|c| if c == code { 1.0 } else { 0.0 })),
                Some(dimension) => {
                    let table = &self.tensors[&format!("embedding.{j}.weight")];
                    assert_eq!(table.shape, [cardinality as usize, dimension]);
                    x.extend(table.values[code as usize * dimension..][..dimension].iter().map(|&w| f64::from(w)));
                }
            }
        }
        x
    }

    /// The probability of the next flow.
    fn step(&mut self, numeric: &[f32], codes: &[u32]) -> f64 {
        let (mut x, hidden) = (self.inputs(numeric, codes), self.lstm.hidden());
        for l in 0..self.lstm.n_layers() {
            let tensor = |name: &str| &self.tensors[&format!("lstm.{name}_l{l}")];
            let (h, c) = &self.state[l];
            let mut a = times(tensor("weight_ih"), &x);
            for (sum, term) in a.iter_mut().zip(times(tensor("weight_hh"), h)) {
                *sum += term;
            }
            for bias in [tensor("bias_ih"), tensor("bias_hh")] {
                a.iter_mut().zip(&bias.values).for_each(|(sum, &b)| *sum += f64::from(b));
            }
            let gate = |i: usize, unit: usize| a[i * hidden + unit];
            let cells: Vec<f64> =
                (0..hidden).map(|u| sigmoid(gate(1, u)) * c[u] + sigmoid(gate(0, u)) * gate(2, u).tanh()).collect();
            let outputs: Vec<f64> = (0..hidden).map(|u| sigmoid(gate(3, u)) * cells[u].tanh()).collect();
            x.clone_from(&outputs);
            if self.lstm.carries_state() {
                self.state[l] = (outputs, cells);
            }
        }
        let head = times(&self.tensors["head.weight"], &x);
        sigmoid(head[0] + f64::from(self.tensors["head.bias"].values[0]))
    }
}

#[test]
fn two_steps_written_down_in_f64_give_the_scores() {
    let ordered = (Traffic::ordered(4_000, 1), Traffic::ordered(400, 2));
    // Without state there is nothing to learn from an order.
    let separable = (Traffic::separable(4_000, 1), Traffic::separable(400, 2));
    let base = LstmConfig { epochs: 2, hidden: 12, ..small() };
    let two_layers = LstmConfig { layers: 2, hidden: 20, ..base.clone() };
    let embedded = LstmConfig { categorical: Categorical::Embedding(3), ..two_layers.clone() };
    let mut alone = base.clone();
    alone.sequence.length = 1;
    let ways = [(base, &ordered), (two_layers, &ordered), (embedded, &ordered), (alone, &separable)];
    for (config, (train, validation)) in ways {
        let lstm = fit(&config, train, validation).lstm;
        let mut differ = false;
        for i in 0..validation.sequences.len() {
            let (mut by_hand, mut state, mut scratch) = (ByHand::new(&lstm), lstm.fresh_state(), Scratch::default());
            for &row in validation.sequences.get(i).iter().take(2) {
                let (numeric, codes) =
                    (validation.dense.numeric_row(row as usize), validation.dense.code_row(row as usize));
                let ours = lstm.step(&mut state, numeric, codes, &mut scratch);
                let theirs = by_hand.step(numeric, codes);
                assert!((f64::from(ours) - theirs).abs() < 1e-5, "{config:?}: {ours} here, {theirs} by hand");
                differ |= (theirs - 0.5).abs() > 0.05;
            }
        }
        assert!(differ, "a network that says nothing would prove nothing");
    }
}
