//! The `retrain:` block of a config: what a challenger learns from, what it must show, and what happens then.

use nta_metrics::PromotionRule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How `nta retrain` makes a challenger of this model and when it takes the champion's place. Kept with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetrainConfig {
    /// Share of the flows that the challenger learns from which are the champion's old ones; 0 for none.
    pub replay: f64,
    /// Share of the fresh flows, the newest, on which both are judged and neither learns.
    pub holdout: f64,
    /// Share of benign flows that both may flag when they are compared. Absent: the champion's own budget, 0.01 where it has
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub false_positive_rate: Option<f64>,
    /// How often chance alone may let a challenger pass that is no better than `minimum_gain`.
    pub alpha: f64,
    /// Recall that the challenger must have more, beyond chance.
    pub minimum_gain: f64,
    /// Recall that it may lose on the champion's old test part.
    pub old_test_margin: f64,
    /// Recall that it may lose on any one family.
    pub family_margin: f64,
    /// What becomes of a challenger that passes.
    pub promote: Promotion,
    /// The alias of the model in service, which moves.
    pub alias: String,
}

/// What becomes of a challenger that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Promotion {
    /// The alias moves.
    Auto,
    /// It is said what would move it.
    Ask,
    /// Nothing: the comparison is all that is wanted.
    Never,
}

impl Default for RetrainConfig {
    fn default() -> Self {
        RetrainConfig {
            replay: 0.5,
            holdout: 0.3,
            false_positive_rate: None,
            alpha: 0.05,
            minimum_gain: 0.02,
            // Recall on some hundred attacks of ten hosts has a standard error of some .05.
            old_test_margin: 0.1,
            family_margin: 0.2,
            promote: Promotion::Auto,
            alias: "champion".to_owned(),
        }
    }
}

impl RetrainConfig {
    /// Says what is out of range, if something is: the key, its value and what would be right.
    pub fn fault(&self) -> Option<(&'static str, String, &'static str)> {
        let within = |value: f64, low: f64, high: f64| value >= low && value < high;
        let open = |value: f64, high: f64| value > 0.0 && value < high;
        let ranges = [
            ("replay", self.replay, within(self.replay, 0.0, 1.0), "a share from 0 up to, but not, 1"),
            ("holdout", self.holdout, open(self.holdout, 0.9), "a share above 0 and below 0.9"),
            ("alpha", self.alpha, open(self.alpha, 0.5), "a probability above 0 and below 0.5"),
            ("minimum_gain", self.minimum_gain, within(self.minimum_gain, 0.0, 1.0), "a recall from 0 to 1"),
            ("old_test_margin", self.old_test_margin, within(self.old_test_margin, 0.0, 1.0), "a recall from 0 to 1"),
            ("family_margin", self.family_margin, within(self.family_margin, 0.0, 1.0), "a recall from 0 to 1"),
        ];
        let rate = self.false_positive_rate.map(|rate| {
            ("false_positive_rate", rate, open(rate, 0.5), "a share of the benign flows, above 0 and below 0.5")
        });
        let ranges = ranges.into_iter().chain(rate);
        let wrong =
            ranges.filter(|(_, _, fits, _)| !fits).map(|(key, value, _, right)| (key, value.to_string(), right));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let alias = (self.alias.is_empty() || self.alias.starts_with('.') || !self.alias.chars().all(plain))
            .then(|| ("alias", format!("`{}`", self.alias), "letters, digits, `-`, `_` and `.`"));
        wrong.chain(alias).next()
    }

    /// What the challenger must show.
    pub(crate) fn rule(&self) -> PromotionRule {
        PromotionRule {
            alpha: self.alpha,
            minimum_gain: self.minimum_gain,
            old_test_margin: self.old_test_margin,
            family_margin: self.family_margin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_in_range_and_each_value_out_of_range_is_named() {
        assert_eq!(RetrainConfig::default().fault(), None);
        let fault = |change: fn(&mut RetrainConfig)| {
            let mut config = RetrainConfig::default();
            change(&mut config);
            config.fault().map(|(key, ..)| key)
        };
        assert_eq!(fault(|c| c.replay = 1.0), Some("replay"));
        assert_eq!(fault(|c| c.holdout = 0.0), Some("holdout"));
        assert_eq!(fault(|c| c.alpha = f64::NAN), Some("alpha"));
        assert_eq!(fault(|c| c.minimum_gain = -0.1), Some("minimum_gain"));
        assert_eq!(fault(|c| c.false_positive_rate = Some(0.0)), Some("false_positive_rate"));
        assert_eq!(fault(|c| c.alias = "../x".into()), Some("alias"));
    }
}
