//! A score turned into the share of attacks to expect, by a map that never falls.

use nta_data::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{MetricsError, all_scores, same_length};

/// Isotonic regression by pool-adjacent-violators (Ayer et al. 1955), linear between its knots and level outside them.
///
/// For the reported probability of the fused score alone: it joins neighbouring scores into one value, and before
/// fusion that costs a member its ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Isotonic {
    /// Knots, ascending.
    scores: Vec<f32>,
    /// Share of attacks at each knot, never falling.
    rates: Vec<f64>,
}

/// Neighbouring scores that share one rate.
struct Block {
    first: f32,
    last: f32,
    attacks: u64,
    rows: u64,
}

impl Block {
    fn rate(&self) -> f64 {
        self.attacks as f64 / self.rows as f64
    }

    /// Whether this block, standing to the left, violates the order. In whole numbers, so without rounding.
    fn is_above(&self, right: &Block) -> bool {
        u128::from(self.attacks) * u128::from(right.rows) > u128::from(right.attacks) * u128::from(self.rows)
    }
}

impl Isotonic {
    /// Fits the map to scores and labels `(n_rows)`; tied scores count as one.
    pub fn fit(scores: &[f32], labels: &[Label]) -> Result<Self, MetricsError> {
        same_length("the scores column", labels.len(), scores.len())?;
        all_scores("the scores'", scores)?;
        let mut rows: Vec<(f32, bool)> =
            scores.iter().map(|s| s + 0.0).zip(labels.iter().map(|l| l.is_attack())).collect();
        rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut blocks: Vec<Block> = Vec::new();
        for same in rows.chunk_by(|a, b| a.0 == b.0) {
            let attacks = same.iter().filter(|row| row.1).count() as u64;
            let mut block = Block { first: same[0].0, last: same[0].0, attacks, rows: same.len() as u64 };
            while let Some(left) = blocks.pop_if(|left| left.is_above(&block)) {
                block.first = left.first;
                block.attacks += left.attacks;
                block.rows += left.rows;
            }
            blocks.push(block);
        }
        let mut map = Isotonic { scores: Vec::new(), rates: Vec::new() };
        for block in &blocks {
            map.knot(block.first, block.rate());
            if block.last > block.first {
                map.knot(block.last, block.rate());
            }
        }
        Ok(map)
    }

    /// Adds a knot; one between two others of its rate is moved, not added.
    fn knot(&mut self, score: f32, rate: f64) {
        let n = self.rates.len();
        if n >= 2 && self.rates[n - 1] == rate && self.rates[n - 2] == rate {
            self.scores[n - 1] = score;
        } else {
            self.scores.push(score);
            self.rates.push(rate);
        }
    }

    /// The share of attacks to expect at this score. A map fitted on no row returns the score as it is.
    pub fn probability(&self, score: f32) -> f32 {
        let above = self.scores.partition_point(|knot| *knot <= score);
        let (Some(&first), Some(&last)) = (self.rates.first(), self.rates.last()) else { return score };
        if above == 0 {
            return first as f32;
        }
        if above == self.scores.len() {
            return last as f32;
        }
        let (low, high) = (f64::from(self.scores[above - 1]), f64::from(self.scores[above]));
        let (from, to) = (self.rates[above - 1], self.rates[above]);
        (from + (to - from) * (f64::from(score) - low) / (high - low)) as f32
    }
}
