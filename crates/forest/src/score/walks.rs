//! A row through sixteen trees at once, for processors that look codes up within a register (AVX-512 VBMI).
//!
//! Where rows differ, a set of 64 of them parts within a few splits, and most of its comparisons then serve two or three
//! rows. Here each lane holds a node of a tree of its own: the row's codes stand in one register, a step looks up sixteen of
//! them, compares, and gathers sixteen children. A lane whose tree has ended takes the next tree, so that no lane waits for
//! the deepest; rows go side by side, for a step waits for memory.

use std::arch::x86_64::*;
use std::ops::Range;

use super::lanes::LANES;
use super::packed::{MISSING_RIGHT, Packed};

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
const CACHED_NODES: usize = 1 << 17;

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
    /// For trees within `bounds` of `nodes`, of which there are below 2^31.
    pub(super) fn new(nodes: &[u32], bounds: &[usize]) -> Starts {
        let mut starts = Starts { before: Vec::new(), roots: Vec::new(), groups: Vec::new() };
        let (mut group_start, mut n_nodes) = (0, 0);
        for (i, tree) in bounds.windows(2).enumerate() {
            starts.before.push((tree[0] as u32).wrapping_sub(1));
            starts.roots.push(nodes[tree[0]]);
            n_nodes += tree[1] - tree[0];
            let n_trees = starts.roots.len() - group_start;
            if (n_nodes >= CACHED_NODES && n_trees >= TREES) || i + 2 == bounds.len() {
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

impl Packed {
    /// Adds the units that the leaves of all trees give each of `rows` to `sums`, `(n_rows)`. `any_missing` may be `false`
    /// only if no code of the rows is 0. Equal rows that stand together are walked once.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,popcnt")]
    pub(super) fn add_units(&self, starts: &Starts, rows: &[RowCodes], any_missing: bool, sums: &mut [u32]) {
        for trees in &starts.groups {
            match any_missing {
                true => self.walk_rows::<true>(starts, trees, rows, sums),
                false => self.walk_rows::<false>(starts, trees, rows, sums),
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,popcnt")]
    fn walk_rows<const MISSING: bool>(
        &self,
        starts: &Starts,
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
            let units = self.walk::<MISSING>(starts, trees, first_rows);
            for (run, units) in runs.windows(2).zip(units) {
                sums[run[0]..run[1]].iter_mut().for_each(|sum| *sum += units);
            }
        }
    }

    /// The units of the leaves of `trees` for each of `rows`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,popcnt")]
    fn walk<const MISSING: bool>(&self, starts: &Starts, trees: &Range<usize>, rows: [&RowCodes; ROWS]) -> [u32; ROWS] {
        /// The lowest byte of each lane.
        const LOWEST: u64 = 0x1111_1111_1111_1111;
        let low = _mm512_set1_epi32(0xff);
        let none = _mm512_setzero_si512();
        // Twice the pair, and nothing of what stands above it.
        let shift = _mm_cvtsi32_si128(self.pair_shift as i32 - 1);
        let pairs = _mm512_set1_epi32((!MISSING_RIGHT >> (self.pair_shift - 1) & !1) as i32);
        let (before_at, roots_at) = (starts.before.as_ptr().cast::<i32>(), starts.roots.as_ptr().cast::<i32>());
        assert!(trees.end + TREES <= starts.roots.len());
        let (mut before, mut nodes, mut sums) = ([none; ROWS], [none; ROWS], [none; ROWS]);
        let mut next = [trees.start; ROWS];
        // SAFETY: a row's codes fill a register. Children stand within their tree, so what is gathered lies in `self.nodes`.
        // `next` never passes the end of the group, behind which a register of lanes stands in `starts`.
        unsafe {
            let codes = rows.map(|row| _mm512_loadu_si512(row.as_ptr().cast()));
            loop {
                let mut under_way = false;
                for i in 0..ROWS {
                    // Lanes that have arrived give what they found and take the next trees, or nothing any more.
                    let ended = _mm512_testn_epi32_mask(nodes[i], low);
                    sums[i] = _mm512_mask_add_epi32(sums[i], ended, sums[i], _mm512_srli_epi32::<8>(nodes[i]));
                    before[i] = _mm512_mask_expandloadu_epi32(before[i], ended, before_at.add(next[i]));
                    nodes[i] = _mm512_mask_expandloadu_epi32(nodes[i], ended, roots_at.add(next[i]));
                    under_way |= (ended != u16::MAX) | (next[i] < trees.end);
                    next[i] = trees.end.min(next[i] + ended.count_ones() as usize);
                    let highest = _mm512_and_si512(nodes[i], low);
                    let split = _mm512_test_epi32_mask(highest, highest);
                    let code = _mm512_maskz_permutexvar_epi8(LOWEST, _mm512_srli_epi32::<8>(nodes[i]), codes[i]);
                    let mut right = _mm512_cmpgt_epu32_mask(code, highest);
                    if MISSING {
                        right |= _mm512_cmplt_epi32_mask(nodes[i], none) & _mm512_testn_epi32_mask(code, code);
                    }
                    let pair = _mm512_and_si512(_mm512_srl_epi32(nodes[i], shift), pairs);
                    let left_child = _mm512_add_epi32(before[i], pair);
                    let child = _mm512_mask_sub_epi32(left_child, right, left_child, _mm512_set1_epi32(-1));
                    nodes[i] = _mm512_mask_i32gather_epi32::<4>(nodes[i], split, child, self.nodes.as_ptr().cast());
                }
                if !under_way {
                    return sums.map(|sum| _mm512_reduce_add_epi32(sum) as u32);
                }
            }
        }
    }
}
