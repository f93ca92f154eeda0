//! Packets of the tests, and what is told of the flows that they make.

use crate::{COLUMNS, Flow, Meter, MeterConfig, Packet};

pub(super) const A: [u8; 4] = [10, 0, 0, 1];
pub(super) const B: [u8; 4] = [10, 0, 0, 2];
pub(super) const RAW: u16 = 101;
pub(super) const ETHERNET: u16 = 1;

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
pub(super) const ACK: u8 = 16;

/// IPv4 around `payload`.
pub(super) fn ip4(src: [u8; 4], dst: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let len = (20 + payload.len() as u16).to_be_bytes();
    let head = [0x45, 0, len[0], len[1], 0, 1, 0, 0, 64, protocol, 0, 0];
    [&head[..], &src, &dst, payload].concat()
}

/// IPv6 around `payload`, between fd00::1 and fd00::2.
pub(super) fn ip6(next: u8, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u16).to_be_bytes();
    let mut packet = vec![0x60, 0, 0, 0, len[0], len[1], next, 64];
    for last in [1, 2] {
        packet.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    packet.extend(payload);
    packet
}

pub(super) fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let len = 8 + payload.len() as u16;
    [&src.to_be_bytes()[..], &dst.to_be_bytes(), &len.to_be_bytes(), &[0, 0], payload].concat()
}

/// A segment: ports, sequence and acknowledgement number, flags, payload.
pub(super) fn tcp(ports: [u16; 2], seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let head = [0x50, flags, 0x20, 0, 0, 0, 0, 0];
    let [src, dst] = ports.map(u16::to_be_bytes);
    [&src[..], &dst, &seq.to_be_bytes(), &ack.to_be_bytes(), &head, payload].concat()
}

/// A segment from A's port 40000 to B's `port`.
pub(super) fn there(port: u16, seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    ip4(A, B, 6, &tcp([40_000, port], seq, ack, flags, payload))
}

/// One the other way.
pub(super) fn back(port: u16, seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    ip4(B, A, 6, &tcp([port, 40_000], seq, ack, flags, payload))
}

/// Ethernet around `payload`.
pub(super) fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [&[2; 12][..], &ether_type.to_be_bytes(), payload].concat()
}

/// The flows of raw IP packets, each with its time in seconds.
pub(super) fn flows(packets: &[(f64, Vec<u8>)]) -> Vec<Flow> {
    flows_of(MeterConfig::default(), RAW, packets).0
}

/// The same by a config and of a link type, with the meter.
pub(super) fn flows_of(config: MeterConfig, link: u16, packets: &[(f64, Vec<u8>)]) -> (Vec<Flow>, Meter) {
    let mut meter = Meter::new(config);
    let mut flows = Vec::new();
    for (time, data) in packets {
        let time = 1_700_000_000_000_000_000 + (time * 1e9) as i64;
        meter.packet(&Packet { time, link, data, wire_len: data.len() as u32 });
        flows.extend(meter.take_finished().map(|flow| *flow));
    }
    meter.finish();
    flows.extend(meter.take_finished().map(|flow| *flow));
    (flows, meter)
}

/// What columns tell of a flow.
pub(super) fn told<const N: usize>(flow: &Flow, names: [&str; N]) -> [String; N] {
    names.map(|name| {
        let column = COLUMNS.iter().find(|column| column.name == name).expect(name);
        (column.value)(flow).to_string()
    })
}
