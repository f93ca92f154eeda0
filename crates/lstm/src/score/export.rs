//! The network from outside, as matrices with names: for exporters and checks. Not for scoring, whose weights lie as the
//! vector unit takes them.

use crate::{Lstm, Tensor};

impl Lstm {
    /// Everything that was learned, under PyTorch's names and in PyTorch's layout: what a `state_dict` of
    /// `lstm = nn.LSTM(n_inputs, hidden, n_layers)` and `head = nn.Linear(hidden, 1)` holds, with
    /// `embedding = nn.ModuleList([nn.Embedding(codes, dimension), …])` before where categories are embedded.
    ///
    /// | name | shape |
    /// |---|---|
    /// | `embedding.{j}.weight`, with an embedding | (codes of categorical input j, dimension) |
    /// | `lstm.weight_ih_l{l}` | (4 hidden, inputs of layer l) |
    /// | `lstm.weight_hh_l{l}` | (4 hidden, hidden) |
    /// | `lstm.bias_ih_l{l}`, `lstm.bias_hh_l{l}` (all 0) | (4 hidden) |
    /// | `head.weight`, `head.bias` | (1, hidden), (1) |
    ///
    /// The inputs x of layer 0 are the numbers in the order of [`Lstm::numeric_names`], then for each of
    /// [`Lstm::code_names`] in turn either as many places as it has codes, 1 at the row's code and 0 elsewhere, or its
    /// code's row of the embedding. The inputs of a layer above are the outputs h of the layer below; there is no dropout
    /// in service.
    ///
    /// Rows of the matrices are gates, `hidden` rows each, in the order i, f, g, o. With
    /// a = `weight_ih` x + `bias_ih` + `weight_hh` h + `bias_hh`:
    /// i, f, o = σ(a), g = tanh(a), c' = f c + i g, h' = o tanh(c'), σ being the logistic function; h and c are 0 at an
    /// entity's first flow, and at every flow where [`Lstm::carries_state`] is false. The probability of attack is
    /// σ(`head.weight` h' + `head.bias`) of the last layer.
    pub fn tensors(&self) -> Vec<Tensor> {
        self.learned().to_tensors("")
    }

    /// Hidden units of each layer.
    pub fn hidden(&self) -> usize {
        self.weights.shape.hidden
    }

    /// LSTM layers on top of each other.
    pub fn n_layers(&self) -> usize {
        self.weights.shape.layers
    }

    /// Numbers that a category code is embedded in; `None` where each code has weights of its own in layer 0.
    pub fn embedding_dimension(&self) -> Option<usize> {
        self.learned().shape.embedding
    }
}
