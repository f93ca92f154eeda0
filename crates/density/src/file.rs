//! A density as text, and back, in the format of `docs/density-format.md`: the counts, from which everything else follows.
//!
//! Whatever the bytes, reading ends in a density that keeps to all its rules or in an error, and takes memory in
//! proportion to their number.

use std::collections::HashSet;

use serde::{Deserialize, Serialize, Serializer};

use crate::bins::Bins;
use crate::column::{Column, Parent};
use crate::config::{MOST_PARENTS, Unseen};
use crate::rows::MOST_WEIGHT;
use crate::{Density, DensityError};

const FORMAT: &str = "nta-density";
/// The newest; a file that revision 1 can say is written so, for its bytes are part of a model's digest.
const REVISION: u32 = 2;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    format: String,
    revision: u32,
    half: f64,
    /// Absent in revision 1, where they surprise.
    #[serde(default = "surprising", skip_serializing_if = "is_surprising")]
    unseen: Unseen,
    columns: Vec<SavedColumn>,
}

fn surprising() -> Unseen {
    Unseen::Surprising
}

fn is_surprising(unseen: &Unseen) -> bool {
    *unseen == Unseen::Surprising
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedColumn {
    name: String,
    bins: Bins,
    weights: Vec<Weight>,
    parents: Vec<SavedParent>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedParent {
    column: usize,
    /// A list for each code of the parent.
    weights: Vec<Vec<Weight>>,
}

/// A weight; whole ones, the rule, are written without a point.
#[derive(Clone, Copy, Deserialize)]
#[serde(transparent)]
struct Weight(f64);

impl Serialize for Weight {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.fract() == 0.0 && (0.0..=MOST_WEIGHT).contains(&self.0) {
            true => to.serialize_u64(self.0 as u64),
            false => to.serialize_f64(self.0),
        }
    }
}

impl Density {
    /// The density in the format of `docs/density-format.md`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let weights = |values: &[f64]| values.iter().copied().map(Weight).collect::<Vec<_>>();
        let parent = |parent: &Parent, n_own: usize| SavedParent {
            column: parent.column,
            weights: parent.weights.chunks_exact(n_own).map(weights).collect(),
        };
        let column = |column: &Column| SavedColumn {
            name: column.name.clone(),
            bins: column.bins.clone(),
            weights: weights(&column.weights),
            parents: column.parents.iter().map(|p| parent(p, column.weights.len())).collect(),
        };
        let columns = self.columns.iter().map(column).collect();
        let (half, unseen) = (self.half, self.unseen);
        let revision = if is_surprising(&unseen) { 1 } else { REVISION };
        let saved = Saved { format: FORMAT.to_owned(), revision, half, unseen, columns };
        // Numbers, names and lists of them: there is nothing in it that JSON cannot say.
        let mut bytes = serde_json::to_vec(&saved).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads what [`Density::to_bytes`] wrote.
    ///
    /// # Errors
    /// A newer revision, or bytes that are no valid density, with what is wrong. Never panics.
    pub fn from_bytes(bytes: &[u8]) -> Result<Density, DensityError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            revision: u64,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(DensityError::damaged)?;
        match (head.format == FORMAT, head.revision) {
            (false, _) => return Err(DensityError::damaged(format!("its `format` is not {FORMAT}"))),
            (true, 0) => return Err(DensityError::damaged("revision 0 never existed")),
            (true, found) if found > REVISION.into() => {
                return Err(DensityError::NewerRevision { found, known: REVISION });
            }
            _ => {}
        }
        let saved: Saved = serde_json::from_slice(bytes).map_err(DensityError::damaged)?;
        check(&saved).map_err(DensityError::damaged)?;
        let plain = |weights: &[Weight]| weights.iter().map(|w| w.0).collect::<Vec<f64>>();
        let parent = |p: &SavedParent| Parent {
            column: p.column,
            weights: p.weights.iter().flat_map(|row| plain(row)).collect(),
        };
        let column = |c: SavedColumn| Column {
            weights: plain(&c.weights),
            parents: c.parents.iter().map(parent).collect(),
            name: c.name,
            bins: c.bins,
        };
        Ok(Density::new(saved.columns.into_iter().map(column).collect(), saved.half, saved.unseen))
    }
}

/// Refuses what no fit gives.
fn check(saved: &Saved) -> Result<(), String> {
    if !(saved.half.is_finite() && saved.half > 0.0) {
        return Err(format!("`half` is {}; it has to be above 0", saved.half));
    }
    let total = saved.columns.first().map_or(0.0, |first| sum(&first.weights));
    if !(total > 0.0 && total <= MOST_WEIGHT) {
        return Err("there are no columns with rows".to_owned());
    }
    let mut seen = HashSet::new();
    for (place, column) in saved.columns.iter().enumerate() {
        let named = |why: String| format!("column `{}`: {why}", column.name);
        if !seen.insert(column.name.as_str()) {
            return Err(named("it stands twice".to_owned()));
        }
        column.bins.check().map_err(named)?;
        check_weights(&column.weights, column.bins.n_codes()).map_err(named)?;
        if sum(&column.weights) != total {
            return Err(named("its rows weigh other than the first column's".to_owned()));
        }
        check_parents(saved, place).map_err(named)?;
    }
    Ok(())
}

fn check_parents(saved: &Saved, place: usize) -> Result<(), String> {
    let column = &saved.columns[place];
    let n_own = column.weights.len();
    if column.parents.len() > MOST_PARENTS.into() {
        return Err(format!("{} parents, more than {MOST_PARENTS}", column.parents.len()));
    }
    for (i, parent) in column.parents.iter().enumerate() {
        let twice = column.parents[..i].iter().any(|other| other.column == parent.column);
        let Some(other) = saved.columns.get(parent.column).filter(|_| parent.column != place && !twice) else {
            return Err(format!("column {} cannot be its parent", parent.column));
        };
        if parent.weights.len() != other.weights.len() {
            return Err(format!("`{}` has {} codes, not {}", other.name, other.weights.len(), parent.weights.len()));
        }
        let mut by_own = vec![0.0; n_own];
        for (row, weight) in parent.weights.iter().zip(&other.weights) {
            check_weights(row, n_own)?;
            by_own.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight.0);
            if sum(row) != weight.0 {
                return Err(format!("the rows of a code of `{}` weigh other than it says itself", other.name));
            }
        }
        if by_own.iter().zip(&column.weights).any(|(sum, weight)| *sum != weight.0) {
            return Err(format!("its rows weigh other together with `{}` than alone", other.name));
        }
    }
    Ok(())
}

fn check_weights(weights: &[Weight], n_codes: usize) -> Result<(), String> {
    if weights.len() != n_codes {
        return Err(format!("{} weights for {n_codes} codes", weights.len()));
    }
    match weights.iter().find(|w| !(0.0..=MOST_WEIGHT).contains(&w.0)) {
        Some(odd) => Err(format!("{} is no weight of rows", odd.0)),
        None => Ok(()),
    }
}

fn sum(weights: &[Weight]) -> f64 {
    weights.iter().map(|w| w.0).sum()
}
