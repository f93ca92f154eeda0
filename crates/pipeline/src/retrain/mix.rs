//! What the challenger learns from: the fresh rows, and beside them a sample of what the champion has learned from.

use nta_data::{Dataset, Purpose, rng};
use rand_core::RngCore;

use crate::error::{PipelineError, failed};

/// The rows of `tables`, one behind the other; each file keeps a number of its own.
pub(super) fn together<'a>(tables: impl IntoIterator<Item = &'a Dataset>) -> Result<Dataset, PipelineError> {
    let mut all: Option<Dataset> = None;
    for table in tables {
        match &mut all {
            None => all = Some(table.clone()),
            Some(all) => all.append(table).map_err(failed)?,
        }
    }
    all.ok_or_else(|| PipelineError::fail("there are no rows to put together"))
}

/// `fresh` behind `old`, whose files are others: a file's number tells captures apart.
pub(crate) fn behind(old: Dataset, fresh: &Dataset) -> Result<Dataset, PipelineError> {
    let mut fresh = fresh.clone();
    let before = old.files.len() as u32;
    fresh.row.iter_mut().for_each(|row| row.file += before);
    fresh.files = old.files.iter().chain(&fresh.files).cloned().collect();
    together([&old, &fresh])
}

/// Rows of a block that is drawn as one, where rows follow each other: a 400th of them, and at least so many.
const LEAST_BLOCK: usize = 100;

/// A sample of some `wanted` rows of `pool`: whole blocks of neighbouring rows where rows form sequences (each block with
/// entities of its own, so that no sequence crosses a gap), single rows where they do not. No family is left out.
pub(super) fn sample(pool: &Dataset, wanted: usize, seed: u64) -> Dataset {
    let arrival = pool.arrival_order();
    if wanted >= arrival.len() {
        return pool.take(&arrival);
    }
    let block_rows = if pool.has_sequences() { LEAST_BLOCK.max(arrival.len() / 400) } else { 1 };
    let blocks: Vec<&[u32]> = arrival.chunks(block_rows).collect();
    let mut random = rng(seed, Purpose::Replay, 0, 0);
    let mut drawn: Vec<(u64, usize)> = (0..blocks.len()).map(|block| (random.next_u64(), block)).collect();
    drawn.sort_unstable();
    let order: Vec<usize> = drawn.into_iter().map(|(_, block)| block).collect();

    let mut taken = vec![false; blocks.len()];
    let mut n_rows = 0;
    let mut take = |block: usize| {
        n_rows += if std::mem::replace(&mut taken[block], true) { 0 } else { blocks[block].len() };
        n_rows
    };
    for block in one_of_each_family(pool, &blocks, &order) {
        take(block);
    }
    for &block in &order {
        // Nothing is added for a block that is there already.
        if take(block) >= wanted {
            break;
        }
    }
    let chosen = (0..blocks.len()).filter(|&block| taken[block]);
    let rows = chosen.flat_map(|block| blocks[block].iter().map(move |&row| (row, block as u32 + 1)));
    let (rows, segments): (Vec<u32>, Vec<u32>) = rows.unzip();
    pool.take_segments(&rows, &segments)
}

/// For each attack family the first block of `order` that holds it.
fn one_of_each_family(pool: &Dataset, blocks: &[&[u32]], order: &[usize]) -> Vec<usize> {
    let (Some(labels), Some(family)) = (&pool.label, &pool.family) else { return Vec::new() };
    let mut seen = vec![false; family.values.len()];
    let mut chosen = Vec::new();
    for &block in order {
        for &row in blocks[block] {
            let attack = labels[row as usize].is_attack();
            if let Some(seen) = seen.get_mut(family.codes[row as usize] as usize).filter(|seen| attack && !**seen) {
                *seen = true;
                chosen.push(block);
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nta_data::{Categories, Label, RowId};

    use super::*;

    /// `n` rows of two hosts in turn; one row in the middle is of the family `rare`.
    fn pool(n: usize, order: &str) -> Dataset {
        let schema = format!(r#"{{ "name": "toy", "order": "{order}", "numeric": [{{ "name": "x" }}] }}"#);
        let mut rows = Dataset::empty(Arc::new(serde_json::from_str(&schema).unwrap()));
        let attack = |i: usize| i.is_multiple_of(10);
        let family = |i: usize| {
            if i == n / 2 {
                "rare"
            } else if attack(i) {
                "scan"
            } else {
                "benign"
            }
        };
        rows.numeric[0] = (0..n).map(|i| i as f32).collect();
        rows.label = Some((0..n).map(|i| if attack(i) { Label::Attack } else { Label::Benign }).collect());
        rows.family = Some(Categories::from_texts((0..n).map(|i| Some(family(i)))));
        rows.row = (0..n as u64).map(|row| RowId { file: 0, row }).collect();
        rows.entity = if order == "none" { Vec::new() } else { (0..n as u64).map(|i| i % 2).collect() };
        rows.files = vec!["old.csv".into()];
        rows
    }

    #[test]
    fn a_sample_is_of_the_size_asked_for_and_leaves_no_family_out() {
        for order in ["file", "none"] {
            let pool = pool(20_000, order);
            for seed in 0..20 {
                let sample = sample(&pool, 2_000, seed);
                assert!((2_000..=2_200).contains(&sample.n_rows()), "{}", sample.n_rows());
                assert!((0..sample.n_rows()).any(|i| sample.family_of(i) == Some("rare")), "{order}, seed {seed}");
                let mut rows = sample.row.clone();
                rows.dedup();
                assert_eq!(rows.len(), sample.n_rows(), "no row twice");
            }
            assert_eq!(sample(&pool, 30_000, 1).n_rows(), 20_000);
        }
    }

    #[test]
    fn blocks_share_no_entity() {
        let sample = sample(&pool(20_000, "file"), 2_000, 1);
        let mut entities = sample.entity.clone();
        entities.sort_unstable();
        entities.dedup();
        assert_eq!(entities.len(), 2 * sample.n_rows() / 100);
    }

    #[test]
    fn files_of_two_readings_keep_numbers_of_their_own() {
        let (old, fresh) = (pool(10, "file"), pool(5, "file"));
        let both = behind(old, &fresh).unwrap();
        assert_eq!((both.n_rows(), both.row[12].file, both.files.len()), (15, 1, 2));
    }
}
