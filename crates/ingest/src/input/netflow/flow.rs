//! One record of an exporter as one line of text, with the columns of schema `netflow`.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::input::netflow::elements::*;
use crate::input::netflow::header::Header;
use crate::input::netflow::number;

/// What every text of flows begins with.
pub(crate) const MAGIC: &str = "#netflow";

/// The columns, in their order.
const COLUMNS: [&str; 21] = [
    "time",
    "duration",
    "observer",
    "src",
    "src_port",
    "dst",
    "dst_port",
    "proto",
    "tcp_flags",
    "packets",
    "bytes",
    "packets_back",
    "bytes_back",
    "tos",
    "end_reason",
    "direction",
    "input",
    "output",
    "src_as",
    "dst_as",
    "sampling",
];

/// The line that names the columns.
pub(crate) fn header_line() -> String {
    format!("{MAGIC}\t{}\n", COLUMNS.join("\t"))
}

/// What an exporter has said of itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    /// When it started, in microseconds since 1970.
    pub(super) started: Option<i64>,
    /// One packet in so many is looked at.
    pub(super) sampling: Option<u64>,
}

/// The values of one record.
pub(super) struct Values<'v, 'b>(pub(super) &'v [(u32, &'b [u8])]);

impl Values<'_, '_> {
    fn bytes(&self, element: u32) -> Option<&[u8]> {
        self.0.iter().find(|(e, value)| *e == element && !value.is_empty()).map(|(_, value)| *value)
    }

    /// The number that an element holds, of at most eight bytes.
    pub(super) fn get(&self, element: u32) -> Option<u64> {
        self.bytes(element).filter(|value| value.len() <= 8).map(number)
    }

    pub(super) fn first_of(&self, elements: &[u32]) -> Option<u64> {
        elements.iter().find_map(|element| self.get(*element))
    }

    fn address(&self, v4: u32, v6: u32) -> Option<IpAddr> {
        let four = self.bytes(v4).and_then(|b| <[u8; 4]>::try_from(b).ok()).map(|b| IpAddr::V4(Ipv4Addr::from(b)));
        let six = || self.bytes(v6).and_then(|b| <[u8; 16]>::try_from(b).ok()).map(|b| IpAddr::V6(Ipv6Addr::from(b)));
        // Exporters of one template for both fill the other with zeros.
        match four.filter(|address| !address.is_unspecified()) {
            Some(address) => Some(address),
            None => six().filter(|address| !address.is_unspecified()).or(four).or_else(six),
        }
    }

    /// Microseconds since 1970 of an end of the flow.
    fn time(&self, of: &TimeElements, header: &Header, told: &Told) -> Option<i64> {
        let started = header.started.or(told.started);
        let uptime = self.get(of.uptime).zip(started).map(|(millis, started)| {
            // The exporter's clock of 32 bits may have begun anew between the flow and the datagram.
            let time = started + millis as i64 * 1_000;
            if time > header.sent + HOUR { time - (1 << 32) * 1_000 } else { time }
        });
        let scaled =
            |element: u32, micros: i64| self.get(element).and_then(|n| i64::try_from(n).ok()?.checked_mul(micros));
        scaled(of.millis, 1_000)
            .or_else(|| self.first_of(&of.ntp).map(of_ntp))
            .or_else(|| scaled(of.seconds, 1_000_000))
            .or_else(|| scaled(of.delta, -1).map(|before| header.sent + before))
            .or(uptime)
            .filter(|time| *time > 0)
    }
}

const HOUR: i64 = 3_600_000_000;

struct TimeElements {
    seconds: u32,
    millis: u32,
    ntp: [u32; 2],
    delta: u32,
    uptime: u32,
}

const START: TimeElements = TimeElements {
    seconds: START_SECONDS,
    millis: START_MILLIS,
    ntp: START_NTP,
    delta: START_DELTA,
    uptime: FIRST_UPTIME,
};
const END: TimeElements =
    TimeElements { seconds: END_SECONDS, millis: END_MILLIS, ntp: END_NTP, delta: END_DELTA, uptime: LAST_UPTIME };

/// Seconds since 1900 in the upper half, fractions in the lower.
fn of_ntp(stamp: u64) -> i64 {
    const FROM_1900_TO_1970: i64 = 2_208_988_800;
    ((stamp >> 32) as i64 - FROM_1900_TO_1970) * 1_000_000 + (((stamp & 0xffff_ffff) * 1_000_000) >> 32) as i64
}

/// Writes the record as a line; `false` where it names no two hosts, and nothing is written. Packets and bytes are those
/// that were counted times the sampling, as an estimate of all.
pub(super) fn write_line(
    values: &Values<'_, '_>,
    header: &Header,
    told: &Told,
    observer: &str,
    out: &mut Vec<u8>,
) -> bool {
    let (Some(src), Some(dst)) = (values.address(SRC_V4, SRC_V6), values.address(DST_V4, DST_V6)) else { return false };
    let end = values.time(&END, header, told).or_else(|| values.get(OBSERVED_MILLIS).map(|ms| ms as i64 * 1_000));
    let micros = values.get(DURATION_MICROS).or_else(|| values.get(DURATION_MILLIS).map(|ms| ms.saturating_mul(1_000)));
    let start = values.time(&START, header, told);
    let end = end.or_else(|| start.zip(micros).map(|(start, micros)| start.saturating_add(micros as i64)));
    let end = end.or(start).unwrap_or(header.sent);
    let start = start.unwrap_or_else(|| end.saturating_sub(micros.unwrap_or(0) as i64)).min(end);
    let sampling = values.first_of(&SAMPLING).or(told.sampling).or(header.sampling).filter(|rate| *rate > 1);
    let counted = |n: Option<u64>| n.map(|n| n.saturating_mul(sampling.unwrap_or(1)));
    let proto = values.get(PROTOCOL);
    let ports = |port: u32| values.get(port);
    let icmp = values.first_of(&[ICMP_TYPE_CODE, ICMP_V6_TYPE_CODE]);
    let is_icmp = matches!(proto, Some(1 | 58));
    let mut line = String::with_capacity(192);
    let _ = write!(line, "{}\t{}\t{observer}\t{src}", seconds(start), seconds(end - start));
    cell(&mut line, ports(SRC_PORT));
    let _ = write!(line, "\t{dst}");
    cell(&mut line, ports(DST_PORT).filter(|port| !is_icmp || *port > 0).or(icmp.filter(|_| is_icmp)));
    let _ = write!(
        line,
        "\t{}\t{}",
        proto.map_or(String::new(), protocol),
        values.get(TCP_FLAGS).map_or(String::new(), flags)
    );
    let [forth, back] = directions(values);
    for n in [forth.0, forth.1, back.0, back.1].map(counted) {
        cell(&mut line, n);
    }
    for element in [TOS, END_REASON, DIRECTION, INPUT, OUTPUT, SRC_AS, DST_AS] {
        cell(&mut line, values.get(element));
    }
    cell(&mut line, Some(sampling.unwrap_or(1)));
    line.push('\n');
    out.extend_from_slice(line.as_bytes());
    true
}

/// Packets and bytes, forth and back. What is counted leaving stands for the way back only beside what is counted coming.
fn directions(values: &Values<'_, '_>) -> [(Option<u64>, Option<u64>); 2] {
    let either = |elements: &[u32]| values.first_of(elements);
    let packets = either(&[PACKETS, PACKETS_TOTAL, INITIATOR_PACKETS]);
    let bytes = either(&[OCTETS, OCTETS_TOTAL, INITIATOR_OCTETS]);
    let leaving = (values.get(OUT_PACKETS), values.get(OUT_OCTETS));
    if packets.is_none() && bytes.is_none() {
        return [leaving, (None, None)];
    }
    let packets_back = either(&[PACKETS | REVERSE, PACKETS_TOTAL | REVERSE, RESPONDER_PACKETS]).or(leaving.0);
    let bytes_back = either(&[OCTETS | REVERSE, OCTETS_TOTAL | REVERSE, RESPONDER_OCTETS]).or(leaving.1);
    [(packets, bytes), (packets_back, bytes_back)]
}

fn cell(line: &mut String, value: Option<u64>) {
    line.push('\t');
    if let Some(value) = value {
        let _ = write!(line, "{value}");
    }
}

fn seconds(micros: i64) -> String {
    format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
}

fn protocol(number: u64) -> String {
    let known =
        [(1, "icmp"), (2, "igmp"), (6, "tcp"), (17, "udp"), (47, "gre"), (50, "esp"), (58, "icmp6"), (132, "sctp")];
    let name = known.iter().find(|(n, _)| *n == number);
    name.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}

/// `SA` of a SYN and an ACK; `.` of none.
fn flags(bits: u64) -> String {
    let set: String =
        "FSRPAUEC".chars().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, flag)| flag).collect();
    if set.is_empty() { ".".to_owned() } else { set }
}
