//! The rule by which a challenger takes the champion's place: every check must pass that could be made.

use serde::{Deserialize, Serialize};

use super::Paired;

/// What the challenger must show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromotionRule {
    /// Largest p-value of McNemar's test.
    pub alpha: f64,
    /// Recall that it must have more on fresh rows, beyond chance: the gain's lower end lies above it.
    pub minimum_gain: f64,
    /// Recall that it may lose on the champion's old test part.
    pub old_test_margin: f64,
    /// Recall that it may lose on any family, fresh or old.
    pub family_margin: f64,
}

/// What is asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The gain's lower end by units, above the minimum gain.
    Gain,
    /// McNemar's mid-p value, at most alpha.
    McNemar,
    /// The fall on the old test part, at most its margin.
    OldTest,
    /// The fall of a family on fresh rows, at most the margin.
    FreshFamily(String),
    /// The fall of a family on the old test part, at most the margin.
    OldFamily(String),
    /// False positive rate on the held-out rows at its own threshold, at most the budget it promises.
    Promise,
}

/// A check, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// What was asked.
    pub check: Check,
    /// What was found; null where it could not be.
    pub found: Option<f64>,
    /// What it is held against.
    pub limit: f64,
    /// Whether it holds.
    pub passed: bool,
}

/// Flows of a family below which its recall is not held against anything: one flow more or less would decide.
const LEAST_FAMILY: u64 = 20;

impl PromotionRule {
    /// Every check on the fresh rows and, where there is one, the old test part.
    pub fn checks(&self, fresh: &Paired, old: Option<&Paired>) -> Vec<Checked> {
        let low = fresh.interval.map(|(low, _)| low);
        let gain = Checked {
            check: Check::Gain,
            found: low,
            limit: self.minimum_gain,
            passed: low.is_some_and(|low| low > self.minimum_gain),
        };
        let p = fresh.mcnemar.mid_p;
        let mcnemar = Checked { check: Check::McNemar, found: Some(p), limit: self.alpha, passed: p <= self.alpha };
        let at_most = |check: Check, fall: f64, limit: f64| Checked {
            check,
            found: Some(fall),
            limit,
            // Shares of whole numbers: a margin that is met to the last flow is met.
            passed: fall <= limit + 1e-9,
        };
        let families = |paired: &Paired, check: fn(String) -> Check| -> Vec<Checked> {
            let judged = paired.families.iter().filter(|(_, pair)| pair.flows >= LEAST_FAMILY);
            judged.map(|(name, pair)| at_most(check(name.to_owned()), pair.fall(), self.family_margin)).collect()
        };
        let mut checks = vec![gain, mcnemar];
        checks.extend(old.map(|old| at_most(Check::OldTest, -old.gain, self.old_test_margin)));
        checks.extend(families(fresh, Check::FreshFamily));
        checks.extend(old.into_iter().flat_map(|old| families(old, Check::OldFamily)));
        checks
    }
}
