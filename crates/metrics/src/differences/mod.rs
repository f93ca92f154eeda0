//! How models differ on the same rows, and how far that difference may lie from the truth: a paired bootstrap over blocks
//! of neighbouring rows, for rows of traffic are not independent (Künsch 1989).

mod sums;

use nta_data::{Label, Purpose, rng};
use rand_core::RngCore;

use crate::error::{MetricsError, all_scores, same_length};
use crate::{INTERVAL_CONFIDENCE, Interval};
use sums::{Counts, Sums};

/// What is compared: names from the list of metrics. The last four need flags.
pub const COMPARED: [&str; 6] = ["average_precision", "roc_auc", "precision", "recall", "f1", "fpr"];

/// One value a compared metric; `None` where it is undefined.
type Values = [Option<f64>; COMPARED.len()];

/// Most blocks that rows are cut into.
const MOST_BLOCKS: usize = 200;
/// Fewer blocks say nothing of how they vary.
const LEAST_BLOCKS: usize = 20;
/// Draws, where rows are few enough.
const DRAWS: u64 = 999;
/// Rows times models that all draws together may look at.
const MOST_LOOKS: u64 = 400_000_000;
/// Draws in any case.
const LEAST_DRAWS: u64 = 199;

/// What one model says of the rows.
#[derive(Debug, Clone, Copy)]
pub struct ScoredRows<'a> {
    /// `(n_rows)`.
    pub scores: &'a [f32],
    /// `(n_rows)`; `None` where no threshold is compared.
    pub flags: Option<&'a [bool]>,
}

/// Rows in their order, and the models that judged just these.
#[derive(Debug, Clone)]
pub struct ComparedRows<'a> {
    /// Truth, `(n_rows)`.
    pub labels: &'a [Label],
    /// Those that are held against the others, as the seeds of one config: their mean counts.
    pub ours: Vec<ScoredRows<'a>>,
    /// Those that they are held against.
    pub baseline: Vec<ScoredRows<'a>>,
}

/// A difference of means: ours less the baseline's.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The metric, as the list of metrics names it.
    pub metric: &'static str,
    /// Ours less the baseline's.
    pub difference: f64,
    /// 95 % interval for other rows like these; `None` where there are too few.
    pub interval: Option<Interval>,
}

/// The differences of every compared metric that is defined, in the order of [`COMPARED`], the mean over `tables`, each of
/// which has rows of its own.
///
/// # Errors
/// Columns of different lengths, a score outside [0, 1].
pub fn differences(tables: &[ComparedRows<'_>], seed: u64) -> Result<Vec<Difference>, MetricsError> {
    let tables = tables.iter().map(Table::new).collect::<Result<Vec<_>, _>>()?;
    let looks: u64 =
        tables.iter().map(|table| (table.labels.len() * (table.ours.len() + table.baseline.len())) as u64).sum();
    let draws = (MOST_LOOKS / looks.max(1)).clamp(LEAST_DRAWS, DRAWS);
    let found = mean(tables.iter().map(|table| table.difference(&vec![1; table.n_blocks])));
    let is_enough = !tables.is_empty() && tables.iter().all(|table| table.n_blocks >= LEAST_BLOCKS);
    let drawn: Vec<Values> = (0..if is_enough { draws } else { 0 })
        .map(|draw| {
            let again = |(i, table): (usize, &Table<'_>)| table.difference(&table.draw(seed, i as u64, draw));
            mean(tables.iter().enumerate().map(again))
        })
        .collect();
    let of = |(i, metric): (usize, &'static str)| {
        let interval = interval(drawn.iter().map(|values| values[i]).collect());
        Some(Difference { metric, difference: found[i]?, interval })
    };
    Ok(COMPARED.into_iter().enumerate().filter_map(of).collect())
}

/// The middle 95 % of the draws; none where a draw leaves the metric undefined.
fn interval(drawn: Vec<Option<f64>>) -> Option<Interval> {
    let mut drawn: Vec<f64> = drawn.into_iter().collect::<Option<_>>()?;
    drawn.sort_by(f64::total_cmp);
    let tail = (1.0 - INTERVAL_CONFIDENCE) / 2.0;
    let at = |share: f64| drawn.get((share * drawn.len().saturating_sub(1) as f64).round() as usize).copied();
    Some(Interval { low: at(tail)?, high: at(1.0 - tail)?, confidence: INTERVAL_CONFIDENCE })
}

/// Means metric by metric; undefined where any value is.
fn mean(all: impl Iterator<Item = Values>) -> Values {
    let (mut sums, mut n) = ([Some(0.0); COMPARED.len()], 0.0);
    for values in all {
        n += 1.0;
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum = sum.zip(value).map(|(sum, value)| sum + value);
        }
    }
    sums.map(|sum| sum.filter(|_| n > 0.0).map(|sum| sum / n))
}

/// Rows with their blocks, and each model's order of them.
struct Table<'a> {
    labels: &'a [Label],
    block_rows: usize,
    n_blocks: usize,
    ours: Vec<Ordered<'a>>,
    baseline: Vec<Ordered<'a>>,
}

impl<'a> Table<'a> {
    fn new(rows: &ComparedRows<'a>) -> Result<Self, MetricsError> {
        let n_rows = rows.labels.len();
        let block_rows = n_rows.div_ceil(MOST_BLOCKS).max(1);
        let ordered = |models: &[ScoredRows<'a>]| models.iter().map(|model| Ordered::new(*model, n_rows)).collect();
        let (ours, baseline): (Result<_, _>, Result<_, _>) = (ordered(&rows.ours), ordered(&rows.baseline));
        let n_blocks = n_rows.div_ceil(block_rows);
        Ok(Table { labels: rows.labels, block_rows, n_blocks, ours: ours?, baseline: baseline? })
    }

    /// As many blocks as there are, each drawn from all: how often each was.
    fn draw(&self, seed: u64, table: u64, draw: u64) -> Vec<u32> {
        let mut rng = rng(seed, Purpose::Interval, table, draw);
        let mut times = vec![0; self.n_blocks];
        for _ in 0..self.n_blocks {
            // A 64-bit product's upper half: the bias is below one part in 2^56.
            times[((u128::from(rng.next_u64()) * self.n_blocks as u128) >> 64) as usize] += 1;
        }
        times
    }

    /// With each block counted `times` `(n_blocks)`.
    fn difference(&self, times: &[u32]) -> Values {
        let of = |models: &[Ordered<'_>]| mean(models.iter().map(|model| self.values(model, times)));
        let (ours, baseline) = (of(&self.ours), of(&self.baseline));
        std::array::from_fn(|i| ours[i].zip(baseline[i]).map(|(ours, baseline)| ours - baseline))
    }

    fn values(&self, model: &Ordered<'_>, times: &[u32]) -> Values {
        let count = |row: u32| u64::from(times[row as usize / self.block_rows]);
        let (mut sums, mut flagged) = (Sums::default(), Counts::default());
        let mut step = Counts::default();
        for (place, &row) in model.order.iter().enumerate() {
            step.add(self.labels[row as usize], count(row));
            let next = model.order.get(place + 1);
            if next.is_none_or(|next| model.rows.scores[*next as usize] != model.rows.scores[row as usize]) {
                sums.add(std::mem::take(&mut step));
            }
            if model.rows.flags.is_some_and(|flags| flags[row as usize]) {
                flagged.add(self.labels[row as usize], count(row));
            }
        }
        sums.values(model.rows.flags.is_some().then_some(flagged))
    }
}

/// A model's rows, highest score first.
struct Ordered<'a> {
    rows: ScoredRows<'a>,
    order: Vec<u32>,
}

impl<'a> Ordered<'a> {
    fn new(rows: ScoredRows<'a>, n_rows: usize) -> Result<Self, MetricsError> {
        same_length("the scores column", n_rows, rows.scores.len())?;
        all_scores("the scores'", rows.scores)?;
        if let Some(flags) = rows.flags {
            same_length("the flags column", n_rows, flags.len())?;
        }
        let mut order: Vec<u32> = (0..n_rows as u32).collect();
        order.sort_by(|a, b| rows.scores[*b as usize].total_cmp(&rows.scores[*a as usize]));
        Ok(Ordered { rows, order })
    }
}

#[cfg(test)]
mod tests;
