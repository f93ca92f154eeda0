//! Whether a classifier tells traffic from the training traffic: a two-sample test by a cross-fitted forest (Lopez-Paz and
//! Oquab 2017, "Revisiting classifier two-sample tests"), on features alone.

use nta_data::{Label, Purpose, Quiet, Tabular, TabularKind, rng};
use nta_forest::{ForestConfig, ForestError};
use nta_metrics::{Moved, MovedColumn, Ranking};
use rand_core::RngCore;
use rayon::prelude::*;

/// Rows of each side that are compared at most, evenly spaced along the traffic: what a forest of few trees needs, and
/// cheap beside a run.
pub const MOST_COMPARED: usize = 5_000;
/// Rows of each side without which nothing is said.
const LEAST_COMPARED: usize = 200;
/// Stretches of neighbouring rows that are left out in turn: rows of one scan or host must not stand on both sides.
const FOLDS: usize = 8;
/// Stretches of the training traffic that are dealt to two sides.
const STRETCHES: usize = 32;
/// Such deals.
const DEALS: u64 = 3;
/// An area that counts: with a million rows everything differs, and a smaller one costs a promise little.
const LIMIT: f64 = 0.7;
/// How far above the training traffic's own an area must lie.
const ABOVE_OWN: f64 = 0.1;
/// Columns named at most.
const NAMED: usize = 3;
/// A column that is named differs at least so much.
const LEAST_DISTANCE: f64 = 0.1;

/// Holds `fresh`, the rows of some traffic that the model leaves unflagged, against `trained`, the benign rows that it
/// learned from; both in arrival order, with the same columns. `None` where either has too few rows.
///
/// # Errors
/// What the forest refuses: other columns, infinite values.
pub fn moved(trained: &Tabular, fresh: &Tabular, seed: u64) -> Result<Option<Moved>, ForestError> {
    if trained.n_rows().min(fresh.n_rows()) < LEAST_COMPARED {
        return Ok(None);
    }
    let (few, fresh) = (thinned(trained, MOST_COMPARED), thinned(fresh, MOST_COMPARED));
    let auc = told_apart(&few, &fresh, seed)?;
    let mut own_auc: f64 = 0.5;
    for deal in 0..DEALS {
        let (one, other) = dealt(trained, seed, deal);
        own_auc = own_auc.max(told_apart(&one, &other, seed)?);
    }
    let limit = LIMIT.max(own_auc + ABOVE_OWN);
    let moved = auc >= limit;
    let columns = if moved { columns(&few, &fresh) } else { Vec::new() };
    let (trained_rows, fresh_rows) = (few.n_rows() as u64, fresh.n_rows() as u64);
    Ok(Some(Moved { auc, own_auc, limit, moved, columns, trained_rows, fresh_rows }))
}

/// The mean area over the folds, each scored by a forest that was grown on the others.
fn told_apart(one: &Tabular, other: &Tabular, seed: u64) -> Result<f64, ForestError> {
    let config = ForestConfig { trees: 20, min_leaf: 10, bins: 64, ..ForestConfig::default() };
    let areas: Vec<Option<f64>> = (0..FOLDS)
        .into_par_iter()
        .map(|fold| {
            let part = |side: &Tabular, inside: bool| {
                let n = side.n_rows();
                picked(side, (0..n).filter(|row| (row * FOLDS / n == fold) == inside))
            };
            let (x, y) = stacked(part(one, false), part(other, false));
            let forest = config.fit(x, &y, seed, &Quiet)?.forest;
            let (x, y) = stacked(part(one, true), part(other, true));
            let scores = forest.predict_proba(&x)?;
            Ok(Ranking::new(&scores, &y).ok().and_then(|ranking| ranking.roc_auc()))
        })
        .collect::<Result<_, ForestError>>()?;
    let areas: Vec<f64> = areas.into_iter().flatten().collect();
    Ok(areas.iter().sum::<f64>() / areas.len().max(1) as f64)
}

/// The rows of both, and which are the second's.
fn stacked(mut one: Tabular, other: Tabular) -> (Tabular, Vec<Label>) {
    let mut labels = vec![Label::Benign; one.n_rows()];
    labels.resize(one.n_rows() + other.n_rows(), Label::Attack);
    one.columns.iter_mut().zip(other.columns).for_each(|(column, more)| column.extend(more));
    (one, labels)
}

/// Half of the traffic's stretches against the other half.
fn dealt(rows: &Tabular, seed: u64, deal: u64) -> (Tabular, Tabular) {
    let mut random = rng(seed, Purpose::TwoSample, deal, 0);
    let mut stretches: Vec<(u64, usize)> = (0..STRETCHES).map(|i| (random.next_u64(), i)).collect();
    stretches.sort_unstable();
    let mut is_first = [false; STRETCHES];
    stretches.iter().take(STRETCHES / 2).for_each(|(_, i)| is_first[*i] = true);
    let n = rows.n_rows();
    let side = |first: bool| picked(rows, (0..n).filter(|row| is_first[row * STRETCHES / n] == first));
    (thinned(&side(true), MOST_COMPARED), thinned(&side(false), MOST_COMPARED))
}

/// At most `most` rows, evenly spaced.
fn thinned(rows: &Tabular, most: usize) -> Tabular {
    let n = rows.n_rows();
    if n <= most { rows.clone() } else { picked(rows, (0..most).map(|i| i * n / most)) }
}

fn picked(rows: &Tabular, places: impl Iterator<Item = usize>) -> Tabular {
    let places: Vec<usize> = places.collect();
    let columns = rows.columns.iter().map(|column| places.iter().map(|&row| column[row]).collect()).collect();
    Tabular { names: rows.names.clone(), kinds: rows.kinds.clone(), columns }
}

/// The columns that differ most, each by itself.
fn columns(one: &Tabular, other: &Tabular) -> Vec<MovedColumn> {
    let distance = |j: usize| match one.kinds[j] {
        TabularKind::Numeric => largest_gap(&one.columns[j], &other.columns[j]),
        TabularKind::RankedCategory => total_variation(&one.columns[j], &other.columns[j]),
    };
    let named = |j: usize| MovedColumn { name: one.names[j].clone(), distance: distance(j) };
    let mut columns: Vec<MovedColumn> = (0..one.n_features()).map(named).collect();
    columns.retain(|column| column.distance >= LEAST_DISTANCE);
    columns.sort_by(|a, b| b.distance.total_cmp(&a.distance));
    columns.truncate(NAMED);
    columns
}

/// Each distinct value with the share of either side that has it, ascending; missing values are one and come last.
fn shares(one: &[f32], other: &[f32]) -> Vec<(f64, f64)> {
    let weighed = |side: &[f32], first: bool| -> Vec<(f32, bool, f64)> {
        // All NaN are one, and so are both zeros.
        let value = |x: &f32| if x.is_nan() { f32::NAN } else { *x + 0.0 };
        side.iter().map(|x| (value(x), first, 1.0 / side.len() as f64)).collect()
    };
    let mut all = [weighed(one, true), weighed(other, false)].concat();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let same = |a: &(f32, bool, f64), b: &(f32, bool, f64)| a.0.total_cmp(&b.0).is_eq();
    let of = |run: &[(f32, bool, f64)], first: bool| run.iter().filter(|x| x.1 == first).map(|x| x.2).sum();
    all.chunk_by(same).map(|run| (of(run, true), of(run, false))).collect()
}

/// Kolmogorov-Smirnov distance.
fn largest_gap(one: &[f32], other: &[f32]) -> f64 {
    let mut gap = 0.0;
    shares(one, other).into_iter().fold(0.0, |largest: f64, (a, b)| {
        gap += a - b;
        largest.max(gap.abs())
    })
}

fn total_variation(one: &[f32], other: &[f32]) -> f64 {
    shares(one, other).into_iter().map(|(a, b)| (a - b).abs()).sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bursts of 40 equal rows: dependent, as a scan is.
    fn traffic(n: usize, seed: u64, shift: f32) -> Tabular {
        let mut random = rng(seed, Purpose::Simulation, 0, 0);
        let mut burst = (0.0, 0.0);
        let rows: Vec<(f32, f32)> = (0..n)
            .map(|i| {
                if i % 40 == 0 {
                    burst = ((random.next_u64() % 1_000) as f32, (random.next_u64() % 4) as f32);
                }
                burst
            })
            .collect();
        Tabular {
            names: vec!["bytes".into(), "service".into()],
            kinds: vec![TabularKind::Numeric, TabularKind::RankedCategory],
            columns: vec![rows.iter().map(|r| r.0 + shift).collect(), rows.iter().map(|r| r.1).collect()],
        }
    }

    #[test]
    fn like_traffic_has_not_moved_though_its_rows_depend_on_each_other() {
        for seed in 0..4 {
            let found = moved(&traffic(4_000, seed, 0.0), &traffic(4_000, seed + 100, 0.0), seed).unwrap().unwrap();
            assert!(!found.moved && found.columns.is_empty(), "{found:?}");
        }
    }

    #[test]
    fn other_traffic_has_moved_by_the_column_that_differs() {
        let found = moved(&traffic(4_000, 1, 0.0), &traffic(4_000, 2, 700.0), 7).unwrap().unwrap();
        assert!(found.moved && found.auc > 0.8, "{found:?}");
        assert_eq!(found.columns[0].name, "bytes");
        assert_eq!(found, moved(&traffic(4_000, 1, 0.0), &traffic(4_000, 2, 700.0), 7).unwrap().unwrap());
        assert_eq!(moved(&traffic(4_000, 1, 0.0), &traffic(100, 2, 700.0), 7).unwrap(), None);
    }

    #[test]
    fn distances_are_as_by_hand() {
        assert_eq!(largest_gap(&[0.0, 1.0, f32::NAN, 2.0], &[0.0, -0.0, f32::NAN, 2.0]), 0.25);
        assert_eq!(total_variation(&[1.0, 1.0, 2.0, f32::NAN], &[1.0, 3.0, 3.0, -f32::NAN]), 0.5);
    }
}
