//! What must hold for the engines together: each is the other's reference.

use nta_data::{Dense, Label, Purpose, Sequences, rng};
use rand_core::RngCore;

use super::{Adam, Batch, Engine, Fused, Rate, Tensors, Truth};
use crate::input::Inputs;
use crate::kernel::Simd;
use crate::train::{Pieces, assemble, plan_epoch};
use crate::weights::{Parameter, Shape, Weights};
use crate::{DeviceChoice, Loss, Lstm, Start};

/// Random rows in sequences of random lengths, random labels, some rows of weight 0.
struct Traffic {
    dense: Dense,
    sequences: Sequences,
    truth: Truth,
}

impl Traffic {
    /// The sequences in pieces, each read after the one before it.
    fn pieces(&self, length: usize) -> Pieces {
        Pieces::new(&self.sequences, length, Start::Warm)
    }
}

/// Longer than any sequence.
const WHOLE: usize = 64;

fn traffic(n_numeric: usize, cardinality: &[u32], (n_rows, longest): (u32, u32)) -> Traffic {
    let mut rng = rng(5, Purpose::Simulation, 0, 0);
    let mut bounds = vec![0u32];
    while *bounds.last().unwrap() < n_rows {
        bounds.push((bounds.last().unwrap() + 1 + rng.next_u32() % longest).min(n_rows));
    }
    let mut unit = || (rng.next_u32() >> 8) as f32 / (1 << 24) as f32;
    let n = n_rows as usize;
    let dense = Dense {
        numeric_names: (0..n_numeric).map(|i| format!("n{i}")).collect(),
        numeric: (0..n * n_numeric).map(|_| 4.0 * unit() - 2.0).collect(),
        code_names: (0..cardinality.len()).map(|i| format!("c{i}")).collect(),
        codes: (0..n)
            .flat_map(|_| cardinality.iter().map(|&c| (unit() * c as f32) as u32).collect::<Vec<_>>())
            .collect(),
        cardinality: cardinality.to_vec(),
        n_rows: n,
    };
    let labels: Vec<Label> = (0..n).map(|_| if unit() < 0.3 { Label::Attack } else { Label::Benign }).collect();
    let weight: Vec<f32> = (0..n).map(|_| if unit() < 0.1 { 0.0 } else { 0.5 + unit() }).collect();
    let truth = Truth::new(&labels, Some(&weight), [1.0, 2.5], Loss::LogLoss);
    Traffic { dense, sequences: Sequences { rows: (0..n_rows).rev().collect(), bounds }, truth }
}

const RATE: Rate = Rate { learning_rate: 0.01, weight_decay: 0.01, clip_norm: 0.5 };

/// Rows, and those of the longest sequence.
const SHORT: (u32, u32) = (400, 9);

fn networks(size: (u32, u32)) -> Vec<(Traffic, Shape)> {
    let network = |n_numeric, cardinality: &[u32], embedding, hidden, layers, loss| {
        let shape = Shape { n_numeric, cardinality: cardinality.to_vec(), embedding, hidden, layers };
        let mut traffic = traffic(n_numeric, cardinality, size);
        traffic.truth.loss = loss;
        (traffic, shape)
    };
    vec![
        network(3, &[4, 7], None, 5, 1, Loss::LogLoss),
        network(4, &[], None, 16, 2, Loss::Focal(2.0)),
        network(0, &[6], None, 8, 3, Loss::LogLoss),
        network(3, &[4, 7], Some(3), 8, 2, Loss::LogLoss),
        network(0, &[9], Some(2), 5, 1, Loss::Focal(0.5)),
        network(5, &[3], None, 72, 2, Loss::LogLoss),
    ]
}

#[test]
fn written_out_gradients_equal_those_of_burn_on_every_vector_unit() {
    // Pieces of 8 of longer sequences: a pack of those with context has more rows than are summed at once.
    for (traffic, shape) in networks((800, 20)) {
        for (dropout, length) in [(0.0, WHOLE), (0.3, WHOLE), (0.0, 8), (0.3, 8)] {
            let weights = Weights::draw(&shape, 3, -0.5);
            let pieces = traffic.pieces(length);
            // With and without context in one batch, where there is any.
            let batches = plan_epoch(&pieces, 70, 1, 0);
            let mut batches = batches.iter().map(|members| assemble(&pieces, members, 0, 0));
            let has = |batch: &Batch, context| batch.packs.iter().any(|pack| pack.context == context);
            let batch = batches.find(|batch| has(batch, 0) && (length == WHOLE || has(batch, 8))).unwrap();
            let theirs = Tensors::new(DeviceChoice::Flex, &weights, &Adam::new(&shape), dropout, 9).unwrap();
            let (their_loss, theirs) = theirs.gradient(&traffic.dense, &traffic.truth, &batch).unwrap();
            for simd in Simd::all() {
                let mut ours = Fused::new(simd, weights.clone(), Adam::new(&shape), dropout, 9);
                let (our_loss, ours) = ours.gradient(&traffic.dense, &traffic.truth, &batch);
                assert!((our_loss.sum / our_loss.weight - their_loss).abs() < 1e-6);
                for (parameter, range) in shape.parameters() {
                    let (ours, theirs) = (&ours.values[range.clone()], &theirs.values[range]);
                    let largest = theirs.iter().fold(0f32, |m, g| m.max(g.abs()));
                    assert!(largest > 0.0, "{parameter:?}");
                    for (a, b) in ours.iter().zip(theirs) {
                        let near = (a - b).abs() <= 1e-4 * b.abs() + 1e-5 * largest;
                        assert!(near, "{simd:?}, {parameter:?}: {a} and {b}");
                    }
                }
            }
        }
    }
}

/// Rounding to bf16 moves a factor by 2⁻⁹ of itself at most, a product by 2⁻⁸, about 0.004. The way back meets it
/// anew in each of up to nine steps and three layers; errors of either sign largely cancel in sums, and the bound of
/// 0.02 is of the part's largest derivative; 0.05 where few rows are summed. Rounded wrongly, or to a neighbour's place,
/// nothing is within it.
#[test]
fn gradients_of_bf16_products_are_those_of_f32_but_for_rounding() {
    let Some(bf16) = Simd::bf16() else { return Simd::skip_bf16() };
    for (traffic, shape) in networks(SHORT) {
        for (dropout, length) in [(0.0, WHOLE), (0.3, WHOLE), (0.0, 3), (0.0, 1)] {
            let weights = Weights::draw(&shape, 3, -0.5);
            let pieces = traffic.pieces(length);
            // Whole, packs of 32 and 31: more rows than are summed at once, and an odd number that begin. In pieces of 3,
            // fewer rows, some after context.
            let members = plan_epoch(&pieces, 63, 1, 0).into_iter().find(|members| members.len() == 63).unwrap();
            let batch = assemble(&pieces, &members, 0, 0);
            let gradient = |simd| {
                let mut engine = Fused::new(simd, weights.clone(), Adam::new(&shape), dropout, 9);
                engine.gradient(&traffic.dense, &traffic.truth, &batch)
            };
            let ((loss, rounded), (exact_loss, exact)) = (gradient(bf16), gradient(Simd::detect()));
            assert!((loss.sum / exact_loss.sum - 1.0).abs() < 2e-3, "{} and {}", loss.sum, exact_loss.sum);
            assert!(length == 1 || rounded != exact, "rows alone may need no product");
            for (parameter, range) in shape.parameters() {
                let (rounded, exact) = (&rounded.values[range.clone()], &exact.values[range]);
                let largest = exact.iter().fold(0f32, |m, g| m.max(g.abs()));
                let furthest = rounded.iter().zip(exact).fold(0f32, |m, (a, b)| m.max((a - b).abs()));
                assert!(
                    (largest > 0.0) == (length > 1 || !matches!(parameter, Parameter::Recurrent(_))),
                    "{parameter:?}"
                );
                let bound = if length == 3 { 0.05 } else { 0.02 };
                assert!(furthest <= bound * largest, "{shape:?}, {parameter:?}: {furthest} of {largest}");
            }
        }
    }
}

#[test]
fn losses_of_fifty_steps_and_the_scores_after_them_agree() {
    for ((traffic, shape), dropout) in networks(SHORT).into_iter().zip([0.0, 0.1, 0.1, 0.0, 0.1]) {
        let weights = Weights::draw(&shape, 4, 0.0);
        let mut ours = Fused::new(Simd::detect(), weights.clone(), Adam::new(&shape), dropout, 2);
        let mut theirs = Tensors::new(DeviceChoice::Flex, &weights, &Adam::new(&shape), dropout, 2).unwrap();
        let (pieces, mut epoch, mut steps) = (traffic.pieces(3), 0, 0);
        while steps < 50 {
            for (index, members) in plan_epoch(&pieces, 20, 1, epoch).iter().enumerate() {
                let batch = assemble(&pieces, members, epoch, index);
                let a = ours.step(&traffic.dense, &traffic.truth, &batch, RATE).unwrap();
                let b = theirs.step(&traffic.dense, &traffic.truth, &batch, RATE).unwrap();
                let (a, b) = (a.sum / a.weight, b.sum / b.weight);
                assert!((a - b).abs() <= 1e-4 * b, "step {steps}: {a} and {b}");
                steps += 1;
            }
            epoch += 1;
        }
        assert_eq!(ours.adam().unwrap().steps, steps);
        let lstm = Lstm::new(theirs.weights().unwrap(), Inputs::of(&traffic.dense), true);
        let ours = lstm.predict_proba(&traffic.dense, &traffic.sequences).unwrap();
        let all: Vec<u32> = (0..traffic.sequences.len() as u32).collect();
        let mut longest_first = all.clone();
        longest_first.sort_by_key(|&i| std::cmp::Reverse(traffic.sequences.get(i as usize).len()));
        let batch = assemble(&traffic.pieces(WHOLE), &longest_first, 0, 0);
        let theirs = theirs.probabilities(&traffic.dense, &traffic.truth, &batch).unwrap();
        for (row, theirs) in batch.rows().zip(theirs) {
            assert!((ours[row as usize] - theirs).abs() < 1e-5);
        }
    }
}

#[test]
fn a_batch_without_weight_changes_nothing() {
    let (mut traffic, shape) = networks(SHORT).remove(0);
    traffic.truth.weight.fill(0.0);
    let weights = Weights::draw(&shape, 3, 0.0);
    let batch = assemble(&traffic.pieces(WHOLE), &[0], 0, 0);
    let mut ours = Fused::new(Simd::detect(), weights.clone(), Adam::new(&shape), 0.0, 9);
    let loss = ours.step(&traffic.dense, &traffic.truth, &batch, RATE).unwrap();
    assert_eq!((loss.sum, loss.weight), (0.0, 0.0));
    assert_eq!(ours.weights().unwrap(), weights);
}
