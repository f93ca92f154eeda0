//! The incomplete beta function, its inverse and two quantiles, from which the intervals are made.

/// Natural logarithm of the gamma function, `x > 0`: Stirling's series above 12, the recurrence below.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    let (mut z, mut product) = (x, 1.0);
    while z < 12.0 {
        product *= z;
        z += 1.0;
    }
    // Coefficients B_2k / (2k (2k - 1)); the first one left out is below 1e-17 at z = 12.
    const SERIES: [f64; 7] =
        [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    let inverse_square = 1.0 / (z * z);
    let tail = SERIES.iter().rev().fold(0.0, |sum, c| sum * inverse_square + c) / z;
    (z - 0.5) * z.ln() - z + 0.5 * (2.0 * std::f64::consts::PI).ln() + tail - product.ln()
}

/// Regularised incomplete beta function `I_x(a, b)`, `a, b > 0`, `x` in [0, 1]: Lentz's continued fraction.
pub(crate) fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let ln_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    // The fraction converges fast on this side of the mean, and the other side is its mirror image.
    if x < (a + 1.0) / (a + b + 2.0) {
        ln_front.exp() * beta_fraction(a, b, x) / a
    } else {
        1.0 - ln_front.exp() * beta_fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8). It takes about `sqrt(max(a,
/// b))` terms; the cap is far beyond any table that fits into memory.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..100_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        let step = d * c;
        fraction *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

/// The `x` with `I_x(a, b) = p`, by bisection to the last bit.
pub(crate) fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0f64, 1.0f64);
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high || high - low < 1e-16 * high {
            return middle;
        }
        if incomplete_beta(a, b, middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The value that Student's t with `df` degrees of freedom exceeds with probability `tail`, `tail` below one half.
pub(crate) fn t_quantile_above(tail: f64, df: f64) -> f64 {
    // P(|T| > t) = I_x(df / 2, 1 / 2) with x = df / (df + t²).
    let x = beta_quantile(2.0 * tail, df / 2.0, 0.5);
    (df * (1.0 - x) / x).sqrt()
}

/// The value that a standard normal variable exceeds with probability `tail`, `tail` from 1e-9 to one half.
pub(crate) fn normal_quantile_above(tail: f64) -> f64 {
    let (mut low, mut high) = (0.0f64, 7.0f64);
    for _ in 0..64 {
        let middle = (low + high) / 2.0;
        if normal_above(middle) > tail {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// P(Z > z) for z >= 0 by the series of Marsaglia (2004), whose terms are all positive.
pub(crate) fn normal_above(z: f64) -> f64 {
    let (mut term, mut sum, mut odd) = (z, z, 1.0);
    while term > 1e-18 * sum {
        odd += 2.0;
        term *= z * z / odd;
        sum += term;
    }
    0.5 - sum * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, relative: f64) {
        assert!((found - expected).abs() <= relative * expected.abs(), "{found} is not {expected}");
    }

    // Reference values of this module: scipy 1.17.1, special.gammaln, special.betainc, stats.t.ppf, stats.norm.ppf.

    #[test]
    fn the_logarithm_of_gamma_agrees_with_scipy() {
        assert!(ln_gamma(1.0).abs() < 1e-14 && ln_gamma(2.0).abs() < 1e-14);
        let pairs = [(0.5, 0.5723649429247), (2.5, 0.2846828704729192), (11.9, 17.25847745059552)];
        for (x, expected) in pairs.into_iter().chain([(100.0, 359.1342053695754), (1e6, 12815504.569147611)]) {
            near(ln_gamma(x), expected, 4e-14);
        }
    }

    #[test]
    fn the_incomplete_beta_function_agrees_with_scipy() {
        near(incomplete_beta(2.0, 3.0, 0.4), 0.5248, 1e-14);
        near(incomplete_beta(0.5, 0.5, 0.1), 0.20483276469913345, 1e-14);
        near(incomplete_beta(1000.0, 2000.0, 0.34), 0.7812150911606441, 1e-11);
        near(incomplete_beta(3.5, 200_000.0, 1e-5), 0.22022777469360333, 1e-9);
        near(incomplete_beta(9800.0, 990_201.0, 0.0099), 0.8449839845460653, 1e-8);
        assert_eq!((incomplete_beta(2.0, 3.0, 0.0), incomplete_beta(2.0, 3.0, 1.0)), (0.0, 1.0));
    }

    #[test]
    fn quantiles_undo_their_distributions() {
        near(incomplete_beta(4.0, 17.0, beta_quantile(0.975, 4.0, 17.0)), 0.975, 1e-12);
        for (df, t) in [(1.0, 12.706204736174694), (4.0, 2.7764451051977934), (30.0, 2.0422724563012378)] {
            near(t_quantile_above(0.025, df), t, 1e-12);
        }
        near(t_quantile_above(0.025, 1000.0), 1.9623390808264083, 1e-9);
        near(t_quantile_above(0.025, 600_000.0), 1.959966, 1e-6);
        near(normal_quantile_above(0.025), 1.959963984540054, 1e-14);
        near(normal_quantile_above(0.005), 2.5758293035489004, 1e-13);
    }
}
