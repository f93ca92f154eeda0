//! McNemar's test: of the attacks that only one of two models finds, does the challenger find more than half?

use serde::{Deserialize, Serialize};

use crate::interval::incomplete_beta;

/// The attacks on which two models differ (McNemar 1947; Dietterich 1998 for comparing classifiers on one test set). It takes
/// rows as independent; the interval by units does not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// Attacks that the challenger alone finds.
    pub challenger_alone: u64,
    /// Attacks that the champion alone finds.
    pub champion_alone: u64,
    /// How likely so many or more would be the challenger's if either were as likely: the exact one-sided p-value.
    pub exact_p: f64,
    /// The same with half the weight on just so many, the mid-p value (Fagerland et al. 2013): the exact test is too careful.
    pub mid_p: f64,
}

impl McNemar {
    /// Of what the champion (`old`) and the challenger (`new`) find, `(n_rows)` each.
    pub(super) fn of(old: &[bool], new: &[bool]) -> Self {
        let count = |wanted: (bool, bool)| old.iter().zip(new).filter(|(o, n)| (**o, **n) == wanted).count() as u64;
        McNemar::counted(count((false, true)), count((true, false)))
    }

    fn counted(challenger_alone: u64, champion_alone: u64) -> Self {
        let n = challenger_alone + champion_alone;
        let exact_p = at_least(challenger_alone, n);
        let mid_p = (exact_p + at_least(challenger_alone + 1, n)) / 2.0;
        McNemar { challenger_alone, champion_alone, exact_p, mid_p }
    }
}

/// P[Binomial(n, 1/2) >= k].
fn at_least(k: u64, n: u64) -> f64 {
    match k {
        0 => 1.0,
        k if k > n => 0.0,
        k => incomplete_beta(k as f64, (n - k + 1) as f64, 0.5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_by_hand() {
        // 9 of 10: (10 + 1) / 1,024; half of the 10 that are just so many.
        let found = McNemar::counted(9, 1);
        assert!((found.exact_p - 11.0 / 1024.0).abs() < 1e-12 && (found.mid_p - 6.0 / 1024.0).abs() < 1e-12);
        let even = McNemar::counted(5, 5);
        assert!((even.mid_p - 0.5).abs() < 1e-12);
        assert_eq!((McNemar::counted(0, 0).exact_p, McNemar::counted(0, 0).mid_p), (1.0, 0.5));
        assert!(McNemar::counted(0, 40).mid_p > 0.999_999);
    }
}
