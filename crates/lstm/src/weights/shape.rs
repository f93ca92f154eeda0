//! The one definition of the network: its sizes, where each weight stands, and what a weight is called.
//!
//! ```text
//! numbers (n_numeric) × W  +  one row of W per category code  +  bias
//!   → LSTM layer 0 (hidden) → dropout → … → LSTM layer n−1 (hidden) → dropout → linear (1) → sigmoid
//! ```
//! With an embedding a category code is a row of its column's table, `(dimension)` numbers that W has rows for; the row of
//! W that the code would have without, table row × W, is what the engines compute with (`embedding.rs`).
//!
//! All weights are one run of f32, so that an optimiser, a sum of gradients and a checkpoint need not know the layers.
//! Matrices stand input-major, `(inputs, 4·hidden)`: a category's weights are one row, and sums run over rows.
//! The gates stand in PyTorch's order: input, forget, cell, output.

use std::ops::Range;

/// Sizes of a network.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shape {
    /// Numeric inputs.
    pub(crate) n_numeric: usize,
    /// Codes of each categorical input.
    pub(crate) cardinality: Vec<u32>,
    /// Numbers that a category code is embedded in; `None`: a row of the first layer's matrix is its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) embedding: Option<usize>,
    /// Width of each layer.
    pub(crate) hidden: usize,
    /// Layers.
    pub(crate) layers: usize,
}

/// What a run of weights is: a parameter of PyTorch's modules, its two biases being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// `(codes, dimension)` of a categorical input that is embedded.
    Embedding(usize),
    /// `(inputs of the layer, 4·hidden)`.
    Input(usize),
    /// `(hidden, 4·hidden)`.
    Recurrent(usize),
    /// `(4·hidden)`.
    Bias(usize),
    /// `(hidden)`.
    HeadWeight,
    /// `(1)`.
    HeadBias,
}

impl Parameter {
    /// Whether weight decay applies.
    pub(crate) fn is_bias(self) -> bool {
        matches!(self, Parameter::Bias(_) | Parameter::HeadBias)
    }
}

impl Shape {
    /// Most weights a network may have; beyond this a file is damaged or a setting a mistake.
    const MOST_WEIGHTS: usize = 1 << 28;

    /// Refuses sizes no network can have, whatever bytes they were read from.
    pub(crate) fn check(&self) -> Result<(), String> {
        let sizes_fit = (1..=4_096).contains(&self.hidden)
            && (1..=16).contains(&self.layers)
            && self.embedding.is_none_or(|d| (1..=1_024).contains(&d));
        let codes = self.cardinality.iter().try_fold(0usize, |sum, &c| sum.checked_add(c as usize));
        let width = codes.and_then(|c| c.checked_add(self.n_numeric));
        let embedded = self.embedding.unwrap_or(0).checked_mul(self.cardinality.len());
        let per_input = 4 * self.hidden + self.embedding.unwrap_or(0);
        let weights = width.zip(embedded).and_then(|(w, e)| w.checked_add(e)?.checked_mul(per_input));
        match weights {
            Some(weights) if sizes_fit && weights <= Self::MOST_WEIGHTS && width != Some(0) => Ok(()),
            _ => Err(format!(
                "sizes out of range: {} numbers, {} categorical inputs, hidden {}, layers {}",
                self.n_numeric,
                self.cardinality.len(),
                self.hidden,
                self.layers
            )),
        }
    }

    /// Width of all four gates.
    pub(crate) fn gates(&self) -> usize {
        4 * self.hidden
    }

    /// Inputs of `layer`, one-hot positions counted, or the numbers of every embedding.
    pub(crate) fn inputs(&self, layer: usize) -> usize {
        if layer > 0 {
            return self.hidden;
        }
        let codes = || self.cardinality.iter().map(|&c| c as usize).sum::<usize>();
        self.n_numeric + self.embedding.map_or_else(codes, |dimension| dimension * self.cardinality.len())
    }

    /// The same network with a row of the first layer's matrix for every code.
    pub(crate) fn one_hot(&self) -> Self {
        Shape { embedding: None, ..self.clone() }
    }

    /// Numbers in all embedding tables.
    fn n_embedded(&self) -> usize {
        self.embedding.map_or(0, |dimension| self.cardinality.iter().map(|&c| c as usize * dimension).sum())
    }

    /// Row of the first layer's matrix where each categorical input's table begins; without an embedding.
    pub(crate) fn table_rows(&self) -> Vec<u32> {
        let mut next = self.n_numeric as u32;
        let mut place = |&cardinality: &u32| {
            let start = next;
            next += cardinality;
            start
        };
        self.cardinality.iter().map(&mut place).collect()
    }

    /// Every parameter with its place among the weights, in order, without gaps.
    pub(crate) fn parameters(&self) -> Vec<(Parameter, Range<usize>)> {
        let mut parameters = Vec::new();
        let mut at = 0;
        let mut add = |parameter, len| {
            parameters.push((parameter, at..at + len));
            at += len;
        };
        if let Some(dimension) = self.embedding {
            for (column, &codes) in self.cardinality.iter().enumerate() {
                add(Parameter::Embedding(column), codes as usize * dimension);
            }
        }
        for layer in 0..self.layers {
            add(Parameter::Input(layer), self.inputs(layer) * self.gates());
            add(Parameter::Recurrent(layer), self.hidden * self.gates());
            add(Parameter::Bias(layer), self.gates());
        }
        add(Parameter::HeadWeight, self.hidden);
        add(Parameter::HeadBias, 1);
        parameters
    }

    /// Weights in all.
    pub(crate) fn n_weights(&self) -> usize {
        let layer = |l| (self.inputs(l) + self.hidden + 1) * self.gates();
        self.n_embedded() + (0..self.layers).map(layer).sum::<usize>() + self.hidden + 1
    }

    /// Where `parameter` stands.
    pub(crate) fn range(&self, parameter: Parameter) -> Range<usize> {
        let layer_start = |l: usize| {
            let first = if l > 0 { (self.inputs(0) + self.hidden + 1) * self.gates() } else { 0 };
            self.n_embedded() + first + l.saturating_sub(1) * (2 * self.hidden + 1) * self.gates()
        };
        let (start, len) = match parameter {
            Parameter::Embedding(column) => {
                let dimension = self.embedding.unwrap_or(0);
                let before: usize = self.cardinality[..column].iter().map(|&c| c as usize).sum();
                (before * dimension, self.cardinality[column] as usize * dimension)
            }
            Parameter::Input(l) => (layer_start(l), self.inputs(l) * self.gates()),
            Parameter::Recurrent(l) => (layer_start(l) + self.inputs(l) * self.gates(), self.hidden * self.gates()),
            Parameter::Bias(l) => (layer_start(l) + (self.inputs(l) + self.hidden) * self.gates(), self.gates()),
            Parameter::HeadWeight => (layer_start(self.layers), self.hidden),
            Parameter::HeadBias => (layer_start(self.layers) + self.hidden, 1),
        };
        start..start + len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_without_gaps() {
        for (layers, embedding) in [(1, None), (2, None), (3, Some(2)), (1, Some(6))] {
            let shape = Shape { n_numeric: 3, cardinality: vec![2, 5], embedding, hidden: 4, layers };
            let mut end = 0;
            for (parameter, range) in shape.parameters() {
                assert_eq!(range.start, end);
                assert_eq!(range, shape.range(parameter), "{parameter:?}");
                end = range.end;
            }
            assert_eq!(end, shape.n_weights());
            assert_eq!(shape.one_hot().table_rows(), [3, 5]);
        }
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        let shape = |n_numeric, cardinality: &[u32], hidden| Shape {
            n_numeric,
            cardinality: cardinality.to_vec(),
            embedding: None,
            hidden,
            layers: 1,
        };
        assert!(Shape { embedding: Some(8), ..shape(3, &[2], 4) }.check().is_ok());
        assert!(Shape { embedding: Some(0), ..shape(3, &[2], 4) }.check().is_err());
        assert!(shape(3, &[2], 4).check().is_ok());
        assert!(shape(usize::MAX, &[2], 4).check().is_err());
        assert!(shape(1, &[u32::MAX, u32::MAX], 4_096).check().is_err());
        assert!(shape(1, &[], 0).check().is_err());
        assert!(shape(0, &[], 4).check().is_err());
    }
}
