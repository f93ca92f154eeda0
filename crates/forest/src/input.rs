//! Checks of the tables that come in: shape, names, finite values.

use std::collections::{HashMap, HashSet};

use nta_data::{Label, Tabular};
use rayon::prelude::*;

use crate::bootstrap::MOST_DISTINCT;
use crate::{Bootstrap, ForestError};

/// Counts and multiplicities share 32 bits with one flag.
const MOST_ROWS: usize = (u32::MAX >> 1) as usize;

/// Refuses what cannot be learned from.
pub(crate) fn check_training(x: &Tabular, y: &[Label], bootstrap: Bootstrap) -> Result<(), ForestError> {
    check_shape(x)?;
    let rows = x.n_rows();
    if x.n_features() == 0 {
        return Err(ForestError::NoFeatures);
    }
    if rows == 0 {
        return Err(ForestError::NoRows);
    }
    let most = match bootstrap {
        Bootstrap::Distinct => MOST_DISTINCT,
        Bootstrap::Rows | Bootstrap::None => MOST_ROWS,
    };
    if rows > most {
        return Err(ForestError::TooManyRows { rows, most });
    }
    if rows != y.len() {
        return Err(ForestError::LabelsDiffer { rows, labels: y.len() });
    }
    match y.iter().filter(|l| l.is_attack()).count() {
        0 => return Err(ForestError::OneClass { rows, class: "benign" }),
        n if n == rows => return Err(ForestError::OneClass { rows, class: "attacks" }),
        _ => {}
    }
    check_finite(x)
}

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

fn check_shape(x: &Tabular) -> Result<(), ForestError> {
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
