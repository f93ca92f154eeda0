//! The best split of a node on one feature, from the feature's counts.

use crate::Criterion;
use crate::histogram::{Cell, Counts};

/// What splits are judged by; one set a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) criterion: Criterion,
    /// Weight of a benign row and of an attack.
    pub(crate) weights: [f64; 2],
    /// Fewest rows on either side.
    pub(crate) min_leaf: u32,
}

/// A way to part a node's rows on one feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Split {
    /// Weighted impurity left on both sides; the smaller, the better.
    pub(crate) cost: f64,
    /// Highest bin with rows that goes left.
    pub(crate) left_bin: u8,
    /// Lowest bin with rows that goes right; `None`: all values go left and missing ones right.
    pub(crate) right_bin: Option<u8>,
    /// Which way missing values go.
    pub(crate) missing_left: bool,
    /// Rows that go left.
    pub(crate) left: Counts,
}

impl Rules {
    /// Share of attacks by weight.
    pub(crate) fn share(&self, counts: Counts) -> f32 {
        let [benign, attack] = self.weigh(counts);
        (attack / (benign + attack)) as f32
    }

    /// Impurity of the rows times their weight.
    pub(crate) fn impurity(&self, counts: Counts) -> f64 {
        let [benign, attack] = self.weigh(counts);
        match self.criterion {
            Criterion::Gini => gini(benign, attack),
            Criterion::Entropy => entropy(benign, attack),
        }
    }

    fn weigh(&self, counts: Counts) -> [f64; 2] {
        [f64::from(counts.benign()) * self.weights[0], f64::from(counts.attack()) * self.weights[1]]
    }

    /// The best split of a node that holds `total` rows, on a feature whose bins with rows are `cells`. Only a split
    /// with a cost below `bound` is returned. Equal costs: the lowest border wins, and missing values go right.
    pub(crate) fn best(&self, cells: &[Cell], missing: Counts, total: Counts, bound: f64) -> Option<Split> {
        match self.criterion {
            Criterion::Gini => self.search(cells, missing, total, bound, gini),
            Criterion::Entropy => self.search(cells, missing, total, bound, entropy),
        }
    }

    #[inline(always)]
    fn search(
        &self,
        cells: &[Cell],
        missing: Counts,
        total: Counts,
        bound: f64,
        impurity: impl Fn(f64, f64) -> f64,
    ) -> Option<Split> {
        let (mut best, mut bound) = (None, bound);
        let mut try_split = |left: Counts, left_bin: u8, right_bin: Option<u8>, missing_left: bool| {
            let right = total - left;
            if left.total() < self.min_leaf || right.total() < self.min_leaf {
                return;
            }
            let ([a, b], [c, d]) = (self.weigh(left), self.weigh(right));
            let cost = impurity(a, b) + impurity(c, d);
            if cost < bound {
                bound = cost;
                best = Some(Split { cost, left_bin, right_bin, missing_left, left });
            }
        };
        let any_missing = missing.total() > 0;
        let mut left = Counts::default();
        for pair in cells.windows(2) {
            left = left + pair[0].counts;
            try_split(left, pair[0].bin, Some(pair[1].bin), false);
            if any_missing {
                try_split(left + missing, pair[0].bin, Some(pair[1].bin), true);
            }
        }
        if let Some(last) = cells.last()
            && any_missing
        {
            try_split(left + last.counts, last.bin, None, false);
        }
        best.map(|split| self.with_default_way(split, total, any_missing))
    }

    /// Where the node saw no missing value, one that comes later goes with the larger side, left if both are equal.
    fn with_default_way(&self, split: Split, total: Counts, any_missing: bool) -> Split {
        let larger_is_left = split.left.total() >= (total - split.left).total();
        Split { missing_left: if any_missing { split.missing_left } else { larger_is_left }, ..split }
    }
}

/// Gini impurity of two weights, times their sum: w (1 - p^2 - q^2) = 2 w p q.
#[inline(always)]
fn gini(a: f64, b: f64) -> f64 {
    2.0 * a * b / (a + b)
}

/// Entropy in bits of two weights, times their sum.
#[inline(always)]
fn entropy(a: f64, b: f64) -> f64 {
    let term = |x: f64| if x > 0.0 { -x * (x / (a + b)).log2() } else { 0.0 };
    term(a) + term(b)
}

#[cfg(test)]
mod tests {
    use nta_data::{Purpose, rng};
    use rand_core::RngCore;

    use super::*;
    use crate::bins::MISSING;

    fn rules(criterion: Criterion) -> Rules {
        Rules { criterion, weights: [1.0, 1.0], min_leaf: 1 }
    }

    #[test]
    fn impurities_are_those_of_the_books() {
        let gini = rules(Criterion::Gini);
        assert_eq!(gini.impurity(Counts::new(5, 5)), 10.0 * 0.5);
        assert!((gini.impurity(Counts::new(3, 1)) - 4.0 * (1.0 - 0.5625 - 0.0625)).abs() < 1e-12);
        let entropy = rules(Criterion::Entropy);
        assert_eq!(entropy.impurity(Counts::new(5, 5)), 10.0);
        assert!((entropy.impurity(Counts::new(3, 1)) - 4.0 * 0.811_278_124_459_132_8).abs() < 1e-12);
        assert_eq!(entropy.impurity(Counts::new(3, 0)), 0.0);
        assert_eq!(rules(Criterion::Gini).share(Counts::new(3, 1)), 0.25);
        let weighted = Rules { weights: [1.0, 3.0], ..gini };
        assert_eq!(weighted.share(Counts::new(3, 1)), 0.5);
    }

    #[test]
    fn missing_values_go_the_way_that_gains_more() {
        let cell = |bin, benign, attack| Cell { bin, counts: Counts::new(benign, attack) };
        let cells = [cell(3, 10, 0), cell(9, 0, 10)];
        let total = Counts::new(10, 15);
        let like_left = rules(Criterion::Gini).best(&cells, Counts::new(0, 5), total, f64::INFINITY).unwrap();
        assert_eq!((like_left.left_bin, like_left.right_bin, like_left.missing_left), (3, Some(9), false));
        let total = Counts::new(15, 10);
        let like_right = rules(Criterion::Gini).best(&cells, Counts::new(5, 0), total, f64::INFINITY).unwrap();
        assert!(like_right.missing_left && like_right.cost == 0.0);
        let only_missing =
            rules(Criterion::Gini).best(&[cell(3, 0, 4)], Counts::new(6, 0), Counts::new(6, 4), f64::INFINITY).unwrap();
        assert_eq!((only_missing.right_bin, only_missing.missing_left, only_missing.cost), (None, false, 0.0));
    }

    #[test]
    fn without_missing_values_the_default_way_is_the_larger_side() {
        let cell = |bin, benign, attack| Cell { bin, counts: Counts::new(benign, attack) };
        let best = |cells: &[Cell], total| {
            rules(Criterion::Gini).best(cells, Counts::default(), total, f64::INFINITY).unwrap().missing_left
        };
        assert!(best(&[cell(0, 3, 0), cell(1, 0, 2)], Counts::new(3, 2)));
        assert!(!best(&[cell(0, 2, 0), cell(1, 0, 3)], Counts::new(2, 3)));
        assert!(best(&[cell(0, 3, 0), cell(1, 0, 3)], Counts::new(3, 3)));
    }

    /// The same by definition: try every border and both ways for missing rows on the rows themselves.
    fn naive(rules: &Rules, rows: &[(u8, bool, u32)], bound: f64) -> Option<(f64, u8, Option<u8>, bool)> {
        let mut present: Vec<u8> = rows.iter().map(|r| r.0).filter(|&b| b != MISSING).collect();
        present.sort_unstable();
        present.dedup();
        let any_missing = rows.iter().any(|r| r.0 == MISSING);
        let mut borders: Vec<(u8, Option<u8>)> = present.windows(2).map(|p| (p[0], Some(p[1]))).collect();
        borders.extend(present.last().filter(|_| any_missing).map(|&last| (last, None)));
        let (mut best, mut bound) = (None, bound);
        for (left_bin, right_bin) in borders {
            let ways: &[bool] = if any_missing && right_bin.is_some() { &[false, true] } else { &[false] };
            for &missing_left in ways {
                let mut sides = [[0u32; 2]; 2];
                for &(bin, attack, times) in rows {
                    let goes_left = if bin == MISSING { missing_left } else { bin <= left_bin };
                    sides[usize::from(!goes_left)][usize::from(attack)] += times;
                }
                if sides.iter().any(|s| s[0] + s[1] < rules.min_leaf) {
                    continue;
                }
                let mass = |s: [u32; 2]| {
                    let (a, b) = (f64::from(s[0]) * rules.weights[0], f64::from(s[1]) * rules.weights[1]);
                    let (p, q) = (a / (a + b), b / (a + b));
                    let part = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
                    match rules.criterion {
                        Criterion::Gini => (a + b) * (1.0 - p * p - q * q),
                        Criterion::Entropy => (a + b) * (part(p) + part(q)),
                    }
                };
                let cost = mass(sides[0]) + mass(sides[1]);
                if cost < bound - 1e-9 {
                    bound = cost;
                    best = Some((cost, left_bin, right_bin, missing_left));
                }
            }
        }
        best
    }

    #[test]
    fn the_search_equals_trying_everything_on_random_rows_with_ties_missing_and_weights() {
        let mut random = rng(11, Purpose::Shuffle, 0, 0);
        let mut next = |n: u32| random.next_u32() % n;
        let (mut found_any, mut found_none) = (0, 0);
        for case in 0..2_000 {
            let (n, n_bins) = (1 + next(40), 1 + next(12));
            let missing_share = [0, 0, 3, 10][case % 4];
            let rows: Vec<(u8, bool, u32)> = (0..n)
                .map(|_| {
                    let bin = if next(10) < missing_share { MISSING } else { (next(n_bins) * 20) as u8 };
                    (bin, next(2) == 1, 1 + next(3))
                })
                .collect();
            let rules = Rules {
                criterion: [Criterion::Gini, Criterion::Entropy][case % 2],
                weights: [[1.0, 1.0], [0.5, 7.25], [3.0, 1.0]][case % 3],
                min_leaf: 1 + next(3),
            };
            let mut counts = [Counts::default(); 256];
            for &(bin, attack, times) in &rows {
                let one = if attack { Counts::new(0, times) } else { Counts::new(times, 0) };
                counts[bin as usize] = counts[bin as usize] + one;
            }
            let total = counts.iter().fold(Counts::default(), |sum, &c| sum + c);
            let cells: Vec<Cell> = (0..MISSING)
                .map(|bin| Cell { bin, counts: counts[bin as usize] })
                .filter(|c| c.counts.total() > 0)
                .collect();
            let found = rules.best(&cells, counts[255], total, f64::INFINITY);
            let expected = naive(&rules, &rows, f64::INFINITY);
            assert_eq!(found.is_some(), expected.is_some(), "case {case}");
            let (Some(found), Some((cost, ..))) = (found, expected) else {
                found_none += 1;
                continue;
            };
            found_any += 1;
            // Equal up to rounding in cost; the border itself may differ only between splits of equal cost.
            assert!((found.cost - cost).abs() < 1e-9, "case {case}: {found:?} against {cost}");
            let goes_left = |bin: u8| if bin == MISSING { found.missing_left } else { bin <= found.left_bin };
            let (mut left, mut any_missing) = (Counts::default(), false);
            for &(bin, attack, times) in &rows {
                any_missing |= bin == MISSING;
                if goes_left(bin) {
                    left = left + if attack { Counts::new(0, times) } else { Counts::new(times, 0) };
                }
            }
            assert_eq!(left, found.left);
            assert!(any_missing || found.missing_left == (left.total() >= (total - left).total()));
        }
        assert!(found_any > 1_000 && found_none > 50, "{found_any} {found_none}");
    }
}
