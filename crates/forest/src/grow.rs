//! One tree: rows parted from the root down until leaves are pure or the limits say stop.

use nta_data::{Purpose, Watch, rng};
use rand_core::RngCore;
use rayon::prelude::*;

use crate::bins::{Cut, MISSING};
use crate::bootstrap::{DrawScratch, Drawn, Seen, below, draw};
use crate::branch::Branch;
use crate::histogram::Histogram;
use crate::node::{Links, Node};
use crate::split::{Candidate, Rules, Split};
use crate::table::Table;
use crate::tally::{Tally, sum};
use crate::view::{Excerpt, View};
use crate::{ClassWeight, ForestConfig, ForestError, Splits};

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

impl Grown {
    pub(crate) fn new(branch: Branch, n_features: usize, seen: Seen) -> Self {
        let importances = branch.importances(n_features);
        Grown { importances, nodes: branch.nodes, left_shares: branch.left_shares, seen }
    }
}

/// What all trees of a forest share.
pub(crate) struct Plan<'a> {
    pub(crate) config: &'a ForestConfig,
    pub(crate) table: &'a Table,
    pub(crate) seed: u64,
    pub(crate) watch: &'a dyn Watch,
    pub(crate) links: Links,
    /// Whether the parts of a tree may grow side by side. It has no influence on the tree.
    pub(crate) forks: bool,
}

/// Memory that a thread uses again for each of its trees.
pub(crate) struct Scratch<T> {
    draw: DrawScratch,
    bag: Vec<Drawn>,
    /// [`Drawn::tally`] by distinct row, for the rows in the bag.
    tallies: Vec<u32>,
    work: Work<T>,
}

impl<T: Tally> Scratch<T> {
    pub(crate) fn new() -> Self {
        Scratch { draw: DrawScratch::default(), bag: Vec::new(), tallies: Vec::new(), work: Work::new() }
    }
}

/// Memory for the nodes that a thread works on.
struct Work<T> {
    right: Vec<Drawn>,
    histogram: Histogram<T>,
    features: Vec<u32>,
    /// Features to look at in a node, with the roll of the dice for a random split.
    drawn: Vec<(usize, f64)>,
    /// The features known to be constant in the node.
    constant: Vec<u64>,
    /// One bit a distinct row, set for those of the node.
    inside: Vec<u64>,
    /// Excerpts not in use.
    excerpts: Vec<Excerpt>,
}

impl<T: Tally> Work<T> {
    fn new() -> Self {
        Work {
            right: Vec::new(),
            histogram: Histogram::new(),
            features: Vec::new(),
            drawn: Vec::new(),
            constant: Vec::new(),
            inside: Vec::new(),
            excerpts: Vec::new(),
        }
    }
}

/// A node to be split.
#[derive(Clone, Copy)]
struct Task<T> {
    node: usize,
    /// Its rows: `bag[start..end]`.
    start: usize,
    end: usize,
    tally: T,
    depth: u32,
    /// Number of its stream of random numbers: a hash of the path from the root, so that no other node's work moves it.
    path: u64,
}

/// A split and the feature it is on.
struct Choice<T> {
    feature: usize,
    split: Split<T>,
    cut: Cut,
}

/// What a look at a feature in a node finds.
enum Found<T> {
    Constant,
    Nothing,
    Better(Split<T>),
}

/// Rows from which on a node asks whether to stop.
const ASK_ROWS: usize = 1 << 14;

/// Rows from which on the halves of a node, and its features, are worth a thread each.
const FORK_ROWS: usize = 1 << 12;

/// Forks lie inside each other on a thread's stack; below this depth a branch grows on one thread.
const FORK_DEPTH: u32 = 48;

/// Rows of the table for one row of the node, up to which rows outside a column's frequent bin are found by their bits.
const SPARSE_SPREAD: usize = 32;

impl Plan<'_> {
    /// Grows tree number `tree`.
    pub(crate) fn grow<T: Tally>(&self, tree: u32, scratch: &mut Scratch<T>) -> Result<Grown, ForestError> {
        let Scratch { draw: drawing, bag, tallies, work } = scratch;
        let table = self.table;
        let seen = draw(self.config.bootstrap, table, self.seed, tree, drawing, bag);
        tallies.clear();
        tallies.resize(table.n_distinct(), 0);
        bag.iter().for_each(|drawn| tallies[drawn.row as usize] = drawn.tally());
        let tally: T = sum(bag, &table.weights);
        let n_features = table.columns.len();
        let growth = Growth {
            plan: self,
            rules: self.rules(tally),
            max_features: self.config.max_features.of(n_features),
            words: n_features.div_ceil(64),
            tree: u64::from(tree),
            tallies,
        };
        let share = match bag.is_empty() {
            // Every row drawn has weight 0.
            true => growth.rules.share(self.whole::<T>()),
            false => growth.rules.share(tally),
        };
        let root = Task { node: 0, start: 0, end: bag.len(), tally, depth: 0, path: 0 };
        let mut branch = Branch::new(share);
        if growth.may_split(&root) {
            work.constant.clear();
            work.constant.resize(growth.words, 0);
            growth.run(bag, root, View::whole(table), work, &mut branch)?;
        }
        Ok(Grown::new(branch, n_features, seen))
    }

    fn rules<T: Tally>(&self, drawn: T) -> Rules {
        let balanced = |[benign, attack]: [f64; 2]| {
            // A bag of one class grows a lone leaf, whatever the weights.
            let weight = |n: f64| if n > 0.0 { (benign + attack) / (2.0 * n) } else { 1.0 };
            [weight(benign), weight(attack)]
        };
        let weights = match self.config.class_weight {
            ClassWeight::None => [1.0, 1.0],
            ClassWeight::Given { benign, attack } => [benign, attack],
            ClassWeight::BalancedPerBootstrap => balanced(drawn.masses()),
            ClassWeight::Balanced => balanced(self.whole::<T>().masses()),
        };
        Rules { criterion: self.config.criterion, weights, min_leaf: self.config.min_leaf }
    }

    /// The sum over all training rows.
    fn whole<T: Tally>(&self) -> T {
        let table = self.table;
        (0..table.n_distinct()).fold(T::default(), |sum, row| {
            sum + T::of(Drawn::new(row as u32, table.copies(row), table.labels[row]), &table.weights)
        })
    }
}

/// What the nodes of a tree share.
struct Growth<'a> {
    plan: &'a Plan<'a>,
    rules: Rules,
    max_features: usize,
    /// Words of a set of features.
    words: usize,
    tree: u64,
    tallies: &'a [u32],
}

impl Growth<'_> {
    /// Grows the branch below `root`, whose leaf stands in `branch` and whose known constant features in `work`. The
    /// nodes come in the order in which one thread would make them, left before right, however many there are.
    fn run<T: Tally>(
        &self,
        bag: &mut [Drawn],
        root: Task<T>,
        view: View<'_>,
        work: &mut Work<T>,
        branch: &mut Branch,
    ) -> Result<(), ForestError> {
        let mut tasks = vec![root];
        // The features known to be constant in each task's node, a set a task, beside `tasks`.
        let mut constant = work.constant.clone();
        while let Some(task) = tasks.pop() {
            let rows = task.end - task.start;
            if rows >= ASK_ROWS && self.plan.watch.cancelled() {
                return Err(ForestError::Cancelled);
            }
            let kept = constant.len() - self.words;
            work.constant.copy_from_slice(&constant[kept..]);
            constant.truncate(kept);
            if view.wants_excerpt(rows) {
                let bag = &mut bag[task.start..task.end];
                let mut excerpt = work.excerpts.pop().unwrap_or_default();
                excerpt.take(view, bag, &work.constant);
                self.run(bag, Task { start: 0, end: rows, ..task }, view.of(&excerpt), work, branch)?;
                work.excerpts.push(excerpt);
                continue;
            }
            let fork = self.plan.forks && rows >= FORK_ROWS && task.depth < FORK_DEPTH;
            let Some(choice) = self.choose(&bag[task.start..task.end], &task, view, work, fork) else { continue };
            let children = self.split(bag, &task, &choice, view, work, branch)?;
            if fork && children.iter().all(|child| self.may_split(child)) {
                self.run_both(bag, children, view, &work.constant, branch)?;
                continue;
            }
            for child in children.into_iter().rev().filter(|child| self.may_split(child)) {
                constant.extend_from_slice(&work.constant);
                tasks.push(child);
            }
        }
        Ok(())
    }

    /// Grows two neighbouring branches side by side.
    fn run_both<T: Tally>(
        &self,
        bag: &mut [Drawn],
        [left, right]: [Task<T>; 2],
        view: View<'_>,
        constant: &[u64],
        branch: &mut Branch,
    ) -> Result<(), ForestError> {
        let grow = |bag: &mut [Drawn], task: Task<T>, leaf: Node| {
            let (mut work, mut branch) = (Work::new(), Branch::new(leaf.value));
            work.constant.extend_from_slice(constant);
            let root = Task { node: 0, start: 0, end: bag.len(), ..task };
            self.run(bag, root, view, &mut work, &mut branch).map(|()| branch)
        };
        let (front, back) = bag.split_at_mut(right.start);
        let (front, back) = (&mut front[left.start..], &mut back[..right.end - right.start]);
        let (left_leaf, right_leaf) = (branch.nodes[left.node], branch.nodes[right.node]);
        let (grown_left, grown_right) = rayon::join(|| grow(front, left, left_leaf), || grow(back, right, right_leaf));
        branch.graft(left.node, grown_left?, self.plan.links).map_err(|nodes| self.too_large(nodes))?;
        branch.graft(right.node, grown_right?, self.plan.links).map_err(|nodes| self.too_large(nodes))
    }

    fn may_split<T: Tally>(&self, task: &Task<T>) -> bool {
        let (config, counts) = (self.plan.config, task.tally.rows());
        !counts.is_pure()
            && counts.total() >= config.min_split
            && counts.total() / 2 >= config.min_leaf
            && config.max_depth.is_none_or(|depth| task.depth < depth)
    }

    /// The best split on features drawn without replacement. As in scikit-learn, a drawn feature that is constant in
    /// the node counts towards `max_features`, but drawing goes on until one is not. Equal costs: the one drawn first.
    fn choose<T: Tally>(
        &self,
        bag: &[Drawn],
        task: &Task<T>,
        view: View<'_>,
        work: &mut Work<T>,
        fork: bool,
    ) -> Option<Choice<T>> {
        let n_features = self.plan.table.columns.len();
        let mut random = rng(self.plan.seed, Purpose::FeatureDraw, self.tree, task.path);
        work.features.clear();
        work.features.extend(0..n_features as u32);
        let has_inside = view.is_whole() && self.mark(bag, &mut work.inside);
        let (mut best, mut bound, mut any_varies, mut n_drawn) = (None, f64::INFINITY, false, 0);
        while n_drawn < n_features && (n_drawn < self.max_features || !any_varies) {
            // The first `max_features` together, then one by one.
            let until = self.max_features.max(n_drawn + 1);
            self.draw_features(n_drawn..until, &mut random, work);
            n_drawn = until;
            let inside = has_inside.then_some(&*work.inside);
            let mut found: Vec<Found<T>> = Vec::new();
            if fork && work.drawn.len() > 1 {
                let look = |&(feature, roll): &(usize, f64)| {
                    self.look(bag, view, inside, task.tally, (feature, roll), f64::INFINITY, &mut Histogram::new())
                };
                work.drawn.par_iter().map(look).collect_into_vec(&mut found);
            }
            for (i, &(feature, roll)) in work.drawn.iter().enumerate() {
                let found = match found.get_mut(i) {
                    Some(found) => std::mem::replace(found, Found::Nothing),
                    None => self.look(bag, view, inside, task.tally, (feature, roll), bound, &mut work.histogram),
                };
                any_varies |= !matches!(found, Found::Constant);
                match found {
                    Found::Constant => work.constant[feature / 64] |= 1 << (feature % 64),
                    Found::Better(split) if split.cost < bound => {
                        bound = split.cost;
                        best = Some((feature, split));
                    }
                    _ => {}
                }
            }
        }
        best.map(|(feature, split)| {
            let cut = split.border.cut(&self.plan.table.columns[feature].bins);
            Choice { feature, split, cut }
        })
    }

    /// Draws features number `range` of the node; those not known to be constant go to `work.drawn`.
    fn draw_features<T>(&self, range: std::ops::Range<usize>, random: &mut impl RngCore, work: &mut Work<T>) {
        work.drawn.clear();
        for n_drawn in range {
            let at = n_drawn + below(random.next_u32(), work.features.len() - n_drawn);
            work.features.swap(n_drawn, at);
            let feature = work.features[n_drawn] as usize;
            let roll = match self.plan.config.splits {
                Splits::Best => 0.0,
                Splits::Random => f64::from(random.next_u32()) / 4_294_967_296.0,
            };
            if work.constant[feature / 64] & (1 << (feature % 64)) == 0 {
                work.drawn.push((feature, roll));
            }
        }
    }

    /// Looks for a split of cost below `bound` on a feature.
    fn look<T: Tally>(
        &self,
        bag: &[Drawn],
        view: View<'_>,
        inside: Option<&[u64]>,
        total: T,
        (feature, roll): (usize, f64),
        bound: f64,
        histogram: &mut Histogram<T>,
    ) -> Found<T> {
        let bins = &self.plan.table.columns[feature].bins;
        let (codes, weights) = (view.codes(feature), view.weights());
        match (inside, view.sparse(feature)) {
            (Some(inside), Some(sparse)) => {
                histogram.count_sparse(inside, (sparse, codes, bins.len()), (self.tallies, weights), total);
            }
            _ => histogram.count(bag, codes, bins.len(), weights),
        }
        let (cells, missing) = (histogram.cells.as_slice(), histogram.missing);
        if cells.len() + usize::from(missing != T::default()) < 2 {
            return Found::Constant;
        }
        let candidate = Candidate { cells, missing, total };
        let split = match self.plan.config.splits {
            Splits::Best => self.rules.best(candidate, bound),
            Splits::Random => self.rules.at_random(candidate, bins, roll, bound),
        };
        split.map_or(Found::Nothing, Found::Better)
    }

    /// Sets the bits of the rows in `bag`, where they are dense enough to make that worthwhile.
    fn mark(&self, bag: &[Drawn], inside: &mut Vec<u64>) -> bool {
        let n_distinct = self.plan.table.n_distinct();
        if bag.len() < n_distinct / SPARSE_SPREAD {
            return false;
        }
        inside.clear();
        inside.resize(n_distinct.div_ceil(64), 0);
        // Rows ascend, so a word is built up in a register and written over itself: no addition waits for a store.
        let (mut at, mut word) = (0, 0u64);
        for drawn in bag {
            let next = drawn.row as usize / 64;
            word = if next == at { word } else { 0 } | 1 << (drawn.row % 64);
            at = next;
            inside[at] = word;
        }
        true
    }

    /// Parts the task's rows, writes the split into its node and makes the two children.
    fn split<T: Tally>(
        &self,
        bag: &mut [Drawn],
        task: &Task<T>,
        choice: &Choice<T>,
        view: View<'_>,
        work: &mut Work<T>,
        branch: &mut Branch,
    ) -> Result<[Task<T>; 2], ForestError> {
        let Choice { feature, split, cut } = *choice;
        let (left, right) = (split.left, task.tally - split.left);
        let gain = (self.rules.impurity(task.tally) - split.cost).max(0.0);
        let shares = [left, right].map(|side| self.rules.share(side));
        let left_share = f64::from(left.rows().total()) / f64::from(task.tally.rows().total());
        let pair = branch
            .split(
                task.node,
                (feature, cut.threshold, split.missing_left),
                shares,
                (gain, left_share as f32),
                self.plan.links,
            )
            .map_err(|nodes| self.too_large(nodes))?;
        let bag = &mut bag[task.start..task.end];
        let middle = task.start + part(bag, &mut work.right, view.codes(feature), cut.bin, split.missing_left);
        let child = |node: usize, start: usize, end: usize, tally: T, side: u64| {
            let (depth, path) = (task.depth + 1, child_path(task.path, side));
            Task { node, start, end, tally, depth, path }
        };
        Ok([child(pair * 2 - 1, task.start, middle, left, 1), child(pair * 2, middle, task.end, right, 2)])
    }

    fn too_large(&self, nodes: usize) -> ForestError {
        ForestError::TreeTooLarge { features: self.plan.table.columns.len(), nodes }
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
}
