//! A score turned into the share of attacks to expect, by a map that never falls.

use nta_data::Label;
use serde::{Deserialize, Serialize};

use crate::error::{MetricsError, all_scores, same_length};

/// Isotonic regression by pool-adjacent-violators (Ayer et al. 1955), linear between its knots and level outside them.
///
/// For the reported probability of the fused score alone: it joins neighbouring scores into one value, and before
/// fusion that costs a member its ranking.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct Isotonic {
    /// Knots, ascending.
    scores: Vec<f32>,
    /// Share of attacks at each knot, never falling.
    rates: Vec<f64>,
}

/// An [`Isotonic`] as it stands in a file, not yet checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    scores: Vec<f32>,
    rates: Vec<f64>,
}

impl TryFrom<Saved> for Isotonic {
    type Error = &'static str;

    fn try_from(saved: Saved) -> Result<Self, Self::Error> {
        let rising = saved.scores.is_sorted_by(|a, b| a < b) && saved.rates.is_sorted();
        let shares = saved.rates.iter().all(|rate| (0.0..=1.0).contains(rate));
        if saved.scores.len() != saved.rates.len() || !rising || !shares {
            return Err("an isotonic map needs as many rates as knots, both ascending, rates from 0 to 1");
        }
        Ok(Isotonic { scores: saved.scores, rates: saved.rates })
    }
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

    /// Scores and the share of attacks at each, both ascending: linear between them, level outside; none for a map that
    /// was fitted on no row.
    pub fn knots(&self) -> (&[f32], &[f64]) {
        (&self.scores, &self.rates)
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
#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::tests::{LABELS, SCORES};

    #[test]
    fn the_map_agrees_with_scikit_learn() {
        // scikit-learn 1.9.1, IsotonicRegression(out_of_bounds="clip").
        let map = Isotonic::fit(&SCORES, &LABELS).unwrap();
        assert_eq!(map.scores, [0.0625, 0.125, 0.25, 0.5, 0.75, 0.875, 0.9375]);
        let expected = [0.0, 0.0, 0.3333333333333333, 0.6, 0.6, 1.0, 1.0];
        assert!(map.rates.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{:?}", map.rates);
        let queries = [0.0, 0.1, 0.3, 0.4, 0.6, 0.8, 1.0];
        let expected = [0.0, 0.0, 0.386_666_66, 0.493_333_34, 0.6, 0.76, 1.0];
        for (score, rate) in queries.into_iter().zip(expected) {
            assert!((map.probability(score) - rate).abs() < 1e-6, "{score}: {}", map.probability(score));
        }
    }

    #[test]
    fn the_map_never_falls() {
        let scores: Vec<f32> = (0..500u32).map(|i| (i * 7919 % 97) as f32 / 97.0).collect();
        let labels: Vec<Label> =
            (0..500u32).map(|i| if i * 31 % 97 > 40 { Label::Attack } else { Label::Benign }).collect();
        let map = Isotonic::fit(&scores, &labels).unwrap();
        let line: Vec<f32> = (0..=1000).map(|i| map.probability(i as f32 / 1000.0)).collect();
        assert!(line.is_sorted() && line.iter().all(|p| (0.0..=1.0).contains(p)));
        assert_eq!(Isotonic::fit(&[], &[]).unwrap().probability(0.3), 0.3);
        assert!(Isotonic::fit(&[0.5], &[]).is_err());
        let text = serde_json::to_string(&map).unwrap();
        assert_eq!(serde_json::from_str::<Isotonic>(&text).unwrap(), map);
        for broken in ["[0.1],\"rates\":[]", "[0.2,0.1],\"rates\":[0,1]", "[0.1,0.2],\"rates\":[1,0]"] {
            assert!(serde_json::from_str::<Isotonic>(&format!("{{\"scores\":{broken}}}")).is_err());
        }
    }
}
