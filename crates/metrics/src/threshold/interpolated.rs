//! A threshold between two order statistics: the umbrella algorithm gives away up to one row of the budget, for rows are whole.
//!
//! Between the order statistic that keeps the budget and the next lower one, which does not, lies a point that keeps it with
//! just the confidence asked for (Beran and Hall 1993, "Interpolated nonparametric prediction intervals and confidence
//! intervals", J. R. Statist. Soc. B 55; Hutson 1999). Its place is exact where benign scores thin out evenly between the two,
//! and on the safe side where they thin out faster and faster, as a tail does: the rate above a point between two scores then
//! lies below the straight line between their rates. Where scores come in steps nothing lies between two neighbours, and
//! the order statistic stays.

use super::budget::{Budget, BudgetError, BudgetThreshold, umbrella_threshold};
use crate::interval::incomplete_beta;

/// Scores at the threshold and above, and as many again, must all differ, or they come in steps.
const DIFFERENT: usize = 2;
/// Points of the sum over the share of the tail, midpoint rule; the integrand is smooth.
const POINTS: u32 = 128;
/// Halvings of the weight's interval.
const HALVINGS: u32 = 24;

/// [`umbrella_threshold`] with the threshold moved down, towards the next score, as far as the confidence allows; `above`
/// counts the rows that lie above it.
///
/// # Errors
/// Those of `umbrella_threshold`.
pub fn interpolated_threshold(benign_scores: &[f32], budget: &Budget) -> Result<BudgetThreshold, BudgetError> {
    let plain = umbrella_threshold(benign_scores, budget.false_positive_rate, budget.confidence)?;
    let n = benign_scores.len();
    let at = plain.rank as usize - 1;
    let mut sorted = benign_scores.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let looked_at = (DIFFERENT * (n - at) + DIFFERENT).min(n);
    let is_stepped = sorted[n - looked_at..].windows(2).any(|pair| pair[0] == pair[1]);
    let Some(below) = at.checked_sub(1).map(|below| sorted[below]).filter(|_| !is_stepped) else { return Ok(plain) };
    let (weight, violation_bound) = weight(n as u64, plain.rank, budget);
    let value = (f64::from(plain.value) + weight * (f64::from(below) - f64::from(plain.value))) as f32;
    // So close to either score that another program's rounding may cross it.
    let too_close = |score: f32| (score - value).abs() <= score * super::rule::ONE_SCORE;
    if too_close(plain.value) || too_close(below) {
        return Ok(plain);
    }
    Ok(BudgetThreshold { value, violation_bound, above: plain.above + 1, tied: 0, ..plain })
}

/// The weight of the next lower score, and the probability that the rate there exceeds the budget.
fn weight(n: u64, rank: u64, budget: &Budget) -> (f64, f64) {
    let error = 1.0 - budget.confidence;
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        match exceeds(n, rank, middle, budget.false_positive_rate) <= error {
            true => low = middle,
            false => high = middle,
        }
    }
    (low, exceeds(n, rank, low, budget.false_positive_rate))
}

/// The probability that (1 - w) G + w H exceeds `alpha`, where G is the rate above the score of `rank` among `n` and H that above
/// the next lower one: H ~ Beta(a + 1, n - a) with a = n - rank + 1, and G / H ~ Beta(a, 1) whatever H is.
fn exceeds(n: u64, rank: u64, w: f64, alpha: f64) -> f64 {
    let a = (n - rank + 1) as f64;
    let at = |i: u32| {
        // Quantiles of Beta(a, 1) in place of its density: equal weights.
        let share = ((f64::from(i) + 0.5) / f64::from(POINTS)).powf(1.0 / a);
        let least = alpha / (w + (1.0 - w) * share);
        if least >= 1.0 { 0.0 } else { 1.0 - incomplete_beta(a + 1.0, n as f64 - a, least) }
    };
    (0..POINTS).map(at).sum::<f64>() / f64::from(POINTS)
}

#[cfg(test)]
mod tests {
    use nta_data::{Purpose, rng};
    use rand_core::RngCore;

    use super::*;

    const BUDGET: Budget = Budget { false_positive_rate: 0.02, confidence: 0.95 };

    fn uniform(random: &mut nta_data::Rng) -> f64 {
        (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// How often of 2,000 the true rate exceeds the budget, plain and interpolated, and the mean of the rates.
    fn measured(n: usize, score: impl Fn(f64) -> f32, rate: impl Fn(f32) -> f64) -> [(f64, f64); 2] {
        let mut random = rng(11, Purpose::Interval, n as u64, 0);
        let mut told = [(0.0, 0.0); 2];
        for _ in 0..2_000 {
            let scores: Vec<f32> = (0..n).map(|_| score(uniform(&mut random))).collect();
            let plain = umbrella_threshold(&scores, BUDGET.false_positive_rate, BUDGET.confidence).unwrap();
            for (told, found) in told.iter_mut().zip([plain, interpolated_threshold(&scores, &BUDGET).unwrap()]) {
                let true_rate = rate(found.value);
                told.0 += f64::from(u8::from(true_rate > BUDGET.false_positive_rate)) / 2_000.0;
                told.1 += true_rate / 2_000.0;
                assert_eq!(found.above, scores.iter().filter(|score| **score > found.value).count() as u64);
            }
        }
        told
    }

    #[test]
    fn the_ends_are_the_order_statistics() {
        // P[Binomial(400, 0.02) <= 3], summed in exact terms.
        let plain = |rank| exceeds(400, rank, 0.0, 0.02);
        assert!((plain(397) - 0.040952).abs() < 2e-4, "{}", plain(397));
        let (w, bound) = weight(400, 397, &BUDGET);
        assert!(w > 0.0 && w < 1.0 && (bound - 0.05).abs() < 1e-6, "{w} {bound}");
        assert!((exceeds(400, 397, 1.0, 0.02) - plain(396)).abs() < 2e-4);
    }

    #[test]
    fn the_confidence_is_used_up_and_kept() {
        // 5 % of 2,000 may miss, and three standard deviations (0.0049 each) more by chance.
        let flat = measured(300, |u| u as f32, |value| 1.0 - f64::from(value));
        assert!(flat[0].0 < flat[1].0 && (0.0353..0.0647).contains(&flat[1].0), "{flat:?}");
        let gain = flat[1].1 / flat[0].1;
        assert!(gain > 1.02, "{flat:?}");
        // An exponential tail, squeezed into 0 to 1.
        let tail = measured(
            300,
            |u| (1.0 - 1.0 / (1.0 - (1.0 - u).ln())) as f32,
            |value| (1.0 - 1.0 / (1.0 - f64::from(value))).exp(),
        );
        assert!(tail[1].0 < 0.0647 && tail[1].1 > tail[0].1, "{tail:?}");
    }

    #[test]
    fn scores_in_steps_keep_the_order_statistic() {
        let steps = |u: f64| (u * 50.0).floor() as f32 / 50.0;
        let found = measured(300, steps, |value| 1.0 - ((f64::from(value) * 50.0).round() + 1.0) / 50.0);
        assert_eq!(found[0], found[1]);
    }
}
