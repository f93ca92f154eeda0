//! The whole evaluation of eight flows, counted by hand.

use nta_data::{Categories, Label};

use super::*;
use crate::{Budget, ChosenThreshold, ConfusionMatrix, PartScores, ThresholdRule};
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
fn the_evaluation_keeps_the_keys_that_other_tools_read() {
    let budget = ThresholdRule::Budget(Budget { false_positive_rate: 0.5, confidence: 0.9 });
    let evaluation = evaluate(budget, &LABELS, &[1, 1, 2, 1, 1, 2, 1, 3], None);
    let json: serde_json::Value = serde_json::to_value(&evaluation).unwrap();
    let places = [
        ("", "members promise probability baselines parts verdict digest"),
        ("/members", "forest lstm hybrid"),
        (
            "/members/forest",
            "roc_auc average_precision brier log_loss detection_rate_at_fpr_0_01 detection_rate_at_fpr_0_001 at_budget \
             at_half families unseen without_copies threshold promise undefined",
        ),
        (
            "/members/lstm/at_budget",
            "threshold accuracy precision recall f1 fpr fnr mcc balanced_accuracy confusion classes",
        ),
        ("/members/hybrid/at_half/confusion", "tn fp fn tp"),
        ("/baselines", "always_benign last_flow"),
        ("/promise", "budget confidence observed_fpr kept false_alarms benign_rows interval clustered"),
    ];
    for (place, keys) in places {
        let found = json.pointer(place).unwrap();
        assert!(keys.split(' ').all(|key| found.get(key).is_some()), "{place} of {found}");
    }
    let text = serde_json::to_string_pretty(&evaluation).unwrap();
    assert_eq!(serde_json::from_str::<Evaluation>(&text).unwrap(), evaluation);
}

#[test]
fn an_evaluation_with_keys_of_a_later_version_is_read_and_a_missing_metric_is_null() {
    let evaluation = evaluate(ThresholdRule::Fixed(0.25), &LABELS, &[], None);
    let mut json = serde_json::to_value(&evaluation).unwrap();
    json["a_later_key"] = 1.into();
    json["members"]["forest"]["a_later_metric"] = 0.5.into();
    json["members"]["lstm"]["at_budget"]["a_later_rate"] = serde_json::Value::Null;
    assert_eq!(serde_json::from_value::<Evaluation>(json.clone()).unwrap(), evaluation);
    json["members"]["hybrid"].as_object_mut().unwrap().remove("brier");
    let earlier: Evaluation = serde_json::from_value(json).unwrap();
    assert_eq!(earlier.hybrid().unwrap().brier, None);
}

/// Every number below `value`, under its path.
fn leaves(path: &str, value: &serde_json::Value, found: &mut Vec<(String, f64)>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        serde_json::Value::Object(map) => map.iter().for_each(|(key, value)| leaves(&below(key), value, found)),
        serde_json::Value::Number(number) => found.push((path.to_owned(), number.as_f64().unwrap())),
        serde_json::Value::Bool(flag) if path.ends_with("kept") => {
            found.push((path.to_owned(), f64::from(*flag as u8)))
        }
        _ => {}
    }
}

#[test]
fn every_number_of_the_evaluation_has_one_flat_name() {
    let budget = ThresholdRule::Budget(Budget { false_positive_rate: 0.5, confidence: 0.9 });
    let copies = [false, true, false, false, false, true, false, false];
    let evaluation = evaluate(budget, &LABELS, &[1, 1, 2, 1, 1, 2, 1, 3], Some(&copies));
    let flat: Vec<(String, f64)> = evaluation.numbers().collect();
    let mut found = Vec::new();
    leaves("", &serde_json::to_value(&evaluation).unwrap(), &mut found);
    // Classes are a list, which `leaves` does not enter; these have no name of their own.
    let apart = ["interval.", "clustered.", ".threshold.", "classes"];
    found.retain(|(path, _)| !apart.iter().any(|part| path.contains(part)));
    let expected: Vec<(String, f64)> = found
        .into_iter()
        .map(|(path, value)| {
            let path = path.replace("confusion.", "");
            let owned = path.strip_prefix("members.").or_else(|| path.strip_prefix("baselines."));
            (owned.map_or(path.clone(), |owned| owned.replacen('.', "/", 1)), value)
        })
        .collect();
    for (name, value) in &expected {
        // JSON holds thresholds as the shortest text of an f32, and here they are exact.
        assert!(flat.contains(&(name.clone(), *value)), "{name} = {value} is not among {flat:?}");
    }
    assert_eq!(flat.len(), expected.len());
    assert!(flat.contains(&("hybrid/roc_auc".to_owned(), evaluation.hybrid().unwrap().roc_auc.unwrap())));
    assert!(flat.contains(&("promise.kept".to_owned(), 1.0)));
}

#[test]
fn a_members_value_is_found_by_its_name() {
    let evaluation = evaluate(ThresholdRule::Fixed(0.25), &LABELS, &[], None);
    let forest = evaluation.members.get("forest").unwrap();
    assert_eq!((forest.value("roc_auc"), forest.value("recall")), (forest.roc_auc, Some(0.75)));
    assert_eq!((forest.value("unseen.flows"), forest.value("no_such_metric")), (Some(2.0), None));
    let names: Vec<&str> = evaluation.without_hybrid().map(|(name, _)| name).collect();
    assert_eq!(names, ["forest", "lstm"]);
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
    assert!(promise.describe().starts_with("FPR ≤ 50.0 %, observed 0.0 % [0.0, 60.2]: kept"), "{}", promise.describe());
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
