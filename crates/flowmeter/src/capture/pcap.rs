//! The classic file: one header, then packets of one link type.

use pcap_parser::parse_pcap_header;

use crate::capture::{Broken, Front, LONGEST_BLOCK};

/// Bytes of the file's header.
pub(super) const HEADER: usize = 24;

/// What the header says.
pub(super) struct Pcap {
    is_big: bool,
    /// Bytes in front of a packet's own; Kuznetzov's variant has eight more there.
    head: usize,
    /// Nanoseconds of a unit of a packet's fraction.
    unit: i64,
    link: u16,
}

impl Pcap {
    pub(super) fn open(bytes: &[u8]) -> Option<Pcap> {
        let (_, header) = parse_pcap_header(bytes).ok()?;
        let unit = if header.is_nanosecond_precision() { 1 } else { 1_000 };
        let head = if header.is_modified_format() { 24 } else { 16 };
        // The upper bits tell of a checksum behind each frame; lengths are IP's own here.
        let link = u16::try_from(header.network.0 & 0xffff).ok()?;
        Some(Pcap { is_big: header.is_bigendian(), head, unit, link })
    }

    /// Seconds, fraction, bytes kept and length on the wire, then the packet.
    pub(super) fn front(&self, bytes: &[u8]) -> Result<Front, Broken> {
        // Looked at before it is waited for.
        let Some(kept) = self.number(bytes, 8) else { return Ok(Front::Part) };
        let kept = kept as usize;
        if kept > LONGEST_BLOCK {
            return Err(format!("a packet of {kept} bytes is declared, more than the {LONGEST_BLOCK} that are read"));
        }
        let numbers = [self.number(bytes, 0), self.number(bytes, 4), self.number(bytes, 12)];
        let ([Some(seconds), Some(fraction), Some(wire_len)], true) = (numbers, bytes.len() >= self.head + kept) else {
            return Ok(Front::Part);
        };
        let time = i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.unit;
        let (from, to) = (self.head, self.head + kept);
        Ok(Front::Packet { len: to, time, link: self.link, from, to, wire_len })
    }

    fn number(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let field = *bytes.get(at..)?.first_chunk::<4>()?;
        Some(if self.is_big { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) })
    }
}
