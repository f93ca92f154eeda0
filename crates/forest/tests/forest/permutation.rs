//! Permutation importances find what tells the classes apart.

use nta_data::{Label, Quiet};
use nta_forest::ForestError;

use crate::tables::{fit, noisy, small};

/// Share of rows on the right side of one half.
fn accuracy(scores: &[f32], y: &[Label]) -> Option<f64> {
    let right = scores.iter().zip(y).filter(|(score, label)| (**score > 0.5) == label.is_attack()).count();
    (!y.is_empty()).then(|| right as f64 / y.len() as f64)
}

/// The rows `0..n` dealt in turn.
fn blocks(n: u32, n_blocks: u32) -> Vec<Vec<u32>> {
    (0..n_blocks).map(|block| (block..n).step_by(n_blocks as usize).collect()).collect()
}

#[test]
fn what_tells_the_classes_apart_is_worth_more_than_noise() {
    let (x, y) = noisy(1_000, 70);
    let forest = fit(&small(), &x, &y).forest;
    let (held_out, labels) = noisy(700, 71);
    let run = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let blocks = blocks(700, 7);
        pool.install(|| forest.permutation_importances(&held_out, &labels, &blocks, &accuracy, seed, &Quiet).unwrap())
    };
    let found = run(1, 5);
    assert_eq!(found, run(3, 5));
    assert_ne!(found, run(1, 6));
    let names: Vec<&str> = found.costs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, forest.names());
    let least = |feature: usize| found.costs[feature].1.iter().copied().fold(f64::MAX, f64::min);
    let mean = |feature: usize| found.costs[feature].1.iter().sum::<f64>() / 7.0;
    assert!(least(0) > 0.0 && least(1) > 0.0 && mean(0) > 0.05 && mean(1) > 0.05, "{found:?}");
    assert!(mean(4).abs() < 0.02 && mean(4) < mean(0), "{found:?}");
    assert_eq!(found.costs[5].1, [0.0; 7], "a constant feature is never asked for");
    // The first block's quality is that of its rows.
    let scores = forest.predict_proba(&held_out).unwrap();
    let first: Vec<usize> = (0..700).step_by(7).collect();
    let pick: (Vec<f32>, Vec<Label>) = first.iter().map(|&i| (scores[i], labels[i])).unzip();
    assert_eq!(Some(found.quality[0]), accuracy(&pick.0, &pick.1));
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let (x, y) = noisy(200, 72);
    let forest = fit(&small(), &x, &y).forest;
    let run = |y: &[Label], rows| forest.permutation_importances(&x, y, &blocks(rows, 2), &|_, _| None, 1, &Quiet);
    assert!(matches!(run(&y, 200), Err(ForestError::QualityUndefined)));
    assert!(matches!(run(&y, 201), Err(ForestError::NoSuchRow { row: 200, rows: 200 })));
    assert!(matches!(run(&y[1..], 200), Err(ForestError::LabelsDiffer { .. })));
}
