//! Every key does something; the same seed gives the same flows, another seed none of them.

use std::collections::{BTreeSet, HashSet};
use std::time::Instant;

use nta_data::{Quiet, Watch};
use nta_simulate::{Family, Flow, SimulateConfig, SimulateError};

use crate::{TEN_SEEDS, traffic};

fn small() -> SimulateConfig {
    SimulateConfig { flows: 6_000, days: 2, hosts: 20, ..SimulateConfig::default() }
}

#[test]
fn the_same_seed_gives_the_same_flows_for_any_number_of_threads() {
    let flows = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| traffic(&SimulateConfig::default(), 1))
    };
    assert_eq!(flows(1), TEN_SEEDS[0]);
    assert_eq!(flows(3), TEN_SEEDS[0]);
}

#[test]
fn no_two_seeds_share_a_flow() {
    let mut seen = HashSet::new();
    for flows in TEN_SEEDS.iter() {
        let own: HashSet<_> =
            flows.iter().map(|f| (f.time, f.duration, f.src_bytes, f.dst_bytes, f.dst_port)).collect();
        assert!(own.iter().all(|flow| seen.insert(*flow)));
    }
}

#[test]
fn flows_days_hosts_share_start_and_families_all_count() {
    let base = traffic(&small(), 1);
    assert!((5_400..6_600).contains(&base.len()), "{}", base.len());
    let more = traffic(&SimulateConfig { flows: 24_000, ..small() }, 1);
    assert!((22_500..25_500).contains(&more.len()), "{}", more.len());
    let longer = traffic(&SimulateConfig { days: 5, ..small() }, 1);
    let last = |flows: &[Flow]| flows.last().unwrap().end();
    let days = (last(&longer) - last(&base)) as f64 / 86_400e6;
    assert!((days - 3.0).abs() < 0.1, "{days}");
    let inside = |flows: &[Flow]| flows.iter().map(|f| f.src).filter(|a| a.is_private()).collect::<BTreeSet<_>>().len();
    assert_eq!(inside(&base), 20);
    assert!(inside(&traffic(&SimulateConfig { hosts: 40, ..small() }, 1)) > 36);
    let later = traffic(&SimulateConfig { start: "2026-03-06".to_owned(), ..small() }, 1);
    assert_eq!((later[0].time - base[0].time + 43_200_000_000) / 86_400_000_000, 1);
    let attacks = |flows: &[Flow]| flows.iter().filter(|f| f.family.is_some()).count();
    let many = traffic(&SimulateConfig { attack_share: 0.2, ..small() }, 1);
    assert!((attacks(&many) as f64 / many.len() as f64 - 0.2).abs() < 0.001);
    let none = traffic(&SimulateConfig { attack_share: 0.0, families: vec![], ..small() }, 1);
    assert_eq!(attacks(&none), 0);
    let few = SimulateConfig { families: vec![Family::Scan, Family::Exfiltration], ..small() };
    let found: BTreeSet<Family> = traffic(&few, 1).iter().filter_map(|f| f.family).collect();
    assert_eq!(found, BTreeSet::from([Family::Scan, Family::Exfiltration]));
}

#[test]
fn a_large_site_and_a_long_time_work_at_few_flows() {
    let config = SimulateConfig { flows: 20_000, days: 60, hosts: 800, ..SimulateConfig::default() };
    let flows = traffic(&config, 3);
    assert!((17_000..23_000).contains(&flows.len()), "{}", flows.len());
}

#[test]
fn a_week_of_traffic_takes_less_than_two_seconds() {
    let begin = Instant::now();
    let flows = traffic(&SimulateConfig::default(), 11);
    assert!(flows.len() > 110_000);
    // Machines are shared; alone it takes a tenth of this.
    assert!(begin.elapsed().as_secs_f64() < 4.0, "{:?}", begin.elapsed());
}

#[test]
fn a_stopped_simulation_says_so() {
    struct Stop;
    impl Watch for Stop {
        fn step(&self, _done: u64, _total: u64) {}
        fn cancelled(&self) -> bool {
            true
        }
    }
    assert!(matches!(small().generate(1, &Stop), Err(SimulateError::Cancelled)));
    assert!(small().generate(1, &Quiet).is_ok());
}
