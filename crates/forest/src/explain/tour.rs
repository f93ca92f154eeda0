//! A tree as the tour that an explanation makes: down every edge and up again, with what does not depend on the row.

use super::quadrature::Points;
use crate::tree::{Links, Node};

/// The way from a split to one of its children.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edge {
    pub(crate) feature: u32,
    pub(crate) threshold: f32,
    pub(crate) missing_left: bool,
    pub(crate) is_left: bool,
    /// Level of the split: 0 for the root. The child's is one more.
    pub(crate) level: u32,
    /// Level behind the last edge before this one that asks for the same feature; 0 if there is none.
    pub(crate) same_feature: u32,
    /// Share of the split's training rows that go this way.
    pub(crate) ratio: f64,
    /// Product of the ratios of the edges on this feature, before this one and with it.
    pub(crate) share_before: f64,
    pub(crate) share: f64,
}

/// A step of the tour along an edge, by its number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Step {
    Down(u32),
    Up(u32),
    /// Down to a leaf and up again, with what the leaf says.
    Leaf(u32, f64),
}

/// A tree laid out for explanations.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tour {
    pub(crate) edges: Vec<Edge>,
    pub(crate) steps: Vec<Step>,
    pub(crate) n_levels: usize,
    /// Exact for the most features on a path.
    pub(crate) points: Points,
    /// Mean share over the training rows.
    pub(crate) expected: f64,
}

/// An edge whose way down waits, or whose way up.
enum Waiting {
    Down { node: usize, edge: Edge },
    Up(u32),
}

impl Tour {
    /// `left_shares`, `(n_pairs)`: see [`crate::tree::Trees`].
    pub(crate) fn new(tree: &[Node], left_shares: &[f32], links: Links) -> Tour {
        let offset = commonest(tree);
        let expected = expected(tree, left_shares, links);
        let mut tour = Tour { edges: Vec::new(), steps: Vec::new(), n_levels: 1, points: Points::new(1), expected };
        let (mut waiting, mut most_features) = (Vec::new(), 0);
        // The edges from the root to where the tour stands.
        let mut path: Vec<Edge> = Vec::new();
        let mut n_features = 0;
        push_children(tree, left_shares, links, 0, &path, &mut waiting);
        while let Some(next) = waiting.pop() {
            let number = tour.edges.len() as u32;
            match next {
                Waiting::Up(number) => {
                    tour.steps.push(Step::Up(number));
                    if path.pop().is_some_and(|edge| edge.same_feature == 0) {
                        n_features -= 1;
                    }
                }
                Waiting::Down { node, edge } => {
                    let more = usize::from(edge.same_feature == 0);
                    most_features = most_features.max(n_features + more);
                    tour.n_levels = tour.n_levels.max(edge.level as usize + 2);
                    if tree[node].is_leaf() {
                        // Shapley values stay when all leaves move alike, and leaves of 0 take no part in them.
                        tour.put_leaf(edge, f64::from(tree[node].value) - offset);
                        continue;
                    }
                    tour.edges.push(edge.clone());
                    tour.steps.push(Step::Down(number));
                    waiting.push(Waiting::Up(number));
                    n_features += more;
                    path.push(edge);
                    push_children(tree, left_shares, links, node, &path, &mut waiting);
                }
            }
        }
        tour.edges.shrink_to_fit();
        tour.steps.shrink_to_fit();
        tour.points = Points::new(most_features.div_ceil(2).max(1));
        tour
    }
}

impl Tour {
    /// Goes down `edge` to a leaf and up again, unless the leaf says nothing.
    fn put_leaf(&mut self, edge: Edge, share: f64) {
        if share != 0.0 {
            self.steps.push(Step::Leaf(self.edges.len() as u32, share));
            self.edges.push(edge);
        }
    }
}

/// Puts the ways to the children of `node` on the pile, if it is a split.
fn push_children(
    tree: &[Node],
    left_shares: &[f32],
    links: Links,
    node: usize,
    path: &[Edge],
    waiting: &mut Vec<Waiting>,
) {
    let Node { value: threshold, link } = tree[node];
    if tree[node].is_leaf() {
        return;
    }
    let (feature, pair) = (links.feature(link) as u32, links.pair(link));
    let left = f64::from(left_shares[pair - 1]);
    let (same_feature, share_before) = match path.iter().rposition(|edge| edge.feature == feature) {
        Some(i) => (i as u32 + 1, path[i].share),
        None => (0, 1.0),
    };
    for (is_left, ratio, node) in [(false, 1.0 - left, 2 * pair), (true, left, 2 * pair - 1)] {
        let edge = Edge {
            feature,
            threshold,
            missing_left: link & 1 == 1,
            is_left,
            level: path.len() as u32,
            same_feature,
            ratio,
            share_before,
            share: share_before * ratio,
        };
        waiting.push(Waiting::Down { node, edge });
    }
}

/// The share that most leaves have of 0 and 1.
fn commonest(tree: &[Node]) -> f64 {
    let n_leaves = |share: f32| tree.iter().filter(|node| node.is_leaf() && node.value == share).count();
    if n_leaves(1.0) > n_leaves(0.0) { 1.0 } else { 0.0 }
}

/// Mean share over the training rows: children stand behind their parents, so from the last node to the first.
fn expected(tree: &[Node], left_shares: &[f32], links: Links) -> f64 {
    let mut means: Vec<f64> = tree.iter().map(|node| f64::from(node.value)).collect();
    for (i, node) in tree.iter().enumerate().rev().filter(|(_, node)| !node.is_leaf()) {
        let pair = links.pair(node.link);
        let left = f64::from(left_shares[pair - 1]);
        means[i] = left * means[2 * pair - 1] + (1.0 - left) * means[2 * pair];
    }
    means[0]
}
