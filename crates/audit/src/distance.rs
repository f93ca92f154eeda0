//! How far apart two spreads over the same bins are.

/// Rows added to every bin, so that an empty one does not make the index infinite (Krichevsky and Trofimov 1981).
const PSEUDO: f64 = 0.5;

/// Population stability index of `fresh` against `trained`, rows by bin: the sum of (f - t) ln(f / t) over the bins' shares
/// f and t, the symmetric Kullback-Leibler divergence (Jeffreys 1946). 0 where they are spread alike.
pub(crate) fn psi(trained: &[f64], fresh: &[f64]) -> f64 {
    let total = |rows: &[f64]| rows.iter().sum::<f64>() + PSEUDO * rows.len() as f64;
    let (trained_rows, fresh_rows) = (total(trained), total(fresh));
    let of = |(t, f): (&f64, &f64)| {
        let (t, f) = ((t + PSEUDO) / trained_rows, (f + PSEUDO) / fresh_rows);
        (f - t) * (f / t).ln()
    };
    trained.iter().zip(fresh).map(of).sum()
}

/// Largest difference of the two cumulative shares over bins in ascending order: the Kolmogorov-Smirnov distance as far as
/// bins can tell it. `None` where either counts no row.
pub(crate) fn ks(trained: &[f64], fresh: &[f64]) -> Option<f64> {
    let (trained_rows, fresh_rows): (f64, f64) = (trained.iter().sum(), fresh.iter().sum());
    if trained_rows == 0.0 || fresh_rows == 0.0 {
        return None;
    }
    let (mut below_trained, mut below_fresh, mut largest) = (0.0, 0.0, 0.0f64);
    for (t, f) in trained.iter().zip(fresh) {
        below_trained += t;
        below_fresh += f;
        largest = largest.max((below_trained / trained_rows - below_fresh / fresh_rows).abs());
    }
    Some(largest)
}

/// Logarithm of how many times the rate of the second bin of `fresh` is that of `trained`.
pub(crate) fn log_rate_ratio(trained: &[f64], fresh: &[f64]) -> f64 {
    let rate = |rows: &[f64]| (rows[1] + PSEUDO) / (rows[0] + rows[1] + 2.0 * PSEUDO);
    (rate(fresh) / rate(trained)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_spreads_are_no_distance_apart() {
        let (few, many) = ([10.0, 20.0, 70.0], [1e5, 2e5, 7e5]);
        assert!(psi(&few, &many) < 1e-3);
        assert!(ks(&few, &many).unwrap() < 1e-12);
    }

    #[test]
    fn as_by_hand() {
        // (.5 - .25) ln 2 + (.5 - .75) ln(2 / 3)
        let wanted = 0.25 * 2f64.ln() - 0.25 * (2.0f64 / 3.0).ln();
        assert!((psi(&[2.5e8, 7.5e8], &[5e8, 5e8]) - wanted).abs() < 1e-6);
        assert_eq!(ks(&[1.0, 0.0, 1.0], &[0.0, 1.0, 1.0]), Some(0.5));
        assert_eq!(ks(&[0.0, 0.0], &[1.0, 1.0]), None);
        assert!((log_rate_ratio(&[99e8, 1e8], &[98e8, 2e8]) - 2f64.ln()).abs() < 1e-6);
    }

    #[test]
    fn an_empty_bin_is_far_but_not_infinitely() {
        let far = psi(&[1_000.0, 0.0], &[0.0, 1_000.0]);
        assert!(far.is_finite() && far > 10.0);
    }
}
