//! Counts by bin, in blocks of consecutive rows: how traffic was spread, and how much that spread changes along the
//! traffic by itself.

use nta_data::{Dataset, Scores};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{NumericProfile, Profile, SCORE_BINS};

/// Blocks kept at most; when there are more, two neighbours become one.
pub const MOST_BLOCKS: usize = 64;
/// Rows of a block at the beginning.
const FIRST_ROWS: u64 = 64;
/// Texts that have a bin of their own; all others share one.
const MOST_TEXTS: usize = 30;
/// Parts of about equal weight that numbers are binned in.
const N_PARTS: usize = 16;

/// Name of the column that counts what the hybrid flagged.
pub const ALERTS: &str = "alerts";

/// What the bins of a column are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bins {
    /// Number x lies in the first bin whose bound is not below x, or in the one after the last bound. Bounds ascend
    /// strictly. A further bin counts missing and infinite numbers.
    Numbers {
        /// Upper bounds, each inside its bin.
        bounds: Vec<f32>,
    },
    /// One for each text, then one for all other texts, then one for missing ones.
    Texts {
        /// The texts.
        values: Vec<String>,
    },
    /// [`SCORE_BINS`] bins of equal width over [0, 1].
    Scores,
    /// Not flagged, flagged.
    Alerts,
}

/// A column's counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BinnedColumn {
    /// Column name; a member's name for its scores, [`ALERTS`] for flags.
    pub name: String,
    /// What is counted.
    pub bins: Bins,
    /// Rows by block and bin, `(n_blocks, n_bins)`. All blocks but the last hold equally many rows.
    pub counts: Vec<Vec<u64>>,
    /// Rows of a full block.
    pub block_rows: u64,
}

impl Bins {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Bins::Numbers { bounds } => bounds.len() + 2,
            Bins::Texts { values } => values.len() + 2,
            Bins::Scores => SCORE_BINS,
            Bins::Alerts => 2,
        }
    }

    /// Never: every column has a bin for what is in no other.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Bins of the numbers that lie about [`N_PARTS`] equal parts apart. A value so frequent that it fills parts by
    /// itself is one bin.
    fn of_numbers(column: &[f32]) -> Self {
        let probabilities: Vec<f64> = (1..N_PARTS).map(|part| part as f64 / N_PARTS as f64).collect();
        let mut bounds = NumericProfile::quantiles_of(column, &probabilities);
        bounds.dedup();
        Bins::Numbers { bounds }
    }

    fn of_number(bounds: &[f32], x: f32) -> usize {
        if x.is_finite() { bounds.partition_point(|bound| *bound < x) } else { bounds.len() + 1 }
    }

    fn of_score(score: f32) -> usize {
        ((f64::from(score) * SCORE_BINS as f64) as usize).min(SCORE_BINS - 1)
    }
}

impl BinnedColumn {
    fn new(name: &str, bins: Bins) -> Self {
        BinnedColumn { name: name.to_owned(), bins, counts: Vec::new(), block_rows: FIRST_ROWS }
    }

    /// Counts nothing yet of what is either so or not.
    pub fn of_flags(name: &str) -> Self {
        BinnedColumn::new(name, Bins::Alerts)
    }

    /// Counts the next rows of a column of flags.
    pub fn take_flags(&mut self, flags: impl Iterator<Item = bool>) {
        self.take(flags.map(usize::from));
    }

    /// The same bins with nothing counted.
    pub fn emptied(&self) -> Self {
        BinnedColumn::new(&self.name, self.bins.clone())
    }

    /// Rows counted.
    pub fn rows(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// Rows by bin, `(n_bins)`.
    pub fn totals(&self) -> Vec<u64> {
        let mut totals = vec![0; self.bins.len()];
        for block in &self.counts {
            totals.iter_mut().zip(block).for_each(|(total, rows)| *total += rows);
        }
        totals
    }

    /// Counts the next rows, given as the bin of each.
    fn take(&mut self, bins: impl Iterator<Item = usize>) {
        let mut room = self.counts.last().map_or(0, |last| self.block_rows - last.iter().sum::<u64>());
        for bin in bins {
            if room == 0 {
                if self.counts.len() == MOST_BLOCKS {
                    self.halve();
                }
                self.counts.push(vec![0; self.bins.len()]);
                room = self.block_rows;
            }
            if let Some(block) = self.counts.last_mut() {
                block[bin] += 1;
            }
            room -= 1;
        }
    }

    /// Makes one block of every two; all of them are full.
    fn halve(&mut self) {
        let pairs =
            self.counts.chunks(2).map(|pair| (0..pair[0].len()).map(|j| pair.iter().map(|b| b[j]).sum()).collect());
        self.counts = pairs.collect();
        self.block_rows *= 2;
    }

    /// Why the counts cannot be those of the bins, if they cannot: a file may hold anything.
    pub(super) fn fault(&self) -> Option<String> {
        let name = &self.name;
        if let Bins::Numbers { bounds } = &self.bins
            && !bounds.iter().zip(bounds.iter().skip(1)).all(|(a, b)| a < b)
        {
            return Some(format!("the bounds of column {name} do not ascend"));
        }
        let n_bins = self.bins.len();
        if self.counts.len() > MOST_BLOCKS || self.counts.iter().any(|block| block.len() != n_bins) {
            return Some(format!("column {name} does not hold {n_bins} bins in at most {MOST_BLOCKS} blocks"));
        }
        let over = |block: &Vec<u64>| {
            block.iter().try_fold(0u64, |sum, rows| sum.checked_add(*rows)).is_none_or(|n| n > 1 << 53)
        };
        self.counts.iter().any(over).then(|| format!("column {name} counts more rows than there can be"))
    }
}

/// Everything about traffic that is held against later traffic. Counted in one pass; equal for any batch size and thread
/// count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// Number columns, then text columns, in the schema's order.
    pub columns: Vec<BinnedColumn>,
    /// The members' scores, the hybrid's, then [`ALERTS`]; in training those of rows that nothing was fitted on.
    pub scores: Vec<BinnedColumn>,
}

impl Spread {
    /// Bins and counts of the training part's columns, of whose texts `profile` knows the most frequent.
    pub(super) fn fit(train: &Dataset, profile: &Profile) -> Self {
        let schema = &train.schema;
        let numeric = schema.numeric.par_iter().zip(&train.numeric);
        let numeric = numeric.map(|(role, column)| BinnedColumn::new(&role.name, Bins::of_numbers(column)));
        let mut columns: Vec<BinnedColumn> = numeric.collect();
        columns.extend(profile.categorical.iter().map(|column| {
            let values = column.values.iter().take(MOST_TEXTS).map(|count| count.value.clone()).collect();
            BinnedColumn::new(&column.name, Bins::Texts { values })
        }));
        let mut spread = Spread { columns, scores: Vec::new() };
        spread.take_rows(train);
        spread
    }

    /// The same bins with nothing counted: what later traffic is counted in.
    pub fn emptied(&self) -> Self {
        let emptied = |columns: &[BinnedColumn]| columns.iter().map(BinnedColumn::emptied).collect();
        Spread { columns: emptied(&self.columns), scores: emptied(&self.scores) }
    }

    /// Counts the next rows. They are of the schema that the bins were made for.
    pub fn take_rows(&mut self, rows: &Dataset) {
        let n_numeric = rows.numeric.len().min(self.columns.len());
        let (numeric, categorical) = self.columns.split_at_mut(n_numeric);
        numeric.par_iter_mut().zip(&rows.numeric).for_each(|(column, numbers)| {
            let Bins::Numbers { bounds } = column.bins.clone() else { return };
            column.take(numbers.iter().map(|&x| Bins::of_number(&bounds, x)));
        });
        categorical.par_iter_mut().zip(&rows.categorical).for_each(|(column, texts)| {
            let Bins::Texts { values } = &column.bins else { return };
            let (other, missing) = (values.len(), values.len() + 1);
            let bin = |text: &String| values.iter().position(|value| value == text).unwrap_or(other);
            let bins: Vec<usize> = texts.values.iter().map(bin).collect();
            column.take(texts.codes.iter().map(|&code| bins.get(code as usize).copied().unwrap_or(missing)));
        });
    }

    /// Counts the next rows' scores and what the hybrid flags. The first call says which columns there are.
    pub fn take_scores(&mut self, scores: &Scores) {
        if self.scores.is_empty() {
            self.scores = scores.columns().map(|column| BinnedColumn::new(&column.name, Bins::Scores)).collect();
            self.scores.push(BinnedColumn::of_flags(ALERTS));
        }
        for (counted, column) in self.scores.iter_mut().zip(scores.columns()) {
            counted.take(column.p_attack.iter().map(|&score| Bins::of_score(score)));
        }
        if let Some(alerts) = self.scores.last_mut() {
            alerts.take_flags(scores.hybrid().flags.iter().copied());
        }
    }

    /// Why this cannot be a spread, where a file holds nonsense.
    pub fn fault(&self) -> Option<String> {
        self.columns.iter().chain(&self.scores).find_map(BinnedColumn::fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(n: usize, batch: usize) -> BinnedColumn {
        let mut column = BinnedColumn::new("x", Bins::Numbers { bounds: vec![0.0, 1.0] });
        let values: Vec<f32> = (0..n).map(|i| [-1.0, 0.0, 0.5, 2.0, f32::NAN][i % 5]).collect();
        for part in values.chunks(batch) {
            column.take(part.iter().map(|&x| Bins::of_number(&[0.0, 1.0], x)));
        }
        column
    }

    #[test]
    fn every_number_has_its_bin() {
        let column = counted(10, 3);
        assert_eq!(column.totals(), [4, 2, 2, 2], "a bound lies in its own bin; missing ones come last");
        assert_eq!((column.counts.len(), column.rows()), (1, 10));
    }

    #[test]
    fn blocks_stay_few_equal_and_independent_of_batches() {
        for n in [64, 65, 4_096, 4_097, 70_001] {
            let column = counted(n, 1_000);
            assert_eq!(column, counted(n, 7));
            assert!(column.counts.len() <= MOST_BLOCKS && column.rows() == n as u64);
            let (last, full) = column.counts.split_last().unwrap();
            assert!(full.iter().all(|block| block.iter().sum::<u64>() == column.block_rows));
            assert!(last.iter().sum::<u64>() <= column.block_rows);
            assert_eq!(column.fault(), None);
        }
    }

    #[test]
    fn a_value_that_fills_many_parts_is_one_bin() {
        let column: Vec<f32> = (0..1_600).map(|i| if i < 1_200 { 0.0 } else { i as f32 }).collect();
        let Bins::Numbers { bounds } = Bins::of_numbers(&column) else { unreachable!() };
        assert_eq!(bounds[0], 0.0);
        assert_eq!(bounds.len(), 1 + 3, "12 of 16 parts are one value");
    }

    #[test]
    fn what_a_damaged_file_may_say_is_found() {
        let whole = counted(100, 10);
        let damaged = |change: fn(&mut BinnedColumn)| {
            let mut column = whole.clone();
            change(&mut column);
            column.fault()
        };
        assert!(damaged(|c| c.counts[0].truncate(1)).is_some());
        assert!(damaged(|c| c.counts[0][0] = u64::MAX).is_some());
        assert!(damaged(|c| c.bins = Bins::Numbers { bounds: vec![1.0, f32::NAN] }).is_some());
        assert!(damaged(|c| c.counts = vec![vec![0; 4]; MOST_BLOCKS + 1]).is_some());
    }
}
