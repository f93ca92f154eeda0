//! The choice of a node's split: which features are looked at, and the best of what they offer.

use nta_data::{Purpose, rng};
use rand_core::RngCore;
use rayon::prelude::*;

use super::bins::Cut;
use super::drawn::Drawn;
use super::histogram::Histogram;
use super::plan::{Growth, Task};
use super::split::{Candidate, Split};
use super::tally::Tally;
use super::view::View;
use super::work::Work;
use crate::Splits;
use crate::random::below;

/// A split and the feature it is on.
#[derive(Clone, Copy)]
pub(crate) struct Choice<T> {
    pub(crate) feature: usize,
    pub(crate) split: Split<T>,
    pub(crate) cut: Cut,
}

/// What a look at a feature in a node finds.
enum Found<T> {
    Constant,
    Nothing,
    Better(Split<T>),
}

/// The rows of a node, and where their codes are.
#[derive(Clone, Copy)]
struct Rows<'a, T> {
    bag: &'a [Drawn],
    view: View<'a>,
    /// One bit a row of the table, set for those of the node; where that is worthwhile.
    inside: Option<&'a [u64]>,
    total: T,
}

/// Rows of the table for one row of the node, up to which rows outside a column's frequent bin are found by their bits.
const SPARSE_SPREAD: usize = 32;

impl Growth<'_> {
    /// The best split on features drawn without replacement. As in scikit-learn, a drawn feature that is constant in
    /// the node counts towards `max_features`, but drawing goes on until one is not. Equal costs: the one drawn first.
    /// With `fork` the features are looked at side by side.
    pub(crate) fn choose<T: Tally>(
        &self,
        bag: &[Drawn],
        task: &Task<T>,
        view: View<'_>,
        work: &mut Work<T>,
        fork: bool,
    ) -> Option<Choice<T>> {
        let n_features = self.plan.table.columns.len();
        let mut random = rng(self.plan.seed, Purpose::FeatureDraw, self.tree, task.path);
        work.begin_draw(n_features);
        let has_inside = view.is_whole() && self.mark(bag, &mut work.inside);
        let (mut best, mut bound, mut any_varies, mut n_drawn) = (None, f64::INFINITY, false, 0);
        while n_drawn < n_features && (n_drawn < self.max_features || !any_varies) {
            // The first `max_features` together, then one by one.
            let until = self.max_features.max(n_drawn + 1);
            self.draw_features(n_drawn..until, &mut random, work);
            n_drawn = until;
            let rows = Rows { bag, view, inside: has_inside.then_some(&*work.inside), total: task.tally };
            let mut found = if fork { self.look_side_by_side(rows, &work.drawn) } else { Vec::new() };
            for (i, &(feature, roll)) in work.drawn.iter().enumerate() {
                let found = match found.get_mut(i) {
                    Some(found) => std::mem::replace(found, Found::Nothing),
                    None => self.look(rows, (feature, roll), bound, &mut work.histogram),
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
        best.map(|(feature, split)| self.choice(feature, split))
    }

    fn choice<T>(&self, feature: usize, split: Split<T>) -> Choice<T> {
        let cut = split.border.cut(&self.plan.table.columns[feature].bins);
        Choice { feature, split, cut }
    }

    /// What each of several features has to offer, a feature a thread; nothing where there is one, or none.
    fn look_side_by_side<T: Tally>(&self, rows: Rows<'_, T>, drawn: &[(usize, f64)]) -> Vec<Found<T>> {
        if drawn.len() < 2 {
            return Vec::new();
        }
        let look = |&drawn: &(usize, f64)| self.look(rows, drawn, f64::INFINITY, &mut Histogram::new());
        drawn.par_iter().map(look).collect()
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
        rows: Rows<'_, T>,
        (feature, roll): (usize, f64),
        bound: f64,
        histogram: &mut Histogram<T>,
    ) -> Found<T> {
        let Rows { bag, view, inside, total } = rows;
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
}
