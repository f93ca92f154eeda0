//! What a network person would object to.

use std::net::Ipv4Addr;

use nta_simulate::{Flow, Proto, Service, State};

use crate::TEN_SEEDS;

#[test]
fn packets_bytes_time_and_state_of_every_flow_belong_together() {
    for flow in TEN_SEEDS.iter().flatten() {
        let header = if flow.proto == Proto::Tcp { 40 } else { 28 };
        for (bytes, pkts) in [(flow.src_bytes, flow.src_pkts), (flow.dst_bytes, flow.dst_pkts)] {
            assert!(bytes >= u64::from(pkts) * header, "{flow:?}");
            assert!(bytes <= u64::from(pkts) * 1_500, "{flow:?}");
        }
        assert!(flow.src_pkts > 0, "{flow:?}");
        assert!(flow.duration >= 0 && (flow.dst_pkts == 0 || flow.duration > 0), "{flow:?}");
        assert!(flow.wrong_fragment <= flow.src_pkts + flow.dst_pkts, "{flow:?}");
        let answered = flow.dst_pkts > 0;
        match flow.state {
            State::Unanswered => assert!(!answered && flow.proto != Proto::Icmp, "{flow:?}"),
            State::Stateless => assert!(flow.proto == Proto::Icmp, "{flow:?}"),
            State::Refused => assert!(answered && flow.proto == Proto::Tcp && flow.dst_bytes < 200, "{flow:?}"),
            State::Finished if flow.proto == Proto::Udp => assert!(answered, "{flow:?}"),
            _ => assert!(answered && flow.proto == Proto::Tcp && flow.src_pkts > 3, "{flow:?}"),
        }
    }
}

#[test]
fn ports_and_services_agree() {
    for flow in TEN_SEEDS.iter().flatten() {
        assert_eq!(flow.service, Service::of_port(flow.dst_port, flow.proto), "{flow:?}");
        match flow.proto {
            Proto::Icmp => assert_eq!((flow.src_port, flow.dst_port), (0, 0), "{flow:?}"),
            Proto::Tcp => assert!(flow.src_port >= 32_768 && flow.dst_port > 0, "{flow:?}"),
            Proto::Udp => assert!(flow.src_port >= 32_768 || flow.src_port == flow.dst_port, "{flow:?}"),
        }
    }
}

#[test]
fn every_flow_touches_the_site_and_nobody_calls_themselves() {
    for flows in TEN_SEEDS.iter() {
        let network = |a: Ipv4Addr| a.octets()[1];
        let home = flows.iter().find(|f| f.src.is_private()).map(|f| network(f.src)).unwrap();
        for flow in flows {
            assert!(flow.src != flow.dst, "{flow:?}");
            assert!(flow.src.is_private() || flow.dst.is_private(), "{flow:?}");
            for host in [flow.src, flow.dst] {
                assert!(!host.is_private() || network(host) == home, "{flow:?}");
                assert!(!host.is_loopback() && !host.is_multicast() && !host.is_unspecified(), "{flow:?}");
            }
        }
    }
}

#[test]
fn hosts_ask_the_resolver_and_the_resolver_asks_the_world() {
    for flows in TEN_SEEDS.iter() {
        let questions = || {
            let asks = |f: &&Flow| f.service == Service::Dns && f.proto == Proto::Udp && f.family.is_none();
            flows.iter().filter(asks).filter(|f| f.src.is_private())
        };
        let resolver = questions().find(|f| f.dst.is_private()).unwrap().dst;
        for flow in questions() {
            let from_resolver = flow.src == resolver;
            assert!(if from_resolver { !flow.dst.is_private() } else { flow.dst == resolver }, "{flow:?}");
        }
        assert!(questions().count() > 15_000);
    }
}

#[test]
fn sizes_and_durations_have_heavy_tails() {
    for flows in TEN_SEEDS.iter() {
        let web = flows.iter().filter(|f| f.service == Service::Https && f.family.is_none());
        let mut sizes: Vec<u64> = web.map(|f| f.dst_bytes).collect();
        sizes.sort_unstable();
        let total: u64 = sizes.iter().sum();
        let top: u64 = sizes[sizes.len() * 99 / 100..].iter().sum();
        assert!(top * 10 > total * 4, "1 % of downloads carry {top} of {total} bytes");
        let mut durations: Vec<i64> = flows.iter().map(|f| f.duration).collect();
        durations.sort_unstable();
        let (median, long) = (durations[durations.len() / 2], durations[durations.len() * 99 / 100]);
        assert!(long > 50 * median, "median {median} us, 99th percentile {long} us");
    }
}

#[test]
fn things_go_wrong_without_any_attacker() {
    for flows in TEN_SEEDS.iter() {
        let benign: Vec<&Flow> = flows.iter().filter(|f| f.family.is_none()).collect();
        let share =
            |wanted: &dyn Fn(&Flow) -> bool| benign.iter().filter(|f| wanted(f)).count() as f64 / benign.len() as f64;
        let tcp = |f: &Flow| f.proto == Proto::Tcp;
        let failed = share(&|f| tcp(f) && matches!(f.state, State::Unanswered | State::Refused));
        assert!((0.04..0.12).contains(&failed), "failed connections {failed}");
        let torn = share(&|f| f.wrong_fragment > 0);
        assert!((0.002..0.03).contains(&torn), "torn datagrams {torn}");
        let uploads = share(&|f| !f.dst.is_private() && f.src_bytes > 1_000_000);
        assert!((0.002..0.05).contains(&uploads), "uploads {uploads}");
        let shells = share(&|f| f.service == Service::Ssh && f.src_bytes < 6_000 && f.state == State::Finished);
        assert!((0.008..0.06).contains(&shells), "short ssh sessions {shells}");
        let odd = share(&|f| f.service == Service::Other);
        assert!((0.005..0.06).contains(&odd), "odd ports {odd}");
    }
}
