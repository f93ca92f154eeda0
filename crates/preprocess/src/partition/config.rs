//! The `split:` section.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::part::PerPart;
use crate::ConfigError;

/// How rows are dealt to the five parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SplitConfig {
    /// How the parts are made. `auto`, or absent: `provided` with a test file. Without one, for data with an order
    /// `temporal`, or where a part would lack a class the first that does of `blocked` and `grouped`; for data without
    /// order `grouped` by capture where there are captures enough, else `stratified`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// With `provided`: how the training file is dealt to the other four parts. `auto`, or absent: `blocked` for data
    /// with an order, `stratified` for data without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<Strategy>,
    /// Share of the rows that becomes the test part; 0.2 when absent. Refused beside a test file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<f64>,
    /// Share of the rows (of the training file, where there is a test file) for early stopping.
    pub validation: f64,
    /// Share for the fusion weights and the reported probabilities.
    pub calibration: f64,
    /// Share for the threshold.
    pub threshold: f64,
    /// With `blocked`: rows in a block. Absent: a 400th of the rows and at least 100, but always 40 blocks or more;
    /// halved while a part would lack a class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_rows: Option<usize>,
    /// With `blocked`: rows dropped behind each seam between two parts. Absent: a 20th of a block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_rows: Option<usize>,
    /// With `grouped`: what stays together; `entity` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<GroupBy>,
    /// Which rows the shipped members are fitted on.
    pub fit: FittedRows,
    /// With `fit: all`: fits whose scores of rows that they have not seen set the thresholds, that of the training part
    /// among them; 2 when absent, 4 at most, which give every training row such a score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
}

/// Which rows the shipped members are fitted on. Settings, the epoch to stop at and the fusion are chosen on the five parts
/// either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FittedRows {
    /// Those of the training part; thresholds are chosen on the threshold part.
    Parts,
    /// All that are not test. Thresholds are chosen on scores that each row's own model has not seen it for: out-of-bag
    /// votes and folds where rows have no order, folds of whole blocks, hosts or captures, or each the rows after those
    /// that were fitted on.
    #[default]
    All,
}

/// Share of the rows that becomes the test part where neither a file nor a share is given.
const DEFAULT_TEST_SHARE: f64 = 0.2;

/// A fold beside the training part's own keeps a run within three times its time without.
const DEFAULT_FOLDS: usize = 2;
pub(super) const MOST_FOLDS: usize = 4;

impl Default for SplitConfig {
    fn default() -> Self {
        SplitConfig {
            strategy: None,
            inside: None,
            test: None,
            validation: 0.1,
            calibration: 0.075,
            threshold: 0.075,
            block_rows: None,
            gap_rows: None,
            by: None,
            fit: FittedRows::default(),
            folds: None,
        }
    }
}

/// How the parts are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The one that suits the data. No partition is made by it: the one made names another.
    Auto,
    /// The test part is a file of its own.
    Provided,
    /// The rows in arrival order, cut by row count: train first, test last.
    Temporal,
    /// Whole hosts or whole captures go to one part.
    Grouped,
    /// Consecutive blocks of rows, dealt by a seeded draw, with a gap at every seam.
    Blocked,
    /// Row by row, the same mixture in every part, identical rows together; only for data without order.
    Stratified,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strategy::Auto => "auto",
            Strategy::Provided => "provided",
            Strategy::Temporal => "temporal",
            Strategy::Grouped => "grouped",
            Strategy::Blocked => "blocked",
            Strategy::Stratified => "stratified",
        })
    }
}

/// What `grouped` keeps together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// All flows of an entity (a host within its capture).
    #[default]
    Entity,
    /// All flows of a file.
    Capture,
}

impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GroupBy::Entity => "entity",
            GroupBy::Capture => "capture",
        })
    }
}

impl SplitConfig {
    /// The strategy that is asked for; `None` where the data decides.
    pub(super) fn strategy(&self) -> Option<Strategy> {
        self.strategy.filter(|strategy| *strategy != Strategy::Auto)
    }

    /// The same of `inside`.
    pub(super) fn inside(&self) -> Option<Strategy> {
        self.inside.filter(|strategy| *strategy != Strategy::Auto)
    }

    /// Fits whose scores set the thresholds with `fit: all`.
    pub fn folds(&self) -> usize {
        self.folds.unwrap_or(DEFAULT_FOLDS)
    }

    /// Refuses shares that leave no training rows, and keys that the named strategy would not heed.
    ///
    /// # Errors
    /// The first value out of range, or a key that the strategy does not heed, with what would be right.
    pub fn check(&self) -> Result<(), ConfigError> {
        let shares = [
            ("test", self.test.unwrap_or(DEFAULT_TEST_SHARE)),
            ("validation", self.validation),
            ("calibration", self.calibration),
            ("threshold", self.threshold),
        ];
        for (key, share) in shares {
            if !(share > 0.0 && share < 1.0) {
                return Err(ConfigError::new(key, share, "a share of the rows, above 0 and below 1"));
            }
        }
        let provided = self.strategy() == Some(Strategy::Provided);
        let held_out: f64 = shares.iter().skip(usize::from(provided)).map(|s| s.1).sum();
        if held_out > 0.95 {
            let shown = format!("{:.0} %", held_out * 100.0);
            let expected = "the held-out shares together must leave at least 5 % of the rows for training";
            return Err(ConfigError::new("validation", self.validation, format!("{expected}, and they make {shown}")));
        }
        self.check_blocks()?;
        self.check_folds()?;
        if self.inside() == Some(Strategy::Provided) {
            return Err(ConfigError::new("inside", "provided", "temporal, grouped, blocked or stratified"));
        }
        self.check_heeded()
    }

    fn check_folds(&self) -> Result<(), ConfigError> {
        match self.folds {
            Some(folds) if self.fit == FittedRows::Parts => {
                Err(ConfigError::new("folds", folds, "left out without `fit: all`"))
            }
            Some(folds) if !(2..=MOST_FOLDS).contains(&folds) => {
                Err(ConfigError::new("folds", folds, format!("2 to {MOST_FOLDS}")))
            }
            _ => Ok(()),
        }
    }

    fn check_blocks(&self) -> Result<(), ConfigError> {
        if let Some(rows) = self.block_rows
            && rows == 0
        {
            return Err(ConfigError::new("block_rows", rows, "1 or more"));
        }
        if let (Some(block), Some(gap)) = (self.block_rows, self.gap_rows)
            && gap * 2 > block
        {
            return Err(ConfigError::new("gap_rows", gap, format!("at most half of `block_rows: {block}`")));
        }
        Ok(())
    }

    /// Keys that the strategy does not use, where the config names the strategy.
    fn check_heeded(&self) -> Result<(), ConfigError> {
        let Some(strategy) = self.strategy() else { return Ok(()) };
        if strategy != Strategy::Provided
            && let Some(inside) = self.inside()
        {
            let expected = format!("only goes with `strategy: provided`, not with {strategy}");
            return Err(ConfigError::new("inside", inside, expected));
        }
        if strategy == Strategy::Provided
            && let Some(test) = self.test
        {
            return Err(ConfigError::new(
                "test",
                test,
                "drop it: with `strategy: provided` the test file is the test part",
            ));
        }
        let dealing = if strategy == Strategy::Provided { self.inside() } else { Some(strategy) };
        match dealing {
            Some(dealing) => self.check_heeded_by(dealing),
            None => Ok(()),
        }
    }

    /// Keys that `dealing`, which is not `provided`, does not use.
    pub(super) fn check_heeded_by(&self, dealing: Strategy) -> Result<(), ConfigError> {
        let only_for = |key, value: String, whose| {
            ConfigError::new(key, value, format!("only goes with `{whose}`, not {dealing}"))
        };
        if dealing != Strategy::Blocked {
            if let Some(rows) = self.block_rows {
                return Err(only_for("block_rows", rows.to_string(), Strategy::Blocked));
            }
            if let Some(rows) = self.gap_rows {
                return Err(only_for("gap_rows", rows.to_string(), Strategy::Blocked));
            }
        }
        if dealing != Strategy::Grouped
            && let Some(by) = self.by
        {
            return Err(only_for("by", by.to_string(), Strategy::Grouped));
        }
        Ok(())
    }

    /// Each part's share of the rows that are dealt; the test part's is 0 where it has a file of its own.
    pub(super) fn shares(&self, test_has_a_file: bool) -> PerPart<f64> {
        let test = if test_has_a_file { 0.0 } else { self.test.unwrap_or(DEFAULT_TEST_SHARE) };
        let train = 1.0 - test - self.validation - self.calibration - self.threshold;
        [train, self.validation, self.calibration, self.threshold, test]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_out_of_range_and_keys_without_effect_are_refused() {
        let with = |change: &dyn Fn(&mut SplitConfig)| {
            let mut config = SplitConfig::default();
            change(&mut config);
            config.check().map_err(|e| e.to_string())
        };
        assert_eq!(with(&|_| {}), Ok(()));
        assert_eq!(with(&|c| c.test = Some(1.5)).unwrap_err(), "`test: 1.5`: a share of the rows, above 0 and below 1");
        assert!(with(&|c| c.threshold = f64::NAN).is_err());
        assert!(with(&|c| c.validation = 0.8).unwrap_err().contains("make 115 %"));
        assert!(
            with(&|c| {
                c.block_rows = Some(10);
                c.gap_rows = Some(6);
            })
            .unwrap_err()
            .contains("half of `block_rows: 10`")
        );
        let temporal = |change: &dyn Fn(&mut SplitConfig)| {
            with(&|c| {
                c.strategy = Some(Strategy::Temporal);
                change(c);
            })
        };
        assert_eq!(temporal(&|_| {}), Ok(()));
        let message = temporal(&|c| c.by = Some(GroupBy::Capture)).unwrap_err();
        assert_eq!(message, "`by: capture`: only goes with `grouped`, not temporal");
        assert!(temporal(&|c| c.inside = Some(Strategy::Blocked)).is_err());
        assert!(temporal(&|c| c.block_rows = Some(10)).is_err());
    }

    #[test]
    fn the_section_reads_from_text_and_refuses_unknown_keys() {
        let text =
            r#"{"strategy": "temporal", "test": 0.4, "validation": 0.1, "calibration": 0.075, "threshold": 0.075}"#;
        let config: SplitConfig = serde_json::from_str(text).unwrap();
        let shares = config.shares(false);
        assert!((shares[0] - 0.35).abs() < 1e-12, "train takes what is left");
        assert!(serde_json::from_str::<SplitConfig>(r#"{"strateggy": "temporal"}"#).is_err());
    }
}
