//! Checks of the tables that come in: shape, names, finite values.

use std::collections::{HashMap, HashSet};

use nta_data::Tabular;
use rayon::prelude::*;

use crate::ForestError;

/// Refuses infinite values; the first in column order is named.
pub(crate) fn check_finite(x: &Tabular) -> Result<(), ForestError> {
    let found = x.columns.par_iter().enumerate().find_map_first(|(j, column)| {
        // A whole column without infinities is by far the usual case; folding lets the test run over many values at once.
        let any = column.iter().fold(false, |any, v| any | v.is_infinite());
        any.then(|| column.iter().position(|v| v.is_infinite()).map(|row| (j, row)))?
    });
    match found {
        None => Ok(()),
        Some((j, row)) => Err(ForestError::NotFinite { column: x.names[j].clone(), row, value: x.columns[j][row] }),
    }
}

/// Refuses columns of unequal length, and names that do not go with them.
pub(crate) fn check_shape(x: &Tabular) -> Result<(), ForestError> {
    if x.names.len() != x.columns.len() {
        return Err(ForestError::NamesDiffer { columns: x.columns.len(), names: x.names.len() });
    }
    let expected = x.n_rows();
    let mut seen = HashSet::new();
    for (name, column) in x.names.iter().zip(&x.columns) {
        if !seen.insert(name.as_str()) {
            return Err(ForestError::DuplicateName { column: name.clone() });
        }
        if column.len() != expected {
            return Err(ForestError::Ragged { column: name.clone(), rows: column.len(), expected });
        }
    }
    Ok(())
}

/// The columns of `x` in the order of `names`, wherever they stand in `x`. `(n_features)` slices of `(n_rows)`.
pub(crate) fn columns_by_name<'a>(names: &[String], x: &'a Tabular) -> Result<Vec<&'a [f32]>, ForestError> {
    check_shape(x)?;
    let place: HashMap<&str, usize> = x.names.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
    let found: Vec<&[f32]> =
        names.iter().filter_map(|n| place.get(n.as_str()).map(|&i| x.columns[i].as_slice())).collect();
    if found.len() == names.len() && x.names.len() == names.len() {
        return Ok(found);
    }
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    Err(ForestError::FeaturesDiffer {
        missing: names.iter().filter(|n| !place.contains_key(n.as_str())).cloned().collect(),
        unknown: x.names.iter().filter(|n| !known.contains(n.as_str())).cloned().collect(),
    })
}
