//! Labels, scores and frozen thresholds become an [`Evaluation`].

use nta_data::{Categories, HYBRID, Label};

use crate::error::{MetricsError, all_scores, same_length};
use crate::families::by_family;
use crate::verdict::verdict;
use crate::{
    Baseline, ChosenThreshold, ConfusionMatrix, Evaluation, INTERVAL_CONFIDENCE, MemberEvaluation, Named,
    OperatingPoint, PartSize, ProbabilityQuality, Promise, Ranking, ThresholdRule, WithoutCopies, brier,
    clopper_pearson, clustered_fpr, last_flow_baseline, log_loss,
};

const HALF: f32 = 0.5;

/// What the frozen model said about the test part, and the truth. Rows stand in arrival order.
#[derive(Clone, Copy)]
pub struct JudgeInput<'a> {
    /// Truth, `(n_rows)`.
    pub labels: &'a [Label],
    /// Attack families, `(n_rows)`, where the data names them.
    pub families: Option<&'a Categories>,
    /// Whether the training part holds attacks of this family.
    pub seen_in_training: &'a dyn Fn(&str) -> bool,
    /// Members in the model's order, then [`HYBRID`].
    pub members: &'a [JudgedMember<'a>],
    /// Whose sequence each row belongs to, `(n_rows)`; empty for data without order.
    pub entity: &'a [u64],
    /// Whose flow each row is, `(n_rows)`: the same for all rows of a host, also where `entity` tells segments apart;
    /// empty for data without order. Rows of different hosts are taken as independent.
    pub host: &'a [u64],
    /// Whether a row's exact copy stands in train, `(n_rows)`, where that is asked.
    pub copies: Option<&'a [bool]>,
    /// Sizes of the parts, as the report shows them.
    pub parts: &'a Named<PartSize>,
    /// The probability reported for each row, `(n_rows)`, where there is one.
    pub probability: Option<&'a [f32]>,
    /// Digest of the model.
    pub digest: &'a str,
}

/// One member's scores and flags on the test part.
#[derive(Debug, Clone, Copy)]
pub struct JudgedMember<'a> {
    /// `forest`, `lstm`, …, `hybrid`.
    pub name: &'a str,
    /// Probability of attack, `(n_rows)`.
    pub scores: &'a [f32],
    /// The threshold, chosen before the test part was opened.
    pub threshold: &'a ChosenThreshold,
    /// Whether the scorer flagged the row, `(n_rows)`; must equal `score > threshold`.
    pub flags: &'a [bool],
}

/// Measures everything. Refuses columns of different lengths, scores that are no probabilities, and flags that their
/// scores deny.
pub fn judge(input: &JudgeInput<'_>) -> Result<Evaluation, MetricsError> {
    check(input)?;
    let mut members = Named::new();
    for member in input.members {
        members.put(member.name, judge_member(input, member)?);
    }
    let promise = members.get(HYBRID).and_then(|m: &MemberEvaluation| m.promise.clone());
    let mut undefined = Named::new();
    if promise.is_none() {
        undefined.put("promise", no_promise(members.get(HYBRID)));
    }
    if input.probability.is_none() {
        undefined.put("probability", "the model reports none".to_owned());
    }
    if input.entity.is_empty() {
        undefined.put("baselines.last_flow", "flows belong to no entity, or have no order".to_owned());
    }
    Ok(Evaluation {
        verdict: verdict(&members, HYBRID),
        members,
        promise,
        probability: input.probability.map(|p| probability(p, input.labels)).transpose()?,
        baselines: baselines(input)?,
        parts: input.parts.clone(),
        undefined,
        digest: input.digest.to_owned(),
    })
}

fn probability(probability: &[f32], labels: &[Label]) -> Result<ProbabilityQuality, MetricsError> {
    Ok(ProbabilityQuality { brier: brier(probability, labels)?, log_loss: log_loss(probability, labels)? })
}

fn no_promise(hybrid: Option<&MemberEvaluation>) -> String {
    match hybrid {
        None => "there is no hybrid".to_owned(),
        Some(hybrid) => format!("the threshold was chosen without a budget: {}", hybrid.threshold.rule.describe()),
    }
}

fn check(input: &JudgeInput<'_>) -> Result<(), MetricsError> {
    let n = input.labels.len();
    if input.members.is_empty() {
        return Err(MetricsError::NoMembers);
    }
    if let Some(families) = input.families {
        same_length("the family column", n, families.codes.len())?;
    }
    if let Some(copies) = input.copies {
        same_length("the copies column", n, copies.len())?;
    }
    if !input.entity.is_empty() {
        same_length("the entity column", n, input.entity.len())?;
        same_length("the host column", n, input.host.len())?;
    }
    for member in input.members {
        same_length(&format!("{}'s scores column", member.name), n, member.scores.len())?;
        same_length(&format!("{}'s flags column", member.name), n, member.flags.len())?;
        all_scores(&format!("{}:", member.name), member.scores)?;
        let denied = member.scores.iter().zip(member.flags).position(|(s, f)| member.threshold.flags(*s) != *f);
        if let Some(row) = denied {
            let (score, flag) = (member.scores[row], member.flags[row]);
            let (member, threshold) = (member.name.to_owned(), member.threshold.value);
            return Err(MetricsError::FlagDiffers { member, row, score, threshold, flag });
        }
    }
    Ok(())
}

fn judge_member(input: &JudgeInput<'_>, member: &JudgedMember<'_>) -> Result<MemberEvaluation, MetricsError> {
    let ranking = Ranking::new(member.scores, input.labels)?;
    let confusion = ConfusionMatrix::count(input.labels, member.flags)?;
    let at_half = ConfusionMatrix::at_threshold(input.labels, member.scores, HALF)?;
    let (families, unseen) = by_family(input, member, HALF);
    let mut evaluation = MemberEvaluation {
        roc_auc: ranking.roc_auc(),
        average_precision: ranking.average_precision(),
        brier: brier(member.scores, input.labels)?,
        log_loss: log_loss(member.scores, input.labels)?,
        detection_rate_at_fpr_0_01: ranking.detection_rate_at_fpr(0.01),
        detection_rate_at_fpr_0_001: ranking.detection_rate_at_fpr(0.001),
        at_budget: OperatingPoint::of(confusion, Some(member.threshold.value)),
        at_half: OperatingPoint::of(at_half, Some(HALF)),
        families,
        unseen,
        without_copies: input.copies.map(|copies| without_copies(input.labels, member, copies)).transpose()?,
        threshold: member.threshold.clone(),
        promise: promise(input, member, &confusion)?,
        undefined: Named::new(),
    };
    evaluation.undefined = undefined(&evaluation, &ranking);
    Ok(evaluation)
}

fn undefined(member: &MemberEvaluation, ranking: &Ranking) -> Named<String> {
    let no_class = match (ranking.benign(), ranking.attacks()) {
        (0, 0) => "there is no flow",
        (0, _) => "there is no benign flow",
        _ => "there is no attack",
    };
    let values = [
        ("roc_auc", member.roc_auc),
        ("average_precision", member.average_precision),
        ("brier", member.brier),
        ("log_loss", member.log_loss),
        ("detection_rate_at_fpr_0_01", member.detection_rate_at_fpr_0_01),
        ("detection_rate_at_fpr_0_001", member.detection_rate_at_fpr_0_001),
    ];
    let mut reasons: Named<String> =
        values.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| (*name, no_class.to_owned())).collect();
    if member.unseen.flows == 0 {
        for name in ["unseen.recall_at_budget", "unseen.recall_at_half"] {
            reasons.put(name, "the test part holds no named family that is absent from training".to_owned());
        }
    }
    if member.promise.is_none() {
        reasons.put("promise", no_promise(Some(member)));
    }
    if member.without_copies.is_none() {
        reasons.put("without_copies", "copies of training rows were not looked for".to_owned());
    }
    reasons
}

fn promise(
    input: &JudgeInput<'_>,
    member: &JudgedMember<'_>,
    confusion: &ConfusionMatrix,
) -> Result<Option<Promise>, MetricsError> {
    let ThresholdRule::Budget(budget) = member.threshold.rule else { return Ok(None) };
    Ok(Some(Promise {
        budget: budget.false_positive_rate,
        confidence: budget.confidence,
        observed_fpr: confusion.fpr(),
        kept: confusion.fpr().map(|observed| observed <= budget.false_positive_rate),
        false_alarms: confusion.fp,
        benign_rows: confusion.benign(),
        interval: clopper_pearson(confusion.fp, confusion.benign(), INTERVAL_CONFIDENCE),
        clustered: clustered_fpr(input.labels, member.flags, input.host)?,
    }))
}

fn without_copies(labels: &[Label], member: &JudgedMember<'_>, copies: &[bool]) -> Result<WithoutCopies, MetricsError> {
    let fresh = labels.iter().zip(member.scores).zip(copies).filter(|(_, copy)| !**copy);
    let (labels, scores): (Vec<Label>, Vec<f32>) = fresh.map(|((label, score), _)| (*label, *score)).unzip();
    let ranking = Ranking::new(&scores, &labels)?;
    let at = |threshold: f32| {
        ConfusionMatrix::at_threshold(&labels, &scores, threshold).map(|m| OperatingPoint::of(m, Some(threshold)))
    };
    Ok(WithoutCopies {
        copies: copies.iter().filter(|copy| **copy).count() as u64,
        roc_auc: ranking.roc_auc(),
        average_precision: ranking.average_precision(),
        detection_rate_at_fpr_0_01: ranking.detection_rate_at_fpr(0.01),
        at_budget: at(member.threshold.value)?,
        at_half: at(HALF)?,
    })
}

fn baselines(input: &JudgeInput<'_>) -> Result<Named<Baseline>, MetricsError> {
    let mut named = Named::new();
    let never = vec![false; input.labels.len()];
    named.put("always_benign", baseline("no flow is an attack", input.labels, &never)?);
    if !input.entity.is_empty() {
        let flags = last_flow_baseline(input.labels, input.entity)?;
        let rule = "same as the true label of the entity's last flow, which no detector knows; a first flow is benign";
        named.put("last_flow", baseline(rule, input.labels, &flags)?);
    }
    Ok(named)
}

fn baseline(rule: &str, labels: &[Label], flags: &[bool]) -> Result<Baseline, MetricsError> {
    let scores: Vec<f32> = flags.iter().map(|&flag| f32::from(u8::from(flag))).collect();
    Ok(Baseline {
        rule: rule.to_owned(),
        average_precision: Ranking::new(&scores, labels)?.average_precision(),
        answers: OperatingPoint::of(ConfusionMatrix::count(labels, flags)?, None),
    })
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, FamilyRecall, PartScores, UnseenFamilies};
    use Label::{Attack as A, Benign as B};

    const LABELS: [Label; 8] = [B, A, B, A, A, B, A, B];
    const FOREST: [f32; 8] = [0.125, 0.875, 0.25, 0.375, 0.75, 0.625, 0.125, 0.0];
    const LSTM: [f32; 8] = [0.25, 0.625, 0.125, 0.75, 0.25, 0.5, 0.875, 0.0];
    const FUSED: [f32; 8] = [0.1875, 0.75, 0.1875, 0.5625, 0.5, 0.5625, 0.5, 0.0];

    fn families() -> Categories {
        let names = ["normal", "neptune", "normal", "mscan", "mscan", "normal", "neptune", "normal"];
        Categories::from_texts(names.map(Some))
    }

    fn threshold(rule: ThresholdRule, scores: &[f32], labels: &[Label]) -> ChosenThreshold {
        let part = PartScores { scores, labels, copies: None };
        rule.choose(&part, &part).unwrap()
    }

    fn flags(scores: &[f32], threshold: &ChosenThreshold) -> Vec<bool> {
        scores.iter().map(|s| threshold.flags(*s)).collect()
    }

    fn evaluate(rule: ThresholdRule, labels: &[Label], entity: &[u64], copies: Option<&[bool]>) -> Evaluation {
        evaluate_hosts(rule, labels, entity, entity, copies)
    }

    fn evaluate_hosts(
        rule: ThresholdRule,
        labels: &[Label],
        entity: &[u64],
        host: &[u64],
        copies: Option<&[bool]>,
    ) -> Evaluation {
        let named: Vec<(&str, &[f32], ChosenThreshold)> = [("forest", &FOREST), ("lstm", &LSTM), (HYBRID, &FUSED)]
            .map(|(name, scores)| (name, &scores[..], threshold(rule, scores, labels)))
            .into();
        let flagged: Vec<Vec<bool>> = named.iter().map(|(_, scores, t)| flags(scores, t)).collect();
        let members: Vec<JudgedMember<'_>> = named
            .iter()
            .zip(&flagged)
            .map(|((name, scores, threshold), flags)| JudgedMember { name, scores, threshold, flags })
            .collect();
        let parts = [("test", PartSize { rows: 8, benign: 4, attacks: 4 })].into_iter().collect();
        let families = families();
        let input = JudgeInput {
            labels,
            families: Some(&families),
            seen_in_training: &|family| family == "neptune",
            members: &members,
            entity,
            host,
            copies,
            parts: &parts,
            probability: Some(FOREST.as_slice()),
            digest: "d1",
        };
        judge(&input).unwrap()
    }

    #[test]
    fn the_evaluation_has_the_keys_of_the_plan() {
        let budget = ThresholdRule::Budget(Budget { false_positive_rate: 0.5, confidence: 0.9 });
        let evaluation = evaluate(budget, &LABELS, &[1, 1, 2, 1, 1, 2, 1, 3], None);
        let json: serde_json::Value = serde_json::to_value(&evaluation).unwrap();
        let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(keys(&json), "members promise probability baselines parts verdict digest");
        assert_eq!(keys(&json["members"]), "forest lstm hybrid");
        assert_eq!(
            keys(&json["members"]["forest"]),
            "roc_auc average_precision brier log_loss detection_rate_at_fpr_0_01 detection_rate_at_fpr_0_001 at_budget \
             at_half families unseen without_copies threshold promise undefined"
        );
        assert_eq!(
            keys(&json["members"]["lstm"]["at_budget"]),
            "threshold accuracy precision recall f1 fpr fnr mcc balanced_accuracy confusion classes"
        );
        assert_eq!(keys(&json["members"]["hybrid"]["at_half"]["confusion"]), "tn fp fn tp");
        assert_eq!(keys(&json["baselines"]), "always_benign last_flow");
        assert_eq!(
            keys(&json["promise"]),
            "budget confidence observed_fpr kept false_alarms benign_rows interval clustered"
        );
        let text = serde_json::to_string_pretty(&evaluation).unwrap();
        assert_eq!(serde_json::from_str::<Evaluation>(&text).unwrap(), evaluation);
    }

    #[test]
    fn numbers_are_those_counted_by_hand() {
        let evaluation = evaluate(ThresholdRule::Fixed(0.25), &LABELS, &[], None);
        let forest = evaluation.members.get("forest").unwrap();
        // Above 0.25: attacks .875 .375 .75, benign .625; above 0.5: attacks .875 .75, benign .625.
        assert_eq!(forest.at_budget.confusion, ConfusionMatrix { tn: 3, fp: 1, fn_: 1, tp: 3 });
        assert_eq!(forest.at_half.confusion, ConfusionMatrix { tn: 3, fp: 1, fn_: 2, tp: 2 });
        assert_eq!(forest.detection_rate_at_fpr_0_01, Some(0.5));
        let mscan = forest.families.get("mscan").unwrap();
        let expected = FamilyRecall { flows: 2, recall_at_budget: 1.0, recall_at_half: 0.5, seen_in_training: false };
        assert_eq!(*mscan, expected);
        assert_eq!(forest.families.get("neptune").unwrap().recall_at_budget, 0.5);
        // Equal numbers of flows: by name. Benign texts are no family.
        let names: Vec<&str> = forest.families.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["mscan", "neptune"]);
        let expected = UnseenFamilies { families: 1, flows: 2, recall_at_budget: Some(1.0), recall_at_half: Some(0.5) };
        assert_eq!(forest.unseen, expected);
        assert!(evaluation.promise.is_none() && evaluation.baselines.get("last_flow").is_none());
        assert!(evaluation.undefined.get("promise").unwrap().ends_with("fixed at 0.25"));
    }

    #[test]
    fn a_promise_says_what_was_observed() {
        let budget = ThresholdRule::Budget(Budget { false_positive_rate: 0.5, confidence: 0.9 });
        let evaluation = evaluate(budget, &LABELS, &[1, 1, 2, 1, 1, 2, 1, 3], None);
        let promise = evaluation.promise.unwrap();
        // Of 4 benign rows none may lie above: P[Binomial(4, 0.5) <= 0] = 0.0625, <= 1 is 0.3125.
        assert_eq!((promise.observed_fpr, promise.kept, promise.benign_rows), (Some(0.0), Some(true), 4));
        assert_eq!(promise.clustered.as_ref().unwrap().entities, 3);
        assert!(
            promise.describe().starts_with("FPR ≤ 50.0 %, observed 0.0 % [0.0, 60.2]: kept"),
            "{}",
            promise.describe()
        );
        let late = Promise { observed_fpr: Some(0.6), kept: Some(false), ..promise };
        assert!(late.describe().ends_with("missed, though within sampling error"));
    }

    #[test]
    fn what_is_undefined_is_null_with_a_reason() {
        let evaluation = evaluate(ThresholdRule::Fixed(0.875), &[B; 8], &[], None);
        let forest = evaluation.members.get("forest").unwrap();
        assert_eq!((forest.roc_auc, forest.average_precision, forest.at_budget.recall), (None, None, None));
        assert_eq!(forest.undefined.get("roc_auc").unwrap(), "there is no attack");
        assert_eq!(forest.at_budget.undefined.get("precision").unwrap(), "nothing was flagged");
        assert!(forest.undefined.get("unseen.recall_at_half").is_some() && forest.families.is_empty());
        let json = serde_json::to_value(&evaluation).unwrap();
        assert!(json["members"]["forest"]["at_budget"]["precision"].is_null());
        assert!(json["promise"].is_null());
        assert_eq!(evaluation.verdict, "The test part has no attack: nothing can be said about the hybrid.");
        // Every null has its reason beside it, and nothing else has.
        for member in ["forest", "lstm", "hybrid"] {
            for point in ["at_budget", "at_half"] {
                let point = &json["members"][member][point];
                for (key, value) in point.as_object().unwrap() {
                    assert_eq!(value.is_null(), point["undefined"].get(key).is_some(), "{member} {key}");
                }
            }
        }
    }

    #[test]
    fn copies_of_training_rows_can_be_left_out() {
        let copies = [false, true, false, false, false, true, false, false];
        let evaluation = evaluate(ThresholdRule::Fixed(0.25), &LABELS, &[], Some(&copies));
        let without = evaluation.members.get("forest").unwrap().without_copies.as_ref().unwrap();
        assert_eq!(without.copies, 2);
        assert_eq!(without.at_budget.confusion, ConfusionMatrix { tn: 3, fp: 0, fn_: 1, tp: 2 });
        assert_eq!(without.detection_rate_at_fpr_0_01, Some(2.0 / 3.0));
    }

    #[test]
    fn a_host_in_two_segments_is_one_host() {
        let budget = ThresholdRule::Budget(Budget { false_positive_rate: 0.5, confidence: 0.9 });
        let segments = [1, 1, 2, 1, 11, 12, 11, 13];
        let hosts = [1, 1, 2, 1, 1, 2, 1, 3];
        let found = evaluate_hosts(budget, &LABELS, &segments, &hosts, None);
        let clustered = found.promise.and_then(|promise| promise.clustered).unwrap();
        // Benign rows are the 1st, 3rd, 6th and 8th: of hosts 1, 2, 2 and 3.
        assert_eq!(clustered.entities, 3);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let chosen = threshold(ThresholdRule::Fixed(0.25), &FOREST, &LABELS);
        let mut flagged = flags(&FOREST, &chosen);
        let parts = Named::new();
        let refused = |flags: &[bool], entity: &[u64]| {
            let members = [JudgedMember { name: "forest", scores: &FOREST, threshold: &chosen, flags }];
            let (families, copies, probability, digest) = (None, None, None, "");
            let seen_in_training: &dyn Fn(&str) -> bool = &|_| true;
            let parts = &parts;
            let labels = &LABELS;
            let members = &members;
            let host = entity;
            let input = JudgeInput {
                labels,
                families,
                seen_in_training,
                members,
                entity,
                host,
                copies,
                parts,
                probability,
                digest,
            };
            judge(&input).map(|e| e.verdict).map_err(|e| e.to_string())
        };
        assert_eq!(refused(&flagged, &[]).unwrap(), "There is no hybrid to compare.");
        assert_eq!(refused(&flagged, &[1]).unwrap_err(), "the entity column has 1 rows where the labels have 8");
        flagged[3] = false;
        let expected = "forest: row 3 has the score 0.375 and the threshold 0.25, but its flag is false";
        assert_eq!(refused(&flagged, &[]).unwrap_err(), expected);
    }
}
