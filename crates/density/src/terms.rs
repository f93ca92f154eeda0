//! The counts as surprises in nats, a table for each column and parent.

use crate::column::{Column, Term};
use crate::config::Unseen;

/// Weight of a column's own frequencies in those given the parent's code.
const BACK_OFF: f64 = 2.0;

/// Weight that is spread over a column's codes beside its rows, so that none is impossible.
const SPREAD: f64 = 0.5;

/// Surprises are whole multiples of 1 / this many nats.
pub(crate) const UNITS: f64 = (1 << 22) as f64;

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

/// The summands of the column at place `own`: one for each parent, and one where it has none.
pub(crate) fn terms_of(own: usize, column: &Column, unseen: Unseen) -> Vec<Term> {
    let alone = marginal(&column.weights);
    let n_terms = column.parents.len().max(1);
    let nats = |row: Vec<f64>| in_nats(row, n_terms, |code| column.is_neutral(code, unseen));
    let by_parent = column.parents.iter().map(|parent| {
        let rows = parent.weights.chunks_exact(alone.len());
        let nats = rows.flat_map(|row| nats(conditional(row, &alone))).collect();
        Term { column: own, given: Some(parent.column), nats }
    });
    let mut terms: Vec<Term> = by_parent.collect();
    if terms.is_empty() {
        terms.push(Term { column: own, given: None, nats: nats(alone.clone()) });
    }
    terms
}

/// What each code of these probabilities adds as one of `n_terms` of its column; 0 where it `is_neutral`.
fn in_nats(probabilities: Vec<f64>, n_terms: usize, is_neutral: impl Fn(usize) -> bool) -> Vec<f32> {
    let added = probabilities.into_iter().enumerate().map(|(code, p)| match is_neutral(code) {
        true => 0.0,
        // What is certain must not come out a little below 0.
        false => (-p.ln() / n_terms as f64 * UNITS).round().max(0.0) / UNITS,
    });
    added.map(|nats| nats as f32).collect()
}
