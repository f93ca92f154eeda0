//! Checks of the tables that come in: shape, names, kinds, values.

use std::collections::{HashMap, HashSet};

use nta_data::{Label, Tabular, TabularKind};
use rayon::prelude::*;

use crate::bins::{MOST_RANK, is_rank};
use crate::column::Column;
use crate::{Bins, DensityError};

/// Refuses what cannot be learned from.
pub(crate) fn check_training(x: &Tabular, y: &[Label]) -> Result<(), DensityError> {
    check_shape(x)?;
    if x.n_features() == 0 {
        return Err(DensityError::NoColumns);
    }
    if x.n_rows() != y.len() {
        return Err(DensityError::LabelsDiffer { rows: x.n_rows(), labels: y.len() });
    }
    check_values(x)
}

/// Refuses infinite values and ranks that are none; the first in column order is named.
pub(crate) fn check_values(x: &Tabular) -> Result<(), DensityError> {
    let fault = |j: usize| {
        let (column, is_category) = (&x.columns[j], x.kinds[j] == TabularKind::RankedCategory);
        let row = column.iter().position(|v| v.is_infinite() || is_category && !v.is_nan() && !is_rank(*v))?;
        let (column, value) = (x.names[j].clone(), column[row]);
        Some(match value.is_infinite() {
            true => DensityError::NotFinite { column, row, value },
            false => DensityError::NotARank { column, row, value },
        })
    };
    (0..x.n_features()).into_par_iter().find_map_first(fault).map_or(Ok(()), Err)
}

/// Refuses columns of unequal length, and names or kinds that do not go with them.
fn check_shape(x: &Tabular) -> Result<(), DensityError> {
    let (columns, names, kinds) = (x.columns.len(), x.names.len(), x.kinds.len());
    if names != columns || kinds != columns {
        return Err(DensityError::NamesDiffer { columns, names, kinds });
    }
    let expected = x.n_rows();
    let mut seen = HashSet::new();
    for (name, column) in x.names.iter().zip(&x.columns) {
        if !seen.insert(name.as_str()) {
            return Err(DensityError::DuplicateName { column: name.clone() });
        }
        if column.len() != expected {
            return Err(DensityError::Ragged { column: name.clone(), rows: column.len(), expected });
        }
    }
    Ok(())
}

/// The columns of `x` in the order of `learned`, wherever they stand in `x`; values are not looked at. `(n_columns)` slices of `(n_rows)`.
pub(crate) fn columns_by_name<'a>(learned: &[Column], x: &'a Tabular) -> Result<Vec<&'a [f32]>, DensityError> {
    check_shape(x)?;
    let place: HashMap<&str, usize> = x.names.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
    let known: HashSet<&str> = learned.iter().map(|c| c.name.as_str()).collect();
    let missing: Vec<String> =
        learned.iter().filter(|c| !place.contains_key(c.name.as_str())).map(|c| c.name.clone()).collect();
    let unknown: Vec<String> = x.names.iter().filter(|n| !known.contains(n.as_str())).cloned().collect();
    if !missing.is_empty() || !unknown.is_empty() {
        return Err(DensityError::ColumnsDiffer { missing, unknown });
    }
    let found = |column: &Column| {
        let j = place[column.name.as_str()];
        let (found, wanted) = (of_kind(x.kinds[j]), of_kind(column.bins.kind()));
        match found == wanted {
            true => Ok(x.columns[j].as_slice()),
            false => Err(DensityError::KindDiffers { column: column.name.clone(), found, wanted }),
        }
    };
    learned.iter().map(found).collect()
}

/// Whether none of `values` is what [`check_values`] refuses.
pub(crate) fn is_sound(values: &[f32], kind: TabularKind) -> bool {
    match kind {
        TabularKind::Numeric => !values.iter().fold(false, |found, x| found | x.is_infinite()),
        TabularKind::RankedCategory => values.iter().fold(true, |sound, x| sound & (x.is_nan() | is_rank(*x))),
    }
}

fn of_kind(kind: TabularKind) -> &'static str {
    match kind {
        TabularKind::Numeric => "numbers",
        TabularKind::RankedCategory => "categories",
    }
}

impl Bins {
    /// What the column holds.
    pub(crate) fn kind(&self) -> TabularKind {
        match self {
            Bins::Numbers { .. } => TabularKind::Numeric,
            Bins::Categories { .. } => TabularKind::RankedCategory,
        }
    }
}

const _: () = assert!(MOST_RANK < 1 << 24, "f32 holds every rank");
