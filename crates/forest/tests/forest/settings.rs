//! Every key does something, and what it says.

use nta_data::Tabular;
use nta_forest::{Bootstrap, ClassWeight, Criterion, Engine, Forest, ForestConfig, MaxFeatures, NamedCount, Splits};

use crate::tables::{fit, noisy, small};

fn forest(config: &ForestConfig) -> Forest {
    let (x, y) = noisy(600, 20);
    fit(config, &x, &y).forest
}

#[test]
fn every_key_changes_the_forest() {
    let default = forest(&small());
    let changed = [
        ForestConfig { trees: 21, ..small() },
        ForestConfig { criterion: Criterion::Entropy, ..small() },
        ForestConfig { max_features: MaxFeatures::Named(NamedCount::All), ..small() },
        ForestConfig { max_features: MaxFeatures::Number(1), ..small() },
        ForestConfig { max_features: MaxFeatures::Fraction(0.7), ..small() },
        ForestConfig { max_depth: Some(4), ..small() },
        ForestConfig { min_leaf: 5, ..small() },
        ForestConfig { min_split: 12, ..small() },
        ForestConfig { class_weight: ClassWeight::Balanced, ..small() },
        ForestConfig { class_weight: ClassWeight::BalancedPerBootstrap, ..small() },
        ForestConfig { class_weight: ClassWeight::Given { benign: 1.0, attack: 4.0 }, ..small() },
        ForestConfig { bootstrap: Bootstrap::None, ..small() },
        ForestConfig { splits: Splits::Random, ..small() },
        ForestConfig { engine: Engine::Smartcore, ..small() },
        ForestConfig { bins: 20, ..small() },
    ];
    let forests: Vec<Forest> = changed.iter().map(forest).collect();
    for (i, one) in forests.iter().enumerate() {
        assert_ne!(one, &default, "{:?}", changed[i]);
        assert!(!forests[..i].contains(one), "{:?}", changed[i]);
    }
}

#[test]
fn distinct_draws_differ_where_rows_repeat_and_only_there() {
    let (x, y) = noisy(400, 21);
    let distinct = ForestConfig { bootstrap: Bootstrap::Distinct, ..small() };
    assert_eq!(fit(&distinct, &x, &y).forest, fit(&small(), &x, &y).forest);
    let twice = Tabular { columns: x.columns.iter().map(|c| [&c[..], &c[..100]].concat()).collect(), ..x };
    let y = [&y[..], &y[..100]].concat();
    assert_ne!(fit(&distinct, &twice, &y).forest, fit(&small(), &twice, &y).forest);
}

#[test]
fn limits_are_kept() {
    assert_eq!(forest(&ForestConfig { max_depth: Some(3), ..small() }).depth(), 3);
    let default = forest(&small());
    assert!(default.depth() > 3 && default.n_trees() == 20);
    let coarse = forest(&ForestConfig { min_leaf: 20, ..small() });
    // A tree holds 600 drawn rows, so at most 30 leaves and 59 nodes.
    assert!(coarse.n_nodes() <= 20 * 59 && coarse.n_nodes() > 20 * 9, "{}", coarse.n_nodes());
    let shy = forest(&ForestConfig { min_split: 601, ..small() });
    assert_eq!((shy.n_nodes(), shy.depth()), (20, 0));
    assert!(shy.importances().iter().all(|i| i.1 == 0.0));
    let (x, _) = noisy(600, 20);
    let rows = shy.predict_proba(&x).unwrap();
    assert_eq!(rows, vec![shy.predict_row(&[0.0; 6]); 600]);
}

#[test]
fn balanced_leaves_weigh_classes_alike() {
    // A lone leaf holds the whole table: a third of attacks without weights, a half with.
    let (x, y) = noisy(600, 20);
    let lone = ForestConfig { trees: 1, min_split: 601, bootstrap: Bootstrap::None, ..small() };
    let share = |config: &ForestConfig| fit(config, &x, &y).forest.predict_row(&[0.0; 6]);
    let attacks = y.iter().filter(|l| l.is_attack()).count();
    // In whole units of a leaf.
    assert!((share(&lone) - attacks as f32 / 600.0).abs() <= 0.5 / nta_forest::LEAF_UNITS as f32);
    assert_eq!(share(&ForestConfig { class_weight: ClassWeight::Balanced, ..lone.clone() }), 0.5);
    let drawn = ForestConfig { bootstrap: Bootstrap::Rows, ..lone };
    let per_bootstrap = ForestConfig { class_weight: ClassWeight::BalancedPerBootstrap, ..drawn.clone() };
    assert_eq!(share(&per_bootstrap), 0.5);
    let balanced = share(&ForestConfig { class_weight: ClassWeight::Balanced, ..drawn });
    assert!(balanced != 0.5 && (balanced - 0.5).abs() < 0.1, "{balanced}");
}
