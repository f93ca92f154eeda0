//! What the shipped members were fitted on, where that is more than the training part, and the false alarms that their
//! threshold would have raised on rows that each row's own model had not seen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::percent::percent;

/// Members fitted on all rows that are not test, and what their thresholds rest on (`split.fit: all`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CrossFitted {
    /// Rows that the shipped members were fitted on.
    pub rows: u64,
    /// Rows that are not test, those dropped at seams among them.
    pub of: u64,
    /// Fits whose scores set the thresholds.
    pub folds: u64,
    /// Rows that they scored.
    pub scored: u64,
    /// Whether each fold was fitted on the rows before those that it scored, and the stretches stand in order of time.
    pub in_time: bool,
    /// False alarms of the hybrid's threshold on the scored rows; the newest stretch last, or fold by fold.
    pub stretches: Vec<Stretch>,
}

/// Some of the scored rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stretch {
    /// The fold that scored the first of them, from 0, the training part's.
    pub fold: u64,
    /// Benign rows.
    pub benign: u64,
    /// Those above the threshold.
    pub false_alarms: u64,
}

impl Stretch {
    /// Share of the benign rows above the threshold; `None` where there is none.
    pub fn rate(&self) -> Option<f64> {
        (self.benign > 0).then(|| self.false_alarms as f64 / self.benign as f64)
    }
}

impl CrossFitted {
    /// Share of the rows that are not test.
    pub fn share(&self) -> f64 {
        self.rows as f64 / self.of.max(1) as f64
    }

    /// What was fitted on, in a few words: `113,375 of 113,375 rows that are not test (100.0 %)`.
    pub fn describe(&self) -> String {
        let rates: Vec<String> = self.stretches.iter().filter_map(Stretch::rate).map(percent).collect();
        let moved = match (self.in_time, rates.len()) {
            (true, 2..) => format!("; false alarms over time, the newest last: {}", rates.join(", ")),
            _ => String::new(),
        };
        format!(
            "trained on {} of {} rows that are not test ({:.0} %), thresholds from {} rows scored by {} models that had not \
             seen them{moved}",
            self.rows,
            self.of,
            self.share() * 100.0,
            self.scored,
            self.folds
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_and_the_rates_over_time_are_told() {
        let stretch = |false_alarms| Stretch { fold: 1, benign: 1_000, false_alarms };
        let found = CrossFitted {
            rows: 970,
            of: 1_000,
            folds: 2,
            scored: 400,
            in_time: true,
            stretches: [5, 20].map(stretch).into(),
        };
        let said = "trained on 970 of 1000 rows that are not test (97 %), thresholds from 400 rows scored by 2 models that had \
                    not seen them; false alarms over time, the newest last: 0.50 %, 2.0 %";
        assert_eq!(found.describe(), said);
        assert!(!CrossFitted { in_time: false, ..found }.describe().contains("time"));
        assert_eq!(Stretch { fold: 0, benign: 0, false_alarms: 0 }.rate(), None);
    }
}
