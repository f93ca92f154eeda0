//! The training rows as trees see them: codes by column, rows that are equal in codes and label merged into one.

use nta_data::{Label, Tabular};
use rayon::prelude::*;

use crate::bins::{Bins, bin_column};

/// One feature of the training rows.
pub(crate) struct Column {
    pub(crate) bins: Bins,
    /// `(n_distinct)`.
    pub(crate) codes: Vec<u8>,
}

/// The distinct training rows, numbered in order of first appearance.
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    /// `(n_distinct)`.
    pub(crate) labels: Vec<Label>,
    /// The training rows, distinct row by distinct row: `(n_rows)`. A place in this list is a row's *place*.
    pub(crate) members: Vec<u32>,
    /// Which of `members` equal each distinct row: `(n_distinct + 1)` bounds.
    pub(crate) bounds: Vec<u32>,
    /// Distinct row of each place: `(n_rows)`.
    pub(crate) distinct_of: Vec<u32>,
}

impl Table {
    /// Bins and merges; `x` and `y` have been checked.
    pub(crate) fn new(x: &Tabular, y: &[Label], most_bins: usize) -> Table {
        let binned: Vec<(Bins, Vec<u8>)> = x.columns.par_iter().map(|c| bin_column(c, most_bins)).collect();
        let codes: Vec<&[u8]> = binned.iter().map(|(_, codes)| codes.as_slice()).collect();
        let group = group_rows(&codes, y);
        let (members, bounds) = lists(&group);
        let first: Vec<u32> = bounds[..bounds.len() - 1].iter().map(|&b| members[b as usize]).collect();
        let pick = |codes: Vec<u8>| first.iter().map(|&row| codes[row as usize]).collect();
        Table {
            columns: binned.into_par_iter().map(|(bins, codes)| Column { bins, codes: pick(codes) }).collect(),
            labels: first.iter().map(|&row| y[row as usize]).collect(),
            distinct_of: members.iter().map(|&row| group[row as usize]).collect(),
            members,
            bounds,
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

    /// The first training row equal to distinct row `i`.
    pub(crate) fn first(&self, i: usize) -> usize {
        self.members[self.bounds[i] as usize] as usize
    }

    /// Number of training rows equal to distinct row `i`.
    pub(crate) fn copies(&self, i: usize) -> u32 {
        self.bounds[i + 1] - self.bounds[i]
    }
}

/// Number of the distinct row of each row, in order of first appearance. `(n_rows)`.
fn group_rows(codes: &[&[u8]], y: &[Label]) -> Vec<u32> {
    let group = group_keys(&row_keys(codes, y));
    // Rows of one key are equal unless a 64-bit hash collided; then nothing is merged, which is slower and as right.
    match are_equal(&group, codes, y) {
        true => group,
        false => (0..y.len() as u32).collect(),
    }
}

/// Whether the rows of each group are equal.
fn are_equal(group: &[u32], codes: &[&[u8]], y: &[Label]) -> bool {
    let mut first = Vec::new();
    for (row, &g) in group.iter().enumerate() {
        if g as usize == first.len() {
            first.push(row as u32);
        }
    }
    let equal = |column: &&[u8]| group.iter().zip(*column).all(|(&g, &c)| column[first[g as usize] as usize] == c);
    let labels_equal = group.iter().zip(y).all(|(&g, &label)| y[first[g as usize] as usize] == label);
    labels_equal && codes.par_iter().all(equal)
}

/// A hash of each row's codes and label.
fn row_keys(codes: &[&[u8]], y: &[Label]) -> Vec<u64> {
    const CHUNK: usize = 4096;
    let mut keys = vec![0u64; y.len()];
    keys.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, keys)| {
        let rows = chunk * CHUNK..chunk * CHUNK + keys.len();
        for (key, &label) in keys.iter_mut().zip(&y[rows.clone()]) {
            *key = (label as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
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

/// Equal keys get equal numbers, counted from 0 in order of first appearance.
fn group_keys(keys: &[u64]) -> Vec<u32> {
    const FREE: u32 = u32::MAX;
    let mask = (keys.len() * 2).next_power_of_two() - 1;
    let mut slots: Vec<(u64, u32)> = vec![(0, FREE); mask + 1];
    let mut n_groups = 0;
    keys.iter()
        .map(|&key| {
            let mut at = (key >> 7) as usize & mask;
            while slots[at].1 != FREE && slots[at].0 != key {
                at = (at + 1) & mask;
            }
            if slots[at].1 == FREE {
                slots[at] = (key, n_groups);
                n_groups += 1;
            }
            slots[at].1
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
    use nta_data::TabularKind;

    use super::*;

    #[test]
    fn rows_equal_in_features_and_label_merge() {
        let nan = f32::NAN;
        let x = Tabular {
            names: vec!["a".into(), "b".into()],
            kinds: vec![TabularKind::Numeric; 2],
            columns: vec![vec![1.0, 2.0, 1.0, 1.0, 2.0], vec![nan, 5.0, nan, nan, 5.0]],
        };
        let (benign, attack) = (Label::Benign, Label::Attack);
        let table = Table::new(&x, &[benign, attack, attack, benign, attack], 255);
        assert_eq!(table.members, [0, 3, 1, 4, 2]);
        assert_eq!(table.bounds, [0, 2, 4, 5]);
        assert_eq!(table.distinct_of, [0, 0, 1, 1, 2]);
        assert_eq!(table.labels, [benign, attack, attack]);
        assert_eq!(table.columns[0].codes, [0, 1, 0]);
        assert_eq!(table.columns[1].codes, [255, 0, 255]);
        assert_eq!((table.n_rows(), table.n_distinct(), table.copies(1)), (5, 3, 2));
    }

    #[test]
    fn groups_of_unequal_rows_are_found_out() {
        assert_eq!(group_keys(&[7, 9, 7, 1 << 60, 9]), [0, 1, 0, 2, 1]);
        let (benign, attack) = (Label::Benign, Label::Attack);
        let group = [0, 1, 0];
        assert!(are_equal(&group, &[&[4, 4, 4], &[5, 6, 5]], &[benign, benign, benign]));
        assert!(!are_equal(&group, &[&[4, 4, 4], &[5, 6, 6]], &[benign, benign, benign]));
        assert!(!are_equal(&group, &[&[4, 4, 4], &[5, 6, 5]], &[benign, benign, attack]));
    }

    #[test]
    fn keys_tell_a_label_from_a_code() {
        let codes: Vec<u8> = (0..=255).collect();
        for other in [Label::Benign, Label::Attack] {
            let (mut both, mut y) = (codes.clone(), vec![Label::Benign; 256]);
            both.extend(&codes);
            y.extend(vec![other; 256]);
            let mut keys = row_keys(&[&both], &y);
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), if other == Label::Benign { 256 } else { 512 });
        }
    }
}
