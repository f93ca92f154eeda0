//! When flows end.

use crate::MeterConfig;
use crate::tests::packets::{A, ACK, B, FIN, RAW, RST, SYN, back, flows, flows_of, ip4, there, told, udp};

const TOLD: [&str; 4] = ["orig_pkts", "resp_pkts", "conn_state", "end_reason"];

fn datagram(port: u16) -> Vec<u8> {
    ip4(A, B, 17, &udp(port, 6_000, b"x"))
}

#[test]
fn a_port_that_is_used_again_after_a_reset_is_another_flow() {
    let flows = flows(&[
        (0.0, there(80, 100, 0, SYN, b"")),
        (0.1, back(80, 0, 101, RST | ACK, b"")),
        (0.5, there(80, 100, 0, SYN, b"")),
        (0.6, back(80, 900, 101, SYN | ACK, b"")),
    ]);
    assert_eq!(flows.len(), 2);
    assert_eq!(told(&flows[0], TOLD), ["1", "1", "REJ", "reused"]);
    assert_eq!(told(&flows[1], TOLD), ["1", "1", "S1", "end"]);
    assert_ne!(told(&flows[0], ["uid"]), told(&flows[1], ["uid"]));
}

#[test]
fn a_new_syn_in_an_open_connection_is_another_flow_and_a_repeated_one_is_not() {
    let open = [
        (0.0, there(80, 100, 0, SYN, b"")),
        (0.1, there(80, 100, 0, SYN, b"")),
        (0.2, back(80, 900, 101, SYN | ACK, b"")),
        (0.3, there(80, 101, 901, ACK, b"")),
    ];
    assert_eq!(told(&flows(&open)[0], TOLD), ["3", "1", "S1", "end"]);
    let again = flows(&[&open[..], &[(9.0, there(80, 7_000, 0, SYN, b""))]].concat());
    assert_eq!(told(&again[0], TOLD), ["3", "1", "S1", "reused"]);
    assert_eq!(told(&again[1], TOLD), ["1", "0", "S0", "end"]);
}

#[test]
fn silence_ends_a_flow() {
    let found = flows(&[(0.0, datagram(1)), (59.0, datagram(1)), (119.5, datagram(1))]);
    assert_eq!(told(&found[0], TOLD), ["2", "0", "S0", "idle"]);
    assert_eq!(told(&found[1], TOLD), ["1", "0", "S0", "end"]);
    // A SYN without answer ends five seconds after the first, however often it is repeated.
    let syn = |time| (time, there(80, 100, 0, SYN, b""));
    let found = flows(&[syn(0.0), syn(1.0), syn(3.0), syn(7.0)]);
    assert_eq!(told(&found[0], TOLD), ["3", "0", "S0", "idle"]);
    assert_eq!(told(&found[1], TOLD), ["1", "0", "S0", "end"]);
}

#[test]
fn a_closed_connection_takes_late_packets_for_five_seconds() {
    let closed = [
        (0.0, there(80, 100, 0, SYN, b"")),
        (0.1, back(80, 900, 101, SYN | ACK, b"")),
        (0.2, there(80, 101, 901, ACK | FIN, b"")),
        (0.3, back(80, 901, 102, ACK | FIN, b"")),
    ];
    let ack = |time| (time, there(80, 102, 902, ACK, b""));
    let found = flows(&[&closed[..], &[ack(0.4), ack(5.2), ack(5.5)]].concat());
    assert_eq!(told(&found[0], TOLD), ["4", "2", "SF", "fin"]);
    assert_eq!(told(&found[0], ["duration"]), ["0.300000"]);
    assert_eq!(told(&found[1], TOLD), ["1", "0", "OTH", "end"]);
}

#[test]
fn a_flow_that_lasts_goes_on_as_another_with_the_same_roles() {
    let config = MeterConfig { active: Some(60_000_000_000), ..MeterConfig::default() };
    let answer = ip4(B, A, 17, &udp(6_000, 1, b"y"));
    let packets = [(0.0, datagram(1)), (30.0, datagram(1)), (60.0, answer), (80.0, datagram(1))];
    let (found, _) = flows_of(config, RAW, &packets);
    assert_eq!(told(&found[0], TOLD), ["2", "0", "S0", "active"]);
    assert_eq!(told(&found[1], TOLD), ["1", "1", "SF", "end"]);
    assert_eq!(told(&found[1], ["id.orig_h", "history"]), ["10.0.0.1", "dD"]);
}

#[test]
fn when_there_are_too_many_the_quietest_flow_ends_and_is_counted() {
    let config = MeterConfig { max_flows: 2, ..MeterConfig::default() };
    let packets = [(0.0, datagram(1)), (1.0, datagram(2)), (2.0, datagram(1)), (3.0, datagram(3))];
    let (found, meter) = flows_of(config, RAW, &packets);
    assert_eq!(meter.counts().evicted, 1);
    assert_eq!(told(&found[0], ["id.orig_p", "end_reason"]), ["2", "evicted"]);
    assert_eq!((found.len(), meter.counts().flows), (3, 3));
}

#[test]
fn older_packets_are_metered_and_a_clock_set_back_ends_every_flow() {
    let (found, meter) =
        flows_of(MeterConfig::default(), RAW, &[(10.0, datagram(1)), (9.0, datagram(1)), (11.0, datagram(1))]);
    assert_eq!((found.len(), meter.counts().late), (1, 1));
    assert_eq!(
        told(&found[0], ["ts", "duration", "iat_min", "iat_max"]),
        ["1700000009.000000", "2.000000", "0.000000", "1.000000"]
    );
    let (found, meter) = flows_of(MeterConfig::default(), RAW, &[(1_000.0, datagram(1)), (0.0, datagram(1))]);
    assert_eq!((found.len(), meter.counts().clock_restarts), (2, 1));
}

#[test]
fn a_live_source_that_says_nothing_ends_flows_by_the_clock() {
    let (_, mut meter) = flows_of(MeterConfig::default(), RAW, &[]);
    let data = datagram(1);
    meter.packet(&crate::Packet { time: 0, link: RAW, data: &data, wire_len: data.len() as u32 });
    meter.advance(60_000_000_000);
    assert!(!meter.has_finished());
    meter.advance(60_000_000_001);
    assert_eq!((meter.take_finished().count(), meter.n_open()), (1, 0));
}
