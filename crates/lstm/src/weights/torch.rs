//! Weights under the names and in the layout of PyTorch, and back.

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

use super::shape::{Parameter, Shape};
use super::values::Weights;

/// A named matrix or vector of a network, as PyTorch stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// As in a `state_dict`: `lstm.weight_ih_l0`, `head.bias`, `embedding.0.weight`.
    pub name: String,
    /// Rows and columns, or the length of a vector.
    pub shape: Vec<usize>,
    /// Row by row, as many as `shape` multiplies to.
    pub values: Vec<f32>,
}

impl Weights {
    /// Named tensors that `load_state_dict` of a PyTorch module with `lstm = nn.LSTM(inputs, hidden, layers)` and
    /// `head = nn.Linear(hidden, 1)` takes as they are. The LSTM's inputs are the
    /// numbers, then the one-hot positions of every categorical column; or, where these are embedded, the numbers, then
    /// the columns' vectors by `embedding = nn.ModuleList([nn.Embedding(codes, dimension), …])`. PyTorch's second bias
    /// is 0.
    pub(crate) fn to_tensors(&self, prefix: &str) -> Vec<Tensor> {
        let shape = &self.shape;
        let (gates, hidden) = (shape.gates(), shape.hidden);
        let mut tensors = Vec::new();
        let mut put = |name: String, shape: Vec<usize>, values: Vec<f32>| {
            tensors.push(Tensor { name: format!("{prefix}{name}"), shape, values });
        };
        for (parameter, range) in shape.parameters() {
            let values = &self.values[range];
            match parameter {
                Parameter::Embedding(j) => {
                    let size = vec![shape.cardinality[j] as usize, shape.embedding.unwrap_or(0)];
                    put(format!("embedding.{j}.weight"), size, values.to_vec());
                }
                Parameter::Input(l) => {
                    let inputs = shape.inputs(l);
                    put(format!("lstm.weight_ih_l{l}"), vec![gates, inputs], transposed(values, inputs, gates));
                }
                Parameter::Recurrent(l) => {
                    put(format!("lstm.weight_hh_l{l}"), vec![gates, hidden], transposed(values, hidden, gates));
                }
                Parameter::Bias(l) => {
                    put(format!("lstm.bias_ih_l{l}"), vec![gates], values.to_vec());
                    put(format!("lstm.bias_hh_l{l}"), vec![gates], vec![0.0; gates]);
                }
                Parameter::HeadWeight => put("head.weight".into(), vec![1, hidden], values.to_vec()),
                Parameter::HeadBias => put("head.bias".into(), vec![1], values.to_vec()),
            }
        }
        tensors
    }

    /// The reverse of [`Weights::to_tensors`]; every tensor is checked for presence, type and shape, and PyTorch's two
    /// biases are added.
    pub(crate) fn from_tensors(shape: &Shape, prefix: &str, tensors: &SafeTensors<'_>) -> Result<Self, String> {
        let read = |name: String, expected: &[usize]| read(tensors, &format!("{prefix}{name}"), expected);
        let (gates, hidden) = (shape.gates(), shape.hidden);
        // Grows with what is there: a damaged file may claim any size.
        let mut values = Vec::new();
        for (parameter, _) in shape.parameters() {
            match parameter {
                Parameter::Embedding(j) => {
                    let size = [shape.cardinality[j] as usize, shape.embedding.unwrap_or(0)];
                    values.extend(read(format!("embedding.{j}.weight"), &size)?);
                }
                Parameter::Input(l) => {
                    let inputs = shape.inputs(l);
                    let stored = read(format!("lstm.weight_ih_l{l}"), &[gates, inputs])?;
                    values.extend(transposed(&stored, gates, inputs));
                }
                Parameter::Recurrent(l) => {
                    let stored = read(format!("lstm.weight_hh_l{l}"), &[gates, hidden])?;
                    values.extend(transposed(&stored, gates, hidden));
                }
                Parameter::Bias(l) => {
                    let input = read(format!("lstm.bias_ih_l{l}"), &[gates])?;
                    let recurrent = read(format!("lstm.bias_hh_l{l}"), &[gates])?;
                    // Ours is written as 0; adding it would turn a −0 into 0 and change the bytes of a copy.
                    let sum = input.iter().zip(&recurrent).map(|(&a, &b)| if b == 0.0 { a } else { a + b });
                    values.extend(sum);
                }
                Parameter::HeadWeight => values.extend(read("head.weight".into(), &[1, hidden])?),
                Parameter::HeadBias => values.extend(read("head.bias".into(), &[1])?),
            }
        }
        let weights = Weights { shape: shape.clone(), values };
        if weights.are_finite() { Ok(weights) } else { Err("a sum of two biases is not finite".into()) }
    }
}

/// The values of a tensor that is there, holds f32 and has this shape.
fn read(tensors: &SafeTensors<'_>, name: &str, expected: &[usize]) -> Result<Vec<f32>, String> {
    let view = tensors.tensor(name).map_err(|_| format!("tensor {name} is missing"))?;
    if view.dtype() != Dtype::F32 || view.shape() != expected {
        let (found, kind) = (view.shape(), view.dtype());
        return Err(format!("tensor {name} is {kind:?} {found:?}, not F32 {expected:?}"));
    }
    let values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    match values.iter().position(|w| !w.is_finite()) {
        Some(i) => Err(format!("tensor {name} holds {} at {i}", values[i])),
        None => Ok(values),
    }
}

/// `(rows, columns)` row-major to `(columns, rows)`.
fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut turned = vec![0.0; values.len()];
    for (r, row) in values.chunks_exact(columns).enumerate() {
        for (c, &value) in row.iter().enumerate() {
            turned[c * rows + r] = value;
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_stand_as_pytorch_stores_them() {
        let shape = Shape { n_numeric: 2, cardinality: vec![], embedding: None, hidden: 1, layers: 1 };
        let weights = Weights { shape, values: (0..18).map(|i| i as f32).collect() };
        let tensors = weights.to_tensors("");
        let first = &tensors[0];
        assert_eq!((first.name.as_str(), first.shape.as_slice()), ("lstm.weight_ih_l0", &[4, 2][..]));
        assert_eq!(first.values, [0.0, 4.0, 1.0, 5.0, 2.0, 6.0, 3.0, 7.0]);
        let names: Vec<&str> = tensors.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names[1..], ["lstm.weight_hh_l0", "lstm.bias_ih_l0", "lstm.bias_hh_l0", "head.weight", "head.bias"]);
    }
}
