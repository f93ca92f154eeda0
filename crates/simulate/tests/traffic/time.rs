//! The rhythm of days, and attacks that unfold over all of the time.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;

use nta_simulate::{Family, Flow, Service};

use crate::TEN_SEEDS;

const HOUR: i64 = 3_600_000_000;

#[test]
fn flows_come_in_the_order_in_which_they_end_within_the_week() {
    // 2026-03-05 and -12, midnight UTC.
    let (first, last) = (1_772_668_800_000_000, 1_773_273_600_000_000);
    for flows in TEN_SEEDS.iter() {
        assert!(flows.is_sorted_by_key(Flow::end));
        assert!(flows.iter().all(|f| f.time >= first && f.end() < last));
    }
}

#[test]
fn hours_and_weekends_show() {
    for flows in TEN_SEEDS.iter() {
        let mut hours = [0usize; 24];
        let mut days = [0usize; 7];
        for flow in flows {
            hours[(flow.time / HOUR % 24) as usize] += 1;
            days[(flow.time / (24 * HOUR) - 20_517) as usize] += 1;
        }
        let morning = hours[10];
        assert!(morning > hours[12] * 6 / 5, "no lunch dip: {hours:?}");
        assert!(morning > hours[3] * 3, "no night: {hours:?}");
        assert!(hours[14] > hours[12] && hours[19] < hours[15], "no afternoon: {hours:?}");
        assert!((hours[3] as f64) > 0.01 * flows.len() as f64, "nobody backs up: {hours:?}");
        // Thursday first, so Saturday and Sunday are days 2 and 3.
        let (weekend, weekdays) = ((days[2] + days[3]) / 2, (days[0] + days[1] + days[4] + days[5] + days[6]) / 5);
        assert!(weekend * 3 < weekdays * 2, "no weekend: {days:?}");
    }
}

#[test]
fn attacks_are_the_share_that_was_asked_for() {
    for flows in TEN_SEEDS.iter() {
        assert!((115_000..125_000).contains(&flows.len()), "{} flows", flows.len());
        let share = flows.iter().filter(|f| f.family.is_some()).count() as f64 / flows.len() as f64;
        assert!((share - 0.04).abs() < 0.0005, "{share}");
    }
}

#[test]
fn every_stretch_of_the_traffic_holds_every_family() {
    for flows in TEN_SEEDS.iter() {
        let window = flows.len() * 75 / 1_000;
        let last = flows.len() - window;
        for from in (0..=20).map(|i| last * i / 20) {
            let mut found: BTreeMap<Family, usize> = BTreeMap::new();
            for family in flows[from..from + window].iter().filter_map(|f| f.family) {
                *found.entry(family).or_default() += 1;
            }
            assert_eq!(found.len(), Family::ALL.len(), "rows {from} to {}: {found:?}", from + window);
            assert!(found.values().sum::<usize>() > window / 50, "{found:?}");
        }
    }
}

#[test]
fn each_family_comes_from_many_hosts_and_most_of_them_do_their_own_work_too() {
    for flows in TEN_SEEDS.iter() {
        let mut benign: HashMap<Ipv4Addr, usize> = HashMap::new();
        let mut attackers: BTreeMap<Family, Vec<Ipv4Addr>> = BTreeMap::new();
        for flow in flows {
            match flow.family {
                None => *benign.entry(flow.src).or_default() += 1,
                Some(family) => attackers.entry(family).or_default().push(flow.src),
            }
        }
        for (family, mut hosts) in attackers {
            let shared = hosts.iter().filter(|h| benign.get(h).is_some_and(|&n| n >= 20)).count();
            assert!(shared * 10 > hosts.len() * 7, "{family:?}: {shared} of {} flows", hosts.len());
            hosts.sort_unstable();
            hosts.dedup();
            assert!(hosts.len() >= 9, "{family:?} comes from {} hosts", hosts.len());
        }
    }
}

/// For each attack flow, how many of its host's last eight flows were of the same family.
#[test]
fn attacks_come_in_trains_between_benign_flows() {
    for flows in TEN_SEEDS.iter() {
        let mut past: HashMap<Ipv4Addr, Vec<Option<Family>>> = HashMap::new();
        let (mut same, mut benign, mut seen) = (0, 0, 0);
        for flow in flows {
            let before = past.entry(flow.src).or_default();
            if flow.family.is_some() && before.len() >= 8 {
                let last = &before[before.len() - 8..];
                same += last.iter().filter(|&&f| f == flow.family).count();
                benign += usize::from(last.contains(&None));
                seen += 1;
            }
            before.push(flow.family);
        }
        let (same, benign) = (same as f64 / (8 * seen) as f64, benign as f64 / f64::from(seen));
        assert!((0.35..0.9).contains(&same), "{same} of the last flows are of the same attack");
        assert!(benign > 0.3, "{benign} of attack flows have a benign one shortly before");
    }
}

#[test]
fn implants_keep_time_and_people_do_not() {
    for flows in TEN_SEEDS.iter() {
        let steady = |wanted: &dyn Fn(&Flow) -> bool| {
            let mut starts: BTreeMap<(Ipv4Addr, Ipv4Addr), Vec<i64>> = BTreeMap::new();
            for flow in flows.iter().filter(|f| wanted(f)) {
                starts.entry((flow.src, flow.dst)).or_default().push(flow.time);
            }
            let mut spreads: Vec<f64> = Vec::new();
            for times in starts.values_mut().filter(|t| t.len() > 10) {
                times.sort_unstable();
                // Neither a report right behind a call nor a night between two campaigns is the beat.
                let beats = |gap: &f64| (5e6..1.2e9).contains(gap);
                let gaps: Vec<f64> = times.windows(2).map(|w| (w[1] - w[0]) as f64).filter(beats).collect();
                let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
                let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
                spreads.push(variance.sqrt() / mean);
            }
            spreads.sort_by(f64::total_cmp);
            spreads[spreads.len() / 2]
        };
        let implants = steady(&|f| f.family == Some(Family::Beaconing));
        let office = |f: &Flow| f.src.octets()[2] >= 80 && f.src.is_private();
        let people = steady(&|f| f.family.is_none() && office(f) && f.service == Service::Https);
        assert!(implants < 0.2 && people > 0.5, "spread of gaps: implants {implants}, people {people}");
    }
}
