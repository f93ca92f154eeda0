//! What of a capture is in no flow, in the words of what is left out of any file.

use nta_flowmeter::{Cut, MeterCounts};

use crate::left_out::LeftOut;

/// Packets that are in no flow so far, and the bytes behind the place where the file breaks off.
pub(crate) fn left_out(counts: &MeterCounts, cut: Option<&Cut>) -> LeftOut {
    LeftOut {
        packets_without_ip: counts.not_ip,
        undecoded_packets: counts.malformed + counts.unread_link + counts.lone_fragments,
        bytes_cut_off: cut.map_or(0, |cut| cut.bytes.max(1)),
        ..LeftOut::default()
    }
}

/// Why a capture gives no flow at all.
pub(crate) fn why_no_flow(counts: &MeterCounts, link: Option<u16>, cut: Option<&Cut>) -> String {
    let mut why = Vec::new();
    let mut add = |n: u64, what: String| {
        if n > 0 {
            why.push(format!("{n} {what}"));
        }
    };
    add(counts.not_ip, "without IP".to_owned());
    add(counts.unread_link, format!("of link type {}, which is not read", link.unwrap_or_default()));
    add(counts.malformed, "too short or damaged to be decoded".to_owned());
    add(counts.lone_fragments, "fragments without their first".to_owned());
    let cut = cut.map(|cut| format!("; at byte {} {}", cut.offset, cut.problem)).unwrap_or_default();
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
    format!("it holds no flow: {} packets{why}{cut}", counts.packets)
}
