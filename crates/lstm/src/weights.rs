//! The weights themselves: drawn, and taken to and from the names and layout of PyTorch.

use nta_data::{Purpose, rng};
use rand_core::RngCore;
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

use crate::shape::{Part, Shape};

/// All weights of a network of some [`Shape`]; also a gradient or a moment of each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    pub(crate) shape: Shape,
    /// `(n_weights)`, see [`Shape::parts`].
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
        let n_tables = shape.parts().iter().filter(|(part, _)| matches!(part, Part::Embedding(_))).count();
        for (i, (part, range)) in shape.parts().into_iter().enumerate() {
            let values = &mut weights.values[range];
            let (limit, stream) = match part {
                Part::Embedding(_) => ((3.0 / shape.embedding.unwrap_or(1) as f32).sqrt(), u64::MAX - i as u64),
                _ => (limit, (i - n_tables) as u64),
            };
            match part {
                Part::Bias(_) => values[shape.hidden..2 * shape.hidden].fill(1.0),
                Part::HeadBias => values[0] = prior,
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

    /// The weights of one part.
    pub(crate) fn part(&self, part: Part) -> &[f32] {
        &self.values[self.shape.range(part)]
    }

    /// Whether every weight is a number.
    pub(crate) fn are_finite(&self) -> bool {
        self.values.iter().all(|w| w.is_finite())
    }

    /// Named tensors that `load_state_dict` of a PyTorch module with `lstm = nn.LSTM(inputs, hidden, layers)` and
    /// `head = nn.Linear(hidden, 1)` takes as they are: `(name, shape, little-endian bytes)`. The LSTM's inputs are the
    /// numbers, then the one-hot positions of every categorical column; or, where these are embedded, the numbers, then
    /// the columns' vectors by `embedding = nn.ModuleList([nn.Embedding(codes, dimension), …])`. PyTorch's second bias
    /// is 0.
    pub(crate) fn to_tensors(&self, prefix: &str) -> Vec<(String, Vec<usize>, Vec<u8>)> {
        let shape = &self.shape;
        let (gates, hidden) = (shape.gates(), shape.hidden);
        let mut tensors = Vec::new();
        for (part, range) in shape.parts() {
            let values = &self.values[range];
            let bytes = |values: &[f32]| values.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
            let name = |name: String| format!("{prefix}{name}");
            match part {
                Part::Embedding(j) => {
                    let size = vec![shape.cardinality[j] as usize, shape.embedding.unwrap_or(0)];
                    tensors.push((name(format!("embedding.{j}.weight")), size, bytes(values)));
                }
                Part::Input(l) => {
                    let inputs = shape.inputs(l);
                    let turned = bytes(&transposed(values, inputs, gates));
                    tensors.push((name(format!("lstm.weight_ih_l{l}")), vec![gates, inputs], turned));
                }
                Part::Recurrent(l) => {
                    let turned = bytes(&transposed(values, hidden, gates));
                    tensors.push((name(format!("lstm.weight_hh_l{l}")), vec![gates, hidden], turned));
                }
                Part::Bias(l) => {
                    tensors.push((name(format!("lstm.bias_ih_l{l}")), vec![gates], bytes(values)));
                    tensors.push((name(format!("lstm.bias_hh_l{l}")), vec![gates], vec![0; 4 * gates]));
                }
                Part::HeadWeight => tensors.push((name("head.weight".into()), vec![1, hidden], bytes(values))),
                Part::HeadBias => tensors.push((name("head.bias".into()), vec![1], bytes(values))),
            }
        }
        tensors
    }

    /// The reverse of [`Weights::to_tensors`]; every tensor is checked for presence, type and shape, and PyTorch's two
    /// biases are added.
    pub(crate) fn from_tensors(shape: &Shape, prefix: &str, tensors: &SafeTensors<'_>) -> Result<Self, String> {
        let read = |name: String, expected: &[usize]| {
            let name = format!("{prefix}{name}");
            let view = tensors.tensor(&name).map_err(|_| format!("tensor {name} is missing"))?;
            if view.dtype() != Dtype::F32 || view.shape() != expected {
                let (found, kind) = (view.shape(), view.dtype());
                return Err(format!("tensor {name} is {kind:?} {found:?}, not F32 {expected:?}"));
            }
            let values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
            match values.iter().position(|w| !w.is_finite()) {
                Some(i) => Err(format!("tensor {name} holds {} at {i}", values[i])),
                None => Ok(values),
            }
        };
        let (gates, hidden) = (shape.gates(), shape.hidden);
        // Grows with what is there: a damaged file may claim any size.
        let mut values = Vec::new();
        for (part, _) in shape.parts() {
            match part {
                Part::Embedding(j) => {
                    let size = [shape.cardinality[j] as usize, shape.embedding.unwrap_or(0)];
                    values.extend(read(format!("embedding.{j}.weight"), &size)?);
                }
                Part::Input(l) => {
                    let inputs = shape.inputs(l);
                    let stored = read(format!("lstm.weight_ih_l{l}"), &[gates, inputs])?;
                    values.extend(transposed(&stored, gates, inputs));
                }
                Part::Recurrent(l) => {
                    let stored = read(format!("lstm.weight_hh_l{l}"), &[gates, hidden])?;
                    values.extend(transposed(&stored, gates, hidden));
                }
                Part::Bias(l) => {
                    let input = read(format!("lstm.bias_ih_l{l}"), &[gates])?;
                    let recurrent = read(format!("lstm.bias_hh_l{l}"), &[gates])?;
                    // Ours is written as 0; adding it would turn a −0 into 0 and change the bytes of a copy.
                    let sum = input.iter().zip(&recurrent).map(|(&a, &b)| if b == 0.0 { a } else { a + b });
                    values.extend(sum);
                }
                Part::HeadWeight => values.extend(read("head.weight".into(), &[1, hidden])?),
                Part::HeadBias => values.extend(read("head.bias".into(), &[1])?),
            }
        }
        let weights = Weights { shape: shape.clone(), values };
        if weights.are_finite() { Ok(weights) } else { Err("a sum of two biases is not finite".into()) }
    }
}

/// `(rows, columns)` row-major to `(columns, rows)`.
pub(crate) fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut turned = vec![0.0; values.len()];
    transpose_into(values, rows, columns, &mut turned);
    turned
}

/// As [`transposed`], into memory at hand.
pub(crate) fn transpose_into(values: &[f32], rows: usize, columns: usize, turned: &mut [f32]) {
    for (r, row) in values.chunks_exact(columns).enumerate() {
        for (c, &value) in row.iter().enumerate() {
            turned[c * rows + r] = value;
        }
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
        assert_eq!(a.part(Part::HeadBias), [-2.5]);
        assert!(a.part(Part::Bias(1))[16..32].iter().all(|&b| b == 1.0));
        assert!(a.part(Part::Bias(1))[..16].iter().all(|&b| b == 0.0));
        let recurrent = a.part(Part::Recurrent(0));
        assert!(recurrent.iter().all(|w| w.abs() <= 0.25));
        let mean = recurrent.iter().sum::<f32>() / recurrent.len() as f32;
        assert!(mean.abs() < 0.02 && recurrent.iter().any(|w| *w > 0.2) && recurrent.iter().any(|w| *w < -0.2));
    }

    #[test]
    fn tensors_stand_as_pytorch_stores_them() {
        let shape = Shape { n_numeric: 2, cardinality: vec![], embedding: None, hidden: 1, layers: 1 };
        let weights = Weights { shape, values: (0..18).map(|i| i as f32).collect() };
        let tensors = weights.to_tensors("");
        let (name, dims, bytes) = &tensors[0];
        assert_eq!((name.as_str(), dims.as_slice()), ("lstm.weight_ih_l0", &[4, 2][..]));
        let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
        assert_eq!(values, [0.0, 4.0, 1.0, 5.0, 2.0, 6.0, 3.0, 7.0]);
        let names: Vec<&str> = tensors.iter().map(|t| t.0.as_str()).collect();
        assert_eq!(names[1..], ["lstm.weight_hh_l0", "lstm.bias_ih_l0", "lstm.bias_hh_l0", "head.weight", "head.bias"]);
    }
}
