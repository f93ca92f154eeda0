//! Scores of the training rows from the trees that did not see them.

use std::ops::Range;

use nta_data::{Label, Tabular};
use rayon::prelude::*;

use crate::bootstrap::was_seen;
use crate::grow::Grown;
use crate::node::{Links, walk_block};
use crate::table::Table;

/// Distinct rows walked through all trees together.
const BLOCK: usize = 256;

/// Mean vote of the trees that did not see the row, `(n_rows)`; `None` where every tree saw it.
pub(crate) fn out_of_bag(x: &Tabular, table: &Table, links: Links, trees: &[Grown]) -> Vec<Option<f32>> {
    let blocks: Vec<Vec<Option<f32>>> = (0..table.n_distinct().div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let rows = block * BLOCK..((block + 1) * BLOCK).min(table.n_distinct());
            score_block(x, table, links, trees, rows)
        })
        .collect();
    let mut scores = vec![None; table.n_rows()];
    for (&row, score) in table.members.iter().zip(blocks.into_iter().flatten()) {
        scores[row as usize] = score;
    }
    scores
}

/// Scores of the places of the distinct rows `rows`, in order of place. Votes are summed in f64 in order of trees.
fn score_block(x: &Tabular, table: &Table, links: Links, trees: &[Grown], rows: Range<usize>) -> Vec<Option<f32>> {
    // Copies share their bins, so they share their leaves: the first stands for all.
    let block: Vec<f32> = rows.clone().flat_map(|row| x.columns.iter().map(move |c| c[table.first(row)])).collect();
    let places =
        |i: u32| table.bounds[rows.start + i as usize] as usize..table.bounds[rows.start + i as usize + 1] as usize;
    let first_place = table.bounds[rows.start] as usize;
    let mut sums = vec![(0.0f64, 0u32); table.bounds[rows.end] as usize - first_place];
    let mut unseen: Vec<u32> = Vec::with_capacity(BLOCK);
    for tree in trees {
        let is_out = |place: &usize| !was_seen(&tree.seen, *place);
        unseen.clear();
        unseen.extend((0..rows.len() as u32).filter(|&i| places(i).any(|place| is_out(&place))));
        walk_block(&tree.nodes, links, &block, x.n_features(), &unseen, |i, share| {
            for place in places(unseen[i]).filter(is_out) {
                let sum = &mut sums[place - first_place];
                *sum = (sum.0 + f64::from(share), sum.1 + 1);
            }
        });
    }
    sums.into_iter().map(|(sum, n)| (n > 0).then(|| (sum / f64::from(n)) as f32)).collect()
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
    fn the_area_counts_pairs_and_half_of_ties() {
        let (b, a) = (Label::Benign, Label::Attack);
        let scores = [Some(0.1), Some(0.4), Some(0.35), Some(0.8), None, Some(0.4)];
        // Attacks at .35, .8 and .4 against benign at .1 and .4: won 1 + 2 + 1.5 of 6.
        assert_eq!(area_under_curve(&scores, &[b, b, a, a, b, a]), Some(4.5 / 6.0));
        assert_eq!(area_under_curve(&scores, &[b, b, b, b, a, b]), None);
    }
}
