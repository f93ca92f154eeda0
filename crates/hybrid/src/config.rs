//! The `hybrid:` block of a config: how to fuse, and by what rule to choose the thresholds.

use std::collections::BTreeMap;

use nta_data::{Label, ScoreColumn};
use nta_metrics::{ChosenThreshold, Groups, Named, PartScores, ThresholdRule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::budget::BudgetChoice;
use crate::fusion::{Fusion, Hybrid, check_members, names};
use crate::tail::{Scale, Tail};
use crate::{HybridError, stacking, weights};

/// How the members are fused and where the thresholds lie. At most one of `budget` and `threshold` may stand; with
/// neither, the budget is 1 % at 95 % confidence.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HybridConfig {
    /// How the members' scores become one.
    pub combine: Combine,
    /// Choose each threshold for a false positive budget, on the threshold part. `auto`: one that its rows support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetChoice>,
    /// Choose each threshold by another rule than a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<ThresholdConfig>,
}

/// How the members' scores become one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// The mean of the members' probabilities.
    Average,
    /// Whichever single member or fusion finds most attacks, of families trained on and of families left out, by the
    /// training part alone; see `evaluate.leave_out`. Trains the novelty member too.
    #[default]
    Auto,
    /// The mean by these weights, one for each member by name, none below 0, not all 0: `weighted: { forest: 2, lstm:
    /// 1 }`.
    Weighted(BTreeMap<String, f64>),
    /// The mean by the weights of lowest log loss on the calibration part, from a grid.
    TunedWeights,
    /// Logistic regression on the members' log odds, fitted on the calibration part. A member whose score would count
    /// against attack is left out, so the fused score never falls when a member's score rises.
    Stacking,
    /// The sum of the members' surprises: each score's -ln p among the benign rows of the calibration part, with an
    /// exponential tail, so that it never saturates. Labels of attacks play no part.
    Surprise,
    /// The same of these members alone: `surprise_of: [forest, novelty]`.
    SurpriseOf(Vec<String>),
}

impl Combine {
    /// Its name in a config.
    pub fn name(&self) -> &'static str {
        match self {
            Combine::Average => "average",
            Combine::Auto => "auto",
            Combine::Weighted(_) => "weighted",
            Combine::TunedWeights => "tuned_weights",
            Combine::Stacking => "stacking",
            Combine::Surprise => "surprise",
            Combine::SurpriseOf(_) => "surprise_of",
        }
    }

    /// Whether the score of the member `name` plays a part, as far as is known before the fusion is fitted.
    pub fn fuses(&self, name: &str) -> bool {
        match self {
            Combine::Weighted(weights) => weights.get(name).is_some_and(|weight| *weight > 0.0),
            Combine::SurpriseOf(names) => names.iter().any(|fused| fused == name),
            _ => true,
        }
    }

    /// The members that it names, and the key that names them.
    pub fn named(&self) -> Option<(&'static str, Vec<&str>)> {
        match self {
            Combine::Weighted(weights) => Some(("combine.weighted", weights.keys().map(String::as_str).collect())),
            Combine::SurpriseOf(names) => Some(("combine.surprise_of", names.iter().map(String::as_str).collect())),
            _ => None,
        }
    }
}

/// A rule for the thresholds that is no budget.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdConfig {
    /// The highest F1 on the calibration part.
    BestF1,
    /// This value, at least 0 and below 1.
    Fixed(f32),
    /// The cut at which, in 90 % of the benign groups of the threshold part, at most 1 % of flows are flagged: `groups: { by: host }`,
    /// `hour` or `service`.
    Groups(Groups),
}

impl HybridConfig {
    /// The rule by which every member and the hybrid get their thresholds. While `budget: auto` is not settled, the
    /// largest budget that it may become.
    pub fn rule(&self) -> ThresholdRule {
        match (self.threshold, self.budget) {
            (Some(ThresholdConfig::BestF1), _) => ThresholdRule::BestF1,
            (Some(ThresholdConfig::Fixed(value)), _) => ThresholdRule::Fixed(value),
            (Some(ThresholdConfig::Groups(groups)), _) => ThresholdRule::Groups(groups),
            (None, budget) => ThresholdRule::Budget(budget.unwrap_or_default().at_most()),
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

    /// Whether the budget waits for the rows of the threshold part.
    pub fn is_auto(&self) -> bool {
        self.threshold.is_none() && self.budget == Some(BudgetChoice::AUTO)
    }

    /// The same with `budget: auto` settled by this many benign rows in the threshold part.
    pub fn settled(&self, benign_rows: u64) -> HybridConfig {
        HybridConfig { budget: self.budget.map(|budget| budget.settled(benign_rows).into()), ..self.clone() }
    }

    /// Refuses values out of range.
    ///
    /// # Errors
    /// Names the key, its value and what would be right.
    pub fn check(&self) -> Result<(), HybridError> {
        if self.budget.is_some() && self.threshold.is_some() {
            let right = "give either `budget` or `threshold`, for the thresholds follow one rule";
            return Err(wrong("threshold", "given beside `budget`".to_owned(), right));
        }
        if let Some(BudgetChoice::PerDay(budget)) = &self.budget {
            let over_none = [
                ("budget.alerts_per_day", Some(budget.alerts_per_day)),
                ("budget.flows_per_day", budget.flows_per_day),
            ];
            for (key, value) in over_none {
                if let Some(value) = value.filter(|value| !(value.is_finite() && *value > 0.0)) {
                    return Err(wrong(key, value.to_string(), "it must be above 0"));
                }
            }
            if !(budget.confidence > 0.0 && budget.confidence < 1.0) {
                let right = "it must lie between 0 and 1, both excluded";
                return Err(wrong("budget.confidence", budget.confidence.to_string(), right));
            }
        }
        if let Some(BudgetChoice::Of(budget)) = &self.budget {
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
        if let Some(ThresholdConfig::Groups(groups)) = self.threshold {
            let right = "it must lie between 0 and 1, both excluded";
            if !(groups.false_positive_rate > 0.0 && groups.false_positive_rate < 1.0) {
                let value = groups.false_positive_rate.to_string();
                return Err(wrong("threshold.groups.false_positive_rate", value, right));
            }
            if !(groups.share > 0.0 && groups.share <= 1.0) {
                let right = "it must be above 0 and at most 1";
                return Err(wrong("threshold.groups.share", groups.share.to_string(), right));
            }
        }
        match &self.combine {
            Combine::Weighted(weights) => check_weights(weights),
            Combine::SurpriseOf(names) if names.is_empty() => {
                Err(wrong("combine.surprise_of", "empty".to_owned(), "name one member at least"))
            }
            _ => Ok(()),
        }
    }

    /// Learns the fusion from the members' scores on the calibration part, `labels` `(n_rows)`; which rows they flag
    /// plays no part. Rows whose exact copy
    /// stands in train are better left out by the caller. `average` and `weighted` learn nothing but the names.
    ///
    /// # Errors
    /// A value out of range, members that are none, stand twice or have not one score a row, weights for others than the
    /// members, one class alone where something is learned, a regression that does not converge or that no member helps.
    pub fn fit(&self, calibration: &[ScoreColumn], labels: &[Label]) -> Result<Hybrid, HybridError> {
        self.check()?;
        check_members(calibration, labels.len())?;
        let fusion = match &self.combine {
            Combine::Average => Fusion::Average,
            Combine::Auto => return Err(wrong("combine", "auto".to_owned(), "a run settles it before it fuses")),
            Combine::Weighted(weights) => Fusion::weighted(given(weights, calibration)?),
            Combine::TunedWeights => {
                check_classes("tuned_weights", labels)?;
                Fusion::weighted(weights::tune(calibration, labels)?)
            }
            Combine::Stacking => {
                check_classes("stacking", labels)?;
                stacking::fit(calibration, labels)?
            }
            Combine::Surprise => surprise(calibration, labels, &|_| true)?,
            Combine::SurpriseOf(fused) => {
                if let Some(stranger) = fused.iter().find(|name| !calibration.iter().any(|m| m.name == **name)) {
                    let right = format!("there is no such member, the members are {}", names(calibration));
                    return Err(wrong("combine.surprise_of", stranger.clone(), &right));
                }
                surprise(calibration, labels, &|name| fused.iter().any(|fused| fused == name))?
            }
        };
        Hybrid::new(calibration.iter().map(|m| m.name.clone()).collect(), fusion)
    }

    /// Chooses the threshold of one member, or of the hybrid, by the rule: a budget on the `threshold` part, `best_f1`
    /// on the `calibration` part.
    ///
    /// # Errors
    /// A value out of range, too few benign rows for the budget, scores and labels of different lengths.
    pub fn choose_threshold(
        &self,
        calibration: &PartScores<'_>,
        threshold: &PartScores<'_>,
    ) -> Result<ChosenThreshold, HybridError> {
        self.check()?;
        Ok(self.rule().choose(calibration, threshold)?)
    }
}

/// The surprise of the members that are `fused`, from the benign rows.
fn surprise(members: &[ScoreColumn], labels: &[Label], fused: &dyn Fn(&str) -> bool) -> Result<Fusion, HybridError> {
    let benign: Vec<usize> = (0..labels.len()).filter(|&row| !labels[row].is_attack()).collect();
    let tail = |m: &ScoreColumn| {
        let scores = benign.iter().map(|&row| m.p_attack[row]);
        Tail::fit(Scale::of(&m.name), scores).map(|tail| (m.name.clone(), tail))
    };
    let tails: Option<Named<Tail>> = members.iter().filter(|m| fused(&m.name)).map(tail).collect();
    Ok(Fusion::surprise(tails.ok_or(HybridError::NoBenign)?, members, &benign))
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
fn given(weights: &BTreeMap<String, f64>, members: &[ScoreColumn]) -> Result<Vec<(String, f64)>, HybridError> {
    let known = |name: &str| members.iter().any(|m| m.name == name);
    if let Some((name, weight)) = weights.iter().find(|(name, _)| !known(name)) {
        let right = format!("there is no such member, the members are {}", names(members));
        return Err(wrong(&format!("combine.weighted.{name}"), weight.to_string(), &right));
    }
    let weight_of = |member: &ScoreColumn| match weights.get(&member.name) {
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
#[cfg(test)]
mod tests {
    use nta_metrics::Budget;

    use super::*;
    use Label::{Attack, Benign};

    fn read(yaml: &str) -> HybridConfig {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn members() -> [ScoreColumn; 2] {
        let member = |name: &str, p_attack: [f32; 4]| ScoreColumn::new(name, p_attack.into(), |_| false);
        [member("forest", [0.1, 0.2, 0.9, 0.8]), member("lstm", [0.5, 0.9, 0.1, 0.5])]
    }

    const LABELS: [Label; 4] = [Benign, Benign, Attack, Attack];

    #[test]
    fn the_yaml_forms_are_read() {
        let plan = read("{ combine: average, budget: { false_positive_rate: 0.02 } }");
        let budget = Budget { false_positive_rate: 0.02, confidence: 0.95 };
        assert_eq!((plan.combine.clone(), plan.rule()), (Combine::Average, ThresholdRule::Budget(budget)));
        assert_eq!(read("{}"), HybridConfig::default());
        assert_eq!(read("{}").rule(), ThresholdRule::Budget(Budget::default()));
        assert_eq!(read("threshold: best_f1").rule(), ThresholdRule::BestF1);
        assert_eq!(read("threshold: { fixed: 0.5 }").rule(), ThresholdRule::Fixed(0.5));
        let groups = Groups { by: nta_metrics::GroupBy::Hour, ..Groups::default() };
        assert_eq!(read("threshold: { groups: { by: hour } }").rule(), ThresholdRule::Groups(groups));
        assert_eq!(read("combine: stacking").combine, Combine::Stacking);
        assert_eq!(read("combine: tuned_weights").combine, Combine::TunedWeights);
        let weights = [("forest".to_owned(), 2.0), ("lstm".to_owned(), 1.0)].into();
        assert_eq!(read("combine: { weighted: { forest: 2, lstm: 1 } }").combine, Combine::Weighted(weights));
        assert_eq!(read("{}").resolved().budget, Some(BudgetChoice::default()));
        assert!(read("budget: auto").is_auto() && !read("budget: auto").settled(1_000).is_auto());
        assert_eq!(read("threshold: best_f1").resolved(), read("threshold: best_f1"));
        for wrong in ["combine: mean", "treshold: best_f1", "budget: { fpr: 0.01 }"] {
            assert!(serde_saphyr::from_str::<HybridConfig>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_read_can_be_written_and_read_again() {
        for yaml in ["combine: { weighted: { forest: 2 } }", "threshold: { fixed: 0.1 }", "budget: {}"] {
            let json = serde_json::to_string(&read(yaml)).unwrap();
            assert_eq!(serde_json::from_str::<HybridConfig>(&json).unwrap(), read(yaml));
        }
    }

    #[test]
    fn values_out_of_range_are_refused_by_key() {
        for (yaml, start) in [
            ("{ budget: {}, threshold: best_f1 }", "`threshold` is given beside `budget`: give either"),
            ("budget: { false_positive_rate: 1 }", "`budget.false_positive_rate` is 1: it must lie between"),
            ("budget: { confidence: 0 }", "`budget.confidence` is 0: it must lie between"),
            ("budget: { alerts_per_day: 0 }", "`budget.alerts_per_day` is 0: it must be above 0"),
            ("threshold: { groups: { share: 1.5 } }", "`threshold.groups.share` is 1.5: it must be above 0"),
            (
                "threshold: { groups: { false_positive_rate: 0 } }",
                "`threshold.groups.false_positive_rate` is 0: it must",
            ),
            ("threshold: { fixed: 1.0 }", "`threshold.fixed` is 1: it must be at least 0 and below 1"),
            ("combine: { weighted: { forest: -1, lstm: 1 } }", "`combine.weighted.forest` is -1: a weight must be"),
            ("combine: { weighted: { forest: 0, lstm: 0 } }", "`combine.weighted` is all 0: at least one"),
            ("combine: { weighted: {} }", "`combine.weighted` is empty: at least one"),
        ] {
            let error = read(yaml).check().unwrap_err().to_string();
            assert!(error.starts_with(start), "{error}");
            assert!(read(yaml).fit(&members(), &LABELS).is_err());
        }
    }

    #[test]
    fn weights_name_every_member_and_nobody_else() {
        let fit = |yaml: &str| read(yaml).fit(&members(), &LABELS);
        let hybrid = fit("combine: { weighted: { forest: 3, lstm: 1 } }").unwrap();
        assert_eq!(hybrid.combine_row(&[1.0, 0.0]), 0.75);
        let error = fit("combine: { weighted: { forest: 3, gru: 1 } }").unwrap_err().to_string();
        let expected = "`combine.weighted.gru` is 1: there is no such member, the members are forest, lstm";
        assert_eq!(error, expected);
        let error = fit("combine: { weighted: { forest: 3 } }").unwrap_err().to_string();
        assert!(error.starts_with("`combine.weighted.lstm` is missing"), "{error}");
        let huge = fit("combine: { weighted: { forest: 1.0e308, lstm: 1.0e308 } }").unwrap();
        assert_eq!(huge.combine_row(&[1.0, 0.0]), 0.5);
    }

    #[test]
    fn tuned_weights_lean_on_the_member_that_is_right() {
        let hybrid = read("combine: tuned_weights").fit(&members(), &LABELS).unwrap();
        assert_eq!(hybrid.combine_row(&[1.0, 0.0]), 1.0);
        // Members that say the same leave the weights equal.
        let twins = [members()[0].clone(), ScoreColumn { name: "twin".to_owned(), ..members()[0].clone() }];
        let hybrid = read("combine: tuned_weights").fit(&twins, &LABELS).unwrap();
        assert_eq!(hybrid.combine_row(&[1.0, 0.0]), 0.5);
    }

    #[test]
    fn what_learns_needs_both_classes_and_what_does_not_learns_nothing() {
        for combine in ["tuned_weights", "stacking"] {
            let error = read(&format!("combine: {combine}")).fit(&members(), &[Benign; 4]).unwrap_err();
            assert!(matches!(error, HybridError::OneClass { benign: 4, attacks: 0, .. }), "{error}");
        }
        assert!(read("combine: average").fit(&members(), &[Benign; 4]).is_ok());
        assert_eq!(read("combine: average").fit(&[], &[]).unwrap_err(), HybridError::NoMembers);
        assert!(matches!(read("combine: average").fit(&members(), &[Benign]), Err(HybridError::Lengths { .. })));
        let twice = [members()[0].clone(), members()[0].clone()];
        assert!(read("combine: average").fit(&twice, &LABELS).unwrap_err().to_string().contains("stands twice"));
    }

    #[test]
    fn each_member_gets_its_threshold_by_the_same_rule() {
        let config = read("threshold: best_f1");
        let choose = |config: &HybridConfig, member: &ScoreColumn| {
            let part = PartScores { scores: &member.p_attack, labels: &LABELS, copies: None };
            config.choose_threshold(&part, &part)
        };
        let found = members().map(|member| choose(&config, &member).unwrap().value);
        assert_eq!(found, [0.5, 0.05]);
        let few = choose(&read("{}"), &members()[0]).unwrap_err();
        assert!(few.to_string().contains("needs 299 benign rows"), "{few}");
    }

    #[test]
    fn surprise_asks_for_benign_rows_alone_and_for_members_that_there_are() {
        assert!(read("combine: surprise").fit(&members(), &[Benign; 4]).is_ok());
        assert_eq!(read("combine: surprise").fit(&members(), &[Attack; 4]).unwrap_err(), HybridError::NoBenign);
        let stranger = read("combine: { surprise_of: [gru] }").fit(&members(), &LABELS).unwrap_err().to_string();
        assert!(stranger.contains("gru") && stranger.contains("forest, lstm"), "{stranger}");
        assert!(read("combine: { surprise_of: [] }").check().is_err());
    }

    #[test]
    fn every_form_of_fusion_changes_the_result() {
        let weighted = "combine: { weighted: { forest: 3, lstm: 1 } }";
        let fused = ["combine: average", weighted, "combine: tuned_weights", "combine: stacking", "combine: surprise"];
        let forms = fused.into_iter().chain(["combine: { surprise_of: [lstm] }"]);
        let mut fused: Vec<Vec<u32>> = forms
            .map(|yaml| read(yaml).fit(&members(), &LABELS).unwrap().combine(&members()).unwrap())
            .map(|column| column.into_iter().map(f32::to_bits).collect())
            .collect();
        fused.sort();
        fused.dedup();
        assert_eq!(fused.len(), 6);
    }
}
