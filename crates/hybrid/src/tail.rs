//! How surprising a member's score is among the benign flows of the calibration part: -ln of its p-value, which goes on
//! rising beyond the highest of them.

use serde::{Deserialize, Serialize};

/// Where the exponential tail begins: this quantile of the benign scores.
const TAIL_FROM: f64 = 0.98;

/// The mean excess of the tail is at least this: a benign part whose highest scores are all one says nothing of how fast
/// they thin out, and no member may then outshout all others.
const LEAST_EXCESS: f64 = 1e-3;

/// Knots are at least this share of the way up to the tail apart: a forest has thousands of distinct scores.
const KNOT_STEP: f64 = 1.0 / 128.0;

/// Added to 1 - score, so that odds stay finite.
pub const ODDS_DRAW: f64 = 1e-9;

/// What a score is a scale of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// A share or a probability, as it is.
    Plain,
    /// A surprise in nats, drawn into [0, 1) as s / (s + half): its odds are the surprise again.
    Odds,
}

impl Scale {
    /// The scale of the member `name`.
    pub(crate) fn of(name: &str) -> Self {
        if name == nta_data::NOVELTY { Scale::Odds } else { Scale::Plain }
    }

    fn measure(self, score: f32) -> f64 {
        let score = f64::from(score);
        match self {
            Scale::Plain => score,
            Scale::Odds => score / (1.0 - score + ODDS_DRAW),
        }
    }
}

/// -ln p by scaled score: straight between knots, and beyond the last as an exponential tail has it. Strictly increasing
/// from the lowest benign score on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tail {
    /// What the score is a scale of.
    pub scale: Scale,
    /// Scaled scores `(n_knots)`, strictly rising from 0.
    pub knots: Vec<f64>,
    /// -ln of the share of benign rows that score as high, `(n_knots)`, strictly rising, none below 0.
    pub nats: Vec<f64>,
    /// By how much benign rows beyond the last knot exceed it, in the mean.
    pub excess: f64,
}

impl Tail {
    /// The tail of the benign scores `benign` `(n_rows)`; `None` where there is none.
    pub(crate) fn fit(scale: Scale, benign: impl Iterator<Item = f32>) -> Option<Self> {
        let mut sorted: Vec<f64> = benign.map(|score| scale.measure(score)).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let n = sorted.len();
        let last = *sorted.get((TAIL_FROM * n.saturating_sub(1) as f64) as usize)?;
        let within = sorted.partition_point(|score| *score <= last);
        let beyond = &sorted[within..];
        let excess = beyond.iter().map(|score| score - last).sum::<f64>() / beyond.len().max(1) as f64;
        let surprise = |as_high: usize| -(as_high as f64 / (n + 1) as f64).ln();
        let highest = surprise(beyond.len().max(1));
        let (mut knots, mut nats) = (vec![0.0], vec![if sorted[0] > 0.0 { 0.0 } else { surprise(n) }]);
        let mut first = 0;
        for of_one_score in sorted[..within].chunk_by(|a, b| a == b) {
            let (score, as_high) = (of_one_score[0], surprise(n - first));
            first += of_one_score.len();
            let far = as_high - nats[nats.len() - 1] >= KNOT_STEP * highest;
            if score > 0.0 && score < last && far {
                knots.push(score);
                nats.push(as_high);
            }
        }
        if last > 0.0 {
            knots.push(last);
            nats.push(highest);
        } else {
            nats[0] = highest;
        }
        Some(Tail { scale, knots, nats, excess: excess.max(LEAST_EXCESS) })
    }

    /// The surprise of a score in nats.
    pub(crate) fn surprise(&self, score: f32) -> f64 {
        let x = self.scale.measure(score);
        let above = self.knots.partition_point(|knot| *knot <= x).max(1);
        let (knot, nats) = (self.knots[above - 1], self.nats[above - 1]);
        match (self.knots.get(above), self.nats.get(above)) {
            (Some(next), Some(then)) => nats + (then - nats) * (x - knot) / (next - knot),
            _ => nats + (x - knot) / self.excess,
        }
    }

    /// What is wrong with a tail that was read.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let rises = |values: &[f64]| values.windows(2).all(|w| w[0] < w[1]) && values.iter().all(|v| v.is_finite());
        if self.knots.first() != Some(&0.0) || self.knots.len() != self.nats.len() {
            return Some("its tails do not begin at score 0, or have not one surprise a knot");
        }
        if !rises(&self.knots) || !rises(&self.nats) || self.nats[0] < 0.0 {
            return Some("its tails do not rise");
        }
        (!(self.excess.is_finite() && self.excess > 0.0)).then_some("a mean excess is not above 0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The prototype's definition, without ties and knots: empirical to the quantile, exponential beyond.
    fn by_definition(sorted: &[f64], x: f64) -> f64 {
        let n = sorted.len();
        let last = sorted[(0.98 * (n - 1) as f64) as usize];
        let beyond: Vec<f64> = sorted.iter().filter(|s| **s > last).map(|s| s - last).collect();
        let highest = -(beyond.len() as f64 / (n + 1) as f64).ln();
        if x > last {
            return highest + (x - last) * beyond.len() as f64 / beyond.iter().sum::<f64>();
        }
        -(sorted.iter().filter(|s| **s >= x).count() as f64 / (n + 1) as f64).ln()
    }

    #[test]
    fn surprises_are_those_of_the_definition() {
        let scores: Vec<f32> = (0..2_000u32).map(|i| (i * 7_919 % 2_000) as f32 / 4_000.0 + 0.01).collect();
        let tail = Tail::fit(Scale::Plain, scores.iter().copied()).unwrap();
        let mut sorted: Vec<f64> = scores.iter().map(|s| f64::from(*s)).collect();
        sorted.sort_by(f64::total_cmp);
        for x in [0.02f32, 0.1, 0.25, 0.4, 0.49, 0.5, 0.505, 0.7, 1.0] {
            let (found, expected) = (tail.surprise(x), by_definition(&sorted, f64::from(x)));
            assert!((found - expected).abs() < 0.04, "{x}: {found} is not {expected}");
        }
        assert!(tail.knots.len() < 140 && tail.fault().is_none());
    }

    #[test]
    fn far_out_scores_stay_apart_and_odds_give_the_surprise_back() {
        let half = 20.0;
        let score = |nats: f64| (nats / (nats + half)) as f32;
        let benign = (0..5_000u32).map(|i| score(f64::from(i * 31 % 5_000) / 250.0));
        let tail = Tail::fit(Scale::Odds, benign).unwrap();
        let far: Vec<f64> = [30.0, 60.0, 120.0, 240.0, 480.0].map(|nats| tail.surprise(score(nats))).into();
        // Twice as far out is twice as surprising.
        assert!(far.windows(2).all(|w| w[1] / w[0] > 1.6), "{far:?}");
        assert!(tail.surprise(1.0).is_finite());
    }

    #[test]
    fn scores_that_are_all_one_teach_a_tail_that_does_not_run_away() {
        for value in [0.0f32, 0.25, 1.0] {
            let tail = Tail::fit(Scale::Plain, std::iter::repeat_n(value, 500)).unwrap();
            assert_eq!(tail.fault(), None, "{tail:?}");
            assert!(tail.surprise(1.0) <= 1_010.0 && tail.surprise(0.0) >= 0.0);
        }
        assert_eq!(Tail::fit(Scale::Plain, std::iter::empty()), None);
    }
}
