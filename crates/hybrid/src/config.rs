//! The `hybrid:` block of a config: how to fuse, and by what rule to choose the thresholds.

use std::collections::BTreeMap;

use nta_data::{Label, MemberScores};
use nta_metrics::{Budget, ChosenThreshold, PartScores, ThresholdRule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fusion::{Fusion, Hybrid, check_members, names};
use crate::{HybridError, stacking, weights};

/// How the members are fused and where the thresholds lie. At most one of `budget` and `threshold` may stand; with
/// neither, the budget is 1 % at 95 % confidence.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HybridConfig {
    /// How the members' scores become one.
    pub combine: Combine,
    /// Choose each threshold for a false positive budget, on the threshold part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Choose each threshold by another rule than a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<ThresholdConfig>,
}

/// How the members' scores become one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// The mean of the members' probabilities.
    #[default]
    Average,
    /// The mean by these weights, one for each member by name, none below 0, not all 0: `weighted: { forest: 2, lstm:
    /// 1 }`.
    Weighted(BTreeMap<String, f64>),
    /// The mean by the weights of lowest log loss on the calibration part, from a grid.
    TunedWeights,
    /// Logistic regression on the members' log odds, fitted on the calibration part. A member whose score would count
    /// against attack is left out, so the fused score never falls when a member's score rises.
    Stacking,
}

/// A rule for the thresholds that is no budget.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdConfig {
    /// The highest F1 on the calibration part.
    BestF1,
    /// This value, at least 0 and below 1.
    Fixed(f32),
}

impl HybridConfig {
    /// The rule by which every member and the hybrid get their thresholds.
    pub fn rule(&self) -> ThresholdRule {
        match (self.threshold, self.budget) {
            (Some(ThresholdConfig::BestF1), _) => ThresholdRule::BestF1,
            (Some(ThresholdConfig::Fixed(value)), _) => ThresholdRule::Fixed(value),
            (None, budget) => ThresholdRule::Budget(budget.unwrap_or_default()),
        }
    }

    /// The same with the default budget written out where no rule was given.
    pub fn resolved(&self) -> HybridConfig {
        let mut config = self.clone();
        if config.threshold.is_none() {
            config.budget.get_or_insert_default();
        }
        config
    }

    /// Refuses values out of range.
    pub fn check(&self) -> Result<(), HybridError> {
        if self.budget.is_some() && self.threshold.is_some() {
            let right = "give either `budget` or `threshold`, for the thresholds follow one rule";
            return Err(wrong("threshold", "given beside `budget`".to_owned(), right));
        }
        if let Some(budget) = &self.budget {
            let shares =
                [("budget.false_positive_rate", budget.false_positive_rate), ("budget.confidence", budget.confidence)];
            for (key, value) in shares {
                if !(value > 0.0 && value < 1.0) {
                    return Err(wrong(key, value.to_string(), "it must lie between 0 and 1, both excluded"));
                }
            }
        }
        if let Some(ThresholdConfig::Fixed(value)) = self.threshold
            && !(0.0..1.0).contains(&value)
        {
            let right = "it must be at least 0 and below 1, for a flow is flagged when its score is above it";
            return Err(wrong("threshold.fixed", value.to_string(), right));
        }
        match &self.combine {
            Combine::Weighted(weights) => check_weights(weights),
            Combine::Average | Combine::TunedWeights | Combine::Stacking => Ok(()),
        }
    }

    /// Learns the fusion from the members' scores on the calibration part, `labels` `(n_rows)`. Rows whose exact copy
    /// stands in train are better left out by the caller. `average` and `weighted` learn nothing but the names.
    pub fn fit(&self, calibration: &[MemberScores], labels: &[Label]) -> Result<Hybrid, HybridError> {
        self.check()?;
        check_members(calibration, labels.len())?;
        let fusion = match &self.combine {
            Combine::Average => Fusion::Average,
            Combine::Weighted(weights) => Fusion::weighted(given(weights, calibration)?),
            Combine::TunedWeights => {
                check_classes("tuned_weights", labels)?;
                Fusion::weighted(weights::tune(calibration, labels)?)
            }
            Combine::Stacking => {
                check_classes("stacking", labels)?;
                stacking::fit(calibration, labels)?
            }
        };
        Hybrid::new(calibration.iter().map(|m| m.name.clone()).collect(), fusion)
    }

    /// Chooses the threshold of one member, or of the hybrid, by the rule: a budget on the `threshold` part, `best_f1`
    /// on the `calibration` part.
    pub fn choose_threshold(
        &self,
        calibration: &PartScores<'_>,
        threshold: &PartScores<'_>,
    ) -> Result<ChosenThreshold, HybridError> {
        self.check()?;
        Ok(self.rule().choose(calibration, threshold)?)
    }
}

fn wrong(key: &str, value: String, right: &str) -> HybridError {
    HybridError::Config { key: key.to_owned(), value, right: right.to_owned() }
}

fn check_weights(weights: &BTreeMap<String, f64>) -> Result<(), HybridError> {
    for (name, weight) in weights {
        if !(weight.is_finite() && *weight >= 0.0) {
            let right = "a weight must be a number, 0 or more";
            return Err(wrong(&format!("combine.weighted.{name}"), weight.to_string(), right));
        }
    }
    if weights.values().all(|weight| *weight == 0.0) {
        let found = if weights.is_empty() { "empty" } else { "all 0" };
        let right = "at least one weight must be above 0; `combine: tuned_weights` finds weights by itself";
        return Err(wrong("combine.weighted", found.to_owned(), right));
    }
    Ok(())
}

/// The weights in the members' order; every member must have one, and nobody else.
fn given(weights: &BTreeMap<String, f64>, members: &[MemberScores]) -> Result<Vec<(String, f64)>, HybridError> {
    let known = |name: &str| members.iter().any(|m| m.name == name);
    if let Some((name, weight)) = weights.iter().find(|(name, _)| !known(name)) {
        let right = format!("there is no such member, the members are {}", names(members));
        return Err(wrong(&format!("combine.weighted.{name}"), weight.to_string(), &right));
    }
    let weight_of = |member: &MemberScores| match weights.get(&member.name) {
        Some(weight) => Ok((member.name.clone(), *weight)),
        None => {
            let key = format!("combine.weighted.{}", member.name);
            Err(wrong(&key, "missing".to_owned(), "every member needs a weight; 0 leaves it out"))
        }
    };
    members.iter().map(weight_of).collect()
}

fn check_classes(combine: &'static str, labels: &[Label]) -> Result<(), HybridError> {
    let attacks = labels.iter().filter(|l| l.is_attack()).count();
    let benign = labels.len() - attacks;
    if attacks == 0 || benign == 0 {
        return Err(HybridError::OneClass { combine, benign, attacks });
    }
    Ok(())
}
