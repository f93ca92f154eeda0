//! A batch as burn takes it: sequences filled up to one length.

use burn::tensor::{Device, Int, Tensor, TensorData};
use nta_data::{Dense, Rng};

use crate::engine::batch::Batch;
use crate::engine::contract::Truth;
use crate::engine::dropout::Dropout;
use crate::input::Pack;
use crate::weights::Shape;

/// A batch as padded tensors. Rows stand time-major: step `t` of sequence `s` is `t · n_sequences + s`.
pub(super) struct Padded {
    pub(super) n_sequences: usize,
    pub(super) n_steps: usize,
    /// First steps of the batch that are read and not learned from, 0 without any. Sequences without such begin at the
    /// step after them.
    pub(super) context: usize,
    /// `(n_sequences, 1)`: 1 where a sequence has context, else 0.
    pub(super) warm: Tensor<2>,
    /// `(n_steps · n_sequences, n_numeric)`, absent without numbers.
    pub(super) numeric: Option<Tensor<2>>,
    /// A categorical input: `(n_steps · n_sequences)` rows of its embedding, or of the first layer's matrix.
    pub(super) codes: Vec<Tensor<1, Int>>,
    /// `(n_steps · n_sequences, 1)`.
    pub(super) attack: Tensor<2>,
    /// `(n_steps · n_sequences, 1)`; 0 where there is padding, and in the context.
    pub(super) weight: Tensor<2>,
    /// A layer: `(n_steps · n_sequences, hidden)` factors; none without dropout.
    pub(super) masks: Vec<Tensor<2>>,
    /// Sum of the weights.
    pub(super) total: f64,
    /// Power of the focal loss, 0 for the log loss.
    pub(super) power: f64,
}

impl Padded {
    /// The rows of `batch` on `device`, dropout masks drawn as the CPU engine draws them.
    pub(super) fn new(
        device: &Device,
        shape: &Shape,
        (dropout, seed): (Dropout, u64),
        (dense, truth, batch): (&Dense, &Truth, &Batch),
    ) -> Padded {
        let n_sequences = batch.packs.iter().map(|p| p.width(0)).sum::<usize>();
        let context = batch.packs.iter().map(|p| p.context).max().unwrap_or(0);
        let n_steps = batch.packs.iter().map(|p| context - p.context + p.n_steps()).max().unwrap_or(0);
        let n = n_sequences * n_steps;
        let (hidden, n_numeric) = (shape.hidden, shape.n_numeric);
        let mut host = HostBatch::zeros(shape, n, n_sequences, dropout);
        let mut first = 0;
        for (p, pack) in batch.packs.iter().enumerate() {
            let places = places(pack, context, n_sequences, first);
            host.warm[first..first + pack.width(0)].fill(if pack.context > 0 { 1.0 } else { 0.0 });
            host.put_rows(pack, &places, dense, truth);
            host.draw_masks(&places, hidden, dropout, &mut batch.dropout_rng(seed, p));
            first += pack.width(0);
        }
        let device = device.clone().autodiff();
        let matrix = |values: Vec<f32>, width: usize| -> Tensor<2> {
            let n = values.len() / width;
            Tensor::from_data(TensorData::new(values, [n, width]), &device)
        };
        let column = |codes: Vec<i32>| Tensor::<1, Int>::from_data(TensorData::new(codes, [n]), &device);
        Padded {
            n_sequences,
            n_steps,
            context,
            warm: matrix(host.warm, 1),
            numeric: (n_numeric > 0).then(|| matrix(host.numeric, n_numeric)),
            codes: host.codes.into_iter().map(column).collect(),
            attack: matrix(host.attack, 1),
            weight: matrix(host.weight, 1),
            masks: host.masks.into_iter().map(|m| matrix(m, hidden)).collect(),
            total: truth.weight_of(batch),
            power: truth.loss.power(),
        }
    }
}

/// The same in memory, before it goes to the device.
struct HostBatch {
    warm: Vec<f32>,
    numeric: Vec<f32>,
    codes: Vec<Vec<i32>>,
    /// Row, of the matrix that codes are looked up in, where each categorical input begins.
    tables: Vec<u32>,
    attack: Vec<f32>,
    weight: Vec<f32>,
    masks: Vec<Vec<f32>>,
}

impl HostBatch {
    /// Nothing but padding, `n` rows of it.
    fn zeros(shape: &Shape, n: usize, n_sequences: usize, dropout: Dropout) -> Self {
        let n_masks = if dropout.is_on() { shape.layers } else { 0 };
        let tables = match shape.embedding {
            Some(_) => vec![0; shape.cardinality.len()],
            None => shape.table_rows(),
        };
        HostBatch {
            warm: vec![0.0; n_sequences],
            numeric: vec![0.0; n * shape.n_numeric],
            codes: tables.iter().map(|&t| vec![t as i32; n]).collect(),
            tables,
            attack: vec![0.0; n],
            weight: vec![0.0; n],
            masks: vec![vec![0.0; n * shape.hidden]; n_masks],
        }
    }

    /// Copies a pack's rows to their `places`.
    fn put_rows(&mut self, pack: &Pack, places: &[usize], dense: &Dense, truth: &Truth) {
        let n_numeric = dense.numeric_names.len();
        for (i, (&place, &row)) in places.iter().zip(&pack.rows).enumerate() {
            let row = row as usize;
            self.numeric[place * n_numeric..(place + 1) * n_numeric].copy_from_slice(dense.numeric_row(row));
            for ((codes, &code), &table) in self.codes.iter_mut().zip(dense.code_row(row)).zip(&self.tables) {
                codes[place] = (table + code) as i32;
            }
            if i >= pack.first_learned() {
                self.attack[place] = f32::from(u8::from(truth.attack[row]));
                self.weight[place] = truth.weight[row];
            }
        }
    }

    /// Draws which outputs of the rows at `places` are dropped, layer by layer.
    fn draw_masks(&mut self, places: &[usize], hidden: usize, dropout: Dropout, rng: &mut Rng) {
        let mut drawn = Vec::new();
        for mask in &mut self.masks {
            Dropout::draw(&mut drawn, places.len() * hidden, rng);
            for (&place, random) in places.iter().zip(drawn.chunks_exact(hidden)) {
                for (factor, &random) in mask[place * hidden..].iter_mut().zip(random) {
                    *factor = dropout.factor(random);
                }
            }
        }
    }
}

/// Where a pack's rows stand in the padded tensors, its sequences being `first` and following: all that is learned from
/// begins at step `context`.
pub(super) fn places(pack: &Pack, context: usize, n_sequences: usize, first: usize) -> Vec<usize> {
    let step = |t: usize| (context - pack.context + t) * n_sequences + first;
    (0..pack.n_steps()).flat_map(|t| (0..pack.width(t)).map(move |s| step(t) + s)).collect()
}
