//! What stands before IP.

use crate::MeterConfig;
use crate::tests::packets::{A, B, ethernet, flows_of, ip4, told, udp};

/// The flow of one packet, and its VLANs; else what it was counted as.
fn found(link: u16, data: Vec<u8>) -> String {
    let (flows, meter) = flows_of(MeterConfig::default(), link, &[(0.0, data)]);
    let counts = meter.counts();
    match flows.first() {
        Some(flow) => told(flow, ["id.orig_h", "id.resp_p", "orig_ip_bytes", "vlan", "inner_vlan"]).join(" "),
        None => format!("not IP {}, link {}, malformed {}", counts.not_ip, counts.unread_link, counts.malformed),
    }
}

fn inner() -> Vec<u8> {
    ip4(A, B, 17, &udp(5_000, 53, b"x"))
}

fn behind(bytes: &[u8]) -> Vec<u8> {
    [bytes, &inner()].concat()
}

#[test]
fn ip_is_found_behind_every_link_layer() {
    let plain = "10.0.0.1 53 29 - -";
    assert_eq!(found(1, ethernet(0x0800, &inner())), plain);
    assert_eq!(found(1, ethernet(0x8100, &behind(&[0, 5, 8, 0]))), "10.0.0.1 53 29 5 -");
    assert_eq!(found(1, ethernet(0x88a8, &behind(&[0, 5, 0x81, 0, 0x20, 6, 8, 0]))), "10.0.0.1 53 29 5 6");
    assert_eq!(found(1, ethernet(0x8847, &behind(&[0, 1, 0x10, 64, 0, 1, 0x21, 64]))), plain, "two MPLS labels");
    let pseudowire = [&[0, 1, 0x21, 64, 0, 0, 0, 0][..], &ethernet(0x0800, &inner())].concat();
    assert_eq!(found(1, ethernet(0x8847, &pseudowire)), plain, "Ethernet over MPLS");
    assert_eq!(found(1, ethernet(0x8864, &behind(&[0x11, 0, 0, 1, 0, 31, 0, 0x21]))), plain, "PPPoE");
    assert_eq!(found(1, ethernet(37, &behind(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]))), plain, "LLC and SNAP");
    let fabric = [&[0, 0][..], &ethernet(0x0800, &inner())].concat();
    assert_eq!(found(1, ethernet(0x8903, &fabric)), plain, "FabricPath");
    assert_eq!(found(113, behind(&[0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 8, 0])), plain, "Linux cooked");
    let second = [8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0];
    assert_eq!(found(276, behind(&second)), plain, "Linux cooked, version 2");
    assert_eq!(found(101, inner()), plain, "raw");
    assert_eq!(found(0, behind(&[2, 0, 0, 0])), plain, "loopback");
    assert_eq!(found(108, behind(&[0, 0, 0, 2])), plain, "OpenBSD's loopback");
    assert_eq!(found(9, behind(&[0xff, 3, 0, 0x21])), plain, "PPP");
    assert_eq!(found(104, behind(&[0x0f, 0, 8, 0])), plain, "Cisco's HDLC");
}

#[test]
fn what_holds_no_ip_is_counted_by_why() {
    assert_eq!(found(1, ethernet(0x0806, &[0; 28])), "not IP 1, link 0, malformed 0", "ARP");
    assert_eq!(found(105, vec![0; 60]), "not IP 0, link 1, malformed 0", "Wi-Fi");
    assert_eq!(found(1, vec![0; 9]), "not IP 0, link 0, malformed 1");
    assert_eq!(found(1, ethernet(0x8847, &[0; 40])), "not IP 0, link 0, malformed 1", "labels without end");
    assert_eq!(found(1, ethernet(0x0800, &inner()[..25])), "not IP 0, link 0, malformed 1", "half a UDP header");
    let vlans = [[0, 1, 0x81, 0]; 40].concat();
    assert_eq!(found(1, ethernet(0x8100, &vlans)), "not IP 0, link 0, malformed 1");
    let options = [60u8, 0, 0, 0, 0, 0, 0, 0].repeat(40);
    assert_eq!(found(101, crate::tests::packets::ip6(60, &options)), "not IP 0, link 0, malformed 1");
}

#[test]
fn tunnels_are_counted_and_their_ends_metered() {
    let packets = [
        (0.0, ip4(A, B, 4, &inner())),
        (0.1, ip4(A, B, 47, &behind(&[0, 0, 8, 0]))),
        (0.2, ip4(A, B, 17, &udp(9_999, 4_789, &inner()))),
        (0.3, ip4(A, B, 17, &udp(2_152, 2_152, &inner()))),
    ];
    let (flows, meter) = flows_of(MeterConfig::default(), 101, &packets);
    let tunnels = meter.counts().tunnels;
    assert_eq!((tunnels.ip_in_ip, tunnels.gre, tunnels.vxlan, tunnels.gtp, tunnels.total()), (1, 1, 1, 1, 4));
    assert_eq!(flows.len(), 4);
    assert_eq!(
        told(&flows[1], ["proto", "ip_proto", "conn_state", "orig_payload_bytes"]),
        ["unknown_transport", "47", "OTH", "33"]
    );
}
