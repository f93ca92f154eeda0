//! A column as it was learned, what it is held against, and what that adds to the surprise.

use crate::bins::{Bins, UNSEEN};
use crate::config::Unseen;

/// A column as benign rows have it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) bins: Bins,
    /// What the benign rows of each code weigh, `(n_codes)`.
    pub(crate) weights: Vec<f64>,
    /// What it is held against, those that tell most of it first.
    pub(crate) parents: Vec<Parent>,
}

impl Column {
    /// Whether what it holds adds nothing to the surprise: a category that no benign row has, where that is so.
    pub(crate) fn is_neutral(&self, code: usize, unseen: Unseen) -> bool {
        unseen == Unseen::Neutral && code == UNSEEN && matches!(self.bins, Bins::Categories { .. })
    }
}

/// Another column that a column is held against.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parent {
    /// Its place.
    pub(crate) column: usize,
    /// What the benign rows of each two codes weigh, `(n_codes of the parent, n_codes of the column)`, row-major.
    pub(crate) weights: Vec<f64>,
}

/// A summand of the surprise: what a column's code adds, given another column's.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The column's place.
    pub column: usize,
    /// The other column's place; `None` where the column is held against its own frequencies.
    pub given: Option<usize>,
    /// Nats, `(n_codes of the other column or 1, n_codes of the column)`, row-major; whole multiples of 2^-22, so that
    /// sums in f64 are exact in any order.
    pub nats: Vec<f32>,
}
