//! Scores of the training rows from the trees that did not see them.

use std::ops::Range;

use nta_data::Label;
use rayon::prelude::*;

use crate::grow::{Grown, TrainingTable};
use crate::tree::{Links, walk_block};

/// Distinct rows walked through all trees together: so many that a large tree is not read from memory for a few rows.
const BLOCK: usize = 8192;

/// Mean vote of the trees that did not see the row, `(n_rows)`; `None` where every tree saw it.
pub(crate) fn out_of_bag(table: &TrainingTable, links: Links, trees: &[Grown]) -> Vec<Option<f32>> {
    let blocks: Vec<Vec<Option<f32>>> = (0..table.n_distinct().div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let rows = block * BLOCK..((block + 1) * BLOCK).min(table.n_distinct());
            score_block(table, links, trees, rows)
        })
        .collect();
    let mut scores = vec![None; table.n_rows()];
    for (&row, score) in table.members.iter().zip(blocks.into_iter().flatten()) {
        scores[row as usize] = score;
    }
    scores
}

/// Scores of the places of the distinct rows `rows`, in order of place. Votes are summed in f64 in order of trees.
fn score_block(table: &TrainingTable, links: Links, trees: &[Grown], rows: Range<usize>) -> Vec<Option<f32>> {
    let width = table.columns.len();
    let mut block = vec![0.0; rows.len() * width];
    for (j, column) in table.columns.iter().enumerate() {
        for (values, &code) in block.chunks_exact_mut(width).zip(&column.codes[rows.clone()]) {
            values[j] = column.bins.value(code);
        }
    }
    let places = table.bounds[rows.start] as usize..table.bounds[rows.end] as usize;
    let mut sums = vec![(0.0f64, 0u32); places.len()];
    // Rows of the block with a copy that the tree did not see, and each such copy with its row's number among them.
    let (mut unseen, mut copies): (Vec<u32>, Vec<(u32, u32)>) = Default::default();
    let mut shares = vec![0.0; rows.len()];
    for tree in trees {
        unseen.clear();
        copies.clear();
        for place in zeros(&tree.seen, places.clone()) {
            let row = table.distinct_of[place] - rows.start as u32;
            if unseen.last() != Some(&row) {
                unseen.push(row);
            }
            copies.push(((place - places.start) as u32, unseen.len() as u32 - 1));
        }
        walk_block(&tree.nodes, links, &block, width, &unseen, |i, share| shares[i] = share);
        for &(place, i) in &copies {
            let sum = &mut sums[place as usize];
            *sum = (sum.0 + f64::from(shares[i as usize]), sum.1 + 1);
        }
    }
    sums.into_iter().map(|(sum, n)| (n > 0).then(|| (sum / f64::from(n)) as f32)).collect()
}

/// The positions in `range` whose bit is not set, ascending.
fn zeros(bits: &[u64], range: Range<usize>) -> impl Iterator<Item = usize> {
    (range.start / 64..range.end.div_ceil(64)).flat_map(move |word| {
        let start = word * 64;
        let before = (1u64 << range.start.saturating_sub(start).min(63)) - 1;
        let behind = if range.end - start >= 64 { 0 } else { u64::MAX << (range.end - start) };
        let mut left = !bits[word] & !before & !behind;
        std::iter::from_fn(move || {
            let at = left.trailing_zeros() as usize;
            (left != 0).then(|| {
                left &= left - 1;
                start + at
            })
        })
    })
}

/// Area under the ROC curve of the rows that have a score: the share of (attack, benign) pairs in which the attack has
/// the higher score, ties counting half. `None` if one of the classes has no score.
pub(crate) fn area_under_curve(scores: &[Option<f32>], y: &[Label]) -> Option<f64> {
    let mut ranked: Vec<(f32, Label)> =
        scores.iter().zip(y).filter_map(|(score, &label)| score.map(|s| (s, label))).collect();
    ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut benign_below, mut attacks, mut twice_won) = (0u64, 0u64, 0u128);
    for tied in ranked.chunk_by(|a, b| a.0 == b.0) {
        let n_attacks = tied.iter().filter(|(_, label)| label.is_attack()).count() as u64;
        let n_benign = tied.len() as u64 - n_attacks;
        twice_won += u128::from(n_attacks) * u128::from(2 * benign_below + n_benign);
        benign_below += n_benign;
        attacks += n_attacks;
    }
    let pairs = u128::from(attacks) * u128::from(benign_below);
    (pairs > 0).then(|| twice_won as f64 / 2.0 / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_found_within_the_range() {
        let bits = [0xFFFF_0000_FFFF_FF0Fu64, !(1 << 63), u64::MAX - 2];
        let all: Vec<usize> = (0..192).filter(|i| bits[i / 64] >> (i % 64) & 1 == 0).collect();
        for range in [0..192, 5..192, 0..40, 6..7, 6..6, 63..128, 64..128, 127..130, 130..192] {
            let expected: Vec<usize> = all.iter().copied().filter(|i| range.contains(i)).collect();
            assert_eq!(zeros(&bits, range.clone()).collect::<Vec<_>>(), expected, "{range:?}");
        }
    }

    #[test]
    fn the_area_counts_pairs_and_half_of_ties() {
        let (b, a) = (Label::Benign, Label::Attack);
        let scores = [Some(0.1), Some(0.4), Some(0.35), Some(0.8), None, Some(0.4)];
        // Attacks at .35, .8 and .4 against benign at .1 and .4: won 1 + 2 + 1.5 of 6.
        assert_eq!(area_under_curve(&scores, &[b, b, a, a, b, a]), Some(4.5 / 6.0));
        assert_eq!(area_under_curve(&scores, &[b, b, b, b, a, b]), None);
    }
}
