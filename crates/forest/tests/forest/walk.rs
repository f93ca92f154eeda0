//! The trees from outside tell everything that a score is made of.

use nta_data::Tabular;
use nta_forest::{Bootstrap, Engine, Forest, ForestConfig, Tree, TreeNode};

use crate::tables::{bits, fit, noisy, small};

/// The leaf's share that a row ends at, by the words of [`TreeNode`] alone.
fn vote(tree: &Tree<'_>, row: &[f32]) -> f32 {
    let mut number = 0;
    loop {
        match tree.node(number) {
            TreeNode::Leaf { share } => return share,
            TreeNode::Split { feature, threshold, missing_left, left, right } => {
                assert!(left > number && right > number);
                let value = row[feature];
                let goes_left = if value.is_nan() { missing_left } else { value <= threshold };
                number = if goes_left { left } else { right };
            }
        }
    }
}

fn by_hand(forest: &Forest, x: &Tabular) -> Vec<f32> {
    let score = |i: usize| {
        let row: Vec<f32> = x.columns.iter().map(|column| column[i]).collect();
        let votes = forest.trees().map(|tree| f64::from(vote(&tree, &row)));
        (votes.sum::<f64>() / forest.n_trees() as f64) as f32
    };
    (0..x.n_rows()).map(score).collect()
}

#[test]
fn walking_by_hand_gives_the_scores_bit_for_bit() {
    let (x, y) = noisy(3_000, 1);
    let (mut other, _) = noisy(1_500, 2);
    // A column with gaps at every node, and one that had none in training.
    other.columns[3].iter_mut().step_by(2).for_each(|value| *value = f32::NAN);
    other.columns[0].iter_mut().step_by(3).for_each(|value| *value = f32::NAN);
    other.columns[1][5] = -0.0;
    let rows = ForestConfig { bootstrap: Bootstrap::Rows, ..ForestConfig::default() };
    let smartcore = ForestConfig { engine: Engine::Smartcore, trees: 3, max_depth: Some(8), ..rows.clone() };
    for config in [small(), ForestConfig { trees: 30, ..ForestConfig::default() }, smartcore] {
        let forest = fit(&config, &x, &y).forest;
        assert_eq!(bits(&by_hand(&forest, &other)), bits(&forest.predict_proba(&other).unwrap()), "{config:?}");
        let read = Forest::from_bytes(&forest.to_bytes()).unwrap();
        assert_eq!(bits(&by_hand(&read, &other)), bits(&by_hand(&forest, &other)));
    }
}

#[test]
fn nodes_are_all_there_and_shares_of_rows_part_at_each_split() {
    let (x, y) = noisy(2_000, 3);
    let forest = fit(&small(), &x, &y).forest;
    assert_eq!(forest.trees().len(), forest.n_trees());
    assert_eq!(forest.trees().map(|tree| tree.n_nodes()).sum::<usize>(), forest.n_nodes());
    for tree in forest.trees() {
        let reach = tree.row_shares().unwrap();
        let mut at_leaves = 0.0;
        for (node, share) in tree.nodes().zip(&reach) {
            match node {
                TreeNode::Leaf { share: attacks } => {
                    assert!((0.0..=1.0).contains(&attacks));
                    at_leaves += share;
                }
                TreeNode::Split { feature, left, right, .. } => {
                    assert!(feature < forest.n_features());
                    assert!((reach[left] + reach[right] - share).abs() < 1e-12 && reach[left] > 0.0);
                }
            }
        }
        assert!(reach[0] == 1.0 && (at_leaves - 1.0).abs() < 1e-9);
    }
}

#[test]
fn leaves_are_whole_units_so_that_f32_sums_them_exactly_in_any_order() {
    let (x, y) = noisy(3_000, 5);
    let config = ForestConfig { trees: 200, min_leaf: 7, max_depth: Some(6), ..ForestConfig::default() };
    let forest = fit(&config, &x, &y).forest;
    let mut impure = 0;
    for share in forest.trees().flat_map(|tree| tree.nodes().collect::<Vec<_>>()).filter_map(|node| match node {
        TreeNode::Leaf { share } => Some(share),
        TreeNode::Split { .. } => None,
    }) {
        let units = f64::from(share) * f64::from(nta_forest::LEAF_UNITS);
        assert_eq!(units.fract(), 0.0, "{share}");
        impure += usize::from(share > 0.0 && share < 1.0);
    }
    assert!(impure > 500, "{impure}");
    for i in 0..100 {
        let row: Vec<f32> = x.columns.iter().map(|column| column[i]).collect();
        let votes: Vec<f32> = forest.trees().map(|tree| vote(&tree, &row)).collect();
        let exact = votes.iter().map(|&v| f64::from(v)).sum::<f64>();
        let (forth, back) = (votes.iter().sum::<f32>(), votes.iter().rev().sum::<f32>());
        assert_eq!((f64::from(forth), f64::from(back)), (exact, exact), "row {i}");
    }
}
