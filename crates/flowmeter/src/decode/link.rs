//! Link layers: where the IP header begins, and which VLANs stand before it.

use etherparse::{Ethernet2HeaderSlice, SingleVlanHeaderSlice};

use crate::decode::NoFlow;

/// Most headers before IP that are looked through.
const MOST_HEADERS: usize = 16;

/// Where the IP header is.
pub(super) struct Carried {
    pub(super) offset: usize,
    pub(super) vlans: [Option<u16>; 2],
}

/// What the next header is.
enum Then {
    /// An EtherType: what follows is told by it.
    EtherType(u16),
    Ethernet,
    /// The protocol field of PPP.
    Ppp,
    Mpls,
    Ip,
}

/// Finds the IP header of a frame. Numbers of link types are LINKTYPE_ values (tcpdump.org/linktypes.html).
pub(super) fn carried(link: u16, data: &[u8]) -> Result<Carried, NoFlow> {
    let (then, offset) = match link {
        1 => (Then::Ethernet, 0),
        // Loopback: an address family in the byte order of whoever wrote it, or in the network's. IP tells its version itself.
        0 | 108 => (Then::Ip, 4),
        12 | 14 | 101 | 228 | 229 => (Then::Ip, 0),
        9 => (Then::Ppp, if data.starts_with(&[0xff, 3]) { 2 } else { 0 }),
        // PPP in HDLC framing, and Cisco's HDLC, which has an EtherType instead.
        50 | 104 if data.starts_with(&[0xff, 3]) => (Then::Ppp, 2),
        50 | 104 => (Then::EtherType(word(data, 2)?), 4),
        51 => (Then::Ppp, 6),
        113 => (Then::EtherType(word(data, 14)?), 16),
        276 => (Then::EtherType(word(data, 0)?), 20),
        _ => return Err(NoFlow::UnreadLink),
    };
    walk(data, then, offset)
}

fn walk(data: &[u8], mut then: Then, mut offset: usize) -> Result<Carried, NoFlow> {
    let mut vlans = [None; 2];
    for _ in 0..MOST_HEADERS {
        let rest = data.get(offset..).ok_or(NoFlow::Malformed)?;
        (then, offset) = match then {
            Then::Ip => return Ok(Carried { offset, vlans }),
            Then::Ethernet => {
                let header = Ethernet2HeaderSlice::from_slice(rest).map_err(|_| NoFlow::Malformed)?;
                (Then::EtherType(header.ether_type().0), offset + 14)
            }
            Then::Ppp => {
                // The protocol field may be compressed to one byte, which is then odd.
                let (protocol, len) = match rest {
                    [low, ..] if low & 1 == 1 => (u16::from(*low), 1),
                    _ => (word(rest, 0)?, 2),
                };
                match protocol {
                    0x0021 | 0x0057 => (Then::Ip, offset + len),
                    0x0281 | 0x0283 => (Then::Mpls, offset + len),
                    _ => return Err(NoFlow::NotIp),
                }
            }
            Then::Mpls => mpls(rest, offset)?,
            Then::EtherType(0x8100 | 0x88a8 | 0x9100 | 0x9200) => {
                let header = SingleVlanHeaderSlice::from_slice(rest).map_err(|_| NoFlow::Malformed)?;
                let free = if vlans[0].is_none() { 0 } else { 1 };
                vlans[free] = vlans[free].or(Some(header.vlan_identifier().value()));
                (Then::EtherType(header.ether_type().0), offset + 4)
            }
            Then::EtherType(ether_type) => after_ether_type(ether_type, rest, offset)?,
        };
    }
    Err(NoFlow::Malformed)
}

fn after_ether_type(ether_type: u16, rest: &[u8], offset: usize) -> Result<(Then, usize), NoFlow> {
    match ether_type {
        0x0800 | 0x86dd => Ok((Then::Ip, offset)),
        0x8847 | 0x8848 => Ok((Then::Mpls, offset)),
        // A PPPoE session: version, code, session, length, then PPP.
        0x8864 => Ok((Then::Ppp, offset + 6)),
        // Cisco's FabricPath: a tag, then the frame it carries.
        0x8903 => Ok((Then::Ethernet, offset + 2)),
        // A length of IEEE 802.3: IP only behind LLC and SNAP.
        0..=1500 if rest.starts_with(&[0xaa, 0xaa, 3, 0, 0, 0]) => Ok((Then::EtherType(word(rest, 6)?), offset + 8)),
        _ => Err(NoFlow::NotIp),
    }
}

/// Passes the labels. What lies under the last is told by its first bits: IP's version, or the control word of an Ethernet
/// pseudowire (RFC 4385).
fn mpls(rest: &[u8], offset: usize) -> Result<(Then, usize), NoFlow> {
    let bottom = rest.chunks_exact(4).position(|label| label[2] & 1 == 1).ok_or(NoFlow::Malformed)?;
    let len = (bottom + 1) * 4;
    match rest.get(len).map(|byte| byte >> 4) {
        Some(4 | 6) => Ok((Then::Ip, offset + len)),
        Some(0) => Ok((Then::Ethernet, offset + len + 4)),
        Some(_) => Err(NoFlow::NotIp),
        None => Err(NoFlow::Malformed),
    }
}

fn word(data: &[u8], at: usize) -> Result<u16, NoFlow> {
    let bytes = data.get(at..at + 2).ok_or(NoFlow::Malformed)?;
    Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
}
