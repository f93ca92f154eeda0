//! A column's codes as classes: codes that no summand of the surprise tells apart are one.

use crate::column::Column;
use crate::config::Unseen;

/// What each code of a column belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Classes {
    /// `(n_codes)`.
    of_code: Vec<u8>,
    /// A code of each class, `(n_classes)`.
    codes: Vec<usize>,
}

impl Classes {
    /// Codes without benign rows are as rare as each other, whatever they are held against and as a parent; a code that adds
    /// nothing is for itself, and so is each code with rows.
    pub(crate) fn of(column: &Column, unseen: Unseen) -> Self {
        let mut classes = Classes { of_code: Vec::with_capacity(column.weights.len()), codes: Vec::new() };
        let mut without_rows = None;
        for (code, weight) in column.weights.iter().enumerate() {
            let next = classes.codes.len();
            let is_alone = *weight > 0.0 || column.is_neutral(code, unseen);
            let class = if is_alone { next } else { *without_rows.get_or_insert(next) };
            if class == next {
                classes.codes.push(code);
            }
            classes.of_code.push(class as u8);
        }
        classes
    }

    /// How many codes the column has.
    pub(crate) fn n_codes(&self) -> usize {
        self.of_code.len()
    }

    /// The class of a code.
    pub(crate) fn class(&self, code: usize) -> u8 {
        self.of_code[code]
    }

    /// A code of each class.
    pub(crate) fn codes(&self) -> &[usize] {
        &self.codes
    }
}
