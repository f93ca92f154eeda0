//! The specification's own examples (community-id-spec, baseline_deflt: tcp, udp, icmp, icmp6, sctp captures with seed 0),
//! both directions of each.

use crate::decode::{Addresses, Decoded, Transport};
use crate::flow::{Flow, Side};

/// Of the packet, and of a log's line about it, which must agree.
fn id(protocol: u8, is_one_way: bool, src: &str, dst: &str, ports: [u16; 2]) -> String {
    let ends = [(src, ports[0]), (dst, ports[1])].map(|(address, port)| (address.parse().unwrap(), port));
    let of_packet = id_of_packet(protocol, is_one_way, src, dst, ports);
    assert_eq!(crate::community_id_of(protocol, ends[0], ends[1]).as_ref(), Some(&of_packet));
    of_packet
}

fn id_of_packet(protocol: u8, is_one_way: bool, src: &str, dst: &str, ports: [u16; 2]) -> String {
    let address = |text: &str| match text.parse().unwrap() {
        std::net::IpAddr::V6(v6) => (true, v6.octets()),
        std::net::IpAddr::V4(v4) => {
            let mut wide = [0; 16];
            wide[12..].copy_from_slice(&v4.octets());
            (false, wide)
        }
    };
    let ((is_v6, src), (_, dst)) = (address(src), address(dst));
    let packet = Decoded {
        addresses: Addresses { is_v6, src, dst },
        protocol,
        ip_len: 0,
        payload_len: 0,
        transport: Transport::None,
        vlans: [None; 2],
        fragment: None,
        is_overlong: false,
    };
    let ends = [Side { address: src, port: ports[0] }, Side { address: dst, port: ports[1] }];
    crate::community_id(&Flow::new(&packet, is_one_way, ends, 0, 1))
}

#[test]
fn ids_are_those_of_the_specification() {
    for (protocol, a, b, ports, expected) in [
        (6, "128.232.110.120", "66.35.250.204", [34_855, 80], "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        (17, "192.168.1.52", "8.8.8.8", [54_585, 53], "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
        (1, "192.168.0.89", "192.168.0.1", [8, 0], "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
        (132, "192.168.170.8", "192.168.170.56", [7, 80], "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="),
    ] {
        assert_eq!(id(protocol, false, a, b, ports), expected);
        assert_eq!(id(protocol, false, b, a, [ports[1], ports[0]]), expected, "the other direction");
    }
    let (a, b) = ("fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea");
    assert_eq!(id(58, false, a, b, [135, 136]), "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=");
    // A message without an answer: its code is a part of the id.
    assert_eq!(id(1, true, "192.168.0.89", "192.168.0.1", [20, 0]), "1:3o2RFccXzUgjl7zDpqmY7yJi8rI=");
    assert_eq!(id(1, true, "192.168.0.89", "192.168.0.1", [20, 1]), "1:tz/fHIDUHs19NkixVVoOZywde+I=");
}
