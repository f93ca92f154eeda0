//! Transport headers: ports, flags, and how much payload stands behind them.

use etherparse::UdpHeaderSlice;

use crate::decode::{NoFlow, TcpSegment, Transport, icmp};

pub(crate) const ICMP: u8 = 1;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const ICMPV6: u8 = 58;
/// DCCP, SCTP and UDP-Lite: their ports stand where UDP's do.
const WITH_PORTS: [u8; 3] = [33, 132, 136];

/// The flags of a TCP header, as its byte has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TcpFlags(pub(crate) u8);

impl TcpFlags {
    pub(crate) fn fin(self) -> bool {
        self.0 & 1 != 0
    }
    pub(crate) fn syn(self) -> bool {
        self.0 & 2 != 0
    }
    pub(crate) fn rst(self) -> bool {
        self.0 & 4 != 0
    }
    pub(crate) fn ack(self) -> bool {
        self.0 & 16 != 0
    }
}

/// Decodes the header in `rest`, which is kept of `carried` bytes behind IP's headers; gives also the payload's length.
pub(super) fn decode(protocol: u8, rest: &[u8], carried: u32, is_fragment: bool) -> Result<(Transport, u32), NoFlow> {
    match protocol {
        TCP => tcp(rest, carried),
        UDP => {
            let header = UdpHeaderSlice::from_slice(rest).map_err(|_| NoFlow::Malformed)?;
            let (src, dst, declared) = (header.source_port(), header.destination_port(), u32::from(header.length()));
            // A fragment's header tells the length of the whole datagram, a jumbogram's tells 0.
            let counts = !is_fragment && declared >= 8;
            let len = if counts { carried.min(declared) } else { carried };
            Ok((Transport::Ports { src, dst }, len.saturating_sub(8)))
        }
        ICMP | ICMPV6 => {
            let [kind, code, ..] = rest else { return Err(NoFlow::Malformed) };
            Ok((icmp::pair(protocol == ICMPV6, *kind, *code), carried.saturating_sub(8)))
        }
        other if WITH_PORTS.contains(&other) => {
            let [a, b, c, d, ..] = rest else { return Err(NoFlow::Malformed) };
            let (src, dst) = (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]));
            Ok((Transport::Ports { src, dst }, carried))
        }
        _ => Ok((Transport::None, carried)),
    }
}

/// Read here: etherparse wants the options too, which a short capture leaves out.
fn tcp(rest: &[u8], carried: u32) -> Result<(Transport, u32), NoFlow> {
    let Some(header) = rest.first_chunk::<20>() else { return Err(NoFlow::Malformed) };
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let long = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let header_len = u32::from(header[12] >> 4) * 4;
    if header_len < 20 {
        return Err(NoFlow::Malformed);
    }
    let payload_len = carried.checked_sub(header_len).ok_or(NoFlow::Malformed)?;
    let segment = TcpSegment {
        src: word(0),
        dst: word(2),
        seq: long(4),
        ack: long(8),
        flags: TcpFlags(header[13]),
        window: word(14),
    };
    Ok((Transport::Tcp(segment), payload_len))
}
