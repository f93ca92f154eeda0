//! One tree: rows parted from the root down until leaves are pure or the limits say stop.

use super::bins::MISSING;
use super::bootstrap::draw;
use super::branch::Branch;
use super::choose::Choice;
use super::drawn::Drawn;
use super::grown::Grown;
use super::plan::{Growth, Plan, Task};
use super::tally::{Tally, sum};
use super::view::View;
use super::work::{Scratch, Work};
use crate::ForestError;
use crate::tree::Node;

/// Rows from which on a node asks whether to stop.
const ASK_ROWS: usize = 1 << 14;

/// Rows from which on the halves of a node, and its features, are worth a thread each.
const FORK_ROWS: usize = 1 << 12;

/// Forks lie inside each other on a thread's stack; below this depth a branch grows on one thread.
const FORK_DEPTH: u32 = 48;

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
                self.run_on_excerpt(&mut bag[task.start..task.end], task, view, work, branch)?;
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

    /// Grows the branch below a task, whose rows are all of `bag`, on a copy of their codes.
    fn run_on_excerpt<T: Tally>(
        &self,
        bag: &mut [Drawn],
        task: Task<T>,
        view: View<'_>,
        work: &mut Work<T>,
        branch: &mut Branch,
    ) -> Result<(), ForestError> {
        let mut excerpt = work.excerpts.pop().unwrap_or_default();
        excerpt.take(view, bag, &work.constant);
        self.run(bag, Task { start: 0, end: bag.len(), ..task }, view.of(&excerpt), work, branch)?;
        work.excerpts.push(excerpt);
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
