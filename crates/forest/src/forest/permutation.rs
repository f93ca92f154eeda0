//! What each feature is worth on rows that the forest has not learned from: the loss when its values are shuffled
//! (Breiman 2001).

use nta_data::{Label, Purpose, Tabular, Watch, rng};
use rand_core::RngCore;

use crate::input::{check_finite, columns_by_name};
use crate::random::below;
use crate::{Forest, ForestError};

/// How good scores are, the higher the better; `None` where it is undefined (one class only).
pub type Quality<'a> = &'a dyn Fn(&[f32], &[Label]) -> Option<f64>;

/// What shuffling each feature costs, block by block.
#[derive(Debug, Clone, PartialEq)]
pub struct PermutationImportances {
    /// Quality of the scores as they are, `(n_blocks)`.
    pub quality: Vec<f64>,
    /// For each feature, in the order of training, its name and `(n_blocks)` costs: the block's quality minus its
    /// quality with the feature's values shuffled inside the block. Below 0 where shuffling helped by chance; exactly 0
    /// for a feature that no tree asks for.
    pub costs: Vec<(String, Vec<f64>)>,
}

impl Forest {
    /// What shuffling each feature costs in each of `blocks`, which are rows of `x` and should share none: then the
    /// costs are as independent as the rows are, and their spread tells how far the mean may be off for other rows of
    /// the same kind, luck of the shuffles included. A feature that says nothing costs 0 on average.
    ///
    /// Features that say the same stand in for each other: together they may be worth much and alone little. The result
    /// depends on the arguments alone. `watch` is told of every feature done and asked to stop before each.
    ///
    /// # Errors
    /// What [`Forest::predict_proba`] refuses, labels that do not go with the rows, a row that `x` has not, a quality
    /// that is undefined in a block, cancelled.
    pub fn permutation_importances(
        &self,
        x: &Tabular,
        y: &[Label],
        blocks: &[Vec<u32>],
        quality: Quality<'_>,
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<PermutationImportances, ForestError> {
        let columns = columns_by_name(&self.names, x)?;
        let rows = check_blocks(x, y, blocks)?;
        let labels = rows.iter().map(|&row| y[row as usize]).collect();
        let lengths = blocks.iter().map(Vec::len).collect();
        let judge = Judge { forest: self, labels, lengths, quality };
        let mut columns: Vec<Vec<f32>> =
            columns.iter().map(|column| rows.iter().map(|&row| column[row as usize]).collect()).collect();
        let whole = judge.qualities(&columns)?;
        let asked = self.features_asked();
        let mut costs = Vec::with_capacity(self.n_features());
        for (feature, name) in self.names.iter().enumerate() {
            if watch.cancelled() {
                return Err(ForestError::Cancelled);
            }
            let cost = if asked[feature] {
                let shuffled = shuffled(&columns[feature], &judge.lengths, seed, feature as u64);
                let kept = std::mem::replace(&mut columns[feature], shuffled);
                let without = judge.qualities(&columns)?;
                columns[feature] = kept;
                whole.iter().zip(without).map(|(whole, without)| whole - without).collect()
            } else {
                vec![0.0; blocks.len()]
            };
            costs.push((name.clone(), cost));
            watch.step(feature as u64 + 1, self.n_features() as u64);
        }
        Ok(PermutationImportances { quality: whole, costs })
    }

    fn features_asked(&self) -> Vec<bool> {
        let mut asked = vec![false; self.n_features()];
        for node in self.trees.nodes.iter().filter(|node| !node.is_leaf()) {
            asked[self.links.feature(node.link)] = true;
        }
        asked
    }
}

/// Refuses values that are infinite, labels that do not go with the rows, and rows that are not there; gives the rows of
/// all blocks, block by block.
fn check_blocks(x: &Tabular, y: &[Label], blocks: &[Vec<u32>]) -> Result<Vec<u32>, ForestError> {
    check_finite(x)?;
    if y.len() != x.n_rows() {
        return Err(ForestError::LabelsDiffer { rows: x.n_rows(), labels: y.len() });
    }
    let rows = blocks.concat();
    match rows.iter().find(|&&row| row as usize >= x.n_rows()) {
        Some(&row) => Err(ForestError::NoSuchRow { row, rows: x.n_rows() }),
        None => Ok(rows),
    }
}

/// How good the forest's scores are, block by block.
struct Judge<'a> {
    forest: &'a Forest,
    /// Of the rows of all blocks, block by block.
    labels: Vec<Label>,
    /// Rows of each block.
    lengths: Vec<usize>,
    quality: Quality<'a>,
}

impl Judge<'_> {
    /// The quality in each block, `columns` being those of the rows of all blocks.
    fn qualities(&self, columns: &[Vec<f32>]) -> Result<Vec<f64>, ForestError> {
        let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
        let scores = self.forest.scores(&columns, self.labels.len());
        let blocks = split(&scores, &self.lengths).zip(split(&self.labels, &self.lengths));
        blocks.map(|(scores, labels)| (self.quality)(scores, labels).ok_or(ForestError::QualityUndefined)).collect()
    }
}

/// `values` in pieces of these lengths, which sum to theirs.
fn split<'a, T>(mut values: &'a [T], lengths: &[usize]) -> impl Iterator<Item = &'a [T]> {
    lengths.iter().map(move |&length| {
        let (piece, rest) = values.split_at(length);
        values = rest;
        piece
    })
}

/// `column` with each block in an order of its own for (seed, feature, block) (Fisher and Yates).
fn shuffled(column: &[f32], lengths: &[usize], seed: u64, feature: u64) -> Vec<f32> {
    let mut shuffled = column.to_vec();
    let mut rest = shuffled.as_mut_slice();
    for (block, &length) in lengths.iter().enumerate() {
        let (values, behind) = rest.split_at_mut(length);
        let mut random = rng(seed, Purpose::Permutation, feature, block as u64);
        for last in (1..length).rev() {
            values.swap(last, below(random.next_u32(), last + 1));
        }
        rest = behind;
    }
    shuffled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_stays_in_its_block_and_each_has_its_own_order() {
        let column: Vec<f32> = (0..200).map(|i| (i % 100) as f32).collect();
        let found = shuffled(&column, &[100, 100], 1, 2);
        assert_ne!(found[..100], found[100..]);
        assert_ne!(found, shuffled(&column, &[100, 100], 1, 3));
        for block in found.chunks(100) {
            let mut values = block.to_vec();
            values.sort_by(f32::total_cmp);
            assert_eq!(values, column[..100]);
        }
    }
}
