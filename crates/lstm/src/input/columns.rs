//! What goes into the network: which columns, and which codes.

use nta_data::Dense;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::LstmError;

/// The inputs that a network was trained with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inputs {
    /// Names of the numbers, in order.
    pub(crate) numeric_names: Vec<String>,
    /// Names of the categories, in order.
    pub(crate) code_names: Vec<String>,
    /// Distinct codes of each.
    pub(crate) cardinality: Vec<u32>,
}

impl Inputs {
    /// Those of `dense`.
    pub(crate) fn of(dense: &Dense) -> Self {
        Inputs {
            numeric_names: dense.numeric_names.clone(),
            code_names: dense.code_names.clone(),
            cardinality: dense.cardinality.clone(),
        }
    }

    /// Refuses other inputs than these, a table that contradicts itself, codes out of range, and numbers that are not
    /// finite.
    pub(crate) fn check(&self, part: &'static str, dense: &Dense) -> Result<(), LstmError> {
        same_names(["numeric input", "numeric inputs"], &self.numeric_names, &dense.numeric_names)?;
        same_names(["categorical input", "categorical inputs"], &self.code_names, &dense.code_names)?;
        let same = |what, found: usize, expected: usize| {
            if found == expected { Ok(()) } else { Err(LstmError::RowsDiffer { part, what, found, expected }) }
        };
        let (n_numeric, n_codes) = (self.numeric_names.len(), self.code_names.len());
        same("numeric values", dense.numeric.len(), dense.n_rows * n_numeric)?;
        same("codes", dense.codes.len(), dense.n_rows * n_codes)?;
        same("cardinalities", self.cardinality.len(), n_codes)?;
        if let Some(i) = first_not_finite(&dense.numeric) {
            let (row, column) = (i / n_numeric, self.numeric_names[i % n_numeric].clone());
            return Err(LstmError::NotFinite { part, row, column, value: dense.numeric[i].to_string() });
        }
        if n_codes == 0 {
            return Ok(());
        }
        for (row, codes) in dense.codes.chunks_exact(n_codes).enumerate() {
            for ((&code, &cardinality), column) in codes.iter().zip(&self.cardinality).zip(&self.code_names) {
                if code >= cardinality {
                    let column = column.clone();
                    return Err(LstmError::CodeOutOfRange { part, row, column, code, cardinality });
                }
            }
        }
        Ok(())
    }
}

/// Blocks are looked through on all threads and in vectors; only a bad one is searched.
fn first_not_finite(values: &[f32]) -> Option<usize> {
    const BLOCK: usize = 1 << 14;
    let search = |(i, block): (usize, &[f32])| {
        let good = block.iter().fold(true, |good, x| good & x.is_finite());
        if good { None } else { block.iter().position(|x| !x.is_finite()).map(|at| i * BLOCK + at) }
    };
    values.par_chunks(BLOCK).enumerate().find_map_first(search)
}

/// `what`: one and many of them, as the message names them.
fn same_names(what: [&'static str; 2], expected: &[String], found: &[String]) -> Result<(), LstmError> {
    if expected.len() != found.len() {
        return Err(LstmError::WidthDiffers { what: what[1], found: found.len(), expected: expected.len() });
    }
    match expected.iter().zip(found).position(|(e, f)| e != f) {
        None => Ok(()),
        Some(i) => Err(LstmError::ColumnsDiffer {
            what: what[0],
            position: i + 1,
            found: found[i].clone(),
            expected: expected[i].clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_that_is_not_finite_is_found_in_any_block() {
        let mut values = vec![1.0; 100_000];
        assert_eq!(first_not_finite(&values), None);
        for at in [99_999, 70_000, 16_384, 0] {
            values[at] = f32::INFINITY;
            assert_eq!(first_not_finite(&values), Some(at));
        }
    }
}
