//! A column's values as a few bins, told by a code: what is missing always has code 0.

mod categories;
mod intervals;
mod numbers;
mod runs;

use serde::{Deserialize, Serialize};

pub(crate) use categories::{MOST_RANK, fit_categories, is_rank};
use categories::{Ranks, check_ranks};
use intervals::Intervals;
pub(crate) use numbers::{below, fit_numbers};
pub(crate) use runs::{quantile, runs};

/// Most codes of a column: each is a byte.
pub(crate) const MOST_CODES: usize = 256;

/// The code of a missing value.
pub(crate) const MISSING: usize = 0;
/// The code of a category without benign rows.
pub(crate) const UNSEEN: usize = 1;
/// The code that categories too rare for a bin of their own share.
pub(crate) const RARE: usize = 2;
/// The code of the first category with a bin of its own.
pub(crate) const FIRST_KEPT: usize = 3;

/// How a column's values fall into bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bins {
    /// A number has code 1 + how many of `bounds` are below it. The first and the last bin are open: no benign number
    /// lies there.
    Numbers {
        /// Ascending, finite. A bin whose bounds are neighbouring numbers holds one value alone.
        bounds: Vec<f32>,
    },
    /// A category that is in neither list has code 1, one in `rare` code 2.
    Categories {
        /// Ranks with codes 3, 4, …: the most frequent first.
        kept: Vec<u32>,
        /// Ranks that benign rows have, but few of them.
        rare: Vec<u32>,
    },
}

/// What a bin holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bin {
    /// No value.
    Missing,
    /// This number alone.
    Number(f32),
    /// Numbers above the first, to the second; infinite where the bin is open.
    Above(f32, f32),
    /// The category of this rank.
    Category(u32),
    /// Categories with few benign rows.
    Rare,
    /// Categories without benign rows.
    Unseen,
}

impl Bins {
    /// How many codes there are.
    pub fn n_codes(&self) -> usize {
        match self {
            Bins::Numbers { bounds } => bounds.len() + 2,
            Bins::Categories { kept, .. } => kept.len() + FIRST_KEPT,
        }
    }

    /// What the bin of `code` holds; of no meaning for a code that there is not.
    pub fn bin(&self, code: usize) -> Bin {
        if code == MISSING {
            return Bin::Missing;
        }
        match self {
            Bins::Numbers { bounds } => {
                let bound = |i: Option<usize>, open: f32| i.and_then(|i| bounds.get(i)).copied().unwrap_or(open);
                let (low, high) = (bound(code.checked_sub(2), f32::NEG_INFINITY), bound(Some(code - 1), f32::INFINITY));
                if below(high) == Some(low) { Bin::Number(high) } else { Bin::Above(low, high) }
            }
            Bins::Categories { kept, .. } => match code {
                UNSEEN => Bin::Unseen,
                RARE => Bin::Rare,
                _ => kept.get(code - FIRST_KEPT).map_or(Bin::Unseen, |rank| Bin::Category(*rank)),
            },
        }
    }

    /// Refuses bins that are none, in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.n_codes() > MOST_CODES {
            return Err(format!("{} bins, more than {MOST_CODES}", self.n_codes()));
        }
        match self {
            Bins::Numbers { bounds } => match bounds.iter().all(|b| b.is_finite()) && bounds.is_sorted_by(|a, b| a < b)
            {
                true => Ok(()),
                false => Err("its bounds are not finite and ascending".to_owned()),
            },
            Bins::Categories { kept, rare } => check_ranks(kept, rare),
        }
    }
}

/// Turns values into what their codes are called, made ready once for any number of rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Encoder {
    Numbers(Intervals),
    Categories(Ranks),
}

impl Encoder {
    /// Codes as they are.
    pub(crate) fn of_codes(bins: &Bins) -> Self {
        Encoder::new(bins, &|code| code as u8)
    }

    /// Codes called by `label`.
    pub(crate) fn new(bins: &Bins, label: &dyn Fn(usize) -> u8) -> Self {
        match bins {
            Bins::Numbers { bounds } => Encoder::Numbers(Intervals::new(bounds, label)),
            Bins::Categories { kept, rare } => Encoder::Categories(Ranks::new(kept, rare, label)),
        }
    }

    /// What the code of each value is called, `(n_rows)`.
    pub(crate) fn encode(&self, values: &[f32], labels: &mut [u8]) {
        match self {
            Encoder::Numbers(intervals) => intervals.encode(values, labels),
            Encoder::Categories(ranks) => labels.iter_mut().zip(values).for_each(|(label, x)| *label = ranks.label(*x)),
        }
    }
}
