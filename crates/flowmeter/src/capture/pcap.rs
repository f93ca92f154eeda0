//! The classic file: one header, then packets of one link type.

use pcap_parser::{LegacyPcapBlock, PcapHeader, parse_pcap_frame, parse_pcap_frame_be, parse_pcap_header, pcap};

use crate::capture::{Broken, Front, LONGEST_BLOCK};

/// Bytes of the file's header.
pub(super) const HEADER: usize = 24;

/// What the header says.
pub(super) struct Pcap {
    header: PcapHeader,
    /// Nanoseconds of a unit of a packet's fraction.
    unit: i64,
    link: u16,
}

impl Pcap {
    pub(super) fn open(bytes: &[u8]) -> Option<Pcap> {
        let (_, header) = parse_pcap_header(bytes).ok()?;
        let unit = if header.is_nanosecond_precision() { 1 } else { 1_000 };
        // The upper bits tell of a checksum behind each frame; lengths are IP's own here.
        let link = u16::try_from(header.network.0 & 0xffff).ok()?;
        Some(Pcap { header, unit, link })
    }

    pub(super) fn front(&self, bytes: &[u8]) -> Result<Front, Broken> {
        let head = if self.header.is_modified_format() { 24 } else { 16 };
        if let Some(kept) = self.kept(bytes)
            && kept > LONGEST_BLOCK
        {
            return Err(format!("a packet of {kept} bytes is declared, more than the {LONGEST_BLOCK} that are read"));
        }
        let parse = match (self.header.is_modified_format(), self.header.is_bigendian()) {
            (true, _) => pcap::parse_pcap_frame_modified,
            (false, true) => parse_pcap_frame_be,
            (false, false) => parse_pcap_frame,
        };
        // Too few bytes are all that this parser can find wrong.
        let Ok((_, block)) = parse(bytes) else { return Ok(Front::Part) };
        let (len, time) = (head + block.data.len(), self.time(&block));
        Ok(Front::Packet { len, time, link: self.link, from: head, to: len, wire_len: block.origlen })
    }

    /// Bytes that a packet's header declares, looked at before they are waited for.
    fn kept(&self, bytes: &[u8]) -> Option<usize> {
        let field: [u8; 4] = bytes.get(8..12)?.try_into().ok()?;
        let kept = if self.header.is_bigendian() { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) };
        usize::try_from(kept).ok()
    }

    fn time(&self, block: &LegacyPcapBlock<'_>) -> i64 {
        i64::from(block.ts_sec) * 1_000_000_000 + i64::from(block.ts_usec) * self.unit
    }
}
