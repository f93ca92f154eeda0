//! How models differ on the same rows, and how far that difference may lie from the truth: a paired bootstrap over blocks
//! of neighbouring rows, for rows of traffic are not independent (Künsch 1989).

use nta_data::{Label, Purpose, rng};
use rand_core::RngCore;

use crate::error::{MetricsError, all_scores, same_length};
use crate::{INTERVAL_CONFIDENCE, Interval};

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

/// Rows by class.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    benign: u64,
    attacks: u64,
}

impl Counts {
    fn add(&mut self, label: Label, times: u64) {
        if label.is_attack() { self.attacks += times } else { self.benign += times }
    }
}

/// What ranking metrics are made of, gathered from the highest score down, tied scores as one step.
#[derive(Debug, Default)]
struct Sums {
    seen: Counts,
    /// Precision at each step times the attacks gained there.
    precision: f64,
    /// Twice the pairs put right so far, as if every benign row to come scored lower.
    pairs: f64,
}

impl Sums {
    fn add(&mut self, step: Counts) {
        self.pairs += step.benign as f64 * (2 * self.seen.attacks + step.attacks) as f64;
        self.seen = Counts { benign: self.seen.benign + step.benign, attacks: self.seen.attacks + step.attacks };
        let flagged = self.seen.benign + self.seen.attacks;
        if flagged > 0 {
            self.precision += step.attacks as f64 * (self.seen.attacks as f64 / flagged as f64);
        }
    }

    /// The compared metrics, in their order.
    fn values(&self, flagged: Option<Counts>) -> Values {
        let Counts { benign, attacks } = self.seen;
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let average_precision = (attacks > 0).then(|| self.precision / attacks as f64);
        let roc_auc = (attacks > 0 && benign > 0).then(|| self.pairs / (2.0 * benign as f64 * attacks as f64));
        let at = flagged.map(|flagged| {
            let precision = share(flagged.attacks, flagged.attacks + flagged.benign);
            let f1 = share(2 * flagged.attacks, attacks + flagged.attacks + flagged.benign);
            [precision, share(flagged.attacks, attacks), f1, share(flagged.benign, benign)]
        });
        let [precision, recall, f1, fpr] = at.unwrap_or_default();
        [average_precision, roc_auc, precision, recall, f1, fpr]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConfusionMatrix, Ranking};

    /// Every fourth row is an attack; scores of attacks lie `lift` higher.
    fn rows(n: u32, lift: f32) -> (Vec<Label>, Vec<f32>, Vec<bool>) {
        let labels: Vec<Label> = (0..n).map(|i| if i % 4 == 0 { Label::Attack } else { Label::Benign }).collect();
        let noise = |i: u32| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32;
        let score = |i: u32| noise(i).mul_add(0.5, if i % 4 == 0 { lift } else { 0.0 });
        // Rounded, so that scores tie.
        let scores: Vec<f32> = (0..n).map(|i| (score(i) * 50.0).round() / 50.0).collect();
        let flags = scores.iter().map(|score| *score > 0.4).collect();
        (labels, scores, flags)
    }

    #[test]
    fn a_difference_is_that_of_the_metrics_themselves() {
        let (labels, scores, flags) = rows(2_000, 0.3);
        let (_, worse, few) = rows(2_000, 0.1);
        let ours = vec![ScoredRows { scores: &scores, flags: Some(&flags) }];
        let baseline = vec![ScoredRows { scores: &worse, flags: Some(&few) }];
        let found = differences(&[ComparedRows { labels: &labels, ours, baseline }], 7).unwrap();
        assert_eq!(found.iter().map(|d| d.metric).collect::<Vec<_>>(), COMPARED);
        let ranking = |scores: &[f32]| Ranking::new(scores, &labels).unwrap();
        let counts = |scores: &[f32]| ConfusionMatrix::at_threshold(&labels, scores, 0.4).unwrap();
        let less = |metric: fn(&ConfusionMatrix) -> Option<f64>| {
            metric(&counts(&scores)).unwrap() - metric(&counts(&worse)).unwrap()
        };
        let expected = [
            ranking(&scores).average_precision().unwrap() - ranking(&worse).average_precision().unwrap(),
            ranking(&scores).roc_auc().unwrap() - ranking(&worse).roc_auc().unwrap(),
            less(ConfusionMatrix::precision),
            less(ConfusionMatrix::recall),
            less(ConfusionMatrix::f1),
            less(ConfusionMatrix::fpr),
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found.difference - expected).abs() < 1e-9, "{}: {} {expected}", found.metric, found.difference);
            assert!(found.interval.unwrap().contains(expected), "{found:?}");
        }
        let better = found[0].interval.unwrap();
        assert!(better.low > 0.0, "{better:?}");
    }

    #[test]
    fn a_model_against_itself_differs_by_nothing_and_few_rows_have_no_interval() {
        let (labels, scores, _) = rows(1_000, 0.2);
        let same = ScoredRows { scores: &scores, flags: None };
        let table = ComparedRows { labels: &labels, ours: vec![same, same], baseline: vec![same] };
        for found in differences(&[table], 7).unwrap() {
            assert_eq!(
                (found.difference, found.interval.map(|i| (i.low, i.high))),
                (0.0, Some((0.0, 0.0))),
                "{found:?}"
            );
        }
        let few = ScoredRows { scores: &scores[..10], flags: None };
        let table = ComparedRows { labels: &labels[..10], ours: vec![few], baseline: vec![few] };
        assert!(differences(&[table], 7).unwrap().iter().all(|found| found.interval.is_none()));
        assert!(differences(&[], 7).unwrap().is_empty());
    }

    #[test]
    fn an_interval_holds_the_truth_about_as_often_as_it_says() {
        // Two models of known recall on independent rows: 0.6 against 0.5, so the difference is 0.1.
        let mut held = 0;
        for trial in 0..100u64 {
            let mut random = rng(trial, Purpose::Simulation, 0, 0);
            let mut uniform = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
            let n = 400;
            let labels: Vec<Label> = (0..n).map(|i| if i % 2 == 0 { Label::Attack } else { Label::Benign }).collect();
            let flags = |rate: f64, uniform: &mut dyn FnMut() -> f64| -> Vec<bool> {
                labels.iter().map(|label| uniform() < if label.is_attack() { rate } else { 0.1 }).collect()
            };
            let (ours, theirs) = (flags(0.6, &mut uniform), flags(0.5, &mut uniform));
            let score = |flags: &[bool]| -> Vec<f32> { flags.iter().map(|flag| f32::from(u8::from(*flag))).collect() };
            let (a, b) = (score(&ours), score(&theirs));
            let table = ComparedRows {
                labels: &labels,
                ours: vec![ScoredRows { scores: &a, flags: Some(&ours) }],
                baseline: vec![ScoredRows { scores: &b, flags: Some(&theirs) }],
            };
            let found = differences(&[table], trial).unwrap();
            let recall = found.iter().find(|found| found.metric == "recall").unwrap();
            held += u32::from(recall.interval.unwrap().contains(0.1));
        }
        // 95 expected, of 100; four standard deviations are nine.
        assert!((86..=100).contains(&held), "{held}");
    }
}
