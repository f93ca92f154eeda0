//! Explanations against the definition of the Shapley value, and what they promise.

use nta_data::Purpose;
use nta_forest::{Forest, ForestConfig, ForestError};
use rand_core::RngCore;

use crate::by_hand::{ByHand, random_forest};
use crate::tables::{fit, noisy, rows_of, small, tabular};

/// Expected share of `row` when only the features in `known` (bits) are known: both ways at other splits, in the
/// proportion of the training rows.
fn expected(tree: &ByHand, node: usize, row: &[f32], known: u32) -> f64 {
    let Some((feature, threshold, missing_left, left, left_share)) = tree.split(node) else {
        return f64::from(tree.value(node));
    };
    if known >> feature & 1 == 1 {
        let goes_left = if row[feature].is_nan() { missing_left } else { row[feature] <= threshold };
        return expected(tree, if goes_left { left } else { left + 1 }, row, known);
    }
    left_share * expected(tree, left, row, known) + (1.0 - left_share) * expected(tree, left + 1, row, known)
}

/// The Shapley values by their definition: over all sets of other features.
fn shapley(trees: &[ByHand], row: &[f32]) -> Vec<f64> {
    let n = row.len() as u32;
    let value = |known: u32| trees.iter().map(|t| expected(t, 0, row, known)).sum::<f64>() / trees.len() as f64;
    let values: Vec<f64> = (0..1u32 << n).map(value).collect();
    let factorial = |k: u32| (1..=k).map(f64::from).product::<f64>();
    let contribution = |feature: u32| {
        let without = (0..1u32 << n).filter(|known| known >> feature & 1 == 0);
        without
            .map(|known| {
                let size = known.count_ones();
                let weight = factorial(size) * factorial(n - size - 1) / factorial(n);
                weight * (values[(known | 1 << feature) as usize] - values[known as usize])
            })
            .sum()
    };
    (0..n).map(contribution).collect()
}

#[test]
fn contributions_are_shapley_values_by_their_definition() {
    let mut random = nta_data::rng(50, Purpose::Simulation, 0, 0);
    for case in 0..40 {
        let n_features = 1 + case % 7;
        let (trees, forest) = random_forest(&mut random, n_features, 1 + case % 4, 60);
        let mut value =
            || if random.next_u32().is_multiple_of(5) { f32::NAN } else { (random.next_u32() % 9) as f32 - 4.0 };
        let columns: Vec<Vec<f32>> = (0..n_features).map(|_| (0..70).map(|_| value()).collect()).collect();
        let x = tabular(columns);
        let rows: Vec<u32> = (0..70).collect();
        let explained = forest.explainer().unwrap().explain(&x, &rows).unwrap();
        for i in 0..70 {
            let row: Vec<f32> = x.columns.iter().map(|c| c[i]).collect();
            for (feature, (ours, theirs)) in explained.row(i).iter().zip(shapley(&trees, &row)).enumerate() {
                assert!(
                    (f64::from(*ours) - theirs).abs() < 1e-6,
                    "case {case}, row {i}, feature {feature}: {ours} {theirs}"
                );
            }
        }
    }
}

#[test]
fn contributions_sum_to_the_score_minus_the_base() {
    let (x, y) = noisy(1_500, 51);
    for config in [small(), ForestConfig { max_depth: Some(2), ..small() }] {
        let forest = fit(&config, &x, &y).forest;
        let scores = forest.predict_proba(&x).unwrap();
        let rows: Vec<u32> = (0..1_500).collect();
        let explained = forest.explainer().unwrap().explain(&x, &rows).unwrap();
        for (i, score) in scores.iter().enumerate() {
            let sum: f64 = explained.row(i).iter().map(|&v| f64::from(v)).sum();
            assert!((sum + explained.base - f64::from(*score)).abs() < 1e-6, "row {i}");
            assert_eq!(explained.row(i)[5], 0.0, "a constant feature adds nothing");
        }
    }
}

#[test]
fn a_row_is_explained_alike_alone_and_in_any_company() {
    let (x, y) = noisy(400, 52);
    let forest = fit(&small(), &x, &y).forest;
    let all: Vec<u32> = (0..400).collect();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| forest.explainer().unwrap().explain(&x, &all).unwrap())
    };
    let whole = run(1);
    assert_eq!(run(2), whole);
    let explainer = forest.explainer().unwrap();
    let some = explainer.explain(&x, &[399, 3, 3, 70]).unwrap();
    for (i, row) in [399, 3, 3, 70].into_iter().enumerate() {
        assert_eq!(some.row(i), whole.row(row));
    }
    assert_eq!(explainer.explain(&rows_of(&x, 70..71), &[0]).unwrap().row(0), whole.row(70));
    assert!(explainer.explain(&x, &[]).unwrap().contributions.is_empty());
}

#[test]
fn what_cannot_be_explained_is_refused_in_words() {
    let (x, y) = noisy(200, 53);
    let forest = fit(&small(), &x, &y).forest;
    let error = forest.explainer().unwrap().explain(&x, &[200]).unwrap_err().to_string();
    assert_eq!(error, "there is no row 200: the table has 200 rows, counted from 0");
    let old = Forest::from_bytes(&crate::by_hand::as_revision_1(&forest)).unwrap();
    assert_eq!(old.predict_proba(&x).unwrap(), forest.predict_proba(&x).unwrap());
    assert!(matches!(old.explainer(), Err(ForestError::NoShares)));
}
