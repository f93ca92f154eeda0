//! The counts as surprises in nats, laid out so that a block of rows takes one table after the other from the cache.

use crate::bins::UNSEEN;
use crate::column::{Column, Term};
use crate::config::Unseen;

/// Rows that are scored together.
pub(crate) const BLOCK: usize = 512;

/// Weight of a column's own frequencies in those given the parent's code.
const BACK_OFF: f64 = 2.0;

/// Weight that is spread over a column's codes beside its rows, so that none is impossible.
const SPREAD: f64 = 0.5;

/// Surprises are whole multiples of 1 / this many nats.
const UNITS: f64 = (1 << 22) as f64;

/// All terms of the surprise.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    terms: Vec<Place>,
    nats: Vec<f32>,
}

/// Where a term's table lies, and whose codes it takes.
#[derive(Debug, Clone, Copy)]
struct Place {
    own: usize,
    given: Option<usize>,
    n_own: usize,
    start: usize,
    end: usize,
}

/// How often each code comes by what the rows of each weigh, `(n_codes)`.
pub(crate) fn marginal(weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let spread = SPREAD / weights.len() as f64;
    weights.iter().map(|weight| (weight + spread) / (total + SPREAD)).collect()
}

/// How often each code comes given a parent's code, whose rows of each weigh `row` `(n_codes)`.
pub(crate) fn conditional(row: &[f64], marginal: &[f64]) -> Vec<f64> {
    let total: f64 = row.iter().sum();
    row.iter().zip(marginal).map(|(weight, alone)| (weight + BACK_OFF * alone) / (total + BACK_OFF)).collect()
}

impl Tables {
    pub(crate) fn of(columns: &[Column], unseen: Unseen) -> Self {
        let mut tables = Tables { terms: Vec::new(), nats: Vec::new() };
        for (own, column) in columns.iter().enumerate() {
            let alone = marginal(&column.weights);
            let first = tables.nats.len();
            for parent in &column.parents {
                let rows = parent.weights.chunks_exact(alone.len()).map(|row| conditional(row, &alone));
                tables.push(own, Some(parent.column), rows, column.parents.len());
            }
            if column.parents.is_empty() {
                tables.push(own, None, std::iter::once(alone), 1);
            }
            if column.is_neutral(UNSEEN, unseen) {
                tables.nats[first..].iter_mut().skip(UNSEEN).step_by(column.weights.len()).for_each(|nats| *nats = 0.0);
            }
        }
        tables
    }

    /// Adds a table of probabilities, a row for each code of `given`, one of `n_terms` of its column.
    fn push(&mut self, own: usize, given: Option<usize>, rows: impl Iterator<Item = Vec<f64>>, n_terms: usize) {
        let (start, mut n_own) = (self.nats.len(), 0);
        for row in rows {
            n_own = row.len();
            // What is certain must not come out a little below 0.
            let units = row.iter().map(|p| (-p.ln() / n_terms as f64 * UNITS).round().max(0.0));
            self.nats.extend(units.map(|units| (units / UNITS) as f32));
        }
        self.terms.push(Place { own, given, n_own, start, end: self.nats.len() });
    }

    /// Adds each row's surprise to `sums` `(n)`; `codes` `(n_columns)` slices of `(n)`.
    pub(crate) fn add(&self, codes: &[&[u8]], sums: &mut [f64]) {
        for term in &self.terms {
            let table = &self.nats[term.start..term.end];
            let own = codes[term.own];
            match term.given {
                Some(given) => {
                    for ((sum, own), given) in sums.iter_mut().zip(own).zip(codes[given]) {
                        *sum += f64::from(table[usize::from(*given) * term.n_own + usize::from(*own)]);
                    }
                }
                None => sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += f64::from(table[usize::from(*own)])),
            }
        }
    }

    pub(crate) fn terms(&self) -> impl Iterator<Item = Term<'_>> {
        self.terms.iter().map(|t| Term { column: t.own, given: t.given, nats: &self.nats[t.start..t.end] })
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.nats.as_slice())
    }
}
