//! What is unusual about rows, by the density: its columns by name, and categories as the traffic spells them.

use std::sync::Arc;

use nta_data::Dataset;
use nta_density::{Bin, Cell, Density};

use crate::{Model, ModelError};

/// A column whose value in a row is rare among benign flows.
#[derive(Debug, Clone, PartialEq)]
pub struct Novelty {
    /// The column.
    pub column: String,
    /// What it holds.
    pub found: Held,
    /// Another column, and what it holds, given which this is rare; `None` where it is rare by itself.
    pub given: Option<(String, Held)>,
    /// How often it comes among benign flows, given that.
    pub probability: f64,
    /// What most benign flows hold, given that.
    pub usual: Held,
    /// How often that comes.
    pub usual_probability: f64,
    /// What it adds to the row's surprise.
    pub nats: f64,
}

/// What a cell, or most cells, hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    /// Nothing.
    Missing,
    /// A number.
    Number(f32),
    /// A number above the first, to the second; infinite where there is no end.
    Between(f32, f32),
    /// A category.
    Text(String),
    /// A category that is rare or was never seen.
    Rare,
}

/// Finds what is unusual about rows.
#[derive(Debug)]
pub struct Novelties {
    model: Arc<Model>,
}

impl Novelties {
    /// The finder of a model; `None` where no member is a density.
    pub fn new(model: Arc<Model>) -> Option<Self> {
        let found = density_of(&model).is_some();
        found.then_some(Novelties { model })
    }

    /// The `most` columns that surprise most in each of the rows `which` of `rows`, those first.
    ///
    /// # Errors
    /// Rows of another schema.
    pub fn of(&self, rows: &Dataset, which: &[u32], most: usize) -> Result<Vec<Vec<Novelty>>, ModelError> {
        let Some(density) = density_of(&self.model) else { return Ok(vec![Vec::new(); which.len()]) };
        let tabular = self.model.preprocessor.tabular(&rows.take(which)).map_err(ModelError::rows)?;
        let all: Vec<u32> = (0..which.len() as u32).collect();
        let found = density.surprises(&tabular, &all, most).map_err(ModelError::rows)?;
        let told = |surprise: nta_density::Surprise| Novelty {
            found: self.held_by_cell(&surprise.column, surprise.found),
            given: surprise.given.map(|given| {
                let held = self.held_by_cell(&given.column, given.found);
                (given.column, held)
            }),
            probability: surprise.probability,
            usual: self.held_by_bin(&surprise.column, surprise.usual),
            usual_probability: surprise.usual_probability,
            nats: surprise.nats,
            column: surprise.column,
        };
        Ok(found.into_iter().map(|row| row.into_iter().map(told).collect()).collect())
    }

    fn held_by_cell(&self, column: &str, cell: Cell) -> Held {
        match cell {
            Cell::Missing => Held::Missing,
            Cell::Number(x) => Held::Number(x),
            Cell::Category(rank) => self.category(column, rank),
        }
    }

    fn held_by_bin(&self, column: &str, bin: Bin) -> Held {
        match bin {
            Bin::Missing => Held::Missing,
            Bin::Number(x) => Held::Number(x),
            Bin::Above(low, high) => Held::Between(low, high),
            Bin::Category(rank) => self.category(column, rank),
            Bin::Rare | Bin::Unseen => Held::Rare,
        }
    }

    /// The category that the preprocessor gives this rank.
    fn category(&self, column: &str, rank: u32) -> Held {
        let fitted = self.model.preprocessor.categorical();
        let names = self.model.preprocessor.code_names();
        let Some(place) = names.iter().position(|name| name == column) else { return Held::Rare };
        let is_meant = |category: &nta_preprocess::Category| category.rank == rank;
        match fitted[place].values.iter().find(|(_, category)| is_meant(category)) {
            Some((text, _)) => Held::Text(text.clone()),
            None if fitted[place].missing.as_ref().is_some_and(is_meant) => Held::Missing,
            None => Held::Rare,
        }
    }
}

fn density_of(model: &Model) -> Option<&Density> {
    model.members.iter().find_map(|member| member.member.density())
}
