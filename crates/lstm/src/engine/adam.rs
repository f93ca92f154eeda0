//! Adam with decoupled weight decay (Kingma and Ba 2015; Loshchilov and Hutter 2019), after clipping the gradient by its
//! global norm, with PyTorch's constants and PyTorch's place of the small number in the denominator.

use rayon::prelude::*;

use crate::weights::{Shape, Weights};

pub(crate) const BETA_1: f64 = 0.9;
pub(crate) const BETA_2: f64 = 0.999;
pub(crate) const EPSILON: f64 = 1e-8;

/// A gradient nearer to 0 counts as 0, so that its square is no subnormal number.
const NO_GRADIENT: f32 = 1e-17;

/// A mean nearer to 0 is 0: it would move a weight by at most 1e-22 step sizes.
const NO_MEAN: f32 = 1e-30;

/// A mean of squares nearer to 0 is 0: beside [`EPSILON`] its root is nothing.
const NO_SQUARE: f32 = 1e-37;

/// Values that one thread updates at a time; also the blocks in which squares are summed.
const BLOCK: usize = 16_384;

/// How far one step goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    /// Step size.
    pub(crate) learning_rate: f64,
    /// Share of a weight lost per unit of step size.
    pub(crate) weight_decay: f64,
    /// Longest gradient.
    pub(crate) clip_norm: f64,
}

/// The optimiser's memory.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Adam {
    /// Running mean of the gradient.
    pub(crate) mean: Weights,
    /// Running mean of its square.
    pub(crate) square: Weights,
    /// Steps taken.
    pub(crate) steps: u64,
}

/// One step's numbers, the same for all weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepSizes {
    /// learning rate / (1 − β₁ᵗ).
    pub(crate) step: f32,
    /// 1 / √(1 − β₂ᵗ).
    pub(crate) root_scale: f32,
    /// 1 − learning rate · weight decay.
    pub(crate) keep: f32,
}

impl StepSizes {
    /// For step number `steps`, from 1.
    pub(crate) fn new(steps: u64, rate: Rate) -> Self {
        let t = steps as f64;
        StepSizes {
            step: (rate.learning_rate / (1.0 - BETA_1.powf(t))) as f32,
            root_scale: (1.0 / (1.0 - BETA_2.powf(t)).sqrt()) as f32,
            keep: (1.0 - rate.learning_rate * rate.weight_decay) as f32,
        }
    }
}

impl Adam {
    /// Before the first step.
    pub(crate) fn new(shape: &Shape) -> Self {
        Adam { mean: Weights::zeros(shape), square: Weights::zeros(shape), steps: 0 }
    }

    /// Moves `weights` one step against `gradient`, which is clipped in place.
    pub(crate) fn apply(&mut self, weights: &mut Weights, gradient: &mut Weights, rate: Rate) {
        clip(&mut gradient.values, rate.clip_norm);
        self.steps += 1;
        let sizes = StepSizes::new(self.steps, rate);
        for (parameter, range) in weights.shape.parameters() {
            let keep = if parameter.is_bias() { 1.0 } else { sizes.keep };
            weights.values[range.clone()]
                .par_chunks_mut(BLOCK)
                .zip(gradient.values[range.clone()].par_chunks(BLOCK))
                .zip(self.mean.values[range.clone()].par_chunks_mut(BLOCK))
                .zip(self.square.values[range].par_chunks_mut(BLOCK))
                .for_each(|(((w, g), m), s)| update(w, g, m, s, StepSizes { keep, ..sizes }));
        }
    }
}

/// The weights of a category that no flow of the last steps has keep a mean that shrinks by a tenth a step. Left alone it ends
/// among the subnormal numbers and stays there, for nine tenths of the least of them round back to it, and each step over such
/// numbers takes the processor a hundred times as long.
fn update(weights: &mut [f32], gradient: &[f32], mean: &mut [f32], square: &mut [f32], sizes: StepSizes) {
    let (beta_1, beta_2) = (BETA_1 as f32, BETA_2 as f32);
    for (((w, &g), m), s) in weights.iter_mut().zip(gradient).zip(mean).zip(square) {
        let g = zero_below(NO_GRADIENT, g);
        *m = zero_below(NO_MEAN, beta_1 * *m + (1.0 - beta_1) * g);
        *s = zero_below(NO_SQUARE, beta_2 * *s + (1.0 - beta_2) * g * g);
        *w = *w * sizes.keep - sizes.step * *m / (s.sqrt() * sizes.root_scale + EPSILON as f32);
    }
}

fn zero_below(least: f32, x: f32) -> f32 {
    if x.abs() < least { 0.0 } else { x }
}

/// Shortens the gradient to `longest`; squares are summed in f64 in fixed blocks.
fn clip(gradient: &mut [f32], longest: f64) {
    let squares: Vec<f64> = gradient.par_chunks(BLOCK).map(sum_of_squares).collect();
    let norm = squares.iter().sum::<f64>().sqrt();
    if norm > longest {
        let scale = (longest / norm) as f32;
        gradient.par_chunks_mut(BLOCK).for_each(|block| block.iter_mut().for_each(|g| *g *= scale));
    }
}

fn sum_of_squares(values: &[f32]) -> f64 {
    let (eights, rest) = values.as_chunks::<8>();
    let mut lanes = [0f64; 8];
    for eight in eights {
        for (lane, &x) in lanes.iter_mut().zip(eight) {
            *lane += f64::from(x) * f64::from(x);
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_steps_equal_the_formula_by_hand() {
        let shape = Shape { n_numeric: 1, cardinality: vec![], embedding: None, hidden: 1, layers: 1 };
        let rate = Rate { learning_rate: 0.1, weight_decay: 0.5, clip_norm: 1e9 };
        let mut weights = Weights::zeros(&shape);
        weights.values.fill(1.0);
        let mut gradient = Weights::zeros(&shape);
        gradient.values.fill(0.5);
        let mut adam = Adam::new(&shape);
        adam.apply(&mut weights, &mut gradient, rate);
        // The first step is learning_rate · sign(g) behind decay: 1 · 0.95 − 0.1 on a weight, 0.9 on a bias.
        let n = weights.values.len();
        assert!((weights.values[0] - 0.85).abs() < 1e-6 && (weights.values[n - 1] - 0.9).abs() < 1e-6);
        gradient.values.fill(-0.5);
        adam.apply(&mut weights, &mut gradient, rate);
        // m = 0.9·0.05 − 0.05 = −0.005, /0.19; s = 0.001·0.25·(0.999 + 1), /0.001999: √ = 0.5.
        let step = 0.1 * (-0.005 / 0.19) / 0.5;
        assert!((f64::from(weights.values[n - 1]) - (0.9 - step)).abs() < 1e-6);
        assert!((f64::from(weights.values[0]) - (0.85 * 0.95 - step)).abs() < 1e-6);
    }

    #[test]
    fn what_is_not_learned_any_more_ends_at_nothing() {
        let (mut weights, mut mean, mut square) = ([0.5f32; 4], [0.1f32; 4], [1e-30f32; 4]);
        let sizes = StepSizes { step: 1e-3, root_scale: 1.0, keep: 1.0 };
        for _ in 0..20_000 {
            update(&mut weights, &[0.0, 1e-20, -1e-25, 0.0], &mut mean, &mut square, sizes);
            let subnormal = mean.iter().chain(&square).find(|x| x.is_subnormal());
            assert_eq!(subnormal, None);
        }
        assert_eq!((mean, square), ([0.0; 4], [0.0; 4]));
    }

    #[test]
    fn a_long_gradient_is_shortened_and_a_short_one_kept() {
        let mut gradient = vec![3.0f32, 0.0, 4.0];
        clip(&mut gradient, 10.0);
        assert_eq!(gradient, [3.0, 0.0, 4.0]);
        clip(&mut gradient, 1.0);
        assert!((gradient[0] - 0.6).abs() < 1e-6 && (gradient[2] - 0.8).abs() < 1e-6);
    }
}
