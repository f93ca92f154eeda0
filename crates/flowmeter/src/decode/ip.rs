//! IPv4 and IPv6 with their extension headers.

use etherparse::{Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice};

use crate::decode::{Addresses, Decoded, Fragment, NoFlow, TCP, Transport, UDP, transport};

/// Most extension headers of a packet.
const MOST_EXTENSIONS: usize = 32;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

/// An IP header, passed.
struct Header {
    addresses: Addresses,
    /// What the header says of its packet's length.
    ip_len: u32,
    /// Bytes of headers.
    header_len: usize,
    protocol: u8,
    fragment: Option<Fragment>,
}

/// Decodes what begins with an IP header and is `wire_len` bytes long on the wire.
pub(super) fn decode(bytes: &[u8], wire_len: u32) -> Result<Decoded, NoFlow> {
    let mut header = match bytes.first().map(|byte| byte >> 4) {
        Some(4) => v4(bytes, wire_len)?,
        Some(6) => v6(bytes, wire_len)?,
        Some(_) => return Err(NoFlow::NotIp),
        None => return Err(NoFlow::Malformed),
    };
    let is_overlong = header.ip_len > wire_len;
    header.ip_len = header.ip_len.min(wire_len);
    let kept = bytes.len().min(header.ip_len as usize);
    extensions(&mut header, &bytes[..kept])?;
    let carried = header.ip_len.checked_sub(header.header_len as u32).ok_or(NoFlow::Malformed)?;
    let (transport, payload_len) = if header.fragment.is_some_and(|fragment| !fragment.is_first) {
        (Transport::None, carried)
    } else {
        let rest = bytes.get(header.header_len..kept).ok_or(NoFlow::Malformed)?;
        transport::decode(header.protocol, rest, carried, header.fragment.is_some())?
    };
    Ok(Decoded {
        addresses: header.addresses,
        protocol: header.protocol,
        ip_len: header.ip_len,
        payload_len,
        transport,
        vlans: [None; 2],
        fragment: header.fragment,
        is_overlong,
    })
}

fn v4(bytes: &[u8], wire_len: u32) -> Result<Header, NoFlow> {
    let header = Ipv4HeaderSlice::from_slice(bytes).map_err(|_| NoFlow::Malformed)?;
    let (header_len, total) = (header.slice().len(), u32::from(header.total_len()));
    // Segmentation in the network card leaves the length to the card.
    let ip_len = if total == 0 { wire_len } else { total };
    let (offset, is_last) = (header.fragments_offset().value(), !header.more_fragments());
    let fragment = Fragment { id: u32::from(header.identification()), is_first: offset == 0, is_last };
    Ok(Header {
        addresses: Addresses { is_v6: false, src: wide(header.source()), dst: wide(header.destination()) },
        ip_len,
        header_len,
        protocol: header.protocol().0,
        fragment: (offset != 0 || !is_last).then_some(fragment),
    })
}

fn v6(bytes: &[u8], wire_len: u32) -> Result<Header, NoFlow> {
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|_| NoFlow::Malformed)?;
    let (protocol, payload) = (header.next_header().0, u32::from(header.payload_length()));
    // A jumbogram, or segmentation in the network card.
    let leaves_length = payload == 0 && [HOP_BY_HOP, TCP, UDP].contains(&protocol);
    let ip_len = if leaves_length { wire_len } else { 40 + payload };
    let addresses = Addresses { is_v6: true, src: header.source(), dst: header.destination() };
    Ok(Header { addresses, ip_len, header_len: 40, protocol, fragment: None })
}

/// Passes the extension headers; a later fragment holds none that could be read.
fn extensions(header: &mut Header, bytes: &[u8]) -> Result<(), NoFlow> {
    for _ in 0..MOST_EXTENSIONS {
        if header.fragment.is_some_and(|fragment| !fragment.is_first) {
            return Ok(());
        }
        let is_v6 = header.addresses.is_v6;
        let len = |rest: &[u8]| rest.get(1).map(|len| usize::from(*len));
        let rest = bytes.get(header.header_len..).unwrap_or_default();
        let (next, passed) = match header.protocol {
            AUTHENTICATION => (rest.first().copied(), len(rest).map(|len| (len + 2) * 4)),
            HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | HIP | SHIM6 if is_v6 => {
                (rest.first().copied(), len(rest).map(|len| (len + 1) * 8))
            }
            FRAGMENT if is_v6 => {
                let found = Ipv6FragmentHeaderSlice::from_slice(rest).map_err(|_| NoFlow::Malformed)?;
                let (offset, is_last) = (found.fragment_offset().value(), !found.more_fragments());
                let fragment = Fragment { id: found.identification(), is_first: offset == 0, is_last };
                header.fragment = (offset != 0 || !is_last).then_some(fragment);
                (Some(found.next_header().0), Some(8))
            }
            _ => return Ok(()),
        };
        let (Some(next), Some(passed)) = (next, passed) else { return Err(NoFlow::Malformed) };
        header.protocol = next;
        header.header_len += passed;
        if header.header_len > bytes.len() {
            return Err(NoFlow::Malformed);
        }
    }
    Err(NoFlow::Malformed)
}

fn wide(address: [u8; 4]) -> [u8; 16] {
    let mut wide = [0; 16];
    wide[12..].copy_from_slice(&address);
    wide
}
