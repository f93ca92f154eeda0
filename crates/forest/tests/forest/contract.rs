//! What both models promise.

use std::sync::atomic::{AtomicU64, Ordering};

use nta_data::{Label, Quiet, Tabular, Watch};
use nta_forest::{Bootstrap, ClassWeight, Forest, ForestConfig, ForestError};

use crate::tables::{bits, fit, noisy, rows_of, small, tabular};

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (x, y) = noisy(3_000, 1);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let fitted = fit(&small(), &x, &y);
            let scores = bits(&fitted.forest.predict_proba(&x).unwrap());
            let out: Vec<Option<u32>> = fitted.out_of_bag.iter().map(|s| s.map(f32::to_bits)).collect();
            (fitted.forest.to_bytes(), scores, out, fitted.oob_auc.map(f64::to_bits))
        })
    };
    let one = run(1);
    assert!(run(2) == one && run(8) == one);
}

#[test]
fn a_second_fit_equals_the_first_and_another_seed_does_not() {
    let (x, y) = noisy(500, 2);
    let first = fit(&small(), &x, &y);
    assert_eq!(fit(&small(), &x, &y).forest, first.forest);
    assert_ne!(small().fit(&x, &y, 8, &Quiet).unwrap().forest, first.forest);
}

#[test]
fn what_is_saved_loads_and_scores_the_same() {
    let (x, y) = noisy(800, 3);
    let forest = fit(&small(), &x, &y).forest;
    let loaded = Forest::from_bytes(&forest.to_bytes()).unwrap();
    assert_eq!(loaded, forest);
    assert_eq!(bits(&loaded.predict_proba(&x).unwrap()), bits(&forest.predict_proba(&x).unwrap()));
}

#[test]
fn every_row_has_a_probability_and_a_part_scores_as_in_the_whole() {
    let (x, y) = noisy(1_000, 4);
    let forest = fit(&small(), &x, &y).forest;
    let scores = forest.predict_proba(&x).unwrap();
    assert_eq!(scores.len(), 1_000);
    assert!(scores.iter().all(|s| (0.0..=1.0).contains(s)));
    for (start, end) in [(0, 1), (17, 24), (255, 257), (300, 1_000), (5, 5)] {
        let part = forest.predict_proba(&rows_of(&x, start..end)).unwrap();
        assert_eq!(bits(&part), bits(&scores[start..end]));
    }
    for (i, score) in scores.iter().enumerate() {
        let row: Vec<f32> = x.columns.iter().map(|c| c[i]).collect();
        assert_eq!(forest.predict_row(&row).to_bits(), score.to_bits());
    }
}

#[test]
fn separable_classes_are_separated() {
    let (train, y) = noisy(2_000, 5);
    let (test, y_test) = noisy(1_000, 6);
    let fitted = fit(&small(), &train, &y);
    let scores = fitted.forest.predict_proba(&test).unwrap();
    let of = |class: Label| scores.iter().zip(&y_test).filter(move |(_, l)| **l == class).map(|(s, _)| *s);
    let pairs: f64 = of(Label::Attack)
        .flat_map(|a| {
            of(Label::Benign).map(move |b| {
                if a > b {
                    1.0
                } else if a == b {
                    0.5
                } else {
                    0.0
                }
            })
        })
        .sum();
    let auc = pairs / (of(Label::Attack).count() * of(Label::Benign).count()) as f64;
    assert!(auc > 0.95, "{auc}");
    assert!(fitted.oob_auc.unwrap() > 0.95);
    let importances = fitted.forest.importances();
    assert!((importances.iter().map(|i| i.1).sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(importances[0].1 > importances[4].1 && importances[5] == ("f5".to_owned(), 0.0));
}

#[test]
fn columns_are_matched_by_name_or_refused() {
    let (x, y) = noisy(300, 7);
    let forest = fit(&small(), &x, &y).forest;
    let mut shuffled = x.clone();
    shuffled.names.rotate_left(2);
    shuffled.columns.rotate_left(2);
    assert_eq!(bits(&forest.predict_proba(&shuffled).unwrap()), bits(&forest.predict_proba(&x).unwrap()));

    let mut renamed = x.clone();
    renamed.names[1] = "bytes".into();
    let text = forest.predict_proba(&renamed).unwrap_err().to_string();
    assert!(text.contains("missing here: f1;") && text.contains("unknown to it: bytes;"), "{text}");
    let mut wider = x.clone();
    wider.names.push("more".into());
    wider.columns.push(vec![0.0; 300]);
    assert!(matches!(forest.predict_proba(&wider), Err(ForestError::FeaturesDiffer { .. })));
    let mut twice = x.clone();
    twice.names[1] = "f0".into();
    assert!(matches!(forest.predict_proba(&twice), Err(ForestError::DuplicateName { .. })));
    let mut ragged = x;
    ragged.columns[3].pop();
    assert!(matches!(forest.predict_proba(&ragged), Err(ForestError::Ragged { rows: 299, expected: 300, .. })));
}

#[test]
fn infinite_values_are_refused_with_their_place() {
    let (x, y) = noisy(600, 8);
    let forest = fit(&small(), &x, &y).forest;
    let mut odd = x.clone();
    odd.columns[2][513] = f32::NEG_INFINITY;
    odd.columns[4][9] = f32::INFINITY;
    let text = "column `f2`, row 513 holds -inf; values are finite, or NaN where missing";
    assert_eq!(forest.predict_proba(&odd).unwrap_err().to_string(), text);
    assert_eq!(small().fit(&odd, &y, 1, &Quiet).unwrap_err().to_string(), text);
}

#[test]
fn what_cannot_be_learned_from_is_refused_by_name() {
    let (x, y) = noisy(50, 9);
    let refused = |x: &Tabular, y: &[Label]| small().fit(x, y, 1, &Quiet).unwrap_err();
    assert!(matches!(refused(&x, &y[..49]), ForestError::LabelsDiffer { rows: 50, labels: 49 }));
    assert!(matches!(refused(&rows_of(&x, 0..0), &[]), ForestError::NoRows));
    assert!(matches!(refused(&tabular(Vec::new()), &[]), ForestError::NoFeatures));
    let one_class = refused(&x, &[Label::Benign; 50]).to_string();
    assert_eq!(one_class, "all 50 training rows are benign; the forest needs both classes");
    let wrong = ForestConfig { trees: 0, ..small() }.fit(&x, &y, 1, &Quiet).unwrap_err().to_string();
    assert_eq!(wrong, "forest: `trees` is 0; it has to be from 1 to 100000");
}

#[test]
fn a_missing_value_where_training_had_none_goes_with_the_larger_side() {
    let x = tabular(vec![vec![1.0, 1.0, 1.0, 2.0]]);
    let y = [Label::Benign, Label::Benign, Label::Benign, Label::Attack];
    let config = ForestConfig { trees: 1, bootstrap: Bootstrap::None, ..small() };
    let forest = fit(&config, &x, &y).forest;
    assert_eq!([1.5, 1.6, f32::NAN].map(|v| forest.predict_row(&[v])), [0.0, 1.0, 0.0]);
    let x = tabular(vec![vec![1.0, 2.0, 2.0, f32::NAN]]);
    let forest = fit(&config, &x, &[Label::Attack, Label::Benign, Label::Benign, Label::Attack]).forest;
    assert_eq!([1.0, 2.0, f32::NAN].map(|v| forest.predict_row(&[v])), [1.0, 0.0, 1.0]);
}

#[test]
fn out_of_bag_scores_are_those_of_the_trees_that_did_not_see_the_row() {
    let (x, y) = noisy(400, 10);
    let one = fit(&ForestConfig { trees: 1, ..small() }, &x, &y);
    let scores = one.forest.predict_proba(&x).unwrap();
    let out: Vec<usize> = (0..400).filter(|&i| one.out_of_bag[i].is_some()).collect();
    assert!((110..190).contains(&out.len()), "{}", out.len());
    assert!(out.iter().all(|&i| one.out_of_bag[i] == Some(scores[i])));
    let none = fit(&ForestConfig { bootstrap: Bootstrap::None, ..small() }, &x, &y);
    assert!(none.out_of_bag.iter().all(Option::is_none) && none.oob_auc.is_none());
}

#[test]
fn copies_of_a_row_count_as_often_as_they_stand() {
    // One row of three copies among few: merging must not change what its leaf holds.
    let x = tabular(vec![vec![1.0, 1.0, 1.0, 1.0, 2.0]]);
    let y = [Label::Benign, Label::Benign, Label::Benign, Label::Attack, Label::Attack];
    let config = ForestConfig { trees: 3, bootstrap: Bootstrap::None, ..small() };
    assert_eq!(fit(&config, &x, &y).forest.predict_row(&[1.0]), 0.25);
    let weighted = ForestConfig { class_weight: ClassWeight::Given { benign: 1.0, attack: 3.0 }, ..config };
    assert_eq!(fit(&weighted, &x, &y).forest.predict_row(&[1.0]), 0.5);
}

struct StopAfter(AtomicU64, u64);

impl Watch for StopAfter {
    fn step(&self, _done: u64, total: u64) {
        assert_eq!(total, 20);
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= self.1
    }
}

#[test]
fn every_tree_is_told_and_a_fit_can_be_stopped() {
    let (x, y) = noisy(200, 11);
    let all = StopAfter(AtomicU64::new(0), 21);
    small().fit(&x, &y, 1, &all).unwrap();
    assert_eq!(all.0.into_inner(), 20);
    let some = StopAfter(AtomicU64::new(0), 3);
    assert!(matches!(small().fit(&x, &y, 1, &some), Err(ForestError::Cancelled)));
    assert!(some.0.into_inner() < 20);
}
