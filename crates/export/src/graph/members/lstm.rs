//! One step of an LSTM in plain operators, as `Lstm::tensors` says what it computes: a category is a row of the first
//! layer's matrix, as in our own scorer, and never a one-hot vector.
//!
//! The order of operations is our scorer's: categories before numbers before what is remembered, sigmoid as
//! ½ tanh(½ x) + ½, and its tangent (`tanh`).

use nta_lstm::{Lstm, Tensor};

use super::Written;
use super::tanh::tanh;
use crate::ExportError;
use crate::graph::fusion::logistic;
use crate::graph::views::Views;
use crate::onnx::{Element, GraphBuilder, Value};

/// The probability of attack, `(rows, 1)`, from a row and, where `state` comes in, `(rows, layers * 2 * hidden)`, what
/// came before.
pub(crate) fn write(
    graph: &mut GraphBuilder,
    views: &mut Views<'_>,
    lstm: &Lstm,
    state: Option<&Value>,
) -> Result<Written, ExportError> {
    let learned = Learned { tensors: lstm.tensors(), hidden: lstm.hidden() };
    let (layers, hidden) = (lstm.n_layers(), lstm.hidden());
    let memory = state.map(|state| {
        let state = match views.goes_on(graph) {
            // What a host did before a long silence is forgotten, whatever the caller kept.
            Some(goes_on) => {
                let nothing = graph.floats(vec![], &[0.0]);
                graph.node("Where", &[&goes_on, state, &nothing])
            }
            None => state.clone(),
        };
        graph.split(&state, 2 * layers, hidden)
    });
    let mut next = Vec::new();
    let mut gates = first_gates(graph, views, lstm, &learned)?;
    let mut outputs = None;
    for layer in 0..layers {
        if let Some(below) = &outputs {
            gates = learned.layer_above(graph, layer, below)?;
        }
        let before = memory.as_ref().map(|parts| (&parts[2 * layer], &parts[2 * layer + 1]));
        if let Some((h, _)) = before {
            let recurrent = learned.matrix(graph, &format!("lstm.weight_hh_l{layer}"))?;
            let recurrent = graph.node("MatMul", &[h, &recurrent]);
            gates = graph.node("Add", &[&gates, &recurrent]);
        }
        let [h, c] = advance(graph, &gates, before.map(|(_, c)| c), hidden);
        next.extend([h.clone(), c]);
        outputs = Some(h);
    }
    let outputs = outputs.ok_or_else(|| ExportError::unsayable("the network has no layer"))?;
    let (head, bias) = (learned.matrix(graph, "head.weight")?, learned.values("head.bias")?[0]);
    let (logit, bias) = (graph.node("MatMul", &[&outputs, &head]), graph.floats(vec![], &[bias]));
    let logit = graph.node("Add", &[&logit, &bias]);
    // In f64: ranking rare attacks needs the differences between very small probabilities.
    let wide = graph.cast(&logit, Element::Double);
    let probability = logistic(graph, &wide);
    let state = memory.map(|_| (graph.beside(&next), 2 * layers * hidden));
    Ok(Written { score: graph.cast(&probability, Element::Float), state })
}

/// What the row's own inputs contribute to the first layer's gates, `(rows, 4 * hidden)`.
fn first_gates(
    graph: &mut GraphBuilder,
    views: &mut Views<'_>,
    lstm: &Lstm,
    learned: &Learned,
) -> Result<Value, ExportError> {
    let (n_numeric, gates) = (lstm.numeric_names().len(), 4 * lstm.hidden());
    let weights = learned.turned("lstm.weight_ih_l0")?;
    let constant = views.constant_numbers();
    let n_varying = n_numeric - constant.len();
    let mut bias = learned.bias(0)?;
    for (k, number) in constant.iter().enumerate() {
        let row = &weights[(n_varying + k) * gates..][..gates];
        bias.iter_mut().zip(row).for_each(|(bias, weight)| *bias += number * weight);
    }
    let mut sum = graph.floats(vec![1, gates], &bias);
    for (column, codes) in views.codes().iter().enumerate() {
        let table = learned.table(lstm, &weights, column)?;
        let table = graph.floats(vec![table.len() / gates, gates], &table);
        let row = graph.gather(&table, codes, 0);
        sum = graph.node("Add", &[&sum, &row]);
    }
    if let Some(numbers) = views.dense(graph) {
        let matrix = graph.floats(vec![n_varying, gates], &weights[..n_varying * gates]);
        let product = graph.node("MatMul", &[&numbers, &matrix]);
        sum = graph.node("Add", &[&sum, &product]);
    }
    Ok(sum)
}

/// The layer's outputs and cell states from its gates' sums, in the order i, f, g, o.
fn advance(graph: &mut GraphBuilder, gates: &Value, before: Option<&Value>, hidden: usize) -> [Value; 2] {
    // All four at once: tanh for g, ½ tanh(½ x) + ½ for the others.
    let mut each = |sigmoid: f32, tanh: f32| {
        let values: Vec<f32> = [sigmoid, sigmoid, tanh, sigmoid].iter().flat_map(|&x| vec![x; hidden]).collect();
        graph.floats(vec![1, 4 * hidden], &values)
    };
    let (scale, shift) = (each(0.5, 1.0), each(0.5, 0.0));
    let scaled = graph.node("Mul", &[gates, &scale]);
    let bent = tanh(graph, &scaled);
    let bent = graph.node("Mul", &[&bent, &scale]);
    let activated = graph.node("Add", &[&bent, &shift]);
    let parts = graph.split(&activated, 4, hidden);
    let mut cells = graph.node("Mul", &[&parts[0], &parts[2]]);
    if let Some(before) = before {
        let kept = graph.node("Mul", &[&parts[1], before]);
        cells = graph.node("Add", &[&kept, &cells]);
    }
    let bent = tanh(graph, &cells);
    [graph.node("Mul", &[&parts[3], &bent]), cells]
}

/// The network's tensors by their names.
struct Learned {
    tensors: Vec<Tensor>,
    hidden: usize,
}

impl Learned {
    fn tensor(&self, name: &str) -> Result<&Tensor, ExportError> {
        let found = self.tensors.iter().find(|tensor| tensor.name == name);
        found.ok_or_else(|| ExportError::unsayable(format!("the network has no {name}")))
    }

    fn values(&self, name: &str) -> Result<&[f32], ExportError> {
        Ok(&self.tensor(name)?.values)
    }

    /// A matrix of `(outputs, inputs)` as `(inputs, outputs)`.
    fn turned(&self, name: &str) -> Result<Vec<f32>, ExportError> {
        let tensor = self.tensor(name)?;
        let [rows, columns] = tensor.shape[..] else {
            return Err(ExportError::unsayable(format!("{name} is no matrix")));
        };
        let turned = (0..columns).flat_map(|c| (0..rows).map(move |r| tensor.values[r * columns + c]));
        Ok(turned.collect())
    }

    fn matrix(&self, graph: &mut GraphBuilder, name: &str) -> Result<Value, ExportError> {
        let (outputs, turned) = (self.tensor(name)?.shape[0], self.turned(name)?);
        Ok(graph.floats(vec![turned.len() / outputs, outputs], &turned))
    }

    fn bias(&self, layer: usize) -> Result<Vec<f32>, ExportError> {
        let input = self.values(&format!("lstm.bias_ih_l{layer}"))?;
        let recurrent = self.values(&format!("lstm.bias_hh_l{layer}"))?;
        Ok(input.iter().zip(recurrent).map(|(a, b)| a + b).collect())
    }

    /// What the outputs of the layer below contribute.
    fn layer_above(&self, graph: &mut GraphBuilder, layer: usize, below: &Value) -> Result<Value, ExportError> {
        let weights = self.matrix(graph, &format!("lstm.weight_ih_l{layer}"))?;
        let bias = graph.floats(vec![1, 4 * self.hidden], &self.bias(layer)?);
        let product = graph.node("MatMul", &[below, &weights]);
        Ok(graph.node("Add", &[&product, &bias]))
    }

    /// What each code of categorical input `column` contributes, `(codes, 4 * hidden)`. `weights` is the first layer's
    /// matrix, inputs first.
    fn table(&self, lstm: &Lstm, weights: &[f32], column: usize) -> Result<Vec<f32>, ExportError> {
        let (gates, codes) = (4 * self.hidden, lstm.cardinality());
        let first = lstm.numeric_names().len();
        let Some(dimension) = lstm.embedding_dimension() else {
            let start = first + codes[..column].iter().sum::<u32>() as usize;
            return Ok(weights[start * gates..][..codes[column] as usize * gates].to_vec());
        };
        let rows = &weights[(first + column * dimension) * gates..][..dimension * gates];
        let vectors = self.values(&format!("embedding.{column}.weight"))?;
        let unfolded = |vector: &[f32]| -> Vec<f32> {
            let sum = |gate: usize| {
                let terms = vector.iter().zip(rows[gate..].iter().step_by(gates));
                terms.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() as f32
            };
            (0..gates).map(sum).collect()
        };
        Ok(vectors.chunks_exact(dimension).flat_map(unfolded).collect())
    }
}
