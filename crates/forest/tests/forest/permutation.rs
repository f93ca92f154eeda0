//! Permutation importances find what tells the classes apart.

use nta_data::{Label, Quiet};
use nta_forest::ForestError;

use crate::tables::{fit, noisy, small};

/// Share of rows on the right side of one half.
fn accuracy(scores: &[f32], y: &[Label]) -> Option<f64> {
    let right = scores.iter().zip(y).filter(|(score, label)| (**score > 0.5) == label.is_attack()).count();
    (!y.is_empty()).then(|| right as f64 / y.len() as f64)
}

#[test]
fn what_tells_the_classes_apart_is_worth_more_than_noise() {
    let (x, y) = noisy(1_000, 70);
    let forest = fit(&small(), &x, &y).forest;
    let (held_out, labels) = noisy(700, 71);
    let run = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| forest.permutation_importances(&held_out, &labels, &accuracy, 6, seed, &Quiet).unwrap())
    };
    let found = run(1, 5);
    assert_eq!(found, run(3, 5));
    assert_ne!(found, run(1, 6));
    let names: Vec<&str> = found.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, forest.names());
    assert!(found[0].interval[0] > 0.01 && found[1].interval[0] > 0.01, "{found:?}");
    assert!(found[4].mean.abs() < 0.02 && found[4].mean < found[0].mean, "{found:?}");
    assert_eq!((found[5].mean, found[5].interval), (0.0, [0.0, 0.0]), "a constant feature is never asked for");
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let (x, y) = noisy(200, 72);
    let forest = fit(&small(), &x, &y).forest;
    let run = |y: &[Label], repeats| forest.permutation_importances(&x, y, &|_, _| None, repeats, 1, &Quiet);
    assert!(matches!(run(&y, 3), Err(ForestError::QualityUndefined)));
    assert!(matches!(run(&y, 1), Err(ForestError::TooFewRepeats { repeats: 1 })));
    assert!(matches!(run(&y[1..], 3), Err(ForestError::LabelsDiffer { .. })));
}
