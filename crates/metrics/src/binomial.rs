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
