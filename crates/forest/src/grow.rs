//! One tree: rows parted from the root down until leaves are pure or the limits say stop.

use nta_data::{Purpose, Watch, rng};
use rand_core::RngCore;

use crate::bins::{Cut, MISSING};
use crate::bootstrap::{Drawn, Seen, below, draw};
use crate::histogram::{Counts, Histogram};
use crate::node::{Links, Node};
use crate::split::{Rules, Split};
use crate::table::Table;
use crate::{ClassWeight, ForestConfig, ForestError};

/// A tree fresh from training.
pub(crate) struct Grown {
    pub(crate) nodes: Vec<Node>,
    /// Share of the drawn rows of each split's node that went left, in the order of the pairs of children.
    pub(crate) left_shares: Vec<f32>,
    /// Impurity taken away by each feature's splits, as a share of all that the tree took away; all 0 for a lone leaf.
    /// `(n_features)`.
    pub(crate) importances: Vec<f64>,
    /// Which rows the tree saw.
    pub(crate) seen: Seen,
}

/// What all trees of a forest share.
pub(crate) struct Plan<'a> {
    pub(crate) config: &'a ForestConfig,
    pub(crate) table: &'a Table,
    pub(crate) seed: u64,
    pub(crate) watch: &'a dyn Watch,
    pub(crate) links: Links,
}

/// Memory that a thread uses again for each of its trees.
pub(crate) struct Scratch {
    bag: Vec<Drawn>,
    right: Vec<Drawn>,
    times: Vec<u32>,
    histogram: Histogram,
    features: Vec<u32>,
    constant: Vec<u64>,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Scratch {
            bag: Vec::new(),
            right: Vec::new(),
            times: Vec::new(),
            histogram: Histogram::new(),
            features: Vec::new(),
            constant: Vec::new(),
        }
    }
}

/// A node to be split.
struct Task {
    node: usize,
    /// Its rows: `bag[start..end]`.
    start: usize,
    end: usize,
    counts: Counts,
    depth: u32,
    /// Number of its stream of random numbers: a hash of the path from the root, so that no other node's work moves it.
    path: u64,
}

/// A split and the feature it is on.
struct Choice {
    feature: usize,
    split: Split,
    cut: Cut,
}

/// Rows from which on a node asks whether to stop.
const ASK_ROWS: usize = 1 << 14;

impl Plan<'_> {
    /// Grows tree number `tree`.
    pub(crate) fn grow(&self, tree: u32, scratch: &mut Scratch) -> Result<Grown, ForestError> {
        let Scratch { bag, times, .. } = scratch;
        let seen = draw(self.config.bootstrap, self.table, self.seed, tree, times, bag);
        let counts = Counts::of(bag);
        let n_features = self.table.columns.len();
        let mut growth = Growth {
            plan: self,
            rules: self.rules(counts),
            max_features: self.config.max_features.of(n_features),
            words: n_features.div_ceil(64),
            tree: u64::from(tree),
            grown: Grown { nodes: Vec::new(), left_shares: Vec::new(), importances: vec![0.0; n_features], seen },
            scratch,
        };
        growth.run(counts)?;
        let mut grown = growth.grown;
        normalise(&mut grown.importances);
        Ok(grown)
    }

    fn rules(&self, drawn: Counts) -> Rules {
        let balanced = |benign: f64, attack: f64| {
            // A bag of one class grows a lone leaf, whatever the weights.
            let weight = |n: f64| if n > 0.0 { (benign + attack) / (2.0 * n) } else { 1.0 };
            [weight(benign), weight(attack)]
        };
        let weights = match self.config.class_weight {
            ClassWeight::None => [1.0, 1.0],
            ClassWeight::Given { benign, attack } => [benign, attack],
            ClassWeight::BalancedPerBootstrap => balanced(drawn.benign().into(), drawn.attack().into()),
            ClassWeight::Balanced => {
                let copies = |i: usize| f64::from(self.table.copies(i));
                let attacks: f64 =
                    (0..self.table.n_distinct()).filter(|&i| self.table.labels[i].is_attack()).map(copies).sum();
                balanced(self.table.n_rows() as f64 - attacks, attacks)
            }
        };
        Rules { criterion: self.config.criterion, weights, min_leaf: self.config.min_leaf }
    }
}

/// Divides by the sum, where there is one.
pub(crate) fn normalise(shares: &mut [f64]) {
    let sum: f64 = shares.iter().sum();
    if sum > 0.0 {
        shares.iter_mut().for_each(|s| *s /= sum);
    }
}

struct Growth<'a, 'b> {
    plan: &'a Plan<'a>,
    rules: Rules,
    max_features: usize,
    /// Words of a set of features.
    words: usize,
    tree: u64,
    grown: Grown,
    scratch: &'b mut Scratch,
}

impl Growth<'_, '_> {
    fn run(&mut self, counts: Counts) -> Result<(), ForestError> {
        let mut tasks = Vec::new();
        // The features known to be constant in each task's node, a set a task, beside `tasks`.
        let mut constant: Vec<u64> = Vec::new();
        self.scratch.constant.clear();
        self.scratch.constant.resize(self.words, 0);
        let root = Task { node: 0, start: 0, end: self.scratch.bag.len(), counts, depth: 0, path: 0 };
        self.push_node(counts);
        if self.may_split(&root) {
            constant.extend_from_slice(&self.scratch.constant);
            tasks.push(root);
        }
        while let Some(task) = tasks.pop() {
            if task.end - task.start >= ASK_ROWS && self.plan.watch.cancelled() {
                return Err(ForestError::Cancelled);
            }
            let kept = constant.len() - self.words;
            self.scratch.constant.copy_from_slice(&constant[kept..]);
            constant.truncate(kept);
            let Some(choice) = self.choose(&task) else { continue };
            let children = self.split(&task, &choice)?;
            for child in children.into_iter().rev().filter(|child| self.may_split(child)) {
                constant.extend_from_slice(&self.scratch.constant);
                tasks.push(child);
            }
        }
        Ok(())
    }

    fn push_node(&mut self, counts: Counts) {
        self.grown.nodes.push(Node::leaf(self.rules.share(counts)));
    }

    fn may_split(&self, task: &Task) -> bool {
        let (config, rows) = (self.plan.config, task.counts.total());
        !task.counts.is_pure()
            && rows >= config.min_split
            && rows / 2 >= config.min_leaf
            && config.max_depth.is_none_or(|depth| task.depth < depth)
    }

    /// The best split on features drawn without replacement. As in scikit-learn, a drawn feature that is constant in
    /// the node counts towards `max_features`, but drawing goes on until one is not. Equal costs: the one drawn first.
    fn choose(&mut self, task: &Task) -> Option<Choice> {
        let Scratch { bag, histogram, features, constant, .. } = &mut *self.scratch;
        let table = self.plan.table;
        let bag = &bag[task.start..task.end];
        let mut random = rng(self.plan.seed, Purpose::FeatureDraw, self.tree, task.path);
        features.clear();
        features.extend(0..table.columns.len() as u32);
        let (mut best, mut bound, mut any_varies) = (None, f64::INFINITY, false);
        for n_drawn in 0..features.len() {
            if n_drawn >= self.max_features && any_varies {
                break;
            }
            let at = n_drawn + below(random.next_u32(), features.len() - n_drawn);
            features.swap(n_drawn, at);
            let feature = features[n_drawn] as usize;
            let (word, bit) = (feature / 64, 1u64 << (feature % 64));
            if constant[word] & bit != 0 {
                continue;
            }
            let column = &table.columns[feature];
            histogram.count(bag, &column.codes, column.bins.len());
            let missing = histogram.missing;
            if histogram.cells.len() + usize::from(missing.total() > 0) < 2 {
                constant[word] |= bit;
                continue;
            }
            any_varies = true;
            if let Some(split) = self.rules.best(&histogram.cells, missing, task.counts, bound) {
                bound = split.cost;
                best = Some((feature, split));
            }
        }
        best.map(|(feature, split)| {
            let cut = match split.right_bin {
                Some(right) => table.columns[feature].bins.between(split.left_bin, right),
                None => Cut::ALL_VALUES,
            };
            Choice { feature, split, cut }
        })
    }

    /// Parts the task's rows, writes the split into its node and makes the two children.
    fn split(&mut self, task: &Task, choice: &Choice) -> Result<[Task; 2], ForestError> {
        let Choice { feature, split, cut } = *choice;
        let links = self.plan.links;
        let pair = self.grown.nodes.len().div_ceil(2);
        if pair > links.most_pairs() {
            let (features, nodes) = (self.plan.table.columns.len(), links.most_pairs() * 2);
            return Err(ForestError::TreeTooLarge { features, nodes });
        }
        let gain = self.rules.impurity(task.counts) - split.cost;
        self.grown.importances[feature] += gain.max(0.0);
        let link = links.pack(pair, feature, split.missing_left);
        self.grown.nodes[task.node] = Node { value: cut.threshold, link };
        let (left, right) = (split.left, task.counts - split.left);
        self.push_node(left);
        self.push_node(right);
        self.grown.left_shares.push((f64::from(left.total()) / f64::from(task.counts.total())) as f32);

        let codes = &self.plan.table.columns[feature].codes;
        let bag = &mut self.scratch.bag[task.start..task.end];
        let middle = task.start + part(bag, &mut self.scratch.right, codes, cut.bin, split.missing_left);
        let child = |node: usize, start: usize, end: usize, counts: Counts, side: u64| Task {
            node,
            start,
            end,
            counts,
            depth: task.depth + 1,
            path: child_path(task.path, side),
        };
        Ok([child(pair * 2 - 1, task.start, middle, left, 1), child(pair * 2, middle, task.end, right, 2)])
    }
}

/// Moves the rows that go left to the front, both sides in their old order; returns how many go left.
fn part(bag: &mut [Drawn], right: &mut Vec<Drawn>, codes: &[u8], bin: u8, missing_left: bool) -> usize {
    if right.len() < bag.len() {
        right.resize(bag.len(), bag[0]);
    }
    let missing_left = usize::from(missing_left);
    let (mut n_left, mut n_right) = (0, 0);
    // Every row is written to both sides and only one side moves on: no branch to be mispredicted.
    for i in 0..bag.len() {
        let drawn = bag[i];
        let code = codes[drawn.row as usize];
        let goes_left = if code == MISSING { missing_left } else { usize::from(code <= bin) };
        bag[n_left] = drawn;
        right[n_right] = drawn;
        n_left += goes_left;
        n_right += 1 - goes_left;
    }
    bag[n_left..].copy_from_slice(&right[..n_right]);
    n_left
}

/// The number of a child's stream: its parent's, mixed with the side (the finaliser of SplitMix64).
fn child_path(parent: u64, side: u64) -> u64 {
    let mut x = parent.wrapping_add(side.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use nta_data::Label;

    use super::*;

    #[test]
    fn parting_keeps_the_order_on_both_sides() {
        let codes = [3, MISSING, 0, 9, 4, MISSING, 4];
        let drawn = |row: u32| Drawn::new(row, 1, Label::Benign);
        let mut bag: Vec<Drawn> = (0..7).map(drawn).collect();
        let n_left = part(&mut bag, &mut Vec::new(), &codes, 4, false);
        assert_eq!(n_left, 4);
        assert_eq!(bag, [0, 2, 4, 6, 1, 3, 5].map(drawn));
        let mut bag: Vec<Drawn> = (0..7).map(drawn).collect();
        assert_eq!(part(&mut bag, &mut Vec::new(), &codes, 3, true), 4);
        assert_eq!(bag, [0, 1, 2, 5, 3, 4, 6].map(drawn));
    }

    #[test]
    fn importances_sum_to_one_or_stay_zero() {
        let mut shares = [1.0, 3.0];
        normalise(&mut shares);
        assert_eq!(shares, [0.25, 0.75]);
        let mut nothing = [0.0, 0.0];
        normalise(&mut nothing);
        assert_eq!(nothing, [0.0, 0.0]);
    }
}
