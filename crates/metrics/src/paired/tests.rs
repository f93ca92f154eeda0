use nta_data::{Purpose, rng};
use rand_core::RngCore;

use super::*;

/// `n_rows` of `hosts` hosts in turn, every fifth row an attack. `skill` of host and model, in [0, 1], is the chance that an
/// attack scores high.
fn rows(hosts: u64, n_rows: u64, seed: u64, skill: [f64; 2]) -> (Vec<Label>, Vec<u64>, [Vec<f32>; 2]) {
    let mut random = rng(seed, Purpose::Shuffle, 0, 0);
    let mut uniform = || (random.next_u64() >> 40) as f64 / (1u64 << 24) as f64;
    let host: Vec<u64> = (0..n_rows).map(|i| i % hosts).collect();
    let labels: Vec<Label> =
        (0..n_rows).map(|i| if (i / hosts).is_multiple_of(5) { Label::Attack } else { Label::Benign }).collect();
    // A host is easy or hard for each model as a whole.
    let of_host: Vec<[bool; 2]> = (0..hosts).map(|_| skill.map(|skill| uniform() < skill)).collect();
    let mut scores = [Vec::new(), Vec::new()];
    for (label, host) in labels.iter().zip(&host) {
        for (model, column) in scores.iter_mut().enumerate() {
            let high = label.is_attack() && of_host[*host as usize][model];
            column.push(if high { 0.9 } else { 0.8 * uniform() } as f32);
        }
    }
    (labels, host, scores)
}

fn compared(rows: &(Vec<Label>, Vec<u64>, [Vec<f32>; 2]), by_host: bool) -> Paired {
    let (labels, host, [champion, challenger]) = rows;
    let host: &[u64] = if by_host { host } else { &[] };
    let input = PairedInput {
        labels,
        families: None,
        host,
        champion,
        challenger,
        false_positive_rate: 0.01,
        alpha: 0.05,
        seed: 1,
    };
    compare_paired(&input).unwrap()
}

#[test]
fn a_model_against_itself_gains_nothing() {
    let (labels, host, [one, _]) = rows(20, 4_000, 1, [0.6, 0.6]);
    let found = compared(&(labels, host, [one.clone(), one]), true);
    assert_eq!((found.gain, found.interval), (0.0, Some((0.0, 0.0))));
    assert_eq!((found.mcnemar.challenger_alone, found.mcnemar.mid_p), (0, 0.5));
    assert_eq!(found.champion, found.challenger);
    assert!(found.champion.false_alarms as f64 <= 0.01 * found.benign as f64);
    assert_eq!((found.units.by, found.units.n), (UnitKind::Hosts, 20));
}

#[test]
fn the_common_rate_is_met_as_closely_as_ties_let() {
    let labels = [vec![Label::Benign; 100], vec![Label::Attack; 4]].concat();
    // The three highest benign scores are tied: a rate of 2 % flags none of them.
    let mut scores: Vec<f32> = (0..100).map(|i| i.min(97) as f32 / 100.0).collect();
    scores.extend([0.5, 0.96, 0.97, 0.98]);
    let ordered = Ordered::new(&scores, &labels, &[0; 104]);
    let at = ordered.at_rate(0.02, &[1]);
    assert_eq!((at.threshold, at.false_alarms, at.detected), (0.97, 0, 1));
    let at = ordered.at_rate(0.03, &[2]);
    assert_eq!((at.threshold, at.false_alarms, at.detected), (0.96, 6, 4));
}

/// Two models equally skilled on hosts drawn anew each time: either end of the interval misses 0 in a share `alpha` of the
/// trials at most, though rows of one host stand or fall together.
#[test]
fn equal_models_are_told_apart_no_more_often_than_alpha() {
    let trials = 200;
    let mut wrong = [0, 0];
    for seed in 0..trials {
        let rows = rows(24, 2_400, seed, [0.6, 0.6]);
        let (low, high) = compared(&rows, true).interval.unwrap();
        wrong = [wrong[0] + i32::from(low > 0.0), wrong[1] + i32::from(high < 0.0)];
    }
    // 5 % of 200, and three standard deviations (3.1) more by chance.
    assert!(wrong.iter().all(|n| *n <= 19), "{wrong:?} of {trials}");
}

#[test]
fn a_better_model_is_found_better_and_few_hosts_give_way_to_stretches() {
    let better = rows(40, 8_000, 3, [0.3, 0.9]);
    let found = compared(&better, true);
    assert!(found.gain > 0.3 && found.interval.unwrap().0 > 0.1 && found.mcnemar.mid_p < 1e-6, "{found:?}");
    let lone = rows(1, 8_000, 3, [1.0, 1.0]);
    assert_eq!(compared(&lone, true).units.by, UnitKind::Stretches);
    assert_eq!(compared(&lone, false).units.by, UnitKind::Stretches);
}

#[test]
fn the_rule_asks_for_gain_beyond_chance_and_lets_no_family_fall() {
    let rule = PromotionRule { alpha: 0.05, minimum_gain: 0.02, old_test_margin: 0.05, family_margin: 0.1 };
    let passed = |fresh: &Paired, old: Option<&Paired>| {
        let checks = rule.checks(fresh, old);
        checks.iter().filter(|checked| !checked.passed).map(|checked| checked.check.clone()).collect::<Vec<_>>()
    };
    let good = compared(&rows(40, 8_000, 3, [0.3, 0.9]), true);
    assert_eq!(passed(&good, Some(&good)), []);
    let worse = compared(&rows(40, 8_000, 3, [0.9, 0.3]), true);
    assert_eq!(passed(&worse, None), [Check::Gain, Check::McNemar]);
    assert_eq!(passed(&good, Some(&worse)), [Check::OldTest]);
    let mut fallen = good.clone();
    fallen.families.put("scan", FamilyPair { flows: 20, champion: 0.9, challenger: 0.75 });
    fallen.families.put("flood", FamilyPair { flows: 19, champion: 1.0, challenger: 0.0 });
    assert_eq!(passed(&fallen, None), [Check::FreshFamily("scan".to_owned())]);
}

#[test]
fn one_class_is_refused() {
    let labels = [Label::Benign; 3];
    let scores = [0.1; 3];
    let input = PairedInput {
        labels: &labels,
        families: None,
        host: &[],
        champion: &scores,
        challenger: &scores,
        false_positive_rate: 0.01,
        alpha: 0.05,
        seed: 1,
    };
    assert!(compare_paired(&input).unwrap_err().to_string().contains("3 benign rows and 0 attacks"));
}
