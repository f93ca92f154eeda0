//! The best split of a node on one feature, from the feature's counts.

use super::bins::{Bins, Cut};
use super::histogram::BinTally;
use super::tally::Tally;
use crate::Criterion;
use crate::tree::LEAF_UNITS;

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
pub(crate) struct Split<T> {
    /// Weighted impurity left on both sides; the smaller, the better.
    pub(crate) cost: f64,
    /// Where values part.
    pub(crate) border: Border,
    /// Which way missing values go.
    pub(crate) missing_left: bool,
    /// Rows that go left.
    pub(crate) left: T,
}

/// Where a split parts the values of its feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Border {
    /// Anywhere between two bins that hold rows, with none between them that does.
    Between { left_bin: u8, right_bin: u8 },
    /// At a drawn value.
    At(Cut),
    /// All values go left and missing ones right.
    AboveAll,
}

impl Border {
    /// As a code and a value, of a feature with these bins.
    pub(crate) fn cut(self, bins: &Bins) -> Cut {
        match self {
            Border::Between { left_bin, right_bin } => bins.between(left_bin, right_bin),
            Border::At(cut) => cut,
            Border::AboveAll => Cut::ALL_VALUES,
        }
    }
}

/// What is known of a feature in a node, and of the node.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a, T> {
    /// The bins with rows, ascending.
    pub(crate) cells: &'a [BinTally<T>],
    pub(crate) missing: T,
    /// All rows of the node.
    pub(crate) total: T,
}

impl Rules {
    /// Share of attacks by weight.
    pub(crate) fn share<T: Tally>(&self, tally: T) -> f32 {
        let [benign, attack] = self.weighted_masses(tally);
        let units = f64::from(LEAF_UNITS);
        ((attack / (benign + attack) * units).round() / units) as f32
    }

    /// Impurity of the rows times their weight.
    pub(crate) fn impurity<T: Tally>(&self, tally: T) -> f64 {
        let [benign, attack] = self.weighted_masses(tally);
        match self.criterion {
            Criterion::Gini => gini(benign, attack),
            Criterion::Entropy => entropy(benign, attack),
        }
    }

    #[inline(always)]
    fn weighted_masses<T: Tally>(&self, tally: T) -> [f64; 2] {
        let [benign, attack] = tally.masses();
        [benign * self.weights[0], attack * self.weights[1]]
    }

    /// The best split on a feature. Only one with a cost below `bound` is returned. Equal costs: the lowest border wins,
    /// and missing values go right.
    pub(crate) fn best<T: Tally>(&self, of: Candidate<T>, bound: f64) -> Option<Split<T>> {
        match self.criterion {
            Criterion::Gini => self.search(of, bound, gini),
            Criterion::Entropy => self.search(of, bound, entropy),
        }
    }

    /// The split of a feature at a value drawn evenly between the lowest and the highest in the node, by `roll` in
    /// [0, 1) (Geurts, Ernst and Wehenkel 2006). Missing values go the way that costs less, right if both cost the same;
    /// where the node has one value beside missing ones, those two part. Bins are not torn: where they hold more than
    /// one value, the node's lowest and highest are those of its outermost bins.
    pub(crate) fn at_random<T: Tally>(&self, of: Candidate<T>, bins: &Bins, roll: f64, bound: f64) -> Option<Split<T>> {
        let (Some(first), Some(last)) = (of.cells.first(), of.cells.last()) else { return None };
        let mut trial = Trial::new(self, of, bound);
        let cost = |[a, b]: [f64; 2]| match self.criterion {
            Criterion::Gini => gini(a, b),
            Criterion::Entropy => entropy(a, b),
        };
        if first.bin == last.bin {
            trial.part(first.tally, Border::AboveAll, false, cost);
            return trial.finish();
        }
        let cut = bins.within(first.bin, last.bin, roll);
        let below = of.cells.iter().take_while(|cell| cell.bin <= cut.bin);
        let left = below.fold(T::default(), |sum, cell| sum + cell.tally);
        trial.part(left, Border::At(cut), false, cost);
        if trial.any_missing {
            trial.part(left + of.missing, Border::At(cut), true, cost);
        }
        trial.finish()
    }

    #[inline(always)]
    fn search<T: Tally>(&self, of: Candidate<T>, bound: f64, cost: impl Fn(f64, f64) -> f64) -> Option<Split<T>> {
        let cost = |[a, b]: [f64; 2]| cost(a, b);
        let mut trial = Trial::new(self, of, bound);
        let mut left = T::default();
        for pair in of.cells.windows(2) {
            left = left + pair[0].tally;
            let border = Border::Between { left_bin: pair[0].bin, right_bin: pair[1].bin };
            trial.part(left, border, false, cost);
            if trial.any_missing {
                trial.part(left + of.missing, border, true, cost);
            }
        }
        if let Some(last) = of.cells.last()
            && trial.any_missing
        {
            trial.part(left + last.tally, Border::AboveAll, false, cost);
        }
        trial.finish()
    }
}

/// Splits of one feature, tried one after the other.
struct Trial<'a, T> {
    rules: &'a Rules,
    total: T,
    any_missing: bool,
    bound: f64,
    best: Option<Split<T>>,
}

impl<'a, T: Tally> Trial<'a, T> {
    fn new(rules: &'a Rules, of: Candidate<T>, bound: f64) -> Self {
        Trial { rules, total: of.total, any_missing: of.missing.rows().total() > 0, bound, best: None }
    }

    #[inline(always)]
    fn part(&mut self, left: T, border: Border, missing_left: bool, cost: impl Fn([f64; 2]) -> f64) {
        let right = self.total - left;
        let min_leaf = self.rules.min_leaf;
        if left.rows().total() < min_leaf || right.rows().total() < min_leaf {
            return;
        }
        let cost = cost(self.rules.weighted_masses(left)) + cost(self.rules.weighted_masses(right));
        if cost < self.bound {
            self.bound = cost;
            self.best = Some(Split { cost, border, missing_left, left });
        }
    }

    /// The best of them. Where the node saw no missing value, one that comes later goes with the larger side, left if
    /// both are equal.
    fn finish(self) -> Option<Split<T>> {
        let split = self.best?;
        let larger_is_left = split.left.rows().total() >= (self.total - split.left).rows().total();
        Some(Split { missing_left: if self.any_missing { split.missing_left } else { larger_is_left }, ..split })
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
    use nta_data::Label;
    use proptest::prelude::*;

    use super::*;
    use crate::grow::bins::{MISSING, bin_column};
    use crate::grow::drawn::Drawn;
    use crate::grow::tally::{Counts, Weighted, sum};

    fn rules(criterion: Criterion) -> Rules {
        Rules { criterion, weights: [1.0, 1.0], min_leaf: 1 }
    }

    fn cell(bin: u8, benign: u32, attack: u32) -> BinTally<Counts> {
        BinTally { bin, tally: Counts::new(benign, attack) }
    }

    fn candidate(cells: &[BinTally<Counts>], missing: Counts) -> Candidate<'_, Counts> {
        Candidate { cells, missing, total: cells.iter().fold(missing, |sum, cell| sum + cell.tally) }
    }

    fn best(cells: &[BinTally<Counts>], missing: Counts) -> Split<Counts> {
        rules(Criterion::Gini).best(candidate(cells, missing), f64::INFINITY).unwrap()
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
        assert_eq!(weighted.share(Weighted::new(Counts::new(1, 1), [10, 10])), 0.75);
    }

    #[test]
    fn missing_values_go_the_way_that_gains_more() {
        let cells = [cell(3, 10, 0), cell(9, 0, 10)];
        let between = Border::Between { left_bin: 3, right_bin: 9 };
        let like_right = best(&cells, Counts::new(0, 5));
        assert_eq!((like_right.border, like_right.missing_left, like_right.cost), (between, false, 0.0));
        let like_left = best(&cells, Counts::new(5, 0));
        assert_eq!((like_left.border, like_left.missing_left, like_left.cost), (between, true, 0.0));
        let only_missing = best(&[cell(3, 0, 4)], Counts::new(6, 0));
        assert_eq!((only_missing.border, only_missing.missing_left), (Border::AboveAll, false));
        assert_eq!((only_missing.cost, only_missing.left), (0.0, Counts::new(0, 4)));
    }

    #[test]
    fn of_equal_costs_the_lowest_border_wins_and_missing_goes_right() {
        // Both borders leave 4 rows mixed 2 to 2 beside 2 pure ones.
        let cells = [cell(1, 2, 0), cell(2, 1, 1), cell(3, 0, 2)];
        let border = Border::Between { left_bin: 1, right_bin: 2 };
        assert_eq!(best(&cells, Counts::default()).border, border);
        // One benign and one attack missing: on either side they cost the same.
        let even = best(&[cell(1, 3, 0), cell(2, 0, 3)], Counts::new(1, 1));
        assert_eq!((even.border, even.missing_left), (border, false));
    }

    #[test]
    fn without_missing_values_the_default_way_is_the_larger_side() {
        let missing_left = |cells: &[BinTally<Counts>]| best(cells, Counts::default()).missing_left;
        assert!(missing_left(&[cell(0, 3, 0), cell(1, 0, 2)]));
        assert!(!missing_left(&[cell(0, 2, 0), cell(1, 0, 3)]));
        assert!(missing_left(&[cell(0, 3, 0), cell(1, 0, 3)]));
    }

    #[test]
    fn a_random_split_parts_at_the_roll_and_sends_missing_where_it_gains() {
        let (bins, _) = bin_column(&[0.0, 2.0, 6.0, 10.0], 255);
        let cells = [cell(0, 4, 0), cell(1, 4, 0), cell(3, 0, 4)];
        let at = |cells: &[BinTally<Counts>], missing, roll| {
            rules(Criterion::Gini).at_random(candidate(cells, missing), &bins, roll, f64::INFINITY)
        };
        let low = at(&cells, Counts::default(), 0.1).unwrap();
        assert_eq!((low.border, low.left), (Border::At(Cut { bin: 0, threshold: 1.0 }), Counts::new(4, 0)));
        // No row of the node in bin 2, and yet the value drawn lies above it.
        let high = at(&cells, Counts::new(0, 3), 0.8).unwrap();
        assert_eq!(high.border, Border::At(Cut { bin: 2, threshold: 8.0 }));
        assert_eq!((high.left, high.missing_left, high.cost), (Counts::new(8, 0), false, 0.0));
        let high = at(&cells, Counts::new(3, 0), 0.8).unwrap();
        assert_eq!((high.left, high.missing_left), (Counts::new(11, 0), true));
        let lone = at(&cells[..1], Counts::new(0, 2), 0.5).unwrap();
        assert_eq!((lone.border, lone.left), (Border::AboveAll, Counts::new(4, 0)));
        let strict = Rules { min_leaf: 9, ..rules(Criterion::Gini) };
        assert!(strict.at_random(candidate(&cells, Counts::default()), &bins, 0.8, f64::INFINITY).is_none());
    }

    /// A row of the node: bin, attack, times drawn, weight.
    type Row = (u8, bool, u32, u32);

    /// Least cost by definition: every border and both ways for missing rows, tried on the rows themselves.
    fn naive(rules: &Rules, rows: &[Row]) -> Option<f64> {
        let mut present: Vec<u8> = rows.iter().map(|r| r.0).filter(|&b| b != MISSING).collect();
        present.sort_unstable();
        present.dedup();
        let tried = present.iter().flat_map(|&border| [true, false].map(|missing_left| (border, missing_left)));
        let costs = tried.filter_map(|(border, missing_left)| {
            let goes_left = |bin: u8| if bin == MISSING { missing_left } else { bin <= border };
            let (left, right): (Vec<Row>, Vec<Row>) = rows.iter().partition(|row| goes_left(row.0));
            let enough = |side: &[Row]| side.iter().map(|row| row.2).sum::<u32>() >= rules.min_leaf;
            (enough(&left) && enough(&right)).then(|| mass(rules, &left) + mass(rules, &right))
        });
        costs.reduce(f64::min)
    }

    fn mass(rules: &Rules, rows: &[Row]) -> f64 {
        let of = |class: bool| {
            let weights = rows.iter().filter(|row| row.1 == class).map(|row| f64::from(row.2) * f64::from(row.3));
            weights.sum::<f64>() * rules.weights[usize::from(class)]
        };
        let (a, b) = (of(false), of(true));
        let (p, q) = (a / (a + b), b / (a + b));
        let part = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
        match rules.criterion {
            Criterion::Gini => (a + b) * (1.0 - p * p - q * q),
            Criterion::Entropy => (a + b) * (part(p) + part(q)),
        }
    }

    /// The rows' cells, and the search on them.
    fn found<T: Tally>(rules: &Rules, rows: &[Row]) -> (Vec<Drawn>, Vec<u32>, Option<Split<T>>) {
        let weights: Vec<u32> = rows.iter().map(|row| row.3).collect();
        let label = |attack: bool| if attack { Label::Attack } else { Label::Benign };
        let bag: Vec<Drawn> =
            rows.iter().enumerate().map(|(i, row)| Drawn::new(i as u32, row.2, label(row.1))).collect();
        let of = |bin: u8| {
            let inside = bag.iter().filter(|d| rows[d.row as usize].0 == bin);
            inside.fold(T::default(), |sum, &d| sum + T::of(d, &weights))
        };
        let cells: Vec<BinTally<T>> =
            (0..MISSING).map(|bin| BinTally { bin, tally: of(bin) }).filter(|c| c.tally != T::default()).collect();
        let candidate = Candidate { cells: &cells, missing: of(MISSING), total: sum(&bag, &weights) };
        let split = rules.best(candidate, f64::INFINITY);
        (bag, weights, split)
    }

    fn check<T: Tally + std::fmt::Debug>(rules: &Rules, rows: &[Row]) -> Result<(), TestCaseError> {
        let expected = naive(rules, rows);
        let (bag, weights, split) = found::<T>(rules, rows);
        prop_assert_eq!(split.is_some(), expected.is_some());
        let (Some(split), Some(cost)) = (split, expected) else { return Ok(()) };
        // Equal up to rounding in cost; which border it is may differ between splits of equal cost.
        prop_assert!((split.cost - cost).abs() <= 1e-9 * (1.0 + cost), "{:?} against {}", split, cost);
        let goes_left = |bin: u8| match (bin, split.border) {
            (MISSING, _) => split.missing_left,
            (bin, Border::Between { left_bin, .. }) => bin <= left_bin,
            (_, border) => border == Border::AboveAll,
        };
        let left: Vec<Drawn> = bag.into_iter().filter(|d| goes_left(rows[d.row as usize].0)).collect();
        prop_assert_eq!(sum::<T>(&left, &weights), split.left);
        if rows.iter().all(|row| row.0 != MISSING) {
            let all: u32 = rows.iter().map(|row| row.2).sum();
            prop_assert_eq!(split.missing_left, split.left.rows().total() * 2 >= all);
        }
        Ok(())
    }

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let bin = prop_oneof![5 => (0..12u8).prop_map(|b| b * 20), 1 => Just(MISSING)];
        prop::collection::vec((bin, any::<bool>(), 1..4u32, 1..9u32), 1..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 600, ..ProptestConfig::default() })]
        #[test]
        fn the_search_equals_trying_everything(
            rows in rows(),
            entropy in any::<bool>(),
            weights in prop_oneof![Just([1.0, 1.0]), Just([0.5, 7.25]), Just([3.0, 1.0])],
            min_leaf in 1..5u32,
        ) {
            let criterion = if entropy { Criterion::Entropy } else { Criterion::Gini };
            let rules = Rules { criterion, weights, min_leaf };
            check::<Weighted>(&rules, &rows)?;
            let unweighted: Vec<Row> = rows.iter().map(|&(bin, attack, times, _)| (bin, attack, times, 1)).collect();
            check::<Counts>(&rules, &unweighted)?;
        }
    }
}
