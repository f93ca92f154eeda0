//! How far a rate or a mean measured on a sample may lie from the truth.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::beta::{beta_quantile, normal_quantile_above, t_quantile_above};

/// Confidence of every interval in an evaluation.
pub const INTERVAL_CONFIDENCE: f64 = 0.95;

/// A two-sided interval for a rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How often such an interval holds the truth.
    pub confidence: f64,
}

impl Interval {
    /// Whether `rate` lies in it, ends included.
    pub fn contains(&self, rate: f64) -> bool {
        (self.low..=self.high).contains(&rate)
    }
}

/// Exact interval for the rate of `hits` in `n` independent rows (Clopper and Pearson 1934); `None` for no row.
/// `hits` beyond `n` count as `n`.
pub fn clopper_pearson(hits: u64, n: u64, confidence: f64) -> Option<Interval> {
    (n > 0).then(|| clopper_pearson_real(hits.min(n) as f64, n as f64, confidence))
}

/// The same for counts that need not be whole, as an effective number of rows is not.
pub(crate) fn clopper_pearson_real(hits: f64, n: f64, confidence: f64) -> Interval {
    let tail = (1.0 - confidence) / 2.0;
    let misses = n - hits;
    let low = if hits <= 0.0 { 0.0 } else { beta_quantile(tail, hits, misses + 1.0) };
    let high = if misses <= 0.0 { 1.0 } else { beta_quantile(1.0 - tail, hits + 1.0, misses) };
    Interval { low, high, confidence }
}

/// Score interval for the rate of `hits` in `n` independent rows (Wilson 1927), shorter than the exact one and
/// centred nearer to one half; `None` for no row. `hits` beyond `n` count as `n`.
pub fn wilson(hits: u64, n: u64, confidence: f64) -> Option<Interval> {
    if n == 0 {
        return None;
    }
    let (hits, n) = (hits.min(n) as f64, n as f64);
    let z = normal_quantile_above((1.0 - confidence) / 2.0);
    let rate = hits / n;
    let centre = (rate + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (rate * (1.0 - rate) / n + z * z / (4.0 * n * n)).sqrt();
    Some(Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0), confidence })
}

/// Interval for the mean of which `values` are independent draws, by Student's t; `None` for fewer than two.
pub fn mean_interval(values: &[f64], confidence: f64) -> Option<Interval> {
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let half = t_quantile_above((1.0 - confidence) / 2.0, n - 1.0) * (variance / n).sqrt();
    Some(Interval { low: mean - half, high: mean + half, confidence })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<Interval>, low: f64, high: f64) {
        let found = found.unwrap();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9 * b.max(1e-3);
        assert!(close(found.low, low) && close(found.high, high), "{found:?} is not [{low}, {high}]");
        assert!(found.contains((low + high) / 2.0));
    }

    #[test]
    fn intervals_agree_with_scipy() {
        // scipy 1.17.1, stats.binomtest(hits, n).proportion_ci(0.95, "exact" and "wilson").
        near(clopper_pearson(0, 10, 0.95), 0.0, 0.30849710781876294);
        near(wilson(0, 10, 0.95), 0.0, 0.27753279986288926);
        near(clopper_pearson(10, 10, 0.95), 0.6915028921812371, 1.0);
        near(wilson(10, 10, 0.95), 0.7224672001371109, 1.0);
        near(clopper_pearson(3, 20, 0.95), 0.03207093718554477, 0.37892682654529564);
        near(wilson(3, 20, 0.95), 0.05236874589621662, 0.3604188647407569);
        near(clopper_pearson(98, 1_000, 0.95), 0.08027750545100029, 0.11812845443128847);
        near(wilson(98, 1_000, 0.95), 0.08108201152335034, 0.11799470229903597);
        near(clopper_pearson(9_800, 1_000_000, 0.95), 0.00960784732379413, 0.009994999988892457);
        near(clopper_pearson(1, 299, 0.95), 8.467135826947899e-05, 0.018492424310645204);
        assert_eq!((clopper_pearson(0, 0, 0.95), wilson(0, 0, 0.95)), (None, None));
    }

    #[test]
    fn the_interval_of_a_mean_agrees_with_scipy() {
        // scipy 1.17.1, stats.ttest_1samp([1, 2, 3, 4, 10], 0).confidence_interval(0.95).
        near(mean_interval(&[1.0, 2.0, 3.0, 4.0, 10.0], 0.95), -0.3899451654254138, 8.389945165425413);
        assert_eq!(mean_interval(&[2.0], 0.95), None);
        assert_eq!(mean_interval(&[2.0, 2.0], 0.95).map(|i| (i.low, i.high)), Some((2.0, 2.0)));
    }
}
