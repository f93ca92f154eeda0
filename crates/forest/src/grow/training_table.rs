//! The training rows as trees see them: codes by column, rows that are equal in codes and label merged into one.

use nta_data::Label;
use rayon::prelude::*;

use super::bins::{Bins, bin_column};
use crate::Bootstrap;

/// One feature of the training rows.
pub(crate) struct Column {
    pub(crate) bins: Bins,
    /// `(n_distinct)`.
    pub(crate) codes: Vec<u8>,
    /// Where at least half of the rows share a bin.
    pub(crate) sparse: Option<Sparse>,
}

/// The bin that most rows of a column fall into, and the rows that do not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sparse {
    pub(crate) most: u8,
    /// One bit a distinct row.
    pub(crate) others: Vec<u64>,
}

/// The distinct training rows (equal codes, label and weight), numbered in order of first appearance.
pub(crate) struct TrainingTable {
    pub(crate) columns: Vec<Column>,
    /// `(n_distinct)`.
    pub(crate) labels: Vec<Label>,
    /// Weight of one copy of each distinct row, `(n_distinct)`; empty where rows have no weights.
    pub(crate) weights: Vec<u32>,
    /// The training rows, distinct row by distinct row: `(n_rows)`. A place in this list is a row's *place*.
    pub(crate) members: Vec<u32>,
    /// Which of `members` equal each distinct row: `(n_distinct + 1)` bounds.
    pub(crate) bounds: Vec<u32>,
    /// Distinct row of each place: `(n_rows)`.
    pub(crate) distinct_of: Vec<u32>,
    /// Distinct rows that are equal in codes, whatever their label and weight, are one unit, and so are those that are drawn
    /// together: `(n_distinct)`. Filled in for [`Bootstrap::Distinct`].
    pub(crate) unit_of: Vec<u32>,
    pub(crate) n_units: usize,
}

impl TrainingTable {
    /// Bins and merges; `values`, `(n_features)` columns of `(n_rows)`, `y`, `weights` and `together` (each `(n_rows)` or
    /// empty) have been checked. Rows of one number in `together` are drawn or left out as one; those of 0 stand for themselves.
    pub(crate) fn new(
        values: Vec<Vec<f32>>,
        y: &[Label],
        weights: &[u32],
        together: &[u32],
        most_bins: usize,
        bootstrap: Bootstrap,
    ) -> TrainingTable {
        let together_with = |row: usize| together.get(row).copied().unwrap_or(0);
        // Each column's values are let go when it is binned.
        let bin = |values: Vec<f32>| bin_column(&values, most_bins);
        let binned: Vec<(Bins, Vec<u8>)> = values.into_par_iter().map(bin).collect();
        let codes: Vec<&[u8]> = binned.iter().map(|(_, codes)| codes.as_slice()).collect();
        let group = group_rows(&codes, &|row| (y[row], weights.get(row).copied(), together_with(row)), y.len());
        let (members, bounds) = lists(&group);
        let first: Vec<u32> = bounds[..bounds.len() - 1].iter().map(|&b| members[b as usize]).collect();
        let column = |(bins, mut codes): (Bins, Vec<u8>)| {
            // In place: the first rows ascend, so none is read after it was written over.
            first.iter().enumerate().for_each(|(i, &row)| codes[i] = codes[row as usize]);
            codes.truncate(first.len());
            codes.shrink_to_fit();
            Column { sparse: sparse(&codes), bins, codes }
        };
        let columns: Vec<Column> = binned.into_par_iter().map(column).collect();
        let codes: Vec<&[u8]> = columns.iter().map(|c| c.codes.as_slice()).collect();
        let unit_of = match bootstrap {
            Bootstrap::Distinct => {
                let alike = group_rows(&codes, &|_| (Label::Benign, None, 0), first.len());
                let key = |(&row, &alike): (&u32, &u32)| match together_with(row as usize) {
                    0 => u64::from(alike),
                    number => u64::from(number) << 32,
                };
                group_keys(&first.iter().zip(&alike).map(key).collect::<Vec<u64>>())
            }
            Bootstrap::Rows | Bootstrap::None => Vec::new(),
        };
        TrainingTable {
            labels: first.iter().map(|&row| y[row as usize]).collect(),
            weights: first.iter().filter_map(|&row| weights.get(row as usize).copied()).collect(),
            distinct_of: members.iter().map(|&row| group[row as usize]).collect(),
            n_units: unit_of.iter().max().map_or(0, |&unit| unit as usize + 1),
            unit_of,
            members,
            bounds,
            columns,
        }
    }

    /// Training rows.
    pub(crate) fn n_rows(&self) -> usize {
        self.members.len()
    }

    /// Distinct rows.
    pub(crate) fn n_distinct(&self) -> usize {
        self.labels.len()
    }

    /// Number of training rows equal to distinct row `i`.
    pub(crate) fn copies(&self, i: usize) -> u32 {
        self.bounds[i + 1] - self.bounds[i]
    }
}

/// The rows that are not in the column's most frequent bin, unless they are more than half.
fn sparse(codes: &[u8]) -> Option<Sparse> {
    let mut sizes = [0u32; 256];
    codes.iter().for_each(|&code| sizes[code as usize] += 1);
    let most = (0..=255u8).max_by_key(|&code| sizes[code as usize])?;
    if (sizes[most as usize] as usize) < codes.len() / 2 {
        return None;
    }
    let word = |codes: &[u8]| codes.iter().rev().fold(0, |word, &code| word << 1 | u64::from(code != most));
    Some(Sparse { most, others: codes.chunks(64).map(word).collect() })
}

/// What tells rows of equal codes apart: the label, the weight where there are weights, and with whom the row is drawn.
type Extra<'a> = &'a (dyn Fn(usize) -> (Label, Option<u32>, u32) + Sync);

/// Number of the distinct row of each row, in order of first appearance. `(n_rows)`.
fn group_rows(codes: &[&[u8]], extra: Extra, n_rows: usize) -> Vec<u32> {
    let group = group_keys(&row_keys(codes, extra, n_rows));
    // Rows of one key are equal unless a 64-bit hash collided; then nothing is merged, which is slower and as right.
    match are_equal(&group, codes, extra) {
        true => group,
        false => (0..n_rows as u32).collect(),
    }
}

/// Whether the rows of each group are equal.
fn are_equal(group: &[u32], codes: &[&[u8]], extra: Extra) -> bool {
    let mut first = Vec::new();
    for (row, &g) in group.iter().enumerate() {
        if g as usize == first.len() {
            first.push(row as u32);
        }
    }
    let equal = |column: &&[u8]| group.iter().zip(*column).all(|(&g, &c)| column[first[g as usize] as usize] == c);
    let extras_equal = group.iter().enumerate().all(|(row, &g)| extra(row) == extra(first[g as usize] as usize));
    extras_equal && codes.par_iter().all(equal)
}

/// A hash of each row's codes, label, weight and of whom it is drawn with.
fn row_keys(codes: &[&[u8]], extra: Extra, n_rows: usize) -> Vec<u64> {
    const CHUNK: usize = 4096;
    let mut keys = vec![0u64; n_rows];
    keys.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, keys)| {
        let rows = chunk * CHUNK..chunk * CHUNK + keys.len();
        for (key, row) in keys.iter_mut().zip(rows.clone()) {
            let (label, weight, together) = extra(row);
            let extra = label as u64 | u64::from(weight.unwrap_or(0)) << 8;
            *key = extra.wrapping_mul(0xD1B5_4A32_D192_ED03) ^ u64::from(together).wrapping_mul(0x9FB2_1C65_1E98_DF25);
        }
        for column in codes {
            for (key, &code) in keys.iter_mut().zip(&column[rows.clone()]) {
                *key = (*key ^ u64::from(code)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                *key ^= *key >> 29;
            }
        }
    });
    keys
}

/// Where a search for `key` begins. Keys may be near each other: numbers in a row that began at one slot would each pass all
/// before them.
fn first_slot(key: u64, mask: usize) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & mask
}

/// Equal keys get equal numbers, counted from 0 in order of first appearance.
fn group_keys(keys: &[u64]) -> Vec<u32> {
    const FREE: u32 = u32::MAX;
    let mask = (keys.len() + keys.len() / 2).next_power_of_two() - 1;
    // Number of the group that sits in a slot; its key is in `known`.
    let mut slots = vec![FREE; mask + 1];
    let mut known: Vec<u64> = Vec::new();
    keys.iter()
        .map(|&key| {
            let mut at = first_slot(key, mask);
            while slots[at] != FREE && known[slots[at] as usize] != key {
                at = (at + 1) & mask;
            }
            if slots[at] == FREE {
                slots[at] = known.len() as u32;
                known.push(key);
            }
            slots[at]
        })
        .collect()
}

/// The rows of each group, ascending, group after group, and the groups' bounds.
fn lists(group: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let n_groups = group.iter().max().map_or(0, |&g| g as usize + 1);
    let mut bounds = vec![0u32; n_groups + 1];
    for &g in group {
        bounds[g as usize + 1] += 1;
    }
    for i in 1..bounds.len() {
        bounds[i] += bounds[i - 1];
    }
    let mut next = bounds.clone();
    let mut members = vec![0u32; group.len()];
    for (row, &g) in group.iter().enumerate() {
        members[next[g as usize] as usize] = row as u32;
        next[g as usize] += 1;
    }
    (members, bounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_equal_in_features_and_label_merge() {
        let nan = f32::NAN;
        let values = vec![vec![1.0, 2.0, 1.0, 1.0, 2.0], vec![nan, 5.0, nan, nan, 5.0]];
        let (benign, attack) = (Label::Benign, Label::Attack);
        let table =
            TrainingTable::new(values, &[benign, attack, attack, benign, attack], &[], &[], 255, Bootstrap::Distinct);
        assert_eq!(table.members, [0, 3, 1, 4, 2]);
        assert_eq!(table.bounds, [0, 2, 4, 5]);
        assert_eq!(table.distinct_of, [0, 0, 1, 1, 2]);
        assert_eq!(table.labels, [benign, attack, attack]);
        assert_eq!(table.columns[0].codes, [0, 1, 0]);
        assert_eq!(table.columns[1].codes, [255, 0, 255]);
        assert_eq!((table.n_rows(), table.n_distinct(), table.copies(1)), (5, 3, 2));
        // Rows 0 and 2 differ in their label alone.
        assert_eq!((table.unit_of, table.n_units), (vec![0, 1, 0], 2));
        assert_eq!(table.columns[0].sparse, Some(Sparse { most: 0, others: vec![0b010] }));
    }

    #[test]
    fn rows_of_different_weights_stay_apart() {
        let values = vec![vec![1.0; 4]];
        let y = [Label::Attack; 4];
        let table = TrainingTable::new(values, &y, &[3, 5, 3, 0], &[], 255, Bootstrap::Rows);
        assert_eq!((table.weights, table.members), (vec![3, 5, 0], vec![0, 2, 1, 3]));
    }

    #[test]
    fn rows_drawn_together_are_one_unit_and_merge_with_no_others() {
        let values = vec![vec![1.0, 2.0, 1.0, 3.0, 2.0, 2.0]];
        let y = [Label::Attack; 6];
        let table = TrainingTable::new(values, &y, &[], &[0, 0, 7, 7, 7, 0], 255, Bootstrap::Distinct);
        assert_eq!(table.members, [0, 1, 5, 2, 3, 4]);
        assert_eq!((table.unit_of, table.n_units), (vec![0, 1, 2, 2, 2], 3));
    }

    #[test]
    fn numbers_in_a_row_begin_at_slots_of_their_own() {
        let mask = (1usize << 19) - 1;
        for step in [1u64, 1 << 32] {
            let mut begun = vec![0u8; mask + 1];
            (0..300_000).for_each(|i| begun[first_slot(i * step, mask)] += 1);
            assert!(begun.iter().all(|&n| n <= 8), "step {step}: {:?} begin at one slot", begun.iter().max());
        }
    }

    #[test]
    fn groups_of_unequal_rows_are_found_out() {
        assert_eq!(group_keys(&[7, 9, 7, 1 << 60, 9]), [0, 1, 0, 2, 1]);
        let (benign, attack) = (Label::Benign, Label::Attack);
        let group = [0, 1, 0];
        let all_benign: Extra = &|_| (benign, None, 0);
        assert!(are_equal(&group, &[&[4, 4, 4], &[5, 6, 5]], all_benign));
        assert!(!are_equal(&group, &[&[4, 4, 4], &[5, 6, 6]], all_benign));
        let last_attack: Extra = &|row| (if row == 2 { attack } else { benign }, None, 0);
        assert!(!are_equal(&group, &[&[4, 4, 4], &[5, 6, 5]], last_attack));
    }

    #[test]
    fn keys_tell_a_label_from_a_code() {
        let codes: Vec<u8> = (0..=255).collect();
        for other in [Label::Benign, Label::Attack] {
            let (mut both, mut y) = (codes.clone(), vec![Label::Benign; 256]);
            both.extend(&codes);
            y.extend(vec![other; 256]);
            let mut keys = row_keys(&[&both], &|row| (y[row], None, 0), 512);
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), if other == Label::Benign { 256 } else { 512 });
        }
    }
}
