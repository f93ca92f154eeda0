//! The trees of smartcore's `RandomForestClassifier`, as a forest of ours: a reference to compare with, not to train on.
//!
//! Each tree is a smartcore forest of one tree with a seed of its own, so trees grow in parallel and their mean is a
//! probability. smartcore keeps its trees to itself; they are read from what it serialises. Its thresholds are f64; a
//! threshold rounded down to f32 parts f32 values in the same way.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use ::smartcore::ensemble::random_forest_classifier::{RandomForestClassifier, RandomForestClassifierParameters};
use ::smartcore::linalg::basic::arrays::Array;
use ::smartcore::linalg::basic::matrix::DenseMatrix;
use ::smartcore::tree::decision_tree_classifier::SplitCriterion;
use nta_data::{Label, Purpose, Tabular, Watch, rng};
use rand_core::RngCore;
use rayon::prelude::*;
use serde::Deserialize;

use super::fitted::{Fitted, assemble};
use super::out_of_bag::area_under_curve;
use crate::grow::{Branch, Grown};
use crate::tree::{Links, walk};
use crate::{Bootstrap, ClassWeight, Criterion, ForestConfig, ForestError, Splits};

type Matrix = DenseMatrix<f32>;
type OneTree = RandomForestClassifier<f32, u32, Matrix, Vec<u32>>;

/// Fits `config.trees` trees; the settings and the table have been checked.
pub(crate) fn fit(
    config: &ForestConfig,
    x: &Tabular,
    y: &[Label],
    seed: u64,
    watch: &dyn Watch,
) -> Result<Fitted, ForestError> {
    refuse_unknown(config)?;
    let filled: Vec<Vec<f32>> = x.columns.iter().map(|column| without_gaps(column)).collect();
    let matrix = matrix(&filled)?;
    let classes: Vec<u32> = y.iter().map(|&label| label as u32).collect();
    let links = Links::for_features(x.n_features());
    let n_done = AtomicU64::new(0);
    let grow = |tree: u32| {
        if watch.cancelled() {
            return Err(ForestError::Cancelled);
        }
        let grown = one_tree(config, &matrix, &classes, seed, tree)?;
        let converted = convert(&grown, links, tree, x.n_features())?;
        watch.step(n_done.fetch_add(1, Ordering::Relaxed) + 1, config.trees.into());
        Ok(converted)
    };
    let trees: Vec<(Grown, Vec<bool>)> = (0..config.trees).into_par_iter().map(grow).collect::<Result<_, _>>()?;
    let scores = out_of_bag(x, links, &trees);
    let oob_auc = area_under_curve(&scores, y);
    let trees = trees.into_iter().map(|(tree, _)| tree).collect();
    Ok(Fitted { forest: assemble(x.names.clone(), trees), out_of_bag: scores, oob_auc })
}

/// Refuses settings that smartcore cannot keep to.
fn refuse_unknown(config: &ForestConfig) -> Result<(), ForestError> {
    let lacks = |key, value, wanted| Err(ForestError::EngineLacks { key, value, wanted });
    let plain = ForestConfig::default();
    if config.bootstrap != Bootstrap::Rows {
        return lacks("bootstrap", format!("{:?}", config.bootstrap).to_lowercase(), "`rows`");
    }
    if config.splits != Splits::Best {
        return lacks("splits", "random".to_owned(), "`best`");
    }
    if config.class_weight != ClassWeight::None {
        return lacks("class_weight", "set".to_owned(), "`none`");
    }
    if config.bins != plain.bins {
        return lacks("bins", config.bins.to_string(), "left out, for it splits at values");
    }
    match config.max_depth {
        Some(depth) if depth >= u32::from(u16::MAX) => lacks("max_depth", depth.to_string(), "below 65535"),
        _ => Ok(()),
    }
}

/// The column with a value below all others in the place of missing ones.
fn without_gaps(column: &[f32]) -> Vec<f32> {
    let lowest = column.iter().copied().filter(|v| !v.is_nan()).reduce(f32::min).unwrap_or(0.0);
    let below = (lowest - lowest.abs().max(1.0)).max(f32::MIN);
    column.iter().map(|&v| if v.is_nan() { below } else { v }).collect()
}

fn matrix(columns: &[Vec<f32>]) -> Result<Matrix, ForestError> {
    let n_rows = columns.first().map_or(0, Vec::len);
    DenseMatrix::new(n_rows, columns.len(), columns.concat(), true)
        .map_err(|e| ForestError::Engine { tree: 0, problem: e.to_string() })
}

fn one_tree(
    config: &ForestConfig,
    matrix: &Matrix,
    classes: &Vec<u32>,
    seed: u64,
    tree: u32,
) -> Result<OneTree, ForestError> {
    let n_features = matrix.shape().1;
    let parameters = RandomForestClassifierParameters {
        criterion: match config.criterion {
            Criterion::Gini => SplitCriterion::Gini,
            Criterion::Entropy => SplitCriterion::Entropy,
        },
        // smartcore counts levels of nodes, the root's included.
        max_depth: config.max_depth.map(|depth| depth as u16 + 1),
        min_samples_leaf: config.min_leaf as usize,
        min_samples_split: config.min_split as usize,
        n_trees: 1,
        m: Some(config.max_features.of(n_features)),
        keep_samples: true,
        seed: rng(seed, Purpose::Bootstrap, tree.into(), 0).next_u64(),
    };
    OneTree::fit(matrix, classes, parameters).map_err(|e| ForestError::Engine { tree, problem: e.to_string() })
}

/// What smartcore writes of a forest of one tree.
#[derive(Deserialize)]
struct Saved {
    trees: [SavedTree; 1],
    classes: Vec<u32>,
    samples: [Vec<bool>; 1],
}

#[derive(Deserialize)]
struct SavedTree {
    nodes: Vec<SavedNode>,
}

#[derive(Deserialize)]
struct SavedNode {
    /// Index of the class that the leaf votes for.
    output: usize,
    n_node_samples: usize,
    split_feature: usize,
    split_value: Option<f64>,
    true_child: Option<usize>,
    false_child: Option<usize>,
    impurity: Option<f64>,
}

/// The tree in our form, and which rows it saw.
fn convert(grown: &OneTree, links: Links, tree: u32, n_features: usize) -> Result<(Grown, Vec<bool>), ForestError> {
    let problem = |problem: &str| ForestError::Engine { tree, problem: problem.to_owned() };
    let value = serde_json::to_value(grown).map_err(|e| problem(&e.to_string()))?;
    let Saved { trees: [SavedTree { nodes }], classes, samples: [samples] } =
        serde_json::from_value(value).map_err(|e| problem(&e.to_string()))?;
    let share = |node: &SavedNode| <[u32]>::get(&classes, node.output).map_or(0.0, |&class| class as f32);
    let weight = |node: &SavedNode| node.n_node_samples as f64 * node.impurity.unwrap_or(0.0);
    let node = |at: usize| nodes.get(at).ok_or_else(|| problem("it names a node that does not exist"));
    let mut branch = Branch::new(share(node(0)?));
    let mut queue = VecDeque::from([(0, 0)]);
    while let Some((theirs, ours)) = queue.pop_front() {
        let parent = node(theirs)?;
        let (Some(left), Some(right)) = (parent.true_child, parent.false_child) else { continue };
        let threshold = parent.split_value.ok_or_else(|| problem("a split has no value"))?;
        let (left_node, right_node) = (node(left)?, node(right)?);
        let gain = weight(parent) - weight(left_node) - weight(right_node);
        let left_share = left_node.n_node_samples as f64 / (parent.n_node_samples as f64).max(1.0);
        let split = (parent.split_feature, rounded_down(threshold), true);
        let pair = branch
            .split(
                ours,
                split,
                [share(left_node), share(right_node)],
                (gain.max(0.0), left_share.min(1.0) as f32),
                links,
            )
            .map_err(|nodes| ForestError::TreeTooLarge { features: n_features, nodes })?;
        queue.extend([(left, pair * 2 - 1), (right, pair * 2)]);
    }
    Ok((Grown::new(branch, n_features, Vec::new()), samples))
}

/// The highest f32 that is not above `value`: f32 values part at both alike.
fn rounded_down(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) > value { near.next_down() } else { near }
}

/// Mean vote of the trees that did not see the row, `(n_rows)`.
fn out_of_bag(x: &Tabular, links: Links, trees: &[(Grown, Vec<bool>)]) -> Vec<Option<f32>> {
    let score = |row: usize| {
        let values: Vec<f32> = x.columns.iter().map(|c| c[row]).collect();
        let votes = || trees.iter().filter(|(_, saw)| !saw[row]).map(|(tree, _)| walk(&tree.nodes, links, &values));
        let n = votes().count();
        (n > 0).then(|| (votes().map(f64::from).sum::<f64>() / n as f64) as f32)
    };
    (0..x.n_rows()).into_par_iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use nta_data::{Quiet, TabularKind};

    use super::*;
    use crate::{MaxFeatures, NamedCount};

    /// Three columns, the second with gaps, the third noise.
    fn table(n: usize) -> (Tabular, Vec<Label>) {
        let mut random = rng(12, Purpose::Simulation, 0, 0);
        let mut columns = vec![Vec::new(); 3];
        let mut y = Vec::new();
        for i in 0..n {
            let mut uniform = || random.next_u32() as f32 / 4_294_967_296.0;
            let attack = uniform() < 0.4;
            let shift = if attack { 0.6 } else { 0.0 };
            columns[0].push((uniform() + shift) * 100.0 - 50.0);
            columns[1].push(if i % 4 == 0 { f32::NAN } else { (uniform() - shift).exp() });
            columns[2].push((uniform() * 5.0).floor());
            y.push(if attack { Label::Attack } else { Label::Benign });
        }
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        (Tabular { names, kinds: vec![TabularKind::Numeric; 3], columns }, y)
    }

    #[test]
    fn converted_trees_vote_as_smartcore_does() {
        let (x, y) = table(400);
        // With few features drawn smartcore often gives up on a node early.
        let all = ForestConfig { max_features: MaxFeatures::Named(NamedCount::All), ..Default::default() };
        for config in
            [all.clone(), ForestConfig { criterion: Criterion::Entropy, max_depth: Some(4), min_leaf: 3, ..all }]
        {
            let filled: Vec<Vec<f32>> = x.columns.iter().map(|c| without_gaps(c)).collect();
            let (matrix, classes) = (matrix(&filled).unwrap(), y.iter().map(|&l| l as u32).collect());
            let links = Links::for_features(3);
            for tree in 0..5 {
                let theirs = one_tree(&config, &matrix, &classes, 9, tree).unwrap();
                let (ours, saw) = convert(&theirs, links, tree, 3).unwrap();
                assert!(ours.nodes.len() >= 3, "{} nodes, tree {tree}", ours.nodes.len());
                assert!((ours.importances.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                let votes: Vec<u32> = theirs.predict(&matrix).unwrap();
                for (row, vote) in votes.into_iter().enumerate() {
                    let values: Vec<f32> = x.columns.iter().map(|c| c[row]).collect();
                    assert_eq!(walk(&ours.nodes, links, &values), vote as f32, "row {row} of tree {tree}");
                }
                assert!((100..200).contains(&saw.iter().filter(|saw| !**saw).count()));
            }
        }
    }

    #[test]
    fn a_depth_means_the_same_number_of_splits() {
        let (x, y) = table(300);
        let config = ForestConfig {
            trees: 6,
            engine: crate::Engine::Smartcore,
            bootstrap: crate::Bootstrap::Rows,
            ..Default::default()
        };
        for depth in [1, 3] {
            let fitted =
                ForestConfig { max_depth: Some(depth), ..config.clone() }.fit(x.clone(), &y, 1, &Quiet).unwrap();
            assert_eq!(fitted.forest.depth(), depth);
        }
    }

    #[test]
    fn thresholds_round_down() {
        assert_eq!(rounded_down(0.5), 0.5);
        let between = (f64::from(1.0f32) + f64::from(1.0f32.next_up())) / 2.0;
        assert_eq!([rounded_down(between), rounded_down(between + 1e-12)], [1.0, 1.0]);
        assert_eq!(rounded_down(-between), -1.0f32.next_up());
    }
}
