//! What the members see: a column view for the forest, a row view for the LSTM.

/// Both views of the same rows.
#[derive(Debug, Clone)]
pub struct Features {
    /// For the forest.
    pub tabular: Tabular,
    /// For the LSTM.
    pub dense: Dense,
}

/// Column-major features, unscaled, missing kept. Every split on them is `value <= threshold`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tabular {
    /// Feature names, one a column.
    pub names: Vec<String>,
    /// What each column holds.
    pub kinds: Vec<TabularKind>,
    /// `(n_features)` columns of `(n_rows)`; NaN is missing.
    pub columns: Vec<Vec<f32>>,
}

/// What a column of [`Tabular`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TabularKind {
    /// A number as read.
    Numeric,
    /// A category's rank by its smoothed attack rate in training.
    RankedCategory,
}

impl Tabular {
    /// Rows in the view.
    pub fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// Features in the view.
    pub fn n_features(&self) -> usize {
        self.columns.len()
    }
}

/// Row-major features: scaled numbers without gaps, and fitted category codes for a gather in the input layer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dense {
    /// Names of the numeric inputs.
    pub numeric_names: Vec<String>,
    /// `(n_rows, n_numeric)`, row-major, finite.
    pub numeric: Vec<f32>,
    /// Names of the categorical inputs.
    pub code_names: Vec<String>,
    /// `(n_rows, n_codes)`, row-major, `codes[_, j] < cardinality[j]`.
    pub codes: Vec<u32>,
    /// Distinct codes of each categorical input, `other` included.
    pub cardinality: Vec<u32>,
    /// Rows in the view.
    pub n_rows: usize,
}

impl Dense {
    /// Numeric inputs of row `i`, `(n_numeric)`.
    pub fn numeric_row(&self, i: usize) -> &[f32] {
        let width = self.numeric_names.len();
        &self.numeric[i * width..(i + 1) * width]
    }

    /// Category codes of row `i`, `(n_codes)`.
    pub fn code_row(&self, i: usize) -> &[u32] {
        let width = self.code_names.len();
        &self.codes[i * width..(i + 1) * width]
    }
}
