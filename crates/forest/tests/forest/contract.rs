//! What both models promise.

use std::sync::atomic::{AtomicU64, Ordering};

use nta_data::{Label, Purpose, Quiet, Tabular, Watch, rng};
use nta_forest::{Bootstrap, ClassWeight, Criterion, Engine, Fitted, Forest, ForestConfig, ForestError, Splits};
use rand_core::RngCore;

use crate::tables::{bits, fit, noisy, rows_of, small, tabular, uniform};

/// Everything that a fit gives, as bits.
fn outcome(fitted: Fitted, x: &Tabular) -> impl PartialEq {
    let scores = bits(&fitted.forest.predict_proba(x).unwrap());
    let out: Vec<Option<u32>> = fitted.out_of_bag.iter().map(|s| s.map(f32::to_bits)).collect();
    (fitted.forest.to_bytes(), scores, out, fitted.oob_auc.map(f64::to_bits))
}

fn on_threads<T: Send>(n: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(work)
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (x, y) = noisy(3_000, 1);
    for config in [small(), ForestConfig { bootstrap: Bootstrap::Distinct, splits: Splits::Random, ..small() }] {
        let run = |threads| on_threads(threads, || outcome(fit(&config, &x, &y), &x));
        let one = run(1);
        assert!(run(2) == one && run(8) == one);
    }
}

#[test]
fn few_trees_grow_in_pieces_and_are_the_same() {
    // So many rows that the first levels of a tree are forked, with an awkward mix of duplicates and weights.
    let (x, y) = noisy(40_000, 12);
    let weights: Vec<f32> = (0..40_000).map(|i| (i % 4) as f32).collect();
    for trees in [1, 3] {
        let config = ForestConfig { trees, ..small() };
        // More trees than eight a thread are not forked; the first of them are the same trees.
        let plain = on_threads(1, || fit(&ForestConfig { trees: 9, ..small() }, &x, &y).forest.to_bytes());
        let run = |threads| on_threads(threads, || outcome(fit(&config, &x, &y), &x));
        let one = run(1);
        assert!(run(2) == one && run(8) == one);
        let first = on_threads(8, || fit(&config, &x, &y).forest.to_bytes());
        assert_eq!(first_tree(&plain, 9), first_tree(&first, trees as usize));
        let weighted = |threads| {
            on_threads(threads, || outcome(config.fit_weighted(x.clone(), &y, &weights, 7, &Quiet).unwrap(), &x))
        };
        let one = weighted(1);
        assert!(weighted(2) == one && weighted(8) == one);
    }
}

/// The bytes of the first of `n_trees` trees over the six columns of `noisy`.
fn first_tree(bytes: &[u8], n_trees: usize) -> &[u8] {
    let heads = 24 + 6 * (4 + 2) + 6 * 8;
    let n_nodes = u32::from_le_bytes(bytes[heads..heads + 4].try_into().unwrap()) as usize;
    &bytes[heads + 4 * n_trees..][..8 * n_nodes]
}

#[test]
fn a_second_fit_equals_the_first_and_another_seed_does_not() {
    let (x, y) = noisy(500, 2);
    let first = fit(&small(), &x, &y);
    assert_eq!(fit(&small(), &x, &y).forest, first.forest);
    assert_ne!(small().fit(x.clone(), &y, 8, &Quiet).unwrap().forest, first.forest);
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
    assert_eq!(small().fit(odd.clone(), &y, 1, &Quiet).unwrap_err().to_string(), text);
}

#[test]
fn what_cannot_be_learned_from_is_refused_by_name() {
    let (x, y) = noisy(50, 9);
    let refused = |x: &Tabular, y: &[Label]| small().fit(x.clone(), y, 1, &Quiet).unwrap_err();
    assert!(matches!(refused(&x, &y[..49]), ForestError::LabelsDiffer { rows: 50, labels: 49 }));
    assert!(matches!(refused(&rows_of(&x, 0..0), &[]), ForestError::NoRows));
    assert!(matches!(refused(&tabular(Vec::new()), &[]), ForestError::NoFeatures));
    let one_class = refused(&x, &[Label::Benign; 50]).to_string();
    assert_eq!(one_class, "all 50 training rows are benign; the forest needs both classes");
    let wrong = ForestConfig { trees: 0, ..small() }.fit(x.clone(), &y, 1, &Quiet).unwrap_err().to_string();
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

#[test]
fn distinct_scores_no_row_by_a_tree_that_saw_its_copy() {
    // 60 different rows of random label, 20 copies of each: nothing to learn but the copies themselves.
    let mut random = rng(13, Purpose::Simulation, 0, 0);
    let distinct: Vec<(f32, Label)> = (0..60)
        .map(|_| {
            (uniform(&mut random), if random.next_u32().is_multiple_of(2) { Label::Attack } else { Label::Benign })
        })
        .collect();
    let of = |i: usize| distinct[i * 7 % 60];
    let x = tabular(vec![(0..1_200).map(|i| of(i).0).collect()]);
    let y: Vec<Label> = (0..1_200).map(|i| of(i).1).collect();
    let auc = |bootstrap| fit(&ForestConfig { trees: 200, bootstrap, ..small() }, &x, &y).oob_auc.unwrap();
    assert!(auc(Bootstrap::Rows) > 0.99);
    assert!(auc(Bootstrap::Distinct) < 0.75);
    let out = fit(&ForestConfig { trees: 5, bootstrap: Bootstrap::Distinct, ..small() }, &x, &y).out_of_bag;
    assert!((60..1_200).all(|i| out[i] == out[i - 60]));
}

#[test]
fn a_weight_counts_like_copies() {
    // Few enough rows that every value has a bin of its own, with copies or without.
    let (x, y) = noisy(200, 14);
    let weights: Vec<f32> = (0..200).map(|i| (1 + i % 4) as f32).collect();
    let copies: Vec<usize> = (0..200).flat_map(|i| std::iter::repeat_n(i, 1 + i % 4)).collect();
    let many =
        Tabular { columns: x.columns.iter().map(|c| copies.iter().map(|&i| c[i]).collect()).collect(), ..x.clone() };
    let y_many: Vec<Label> = copies.iter().map(|&i| y[i]).collect();
    for class_weight in [ClassWeight::None, ClassWeight::Balanced, ClassWeight::Given { benign: 1.0, attack: 3.0 }] {
        let config = ForestConfig { bootstrap: Bootstrap::None, max_depth: Some(6), class_weight, ..small() };
        let weighted = config.fit_weighted(x.clone(), &y, &weights, 7, &Quiet).unwrap().forest;
        let copied = fit(&config, &many, &y_many).forest;
        // Nodes differ in nothing but where a value goes that only came to be missing after training: with more rows.
        assert_eq!((weighted.n_nodes(), weighted.importances()), (copied.n_nodes(), copied.importances()));
        assert_eq!(bits(&weighted.predict_proba(&x).unwrap()), bits(&copied.predict_proba(&x).unwrap()));
    }
}

#[test]
fn equal_weights_are_no_weights_and_others_are_not() {
    let (x, y) = noisy(800, 15);
    for config in [small(), ForestConfig { criterion: Criterion::Entropy, ..small() }] {
        let plain = fit(&config, &x, &y);
        let weighted = |weights: Vec<f32>| config.fit_weighted(x.clone(), &y, &weights, 7, &Quiet).unwrap();
        for weight in [1.0, 0.3, 64.0] {
            let equal = weighted(vec![weight; 800]);
            assert!(equal.out_of_bag == plain.out_of_bag && equal.oob_auc == plain.oob_auc);
            assert_eq!(bits(&equal.forest.predict_proba(&x).unwrap()), bits(&plain.forest.predict_proba(&x).unwrap()));
        }
        assert_ne!(weighted((0..800).map(|i| 1.0 + (i % 2) as f32).collect()).forest, plain.forest);
    }
}

#[test]
fn a_bag_without_weight_votes_with_the_whole_table() {
    let (x, y) = noisy(40, 16);
    let mut weights = vec![0.0; 40];
    let first = |class: Label| y.iter().position(|l| *l == class).unwrap();
    (weights[first(Label::Benign)], weights[first(Label::Attack)]) = (1.0, 3.0);
    let forest =
        ForestConfig { trees: 300, ..small() }.fit_weighted(x.clone(), &y, &weights, 7, &Quiet).unwrap().forest;
    let scores = forest.predict_proba(&x).unwrap();
    // 0.75 from an empty bag, else 0, 1 or a split between the two rows.
    assert!(scores.iter().all(|s| (0.0..=1.0).contains(s)));
    assert!(scores[first(Label::Attack)] > scores[first(Label::Benign)]);
}

#[test]
fn smartcore_grows_a_forest_like_ours() {
    let (train, y) = noisy(900, 17);
    let (test, y_test) = noisy(1_500, 18);
    let reference = ForestConfig { trees: 40, engine: Engine::Smartcore, ..small() };
    let native = ForestConfig { engine: Engine::Native, ..reference.clone() };
    let [theirs, ours] = [&reference, &native].map(|config| {
        let fitted = fit(config, &train, &y);
        let right = fitted.forest.predict_proba(&test).unwrap();
        let right = right.iter().zip(&y_test).filter(|(s, l)| (**s > 0.5) == l.is_attack()).count();
        (right as f64 / 1_500.0, fitted.oob_auc.unwrap(), fitted.forest)
    });
    assert!((theirs.0 - ours.0).abs() < 0.03 && ours.0 > 0.9, "{} against {}", theirs.0, ours.0);
    assert!((theirs.1 - ours.1).abs() < 0.03, "{} against {}", theirs.1, ours.1);
    assert_ne!(theirs.2, ours.2);
    assert_eq!(Forest::from_bytes(&theirs.2.to_bytes()).unwrap(), theirs.2);
    let run = |threads| {
        on_threads(threads, || outcome(fit(&ForestConfig { trees: 4, ..reference.clone() }, &train, &y), &test))
    };
    assert!(run(1) == run(8));
}

#[test]
fn what_smartcore_does_not_know_is_refused() {
    let (x, y) = noisy(60, 19);
    let engine = Engine::Smartcore;
    let refused = |config: ForestConfig| config.fit(x.clone(), &y, 1, &Quiet).unwrap_err().to_string();
    let text = refused(ForestConfig { engine, bootstrap: Bootstrap::Distinct, ..small() });
    let expected =
        "forest: with `engine: smartcore`, `bootstrap` has to be `rows`, not distinct; or use `engine: native`";
    assert_eq!(text, expected);
    for (key, config) in [
        ("splits", ForestConfig { splits: Splits::Random, ..small() }),
        ("class_weight", ForestConfig { class_weight: ClassWeight::Balanced, ..small() }),
        ("bins", ForestConfig { bins: 100, ..small() }),
        ("max_depth", ForestConfig { max_depth: Some(70_000), ..small() }),
    ] {
        assert!(refused(ForestConfig { engine, ..config }).contains(&format!("`{key}` has to be")), "{key}");
    }
    let weighted = ForestConfig { engine, ..small() }.fit_weighted(x.clone(), &y, &[1.0; 60], 1, &Quiet);
    assert!(matches!(weighted, Err(ForestError::EngineLacks { key: "weights", .. })));
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
    small().fit(x.clone(), &y, 1, &all).unwrap();
    assert_eq!(all.0.into_inner(), 20);
    let some = StopAfter(AtomicU64::new(0), 3);
    assert!(matches!(small().fit(x.clone(), &y, 1, &some), Err(ForestError::Cancelled)));
    assert!(some.0.into_inner() < 20);
}

#[test]
fn rows_drawn_together_are_scored_by_trees_that_know_none_of_them() {
    // Each of 40 hosts has a value of its own, between two of the other class: trees that know a host know its label.
    let host = |row: usize| row % 40;
    let y: Vec<Label> = (0..800).map(|row| if host(row) % 2 == 0 { Label::Attack } else { Label::Benign }).collect();
    let (names, kinds) = (vec!["host".into()], vec![nta_data::TabularKind::Numeric]);
    let x = Tabular { names, kinds, columns: vec![(0..800).map(|row| host(row) as f32).collect()] };
    let config = ForestConfig { bootstrap: Bootstrap::Distinct, max_depth: None, ..small() };
    let together: Vec<u32> = (0..800).map(|row| 1 + host(row) as u32).collect();
    let rows: Vec<u32> = (1..=800).collect();
    let alone = config.fit_together(x.clone(), &y, &[1.0; 800], &rows, 7, &Quiet).unwrap();
    let grouped = config.fit_together(x.clone(), &y, &[1.0; 800], &together, 7, &Quiet).unwrap();
    assert!(
        alone.oob_auc.unwrap() > 0.95 && grouped.oob_auc.unwrap() < 0.6,
        "{:?} {:?}",
        alone.oob_auc,
        grouped.oob_auc
    );
    let none = config.fit_together(x.clone(), &y, &[1.0; 800], &[0; 800], 7, &Quiet).unwrap();
    let plain = config.fit_weighted(x.clone(), &y, &[1.0; 800], 7, &Quiet).unwrap();
    assert!(none.forest == plain.forest && none.out_of_bag == plain.out_of_bag);
    let refused = ForestConfig { bootstrap: Bootstrap::Rows, ..small() };
    let refused = refused.fit_together(x, &y, &[1.0; 800], &together, 7, &Quiet).unwrap_err().to_string();
    assert!(refused.contains("`bootstrap: distinct`"), "{refused}");
}
