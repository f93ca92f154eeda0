//! The Community ID flow hash, version 1 (github.com/corelight/community-id-spec), by which tools agree on a flow.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::decode::{ICMP, ICMPV6, TCP, UDP, has_answer};
use crate::flow::{Flow, Side};
use crate::text::Text;

/// Protocols whose ports are part of it: with these, SCTP.
const WITH_PORTS: [u8; 5] = [ICMP, TCP, UDP, ICMPV6, 132];

/// The flow's id, with seed 0: `1:` and 28 characters of base 64.
pub fn community_id(flow: &Flow) -> String {
    id_of(flow).as_str().to_owned()
}

/// The same, held in place.
pub(crate) fn id_of(flow: &Flow) -> Text {
    id(flow.protocol, flow.is_v6, flow.is_one_way, flow.orig, flow.resp)
}

/// The same of a flow that a log tells of: its protocol by number, and the address and port of its originator and its responder.
/// Of ICMP the ports are type and answering type, or code where nothing answers, as Zeek writes them. `None` where an
/// address of each family stands there.
///
/// ```
/// let id = nta_flowmeter::community_id_of(17, ("192.168.1.52".parse()?, 54_585), ("8.8.8.8".parse()?, 53));
/// assert_eq!(id.as_deref(), Some("1:d/FP5EW3wiY1vCndhwleRRKHowQ="));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn community_id_of(protocol: u8, orig: (IpAddr, u16), resp: (IpAddr, u16)) -> Option<String> {
    if orig.0.is_ipv4() != resp.0.is_ipv4() {
        return None;
    }
    let side = |(address, port): (IpAddr, u16)| Side { address: wide(address), port };
    let is_v6 = orig.0.is_ipv6();
    let is_one_way = match protocol {
        ICMP | ICMPV6 => !has_answer(protocol == ICMPV6, orig.1),
        _ => false,
    };
    Some(id(protocol, is_v6, is_one_way, side(orig), side(resp)).as_str().to_owned())
}

fn wide(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V6(address) => address.octets(),
        IpAddr::V4(address) => {
            let mut wide = [0; 16];
            wide[12..].copy_from_slice(&address.octets());
            wide
        }
    }
}

fn id(protocol: u8, is_v6: bool, is_one_way: bool, orig: Side, resp: Side) -> Text {
    let in_order = is_one_way || (orig.address, orig.port) < (resp.address, resp.port);
    let (low, high) = if in_order { (orig, resp) } else { (resp, orig) };
    let from = if is_v6 { 0 } else { 12 };
    let ports = [low.port.to_be_bytes(), high.port.to_be_bytes()];
    let n_ports = if WITH_PORTS.contains(&protocol) { 2 } else { 0 };
    let (mut hashed, mut len) = ([0u8; 2 + 2 * 16 + 2 + 4], 0);
    let parts =
        [&[0, 0][..], &low.address[from..], &high.address[from..], &[protocol, 0], ports[..n_ports].as_flattened()];
    for part in parts {
        hashed[len..len + part.len()].copy_from_slice(part);
        len += part.len();
    }
    let mut text = *b"1:0123456789012345678901234567";
    // 20 bytes are 28 characters: there is room.
    let _ = STANDARD.encode_slice(Sha1::digest(&hashed[..len]), &mut text[2..]);
    Text::of(&text)
}
