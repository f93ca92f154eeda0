//! Log odds of scores: what stacking learns on and the fitted fusion adds up.

/// Scores are drawn this far towards one half before their log odds are taken, so that a forest's plain 0 and 1 count
/// as odds of about 1 to 10,000. Drawn, not clipped: the map stays strictly increasing, so no member's ranking is lost
/// before fusion. (After it, odds beyond 1 to 16 million are 1 in f32.)
pub const LOG_ODDS_DRAW: f64 = 1e-4;

/// Log odds of a score in [0, 1], strictly increasing and finite.
pub(crate) fn log_odds(score: f32) -> f64 {
    let p = LOG_ODDS_DRAW + (1.0 - 2.0 * LOG_ODDS_DRAW) * f64::from(score);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_odds_rise_strictly_and_stay_finite() {
        let ladder = [0.0, 1e-30, 1e-9, 1e-4, 0.25, 0.5, 0.75, 0.9999, f32::from_bits(1.0f32.to_bits() - 1), 1.0];
        let odds: Vec<f64> = ladder[2..].iter().map(|p| log_odds(*p)).collect();
        assert!(odds.windows(2).all(|w| w[0] < w[1]), "{odds:?}");
        assert!(log_odds(0.0) < log_odds(1e-9) && log_odds(0.0).is_finite() && log_odds(1.0).is_finite());
        assert_eq!(log_odds(0.5), 0.0);
    }
}
