//! NetFlow v5 and v9 and IPFIX: datagrams of exporters become lines of text, which then go the way of every text format.
//!
//! Sources: Cisco's NetFlow v5 layout, RFC 3954 (v9), RFC 7011 (IPFIX), RFC 5103 (reverse elements), IANA's registry of
//! elements. What is kept of an exporter (templates, sampling, sets that wait for a template) belongs to its address and its
//! observation domain, and is bounded.

pub(crate) mod collector;
mod elements;
pub(crate) mod flow;
mod header;
mod template;
pub(crate) mod text;

pub(crate) use collector::Collector;
pub(crate) use flow::header_line;

/// The big-endian number in these bytes, of which there are at most eight.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |all, byte| (all << 8) | u64::from(*byte))
}

/// The 16-bit number at `at`; `None` behind the end.
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|two| number(two) as u16)
}
