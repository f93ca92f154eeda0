//! The weights themselves, as one run of numbers: drawn before training, found by what they are.

use nta_data::{Purpose, rng};
use rand_core::RngCore;

use super::shape::{Parameter, Shape};

/// All weights of a network of some [`Shape`]; also a gradient or a moment of each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    pub(crate) shape: Shape,
    /// `(n_weights)`, see [`Shape::parameters`].
    pub(crate) values: Vec<f32>,
}

impl Weights {
    /// All zero.
    pub(crate) fn zeros(shape: &Shape) -> Self {
        Weights { shape: shape.clone(), values: vec![0.0; shape.n_weights()] }
    }

    /// Uniform in ±1/√hidden as PyTorch draws them; biases 0, the forget gate's 1 (Jozefowicz et al. 2015), the head's
    /// `prior`, the log odds of an attack, so that training begins with the base rate known. Embeddings uniform with
    /// variance 1/dimension: table row × W then varies as a row of W does, and a category begins no louder than one-hot.
    pub(crate) fn draw(shape: &Shape, seed: u64, prior: f32) -> Self {
        let mut weights = Weights::zeros(shape);
        let limit = 1.0 / (shape.hidden as f32).sqrt();
        // Each part has its own stream. Embeddings count from the end: the other parts begin as they do without.
        let n_tables =
            shape.parameters().iter().filter(|(parameter, _)| matches!(parameter, Parameter::Embedding(_))).count();
        for (i, (parameter, range)) in shape.parameters().into_iter().enumerate() {
            let values = &mut weights.values[range];
            let (limit, stream) = match parameter {
                Parameter::Embedding(_) => ((3.0 / shape.embedding.unwrap_or(1) as f32).sqrt(), u64::MAX - i as u64),
                _ => (limit, (i - n_tables) as u64),
            };
            match parameter {
                Parameter::Bias(_) => values[shape.hidden..2 * shape.hidden].fill(1.0),
                Parameter::HeadBias => values[0] = prior,
                _ => {
                    let mut rng = rng(seed, Purpose::InitialWeights, stream, 0);
                    values.fill_with(|| {
                        let unit = (rng.next_u32() >> 8) as f32 / (1u32 << 24) as f32;
                        (2.0 * unit - 1.0) * limit
                    });
                }
            }
        }
        weights
    }

    /// The weights of one parameter.
    pub(crate) fn of(&self, parameter: Parameter) -> &[f32] {
        &self.values[self.shape.range(parameter)]
    }

    /// Whether every weight is a number.
    pub(crate) fn are_finite(&self) -> bool {
        self.values.iter().all(|w| w.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_draw_depends_on_the_seed_alone_and_keeps_its_range() {
        let shape = Shape { n_numeric: 3, cardinality: vec![4], embedding: None, hidden: 16, layers: 2 };
        let a = Weights::draw(&shape, 7, -2.5);
        assert_eq!(a, Weights::draw(&shape, 7, -2.5));
        assert_ne!(a, Weights::draw(&shape, 8, -2.5));
        assert_eq!(a.of(Parameter::HeadBias), [-2.5]);
        assert!(a.of(Parameter::Bias(1))[16..32].iter().all(|&b| b == 1.0));
        assert!(a.of(Parameter::Bias(1))[..16].iter().all(|&b| b == 0.0));
        let recurrent = a.of(Parameter::Recurrent(0));
        assert!(recurrent.iter().all(|w| w.abs() <= 0.25));
        let mean = recurrent.iter().sum::<f32>() / recurrent.len() as f32;
        assert!(mean.abs() < 0.02 && recurrent.iter().any(|w| *w > 0.2) && recurrent.iter().any(|w| *w < -0.2));
    }
}
