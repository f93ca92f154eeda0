//! The exact binomial tail, in logarithms, for tables of a million rows.

/// The largest `m` with `P[Binomial(n, p) <= m] <= bound`, and that probability. `None` where `m = 0` is already too
/// likely. `p` and `bound` lie strictly between 0 and 1. Takes about `n p` steps.
pub(crate) fn largest_count_within(n: u64, p: f64, bound: f64) -> Option<(u64, f64)> {
    let ln_bound = bound.ln();
    let ln_odds = p.ln() - (-p).ln_1p();
    let mut ln_term = Compensated::new(n as f64 * (-p).ln_1p());
    let mut ln_tail = ln_term.value();
    if ln_tail > ln_bound {
        return None;
    }
    for m in 0..n {
        ln_term.add(((n - m) as f64 / (m + 1) as f64).ln());
        ln_term.add(ln_odds);
        let next = ln_sum(ln_tail, ln_term.value());
        if next > ln_bound {
            return Some((m, ln_tail.exp()));
        }
        ln_tail = next;
    }
    Some((n, ln_tail.exp()))
}

/// `ln(exp(a) + exp(b))` without leaving the logarithms.
fn ln_sum(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    large + (small - large).exp().ln_1p()
}

/// A running sum with Neumaier's correction: ten thousand terms added to -10,000 keep their last digits.
struct Compensated {
    sum: f64,
    correction: f64,
}

impl Compensated {
    fn new(first: f64) -> Self {
        Compensated { sum: first, correction: 0.0 }
    }

    fn add(&mut self, term: f64) {
        let next = self.sum + term;
        let (large, small) = if self.sum.abs() >= term.abs() { (self.sum, term) } else { (term, self.sum) };
        self.correction += (large - next) + small;
        self.sum = next;
    }

    fn value(&self) -> f64 {
        self.sum + self.correction
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_agrees_with_scipy_up_to_a_million_rows() {
        // scipy 1.17.1, stats.binom.cdf.
        let expected = [
            (299, 0.01, 0.05, 0, 0.049536256637662465),
            (1_000, 0.01, 0.05, 4, 0.028686399999004478),
            (9_448, 0.01, 0.05, 78, 0.04603620055562839),
            (2_995, 0.001, 0.05, 0, 0.04996170339735639),
            (100_000, 0.001, 0.05, 83, 0.046240471520893146),
            (1_000_000, 0.01, 0.05, 9_836, 0.049876343921856935),
            (1_000_000, 0.3, 0.01, 298_933, 0.009957704608844653),
            (1_000, 0.5, 0.1, 479, 0.09738316423088259),
        ];
        for (n, p, bound, count, tail) in expected {
            let (found, probability) = largest_count_within(n, p, bound).unwrap();
            assert_eq!(found, count, "n {n}, p {p}");
            assert!((probability / tail - 1.0).abs() < 1e-9, "n {n}, p {p}: {probability} is not {tail}");
        }
        assert_eq!(largest_count_within(298, 0.01, 0.05), None);
        assert_eq!(largest_count_within(2_994, 0.001, 0.05), None);
    }

    #[test]
    fn a_small_case_agrees_with_the_sum_done_by_hand() {
        // n = 3, p = 1/2: 1/8, 4/8, 7/8, 1.
        assert_eq!(largest_count_within(3, 0.5, 0.1), None);
        assert_eq!(largest_count_within(3, 0.5, 0.13).map(|found| found.0), Some(0));
        assert_eq!(largest_count_within(3, 0.5, 0.6).map(|found| found.0), Some(1));
        assert_eq!(largest_count_within(3, 0.5, 0.88).map(|found| found.0), Some(2));
    }
}
