//! The interval of the gain: whole units are drawn again, both thresholds are read off each draw.

use nta_data::{Purpose, rng};
use rand_core::RngCore;

use super::equal_rate::Ordered;
use super::{PairedInput, Units};
use crate::interval::{normal_above, t_quantile_above};

/// Draws made.
const DRAWS: u64 = 1_999;

/// Units with attacks that an interval takes.
const LEAST_UNITS: u64 = 5;

/// The expanded percentile interval (Hesterberg 2015, "What teachers should know about the bootstrap"): percentiles as far
/// out as Student's t over so many units with attacks asks, for those of few units are too narrow.
pub(super) fn interval(
    champion: &Ordered,
    challenger: &Ordered,
    units: &Units,
    input: &PairedInput<'_>,
) -> Option<(f64, f64)> {
    if units.with_attacks < LEAST_UNITS {
        return None;
    }
    let mut gains: Vec<f64> = (0..DRAWS)
        .map(|draw| {
            let weights = draw_weights(units.n, input.seed, draw);
            let recall = |ordered: &Ordered| ordered.at_rate(input.false_positive_rate, &weights).recall;
            recall(challenger) - recall(champion)
        })
        // A draw without an attack says nothing.
        .filter(|gain| gain.is_finite())
        .collect();
    gains.sort_by(f64::total_cmp);
    let n = units.with_attacks as f64;
    let tail = normal_above((n / (n - 1.0)).sqrt() * t_quantile_above(input.alpha, n - 1.0)).max(0.0);
    let last = gains.len().checked_sub(1)?;
    let low = (tail * last as f64).floor() as usize;
    Some((gains[low], gains[last - low]))
}

/// How often each of `n` units is drawn in as many draws.
fn draw_weights(n: u64, seed: u64, draw: u64) -> Vec<u32> {
    let mut random = rng(seed, Purpose::Interval, u64::MAX - 1, draw);
    let mut weights = vec![0; n as usize];
    for _ in 0..n {
        // A 64-bit product's upper half: the bias is below one part in 2^40.
        weights[((u128::from(random.next_u64()) * u128::from(n)) >> 64) as usize] += 1;
    }
    weights
}
