//! A row through sixteen trees at once, for processors that look codes up within a register (AVX-512 VBMI).
//!
//! Where rows differ, a set of 64 of them parts within a few splits, and most of its comparisons then serve two or three
//! rows. Here each lane holds a node of a tree of its own: the row's codes stand in one register, a step looks up sixteen of
//! them, compares, and gathers sixteen children. A lane whose tree has ended takes the next tree, so that no lane waits for
//! the deepest; rows go side by side, for a step waits for memory.

use std::arch::x86_64::*;
use std::ops::Range;

use super::lanes::LANES;
use super::split::MISSING_RIGHT;

/// Whether the processor has AVX-512 and permutations of bytes.
pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("popcnt")
}

/// Trees in a register.
const TREES: usize = 16;

/// Rows side by side.
const ROWS: usize = 4;

/// Nodes of the trees that all rows of a block go through before the next trees: they stay in a core's cache.
pub(super) const CACHED_NODES: usize = 1 << 17;

/// The codes of a row, those that no column has 0.
pub(crate) type RowCodes = [u8; LANES];

/// Where the walks begin: of each group of trees the roots in order, and behind them a register of lanes that add nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Starts {
    /// One less than the place of each root: the children of pair `k` are `2k` and `2k + 1` behind it.
    before: Vec<u32>,
    roots: Vec<u32>,
    /// Roots of trees that are walked together.
    groups: Vec<Range<usize>>,
}

impl Starts {
    /// For trees within `bounds` of `nodes`, of which there are below 2^31; so many together that they have at least
    /// `together` nodes.
    pub(super) fn new(nodes: &[u32], bounds: &[usize], together: usize) -> Starts {
        let mut starts = Starts { before: Vec::new(), roots: Vec::new(), groups: Vec::new() };
        let (mut group_start, mut n_nodes) = (0, 0);
        for (i, tree) in bounds.windows(2).enumerate() {
            starts.before.push((tree[0] as u32).wrapping_sub(1));
            starts.roots.push(nodes[tree[0]]);
            n_nodes += tree[1] - tree[0];
            let n_trees = starts.roots.len() - group_start;
            if (n_nodes >= together && n_trees >= TREES) || i + 2 == bounds.len() {
                starts.groups.push(group_start..starts.roots.len());
                // A leaf of no units.
                starts.before.extend([0; TREES]);
                starts.roots.extend([0; TREES]);
                (group_start, n_nodes) = (starts.roots.len(), 0);
            }
        }
        starts
    }
}

/// The packed trees that are walked.
#[derive(Clone, Copy)]
pub(super) struct Splits<'a> {
    pub(super) nodes: &'a [u32],
    /// Where a split's pair of children begins.
    pub(super) pair_shift: u32,
}

impl Starts {
    /// Adds the units that the leaves of all trees, of whose `splits` these are the starts, give each of `rows` to `sums`, `(n_rows)`. `any_missing` may be `false`
    /// only if no code of the rows is 0. Equal rows that stand together are walked once.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,popcnt")]
    pub(super) fn add_units(&self, splits: Splits<'_>, rows: &[RowCodes], any_missing: bool, sums: &mut [u32]) {
        for trees in &self.groups {
            match any_missing {
                true => self.walk_rows::<true>(splits, trees, rows, sums),
                false => self.walk_rows::<false>(splits, trees, rows, sums),
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,popcnt")]
    fn walk_rows<const MISSING: bool>(
        &self,
        splits: Splits<'_>,
        trees: &Range<usize>,
        rows: &[RowCodes],
        sums: &mut [u32],
    ) {
        // Where each run of equal rows begins that is under way, and behind them the end of the last.
        let mut runs = [0; ROWS + 1];
        while runs[ROWS] < rows.len() {
            runs[0] = runs[ROWS];
            for i in 0..ROWS {
                let run = &rows[runs[i]..];
                runs[i + 1] = runs[i] + run.iter().take_while(|row| **row == run[0]).count();
            }
            // At the end there may be fewer than fill the places.
            let first_rows = std::array::from_fn(|i| &rows[runs[i].min(rows.len() - 1)]);
            let units = self.walk::<MISSING>(splits, trees, first_rows);
            for (run, units) in runs.windows(2).zip(units) {
                sums[run[0]..run[1]].iter_mut().for_each(|sum| *sum += units);
            }
        }
    }

    /// The units of the leaves of `trees` for each of `rows`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,popcnt")]
    fn walk<const MISSING: bool>(
        &self,
        splits: Splits<'_>,
        trees: &Range<usize>,
        rows: [&RowCodes; ROWS],
    ) -> [u32; ROWS] {
        assert!(trees.end + TREES <= self.roots.len());
        let forest = Walked {
            nodes: splits.nodes.as_ptr(),
            before: self.before.as_ptr(),
            roots: self.roots.as_ptr(),
            end: trees.end,
            shift: _mm_cvtsi32_si128(splits.pair_shift as i32 - 1),
            pairs: _mm512_set1_epi32((!MISSING_RIGHT >> (splits.pair_shift - 1) & !1) as i32),
        };
        // By name, so that all of them stay in registers.
        let [mut a, mut b, mut c, mut d] = rows.map(|codes| Walk::begin(codes, trees.start));
        // SAFETY: the splits are those that the starts were made of, and a register of lanes stands behind the group's end.
        unsafe {
            while a.step::<MISSING>(&forest)
                | b.step::<MISSING>(&forest)
                | c.step::<MISSING>(&forest)
                | d.step::<MISSING>(&forest)
            {}
        }
        [a, b, c, d].map(|walk| _mm512_reduce_add_epi32(walk.sums) as u32)
    }
}

/// The trees of a group as a step needs them.
struct Walked {
    nodes: *const u32,
    before: *const u32,
    roots: *const u32,
    /// Behind the last of the group in `before` and `roots`.
    end: usize,
    shift: __m128i,
    /// Twice the pair, once shifted, and nothing of what stands above it.
    pairs: __m512i,
}

/// A row on its way through the trees of a group.
struct Walk {
    codes: __m512i,
    before: __m512i,
    nodes: __m512i,
    sums: __m512i,
    next: usize,
}

impl Walk {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn begin(codes: &RowCodes, next: usize) -> Walk {
        let none = _mm512_setzero_si512();
        // SAFETY: the codes fill a register.
        let codes = unsafe { _mm512_loadu_si512(codes.as_ptr().cast()) };
        Walk { codes, before: none, nodes: none, sums: none, next }
    }

    /// Goes a level down in sixteen trees; `false` where all had ended.
    ///
    /// # Safety
    /// A register of lanes can be read behind `forest.end`, and the children of its nodes stand in `forest.nodes`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,popcnt")]
    unsafe fn step<const MISSING: bool>(&mut self, forest: &Walked) -> bool {
        /// The lowest byte of each lane.
        const LOWEST: u64 = 0x1111_1111_1111_1111;
        let low = _mm512_set1_epi32(0xff);
        // Lanes that have arrived give what they found and take the next trees, or nothing any more.
        let ended = _mm512_testn_epi32_mask(self.nodes, low);
        let under_way = (ended != u16::MAX) | (self.next < forest.end);
        self.sums = _mm512_mask_add_epi32(self.sums, ended, self.sums, _mm512_srli_epi32::<8>(self.nodes));
        // SAFETY: `next` never passes the end; else as the caller says.
        unsafe {
            let (before, roots) = (forest.before.add(self.next).cast(), forest.roots.add(self.next).cast());
            self.before = _mm512_mask_expandloadu_epi32(self.before, ended, before);
            self.nodes = _mm512_mask_expandloadu_epi32(self.nodes, ended, roots);
        }
        self.next = forest.end.min(self.next + ended.count_ones() as usize);
        let highest = _mm512_and_si512(self.nodes, low);
        let split = _mm512_test_epi32_mask(highest, highest);
        let code = _mm512_maskz_permutexvar_epi8(LOWEST, _mm512_srli_epi32::<8>(self.nodes), self.codes);
        let mut right = _mm512_cmpgt_epu32_mask(code, highest);
        if MISSING {
            let goes_right = _mm512_cmplt_epi32_mask(self.nodes, _mm512_setzero_si512());
            right |= goes_right & _mm512_testn_epi32_mask(code, code);
        }
        let pair = _mm512_and_si512(_mm512_srl_epi32(self.nodes, forest.shift), forest.pairs);
        let left = _mm512_add_epi32(self.before, pair);
        let child = _mm512_mask_sub_epi32(left, right, left, _mm512_set1_epi32(-1));
        // SAFETY: as the caller says.
        self.nodes = unsafe { _mm512_mask_i32gather_epi32::<4>(self.nodes, split, child, forest.nodes.cast()) };
        under_way
    }
}

#[cfg(test)]
mod tests {
    use nta_data::{Label, Purpose, Quiet, Tabular, TabularKind, rng};
    use rand_core::RngCore;

    use super::*;
    use crate::ForestConfig;
    use crate::score::{Packed, SetScratch};

    fn table(n_rows: usize, missing: bool) -> Tabular {
        let mut random = rng(4, Purpose::Simulation, 0, 0);
        let mut value = |j: u32| match random.next_u32() % 9 {
            0 if missing => f32::NAN,
            _ => (random.next_u32() % (3 + 90 * j)) as f32 / 8.0 - 4.0,
        };
        let columns: Vec<Vec<f32>> = (0..6).map(|j| (0..n_rows).map(|_| value(j)).collect()).collect();
        let names = (0..6).map(|j| format!("x{j}")).collect();
        Tabular { names, kinds: vec![TabularKind::Numeric; 6], columns }
    }

    #[test]
    fn rows_that_walk_get_the_bits_of_sets() {
        if !is_supported() {
            return;
        }
        for missing in [true, false] {
            let x = table(1_500, missing);
            let mut random = rng(5, Purpose::Simulation, 0, 0);
            let y: Vec<Label> = (0..1_500)
                .map(|i| match x.columns[1][i] > x.columns[2][i] || random.next_u32().is_multiple_of(5) {
                    true => Label::Attack,
                    false => Label::Benign,
                })
                .collect();
            for trees in [1, 15, 16, 17, 50] {
                let config = ForestConfig { trees, ..ForestConfig::default() };
                let forest = config.fit(x.clone(), &y, 1, &Quiet).unwrap().forest;
                let mut packed = forest.packed.clone().unwrap();
                let key = packed.sort_columns(&forest.importances);
                let columns: Vec<&[f32]> = x.columns.iter().map(Vec::as_slice).collect();
                for n_rows in [1, 3, 4, 5, 1_000] {
                    let scores = |packed: &Packed| {
                        let mut sums = vec![0.0; n_rows];
                        SetScratch::default().sum(packed, &key, &columns, 7, &mut sums);
                        sums
                    };
                    for together in [1, CACHED_NODES] {
                        packed.walk_together(Some(together));
                        let walked = scores(&packed);
                        packed.walk_together(None);
                        assert_eq!(walked, scores(&packed), "{trees} trees, {n_rows} rows, {together} together");
                    }
                }
            }
        }
    }
}
