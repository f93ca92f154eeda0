//! The next-generation file: blocks of many kinds in sections, packets of several interfaces with clocks of their own.

use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, InterfaceDescriptionBlock, OptionCode, parse_block_be, parse_block_le};

use crate::capture::{Broken, Front, LONGEST_BLOCK};

/// The type of a section's header, the same in both byte orders.
pub(super) const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const BIG_ENDIAN: [u8; 4] = [0x1a, 0x2b, 0x3c, 0x4d];
const LITTLE_ENDIAN: [u8; 4] = [0x4d, 0x3c, 0x2b, 0x1a];

/// The kinds of blocks that are looked into; the old one is of the first draft.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const PACKET: u32 = 6;

/// Most interfaces of a section.
const MOST_INTERFACES: usize = 65_536;

/// The section being read.
#[derive(Default)]
pub(super) struct PcapNg {
    is_big: bool,
    interfaces: Vec<Interface>,
}

#[derive(Clone, Copy)]
struct Interface {
    link: u16,
    snap_len: u32,
    /// Units of its clock in a second.
    per_second: u64,
    /// Seconds to add.
    offset: i64,
}

impl PcapNg {
    pub(super) fn front(&mut self, bytes: &[u8]) -> Result<Front, Broken> {
        let Some(head) = bytes.get(..12) else { return Ok(Front::Part) };
        if head.starts_with(&MAGIC) {
            self.is_big = match <[u8; 4]>::try_from(&head[8..]) {
                Ok(BIG_ENDIAN) => true,
                Ok(LITTLE_ENDIAN) => false,
                _ => return Err("a section without a byte order".to_owned()),
            };
        }
        let len = self.number(&head[4..8]) as usize;
        let (kind, looked_into) = (self.number(&head[..4]), [SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, PACKET]);
        if len < 12 || (looked_into.contains(&kind) && len > LONGEST_BLOCK) {
            return Err(format!("a block of {len} bytes is declared; such blocks have 12 to {LONGEST_BLOCK}"));
        }
        if !looked_into.contains(&kind) {
            return Ok(Front::Skip(len));
        }
        let Some(whole) = bytes.get(..len) else { return Ok(Front::Part) };
        let parse = if self.is_big { parse_block_be } else { parse_block_le };
        let Ok((_, block)) = parse(whole) else {
            return Err("a block that does not hold what its kind must".to_owned());
        };
        match block {
            Block::SectionHeader(_) => self.interfaces.clear(),
            Block::InterfaceDescription(block) => {
                if self.interfaces.len() == MOST_INTERFACES {
                    return Err(format!("more than {MOST_INTERFACES} interfaces in a section"));
                }
                let interface = self.interface(&block);
                self.interfaces.push(interface);
            }
            Block::EnhancedPacket(block) => {
                let kept = block.packet_data().len();
                return self.packet(len, block.if_id, [block.ts_high, block.ts_low], (28, kept), block.origlen);
            }
            Block::SimplePacket(block) => {
                let snap_len = self.interfaces.first().map_or(0, |first| first.snap_len);
                let most = if snap_len == 0 { u32::MAX } else { snap_len };
                let kept = block.data.len().min(block.origlen.min(most) as usize);
                return self.packet(len, 0, [0, 0], (12, kept), block.origlen);
            }
            Block::Unknown(_) => return self.old_packet(whole),
            _ => {}
        }
        Ok(Front::Skip(len))
    }

    /// The packet of a block of `len` bytes, whose data are `data` (from, how many).
    fn packet(
        &self,
        len: usize,
        interface: u32,
        time: [u32; 2],
        data: (usize, usize),
        wire_len: u32,
    ) -> Result<Front, Broken> {
        let found = usize::try_from(interface).ok().and_then(|i| self.interfaces.get(i));
        let Some(interface) = found else {
            return Err(format!("a packet of interface {interface}, which no block describes"));
        };
        let (from, to) = (data.0, data.0 + data.1);
        Ok(Front::Packet { len, time: interface.time(time), link: interface.link, from, to, wire_len })
    }

    fn old_packet(&self, block: &[u8]) -> Result<Front, Broken> {
        let field = |at: usize| block.get(at..at + 4).map(|bytes| self.number(bytes));
        let id = block.get(8..10).and_then(|bytes| <[u8; 2]>::try_from(bytes).ok());
        let (Some(id), Some(high), Some(low), Some(kept), Some(wire_len)) =
            (id, field(12), field(16), field(20), field(24))
        else {
            return Err("a packet block that is shorter than its header".to_owned());
        };
        let id = if self.is_big { u16::from_be_bytes(id) } else { u16::from_le_bytes(id) };
        let room = block.len().saturating_sub(28 + 4);
        self.packet(block.len(), u32::from(id), [high, low], (28, room.min(kept as usize)), wire_len)
    }

    fn interface(&self, block: &InterfaceDescriptionBlock<'_>) -> Interface {
        // Read here: the parser takes the offset for little-endian, whatever the section is.
        let option = |code: OptionCode| block.options.iter().find(|o| o.code == code).and_then(|o| o.as_bytes().ok());
        let resolution = option(OptionCode::IfTsresol).and_then(|bytes| bytes.first()).copied().unwrap_or(6);
        let exponent = u32::from(resolution & 0x7f);
        let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
        let per_second = base.checked_pow(exponent).unwrap_or(1_000_000);
        let offset = option(OptionCode::IfTsoffset).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
        let offset = offset.map_or(0, |b| if self.is_big { i64::from_be_bytes(b) } else { i64::from_le_bytes(b) });
        let link = u16::try_from(block.linktype.0).unwrap_or(u16::MAX);
        Interface { link, snap_len: block.snaplen, per_second, offset }
    }

    fn number(&self, bytes: &[u8]) -> u32 {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if self.is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

impl Interface {
    /// Nanoseconds since 1970; what does not fit is held at the ends.
    fn time(&self, [high, low]: [u32; 2]) -> i64 {
        let units = u128::from(u64::from(high) << 32 | u64::from(low));
        let nanos = i128::try_from(units * 1_000_000_000 / u128::from(self.per_second)).unwrap_or(i128::MAX);
        let nanos = nanos.saturating_add(i128::from(self.offset) * 1_000_000_000);
        nanos.clamp(i128::from(i64::MIN / 4), i128::from(i64::MAX / 4)) as i64
    }
}
