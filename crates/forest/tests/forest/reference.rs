//! Trees of one split against the definition, tried out on the values themselves.

use nta_data::{Label, Purpose, Tabular, rng};
use nta_forest::{Bootstrap, ClassWeight, Criterion, ForestConfig, MaxFeatures, NamedCount};
use rand_core::RngCore;

use crate::tables::{fit, tabular};

struct Judge {
    criterion: Criterion,
    weights: [f64; 2],
    min_leaf: usize,
}

impl Judge {
    /// Impurity left when the rows part as `left` says; infinite where a side is too small.
    fn cost(&self, left: &[bool], y: &[Label]) -> f64 {
        [true, false].into_iter().map(|side| self.side(left, y, side)).sum()
    }

    fn side(&self, left: &[bool], y: &[Label], side: bool) -> f64 {
        let rows = || left.iter().zip(y).filter(|(l, _)| **l == side).map(|(_, label)| *label);
        if rows().count() < self.min_leaf {
            return f64::INFINITY;
        }
        let weight: f64 = rows().map(|l| self.weights[l as usize]).sum();
        let shares = [Label::Benign, Label::Attack]
            .map(|class| rows().filter(|l| *l == class).map(|l| self.weights[l as usize]).sum::<f64>() / weight);
        let impurity: f64 = match self.criterion {
            Criterion::Gini => 1.0 - shares.iter().map(|p| p * p).sum::<f64>(),
            Criterion::Entropy => shares.iter().filter(|p| **p > 0.0).map(|p| -p * p.log2()).sum(),
        };
        weight * impurity
    }

    /// The least impurity that any threshold on any column leaves, with missing rows on either side.
    fn least(&self, x: &Tabular, y: &[Label]) -> f64 {
        let mut least = f64::INFINITY;
        for column in &x.columns {
            for &threshold in column.iter().filter(|v| !v.is_nan()) {
                for missing_left in [true, false] {
                    let left: Vec<bool> =
                        column.iter().map(|v| if v.is_nan() { missing_left } else { *v <= threshold }).collect();
                    if left.contains(&true) && left.contains(&false) {
                        least = least.min(self.cost(&left, y));
                    }
                }
            }
        }
        least
    }
}

#[test]
fn one_split_is_the_best_there_is_on_random_rows_with_ties_missing_and_weights() {
    let mut random = rng(30, Purpose::Simulation, 0, 0);
    let mut next = |n: u32| random.next_u32() % n;
    let mut n_split = 0;
    for case in 0..400 {
        let (n_rows, n_values, n_columns) = (8 + next(50) as usize, 2 + next(30), 1 + next(4));
        let mut value = || if next(6) == 0 { f32::NAN } else { next(n_values) as f32 * 0.37 - 3.0 };
        let x = tabular((0..n_columns).map(|_| (0..n_rows).map(|_| value()).collect()).collect());
        let mut y: Vec<Label> = (0..n_rows).map(|_| if next(3) == 0 { Label::Attack } else { Label::Benign }).collect();
        (y[0], y[1]) = (Label::Benign, Label::Attack);
        let [benign, attack] = [[1.0, 1.0], [0.5, 6.0]][case % 2];
        let judge = Judge {
            criterion: [Criterion::Gini, Criterion::Entropy][case / 2 % 2],
            weights: [benign, attack],
            min_leaf: 1 + next(4) as usize,
        };
        let config = ForestConfig {
            trees: 1,
            criterion: judge.criterion,
            max_features: MaxFeatures::Named(NamedCount::All),
            max_depth: Some(1),
            min_leaf: judge.min_leaf as u32,
            class_weight: ClassWeight::Given { benign, attack },
            bootstrap: Bootstrap::None,
            ..Default::default()
        };
        let forest = fit(&config, &x, &y).forest;
        let least = judge.least(&x, &y);
        if forest.depth() == 0 {
            assert_eq!(least, f64::INFINITY, "case {case}");
            continue;
        }
        n_split += 1;
        let scores = forest.predict_proba(&x).unwrap();
        // Two leaves of one share cannot be told apart by the scores; such a split gains nothing.
        let left: Vec<bool> = scores.iter().map(|&s| s == scores[0]).collect();
        let found = match left.contains(&false) {
            true => judge.cost(&left, &y),
            false => Judge { min_leaf: 0, ..judge }.side(&left, &y, true),
        };
        assert!((found - least).abs() < 1e-9, "case {case}: {found} against {least}");
    }
    assert!(n_split > 300, "{n_split}");
}

#[test]
fn a_full_tree_on_all_rows_knows_every_row() {
    let mut random = rng(31, Purpose::Simulation, 0, 0);
    let mut label = || if random.next_u32().is_multiple_of(2) { Label::Attack } else { Label::Benign };
    let y: Vec<Label> = (0..256).map(|_| label()).collect();
    // 255 values, each in a bin of its own, and a missing one.
    let x = tabular(vec![(0..256).map(|i| if i == 77 { f32::NAN } else { (i as f32).sqrt() }).collect()]);
    let config = ForestConfig { trees: 1, min_leaf: 1, bootstrap: Bootstrap::None, ..Default::default() };
    let scores = fit(&config, &x, &y).forest.predict_proba(&x).unwrap();
    assert!(scores.iter().zip(&y).all(|(score, label)| *score == f32::from(*label as u8)));
}
