//! Why a row has its score: the columns that surprise most, and what they usually hold.

use nta_data::{Tabular, TabularKind};
use rayon::prelude::*;

use crate::column::{Column, Parent};
use crate::input::{check_values, columns_by_name};
use crate::{Bin, Density, DensityError};

/// What a cell of a row holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// Nothing.
    Missing,
    /// A number.
    Number(f32),
    /// The category of this rank.
    Category(u32),
}

/// A column whose value in a row surprises.
#[derive(Debug, Clone, PartialEq)]
pub struct Surprise {
    /// The column's name.
    pub column: String,
    /// What it holds.
    pub found: Cell,
    /// What it is held against: of its parents the one given which the value is rarest; `None` where it is held against
    /// its own frequencies.
    pub given: Option<Given>,
    /// How often such a value comes among benign rows, given that.
    pub probability: f64,
    /// The most frequent bin of the column, given that.
    pub usual: Bin,
    /// How often it comes.
    pub usual_probability: f64,
    /// What the column adds to the row's surprise: the mean over its parents.
    pub nats: f64,
}

/// Another column of the row, and what it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Its name.
    pub column: String,
    /// What it holds.
    pub found: Cell,
}

impl Density {
    /// For each of `rows` of `x` the `most` columns that surprise most, those first; equal ones in the columns' order.
    ///
    /// # Errors
    /// As [`Density::predict_proba`]; a row that is not there.
    pub fn surprises(&self, x: &Tabular, rows: &[u32], most: usize) -> Result<Vec<Vec<Surprise>>, DensityError> {
        let columns = columns_by_name(&self.columns, x)?;
        check_values(x)?;
        if let Some(&row) = rows.iter().find(|row| **row as usize >= x.n_rows()) {
            return Err(DensityError::NoSuchRow { row, rows: x.n_rows() });
        }
        let of = |row: &u32| {
            let row = *row as usize;
            let codes = self.encode(&columns, row, 1);
            let found: Vec<Cell> = columns.iter().zip(&self.columns).map(|(values, c)| cell(c, values[row])).collect();
            let mut all: Vec<Surprise> = (0..codes.len()).map(|own| self.surprise_at(own, &codes, &found)).collect();
            all.sort_by(|a, b| b.nats.total_cmp(&a.nats));
            all.truncate(most);
            all
        };
        Ok(rows.par_iter().map(of).collect())
    }

    fn surprise_at(&self, own: usize, codes: &[u8], found: &[Cell]) -> Surprise {
        let column = &self.columns[own];
        let code = usize::from(codes[own]);
        let against = |parent: &Parent| usize::from(codes[parent.column]);
        let by_parent = column.parents.iter().map(|parent| {
            let given = Some((parent, against(parent)));
            (given, self.frequencies(own, given))
        });
        let mut all: Vec<(Option<Against<'_>>, Vec<f64>)> = by_parent.collect();
        if all.is_empty() {
            all.push((None, self.frequencies(own, None)));
        }
        let nats = match column.is_neutral(code, self.unseen) {
            true => 0.0,
            false => all.iter().map(|(_, often)| -often[code].ln()).sum::<f64>() / all.len() as f64,
        };
        let rarest =
            (1..all.len()).fold(0, |best, next| if all[next].1[code] < all[best].1[code] { next } else { best });
        let (parent, often) = &all[rarest];
        let usual = (1..often.len()).fold(0, |best, next| if often[next] > often[best] { next } else { best });
        Surprise {
            column: column.name.clone(),
            found: found[own],
            given: parent.map(|(p, _)| Given { column: self.columns[p.column].name.clone(), found: found[p.column] }),
            probability: often[code],
            usual: column.bins.bin(usual),
            usual_probability: often[usual],
            nats,
        }
    }
}

/// A parent, and the code that it has.
type Against<'a> = (&'a Parent, usize);

fn cell(column: &Column, value: f32) -> Cell {
    match column.bins.kind() {
        _ if value.is_nan() => Cell::Missing,
        TabularKind::Numeric => Cell::Number(value),
        TabularKind::RankedCategory => Cell::Category(value as u32),
    }
}
