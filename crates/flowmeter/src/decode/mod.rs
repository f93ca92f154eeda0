//! A packet to what a flow needs of it. Lengths are those of the IP header, so that padding behind it does not count, held
//! against the packet's length on the wire.

mod icmp;
mod ip;
mod link;
mod transport;

use crate::capture::Packet;

pub(crate) use icmp::has_answer;
pub(crate) use transport::{ICMP, ICMPV6, TCP, TcpFlags, UDP};

/// Both addresses, IPv4 in the last four bytes of sixteen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Addresses {
    pub(crate) is_v6: bool,
    pub(crate) src: [u8; 16],
    pub(crate) dst: [u8; 16],
}

/// What is told of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) addresses: Addresses,
    /// IP protocol behind all extension headers.
    pub(crate) protocol: u8,
    /// From the IP header to the end of its payload, in bytes.
    pub(crate) ip_len: u32,
    /// Behind the transport's header, in bytes.
    pub(crate) payload_len: u32,
    pub(crate) transport: Transport,
    /// Outer and inner VLAN.
    pub(crate) vlans: [Option<u16>; 2],
    pub(crate) fragment: Option<Fragment>,
    /// Whether the IP header told of more bytes than there were.
    pub(crate) is_overlong: bool,
}

/// What stands behind the IP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp(TcpSegment),
    /// UDP, and protocols whose ports stand where UDP's do.
    Ports {
        src: u16,
        dst: u16,
    },
    /// Type, and its answer's type; where there is no answer, the code.
    Icmp {
        src: u16,
        dst: u16,
        is_one_way: bool,
    },
    /// A protocol without ports, or not the first fragment.
    None,
}

/// What a flow needs of a TCP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TcpSegment {
    pub(crate) src: u16,
    pub(crate) dst: u16,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: TcpFlags,
    /// As written, unscaled.
    pub(crate) window: u16,
}

/// Of which datagram a packet is a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) id: u32,
    pub(crate) is_first: bool,
    pub(crate) is_last: bool,
}

/// Why a packet is in no flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoFlow {
    NotIp,
    UnreadLink,
    Malformed,
}

/// Decodes a packet.
pub(crate) fn decode(packet: &Packet<'_>) -> Result<Decoded, NoFlow> {
    let carried = link::carried(packet.link, packet.data)?;
    let ip = packet.data.get(carried.offset..).ok_or(NoFlow::Malformed)?;
    let wire_len = packet.wire_len.saturating_sub(u32::try_from(carried.offset).unwrap_or(u32::MAX));
    let mut decoded = ip::decode(ip, wire_len)?;
    decoded.vlans = carried.vlans;
    Ok(decoded)
}
