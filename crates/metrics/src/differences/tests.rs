use super::*;
use crate::{ConfusionMatrix, Ranking};

/// Every fourth row is an attack; scores of attacks lie `lift` higher.
fn rows(n: u32, lift: f32) -> (Vec<Label>, Vec<f32>, Vec<bool>) {
    let labels: Vec<Label> = (0..n).map(|i| if i % 4 == 0 { Label::Attack } else { Label::Benign }).collect();
    let noise = |i: u32| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32;
    let score = |i: u32| noise(i).mul_add(0.5, if i.is_multiple_of(4) { lift } else { 0.0 });
    // Rounded, so that scores tie.
    let scores: Vec<f32> = (0..n).map(|i| (score(i) * 50.0).round() / 50.0).collect();
    let flags = scores.iter().map(|score| *score > 0.4).collect();
    (labels, scores, flags)
}

#[test]
fn a_difference_is_that_of_the_metrics_themselves() {
    let (labels, scores, flags) = rows(2_000, 0.3);
    let (_, worse, few) = rows(2_000, 0.1);
    let ours = vec![ScoredRows { scores: &scores, flags: Some(&flags) }];
    let baseline = vec![ScoredRows { scores: &worse, flags: Some(&few) }];
    let found = differences(&[ComparedRows { labels: &labels, ours, baseline }], 7).unwrap();
    assert_eq!(found.iter().map(|d| d.metric).collect::<Vec<_>>(), COMPARED);
    let ranking = |scores: &[f32]| Ranking::new(scores, &labels).unwrap();
    let counts = |scores: &[f32]| ConfusionMatrix::at_threshold(&labels, scores, 0.4).unwrap();
    let less = |metric: fn(&ConfusionMatrix) -> Option<f64>| {
        metric(&counts(&scores)).unwrap() - metric(&counts(&worse)).unwrap()
    };
    let expected = [
        ranking(&scores).average_precision().unwrap() - ranking(&worse).average_precision().unwrap(),
        ranking(&scores).roc_auc().unwrap() - ranking(&worse).roc_auc().unwrap(),
        less(ConfusionMatrix::precision),
        less(ConfusionMatrix::recall),
        less(ConfusionMatrix::f1),
        less(ConfusionMatrix::fpr),
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert!((found.difference - expected).abs() < 1e-9, "{}: {} {expected}", found.metric, found.difference);
        assert!(found.interval.unwrap().contains(expected), "{found:?}");
    }
    let better = found[0].interval.unwrap();
    assert!(better.low > 0.0, "{better:?}");
}

#[test]
fn a_model_against_itself_differs_by_nothing_and_few_rows_have_no_interval() {
    let (labels, scores, _) = rows(1_000, 0.2);
    let same = ScoredRows { scores: &scores, flags: None };
    let table = ComparedRows { labels: &labels, ours: vec![same, same], baseline: vec![same] };
    for found in differences(&[table], 7).unwrap() {
        assert_eq!((found.difference, found.interval.map(|i| (i.low, i.high))), (0.0, Some((0.0, 0.0))), "{found:?}");
    }
    let few = ScoredRows { scores: &scores[..10], flags: None };
    let table = ComparedRows { labels: &labels[..10], ours: vec![few], baseline: vec![few] };
    assert!(differences(&[table], 7).unwrap().iter().all(|found| found.interval.is_none()));
    assert!(differences(&[], 7).unwrap().is_empty());
}

#[test]
fn an_interval_holds_the_truth_about_as_often_as_it_says() {
    // Two models of known recall on independent rows: 0.6 against 0.5, so the difference is 0.1.
    let mut held = 0;
    for trial in 0..100u64 {
        let mut random = rng(trial, Purpose::Simulation, 0, 0);
        let mut uniform = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let n = 400;
        let labels: Vec<Label> = (0..n).map(|i| if i % 2 == 0 { Label::Attack } else { Label::Benign }).collect();
        let flags = |rate: f64, uniform: &mut dyn FnMut() -> f64| -> Vec<bool> {
            labels.iter().map(|label| uniform() < if label.is_attack() { rate } else { 0.1 }).collect()
        };
        let (ours, theirs) = (flags(0.6, &mut uniform), flags(0.5, &mut uniform));
        let score = |flags: &[bool]| -> Vec<f32> { flags.iter().map(|flag| f32::from(u8::from(*flag))).collect() };
        let (a, b) = (score(&ours), score(&theirs));
        let table = ComparedRows {
            labels: &labels,
            ours: vec![ScoredRows { scores: &a, flags: Some(&ours) }],
            baseline: vec![ScoredRows { scores: &b, flags: Some(&theirs) }],
        };
        let found = differences(&[table], trial).unwrap();
        let recall = found.iter().find(|found| found.metric == "recall").unwrap();
        held += u32::from(recall.interval.unwrap().contains(0.1));
    }
    // 95 expected, of 100; four standard deviations are nine.
    assert!((86..=100).contains(&held), "{held}");
}
