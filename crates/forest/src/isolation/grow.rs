//! Trees of an isolation forest: a random column, a random cut between its ends, down to single rows.

use std::sync::atomic::{AtomicU64, Ordering};

use nta_data::{Purpose, Rng, Tabular, Watch, rng};
use rand_core::RngCore;
use rayon::prelude::*;

use super::{GrownTrees, IsolationConfig, LONGEST_PATH};
use crate::ForestError;
use crate::random::below;
use crate::tree::{LEAF_UNITS, Links, Node, Trees};

/// Draws of an isolation forest are none of the forest's, whose trees and nodes are numbered from 0.
const STREAM: u64 = u64::MAX;

/// Grows all trees on draws from the rows `benign` of `x`.
pub(super) fn all(
    config: &IsolationConfig,
    x: &Tabular,
    benign: &[u32],
    seed: u64,
    watch: &dyn Watch,
) -> Result<GrownTrees, ForestError> {
    let sample = benign.len().min(config.sample as usize);
    let lengths = lengths_of_the_unparted(sample);
    let (done, total) = (AtomicU64::new(0), u64::from(config.trees));
    let grow = |tree: u32| {
        if watch.cancelled() {
            return Err(ForestError::Cancelled);
        }
        let mut random = rng(seed, Purpose::Bootstrap, tree.into(), STREAM);
        let rows = draw(benign, sample, &mut random);
        let values = x.columns.iter().map(|column| rows.iter().map(|&row| column[row as usize]).collect()).collect();
        let grown = Growth { values, lengths: &lengths, random, links: Links::for_features(x.n_features()) }.grow();
        watch.step(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        Ok(grown)
    };
    let all: Vec<Vec<Node>> = (0..config.trees).into_par_iter().map(grow).collect::<Result<_, _>>()?;
    let links = Links::for_features(x.n_features());
    let mut splits = vec![0.0; x.n_features()];
    let (mut nodes, mut bounds) = (Vec::new(), vec![0]);
    for tree in all {
        tree.iter().filter(|node| !node.is_leaf()).for_each(|node| splits[links.feature(node.link)] += 1.0);
        nodes.extend(tree);
        bounds.push(nodes.len());
    }
    let total = splits.iter().sum::<f64>().max(1.0);
    let split_shares = splits.into_iter().map(|n| n / total).collect();
    Ok(GrownTrees { trees: Trees { nodes, bounds, left_shares: None }, split_shares })
}

/// `n` of `rows`, each at most once (Floyd's draw, Bentley 1987), in their order.
fn draw(rows: &[u32], n: usize, random: &mut Rng) -> Vec<u32> {
    let mut places = std::collections::BTreeSet::new();
    for last in rows.len() - n..rows.len() {
        let place = below(random.next_u32(), last + 1);
        if !places.insert(place) {
            places.insert(last);
        }
    }
    places.into_iter().map(|place| rows[place]).collect()
}

/// Splits that would part so many rows, on average, from 0 rows to `most`: the mean depth of a binary search tree's
/// unsuccessful search, c(n) = 2 H(n - 1) - 2 (n - 1) / n.
fn lengths_of_the_unparted(most: usize) -> Vec<f64> {
    let mut harmonic = 0.0;
    let length = |n: usize| match n {
        0 | 1 => 0.0,
        n => {
            harmonic += 1.0 / (n - 1) as f64;
            2.0 * harmonic - 2.0 * (n - 1) as f64 / n as f64
        }
    };
    (0..=most).map(length).collect()
}

/// A tree under way.
struct Growth<'a> {
    /// Of the drawn rows, `(n_features)` columns of `(n_drawn)`.
    values: Vec<Vec<f32>>,
    lengths: &'a [f64],
    random: Rng,
    links: Links,
}

/// Where a node parts its rows.
struct Cut {
    feature: usize,
    threshold: f32,
    missing_left: bool,
}

impl Growth<'_> {
    fn grow(mut self) -> Vec<Node> {
        let n_drawn = self.values[0].len();
        let deepest = n_drawn.next_power_of_two().ilog2();
        let mut rows: Vec<u32> = (0..n_drawn as u32).collect();
        let mut nodes = vec![Node::leaf(0.0)];
        // Node, its rows, its depth; the right side is grown last, so that a tree depends on its own draws alone.
        let mut open = vec![(0, 0, n_drawn, 0)];
        while let Some((node, start, end, depth)) = open.pop() {
            let cut = if depth < deepest { self.cut(&rows[start..end]) } else { None };
            let Some(cut) = cut else {
                let length = f64::from(depth) + self.lengths[end - start];
                nodes[node] = Node::leaf(in_units(length / LONGEST_PATH));
                continue;
            };
            let column = &self.values[cut.feature];
            let goes_left = |row: &u32| {
                let value = column[*row as usize];
                if value.is_nan() { cut.missing_left } else { value <= cut.threshold }
            };
            let (left, right): (Vec<u32>, Vec<u32>) = rows[start..end].iter().partition(|row| goes_left(row));
            let middle = start + left.len();
            rows[start..middle].copy_from_slice(&left);
            rows[middle..end].copy_from_slice(&right);
            // Children stand at 2k - 1 and 2k.
            let pair = nodes.len().div_ceil(2);
            nodes[node] = Node { value: cut.threshold, link: self.links.pack(pair, cut.feature, cut.missing_left) };
            nodes.extend([Node::leaf(0.0); 2]);
            open.push((2 * pair, middle, end, depth + 1));
            open.push((2 * pair - 1, start, middle, depth + 1));
        }
        nodes
    }

    /// A cut that parts `rows`: of a random one of the columns that can, at random between its lowest and its highest value,
    /// or between its one value and none. `None` where all rows are the same.
    fn cut(&mut self, rows: &[u32]) -> Option<Cut> {
        if rows.len() < 2 {
            return None;
        }
        let mut features: Vec<usize> = (0..self.values.len()).collect();
        while !features.is_empty() {
            let feature = features.swap_remove(below(self.random.next_u32(), features.len()));
            let values = || rows.iter().map(|row| self.values[feature][*row as usize]);
            let (low, high) = values()
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
            let missing = values().filter(|value| value.is_nan()).count();
            if low < high {
                let roll = f64::from(self.random.next_u32()) / 4_294_967_296.0;
                let threshold = (f64::from(low) + roll * (f64::from(high) - f64::from(low))) as f32;
                // Rounding must not leave the right side empty.
                let threshold = if threshold < high { threshold } else { low };
                return Some(Cut { feature, threshold, missing_left: self.random.next_u32() & 1 == 1 });
            }
            if missing > 0 && missing < rows.len() {
                return Some(Cut { feature, threshold: f32::MAX, missing_left: false });
            }
        }
        None
    }
}

/// A whole multiple of what leaves say, so that sums are exact in any order.
fn in_units(share: f64) -> f32 {
    ((share * f64::from(LEAF_UNITS)).round() / f64::from(LEAF_UNITS)) as f32
}
