//! How much was sent.

use crate::MeterConfig;
use crate::tests::packets::{A, ACK, B, ETHERNET, SYN, back, ethernet, flows, flows_of, ip4, ip6, there, told, udp};

const BYTES: [&str; 5] = ["orig_pkts", "orig_bytes", "orig_ip_bytes", "orig_payload_bytes", "history"];

#[test]
fn padding_of_short_frames_is_no_payload() {
    let mut padded = ethernet(0x0800, &there(80, 5, 6, ACK, b""));
    padded.resize(60, 0xee);
    let (flows, _) = flows_of(MeterConfig::default(), ETHERNET, &[(0.0, padded.clone()), (1.0, padded)]);
    assert_eq!(told(&flows[0], BYTES), ["2", "0", "80", "0", "A"]);
}

#[test]
fn what_is_sent_twice_counts_once_in_the_stream_and_twice_in_packets() {
    let flows = flows(&[
        (0.0, there(80, 100, 0, SYN, b"")),
        (0.1, back(80, 900, 101, SYN | ACK, b"")),
        (0.2, there(80, 101, 901, ACK, b"0123456789")),
        (0.9, there(80, 101, 901, ACK, b"0123456789")),
        (1.0, back(80, 901, 111, ACK, b"")),
    ]);
    assert_eq!(told(&flows[0], BYTES), ["3", "10", "140", "20", "ShDTa"]);
    assert_eq!(told(&flows[0], ["orig_retransmitted_pkts", "orig_late_pkts", "missed_bytes"]), ["1", "0", "0"]);
}

#[test]
fn what_comes_late_fills_the_gap_and_what_never_comes_is_missed() {
    let start = [
        (0.0, there(80, 100, 0, SYN, b"")),
        (0.1, back(80, 900, 101, SYN | ACK, b"")),
        (0.2, there(80, 101, 901, ACK, b"0123456789")),
        (0.3, there(80, 121, 901, ACK, b"0123456789")),
    ];
    let late =
        [&start[..], &[(0.4, there(80, 111, 901, ACK, b"0123456789")), (0.5, back(80, 901, 131, ACK, b""))]].concat();
    let names = ["orig_bytes", "orig_late_pkts", "orig_retransmitted_pkts", "missed_bytes", "history"];
    assert_eq!(told(&flows(&late)[0], names), ["30", "1", "0", "0", "ShDTa"]);
    let never = [&start[..], &[(0.5, back(80, 901, 131, ACK, b""))]].concat();
    assert_eq!(told(&flows(&never)[0], names), ["30", "0", "0", "10", "ShDaG"]);
}

#[test]
fn sequence_numbers_that_wrap_count_on() {
    let flows = flows(&[
        (0.0, there(80, u32::MAX - 4, 0, SYN, b"")),
        (0.1, back(80, 900, u32::MAX - 3, SYN | ACK, b"")),
        (0.2, there(80, u32::MAX - 3, 901, ACK, b"0123456789")),
        (0.3, back(80, 901, 6, ACK, b"")),
    ]);
    assert_eq!(told(&flows[0], BYTES), ["2", "10", "90", "10", "ShDa"]);
}

#[test]
fn each_fragment_of_a_datagram_is_a_packet_of_its_flow() {
    let datagram = udp(5_000, 6_000, &[7; 40]);
    let part = |offset: u16, more: u16, id: u8, bytes: &[u8]| {
        let place = (offset << 3 | more).to_be_bytes();
        ip6(44, &[&[17, 0, place[0], place[1], 0, 0, 0, id][..], bytes].concat())
    };
    let parts = [part(0, 1, 1, &datagram[..16]), part(2, 1, 1, &datagram[16..32]), part(4, 0, 1, &datagram[32..])];
    let names = ["id.orig_p", "id.resp_p", "orig_pkts", "orig_ip_bytes", "orig_payload_bytes", "fragment_pkts"];
    let expected = ["5000", "6000", "3", "192", "40", "3"];
    // Sent in order, and with the first one last.
    for order in [[0, 1, 2], [2, 1, 0]] {
        let packets: Vec<_> = order.iter().map(|i| (*i as f64 / 10.0, parts[*i].clone())).collect();
        let found = flows(&packets);
        assert_eq!(found.len(), 1);
        assert_eq!(told(&found[0], names), expected, "{order:?}");
    }
    let (found, meter) = flows_of(MeterConfig::default(), 101, &[(0.0, part(2, 0, 9, &datagram[16..]))]);
    assert_eq!((found.len(), meter.counts().lone_fragments, meter.counts().metered), (0, 1, 0));
}

#[test]
fn lengths_that_a_header_claims_are_held_against_the_wire() {
    let mut packet = ip4(A, B, 17, &udp(5_000, 6_000, b"1234"));
    packet[2..4].copy_from_slice(&60_000u16.to_be_bytes());
    packet[24..26].copy_from_slice(&59_980u16.to_be_bytes());
    let (flows, meter) = flows_of(MeterConfig::default(), 101, &[(0.0, packet.clone()), (1.0, packet)]);
    assert_eq!(told(&flows[0], BYTES), ["2", "8", "64", "8", "D"]);
    assert_eq!(meter.counts().overlong, 2);
}
