//! The forest once more, laid out for scoring many rows: four bytes a node, one byte a value, 64 rows at a time.
//!
//! A split asks on which side of a threshold a value lies, and no more. So each value is turned once into the number of
//! its feature's thresholds below it (see [`super::ladder`]), and the trees compare bytes. Rows are sorted, so that
//! those that go the same ways stand together, and go down a tree in sets of 64: one comparison of 64 bytes parts a set
//! at a split, and only nodes that some row of the set reaches are looked at. Each row ends where [`crate::tree::walk`]
//! ends, and its votes are summed in the same order.

use super::ladder::{Ladder, RUNGS, ladders};
use super::lanes::{LANES, Lanes};
use super::split::MISSING_RIGHT;
#[cfg(target_arch = "x86_64")]
use super::walks::{CACHED_NODES as WALKED_NODES, Splits, Starts};
use crate::tree::{LEAF_UNITS, Links, Node, Trees};

/// A forest's trees over codes.
///
/// A split reads, from the lowest bit: 8 bits the highest code that goes left (1 to 254), then the column of codes, the
/// pair `k` of children (left is node `2k - 1` of the tree, right `2k`), and in the topmost bit whether code 0 (missing)
/// goes right. A leaf has 0 in its lowest 8 bits, and above them what it says, see [`Leaves`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Packed {
    pub(crate) ladders: Vec<Ladder>,
    /// Columns of codes.
    n_codes: usize,
    pair_shift: u32,
    /// All trees, in the order of the forest's nodes.
    nodes: Vec<u32>,
    /// Where each tree begins, and the end.
    bounds: Vec<usize>,
    leaves: Leaves,
    /// For a forest that rows can walk through one by one, on a processor for it.
    #[cfg(target_arch = "x86_64")]
    pub(super) starts: Option<Starts>,
}

/// What stands in the leaves.
#[derive(Debug, Clone, PartialEq)]
enum Leaves {
    /// Units of 1 / [`LEAF_UNITS`], of which no sum rounds.
    Units,
    /// Places among shares of any kind, without doubles, 0 first.
    Shares(Vec<f64>),
}

impl Leaves {
    fn of(trees: &Trees) -> Leaves {
        let mut shares: Vec<f32> = trees.nodes.iter().filter(|n| n.is_leaf()).map(|n| n.value + 0.0).collect();
        let is_whole = |share: &f32| (f64::from(*share) * f64::from(LEAF_UNITS)).fract() == 0.0;
        if shares.iter().all(is_whole) {
            return Leaves::Units;
        }
        shares.push(0.0);
        shares.sort_unstable_by(f32::total_cmp);
        shares.dedup();
        Leaves::Shares(shares.into_iter().map(f64::from).collect())
    }

    /// What stands in the leaf of that share.
    fn place(&self, share: f32) -> usize {
        match self {
            Leaves::Units => (f64::from(share) * f64::from(LEAF_UNITS)) as usize,
            Leaves::Shares(shares) => shares.partition_point(|s| *s < f64::from(share)),
        }
    }

    #[inline(always)]
    fn share(&self, place: u32) -> f64 {
        match self {
            Leaves::Units => f64::from(place) / f64::from(LEAF_UNITS),
            Leaves::Shares(shares) => shares[place as usize],
        }
    }
}

/// Where the pair begins in forests of at most [`LANES`] columns of codes, whose place then takes six bits.
const WALKED_SHIFT: u32 = 8 + LANES.trailing_zeros();

/// Columns of codes that rows are sorted by; with the row's number they fill eight bytes.
const SORT_COLUMNS: usize = 6;

/// Nodes of a forest that stay in a core's cache while rows come and go.
const CACHED_NODES: usize = 1 << 18;

/// A node and the rows of a set that have reached it.
type Reached = (u32, u64);

/// Places for nodes that await their turn. The rows of a set part and never meet again, so no more than [`LANES`] wait.
const WAITING: usize = 2 * LANES;

impl Packed {
    /// The trees packed; `None` if they are too large for four bytes a node, or if none of them splits.
    pub(crate) fn new(trees: &Trees, links: Links, n_features: usize) -> Option<Packed> {
        let ladders = ladders(trees, links, n_features);
        let n_codes: usize = ladders.iter().map(Ladder::n_codes).sum();
        let needed = 8 + (usize::BITS - n_codes.saturating_sub(1).leading_zeros());
        let fits = |shift: u32| {
            let most_pairs = (MISSING_RIGHT - 1).checked_shr(shift).unwrap_or(0) as usize;
            trees.iter().all(|tree| tree.len() / 2 <= most_pairs)
        };
        let pair_shift = if fits(needed.max(WALKED_SHIFT)) { needed.max(WALKED_SHIFT) } else { needed };
        let leaves = Leaves::of(trees);
        let too_many_shares = matches!(&leaves, Leaves::Shares(shares) if shares.len() >= 1 << 24);
        if ladders.is_empty() || !fits(pair_shift) || too_many_shares {
            return None;
        }
        let mut ladder_of = vec![0; n_features];
        ladders.iter().enumerate().for_each(|(i, ladder)| ladder_of[ladder.feature] = i);
        let pack = |node: &Node| {
            if node.is_leaf() {
                return (leaves.place(node.value) as u32) << 8;
            }
            let (code, rung) = ladders[ladder_of[links.feature(node.link)]].place(node.value);
            let missing = if node.link & 1 == 1 { 0 } else { MISSING_RIGHT };
            (links.pair(node.link) as u32) << pair_shift | (code as u32) << 8 | rung | missing
        };
        let nodes: Vec<u32> = trees.nodes.iter().map(pack).collect();
        let bounds = trees.bounds.clone();
        #[cfg(target_arch = "x86_64")]
        let starts = {
            // Sums of units are whole numbers of 32 bits.
            let sums_fit = bounds.len() < (u32::MAX / LEAF_UNITS) as usize && nodes.len() < i32::MAX as usize;
            let walked = pair_shift == WALKED_SHIFT && leaves == Leaves::Units && sums_fit;
            (walked && super::walks::is_supported()).then(|| Starts::new(&nodes, &bounds, WALKED_NODES))
        };
        Some(Packed {
            n_codes,
            pair_shift,
            nodes,
            bounds,
            leaves,
            ladders,
            #[cfg(target_arch = "x86_64")]
            starts,
        })
    }

    #[cfg(target_arch = "x86_64")]
    pub(super) fn splits(&self) -> Splits<'_> {
        Splits { nodes: &self.nodes, pair_shift: self.pair_shift }
    }

    /// Lets rows walk through at least so many nodes of whole trees before the next, or not at all.
    #[cfg(all(test, target_arch = "x86_64"))]
    pub(super) fn walk_together(&mut self, nodes: Option<usize>) {
        self.starts = nodes.map(|nodes| Starts::new(&self.nodes, &self.bounds, nodes));
    }

    /// Columns of codes.
    pub(crate) fn n_codes(&self) -> usize {
        self.n_codes
    }

    /// The columns of codes by which rows are sorted: the most important features first.
    pub(crate) fn sort_columns(&self, importances: &[f64]) -> Vec<usize> {
        let mut ladders: Vec<&Ladder> = self.ladders.iter().collect();
        ladders.sort_by(|a, b| importances[b.feature].total_cmp(&importances[a.feature]));
        ladders.iter().map(|ladder| ladder.first_code).take(SORT_COLUMNS).collect()
    }

    /// Adds to `sums`, `(n_sets)`, the votes of all trees for `n_rows` rows in sets of [`LANES`]. `codes` is `(n_sets, n_codes)`. `any_missing` may be `false` only if no
    /// code of the rows is 0.
    #[inline(always)]
    pub(crate) fn add_votes<L: Lanes>(
        &self,
        lanes: L,
        codes: &[[u8; LANES]],
        n_rows: usize,
        any_missing: bool,
        sums: &mut [[f64; LANES]],
    ) {
        match any_missing {
            true => self.add_all_votes::<L, true>(lanes, codes, n_rows, sums),
            false => self.add_all_votes::<L, false>(lanes, codes, n_rows, sums),
        }
    }

    #[inline(always)]
    fn add_all_votes<L: Lanes, const MISSING: bool>(
        &self,
        lanes: L,
        codes: &[[u8; LANES]],
        n_rows: usize,
        sums: &mut [[f64; LANES]],
    ) {
        let (mut splits, mut leaves) = ([(0, 0); WAITING], [(0, 0); WAITING]);
        for bounds in self.bounds.windows(2) {
            let tree = &self.nodes[bounds[0]..bounds[1]];
            let mut n_left = n_rows;
            for (codes, sums) in codes.chunks_exact(self.n_codes).zip(&mut *sums) {
                let rows = u64::MAX >> LANES.saturating_sub(n_left);
                n_left = n_left.saturating_sub(LANES);
                let n_leaves = self.leaves_reached::<L, MISSING>(lanes, tree, codes, rows, &mut splits, &mut leaves);
                for &(leaf, rows) in &leaves[..n_leaves] {
                    lanes.add(sums, rows, self.leaves.share(leaf >> 8));
                }
            }
        }
    }

    /// Sets of rows that are best taken through the trees together: one, so that its codes stay in the cache for all
    /// trees, or many, so that each tree does for all of them.
    pub(crate) fn sets_together(&self) -> usize {
        if self.nodes.len() <= CACHED_NODES { 1 } else { 32 }
    }

    /// The leaves with a share above 0 that rows of the set reach; returns how many.
    #[inline(always)]
    fn leaves_reached<L: Lanes, const MISSING: bool>(
        &self,
        lanes: L,
        tree: &[u32],
        codes: &[[u8; LANES]],
        rows: u64,
        splits: &mut [Reached; WAITING],
        leaves: &mut [Reached; WAITING],
    ) -> usize {
        let code_mask = !(u32::MAX << (self.pair_shift - 8));
        let (mut begun, mut n_splits, mut n_leaves) = (0, 0, 0);
        // Both lists are written to and the right one grows: a wrongly guessed branch would cost more.
        let mut reach = |splits: &mut [Reached; WAITING], n_splits: &mut usize, node: u32, rows: u64| {
            let (is_leaf, any) = (node as u8 == 0, rows != 0);
            leaves[n_leaves % WAITING] = (node, rows);
            n_leaves += usize::from(is_leaf & any & (node != 0));
            splits[*n_splits % WAITING] = (node, rows);
            *n_splits += usize::from(!is_leaf & any);
        };
        reach(splits, &mut n_splits, tree[0], rows);
        // First come, first served: the next split does not wait for what became of this one.
        while begun < n_splits {
            let (node, rows) = splits[begun % WAITING];
            begun += 1;
            let column = &codes[(node >> 8 & code_mask) as usize];
            let mut left = lanes.at_most(column, node as u8);
            if MISSING && node >= MISSING_RIGHT {
                left &= !lanes.at_most(column, 0);
            }
            let pair = ((node & !MISSING_RIGHT) >> self.pair_shift) as usize;
            let children = &tree[2 * pair - 1..2 * pair + 1];
            reach(splits, &mut n_splits, children[0], rows & left);
            reach(splits, &mut n_splits, children[1], rows & !left);
        }
        n_leaves
    }
}

const _: () = assert!(RUNGS < 255);
