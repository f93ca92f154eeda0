//! How scores were spread.

use serde::{Deserialize, Serialize};

/// Bins of equal width that [0, 1] is counted in.
pub const SCORE_BINS: usize = 50;

/// A column of scores, profiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreProfile {
    /// Name of the column: a member's, or the hybrid's.
    pub name: String,
    /// Rows in each of [`SCORE_BINS`] bins. Bin i begins with the score i / 50 and ends before the next; the last holds 1.
    pub bins: Vec<u64>,
}

impl ScoreProfile {
    /// Counts `scores`, `(n_rows)` in [0, 1].
    pub fn of(name: &str, scores: &[f32]) -> Self {
        let mut bins = vec![0u64; SCORE_BINS];
        for &score in scores {
            // In f64: 0.02 as f32 lies below 1/50, and must not be rounded into the bin above.
            let bin = (f64::from(score) * SCORE_BINS as f64) as usize;
            bins[bin.min(SCORE_BINS - 1)] += 1;
        }
        ScoreProfile { name: name.to_owned(), bins }
    }

    /// Rows counted.
    pub fn rows(&self) -> u64 {
        self.bins.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_falls_into_the_bin_that_it_lies_in() {
        let got = ScoreProfile::of("hybrid", &[0.0, 0.019, 0.021, 0.5, 0.999, 1.0, 0.98]);
        assert_eq!((got.bins.len(), got.rows()), (SCORE_BINS, 7));
        assert_eq!((got.bins[0], got.bins[1], got.bins[25]), (2, 1, 1));
        assert_eq!(got.bins[49], 3, "0.98 as f32 lies above 49/50");
    }
}
