//! The Community ID flow hash, version 1 (github.com/corelight/community-id-spec), by which tools agree on a flow.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::decode::{ICMP, ICMPV6, TCP, UDP};
use crate::flow::Flow;

/// Protocols whose ports are part of it: with these, SCTP.
const WITH_PORTS: [u8; 5] = [ICMP, TCP, UDP, ICMPV6, 132];

/// The flow's id, with seed 0: `1:` and 28 characters of base 64.
pub fn community_id(flow: &Flow) -> String {
    let in_order = flow.is_one_way || (flow.orig.address, flow.orig.port) < (flow.resp.address, flow.resp.port);
    let (low, high) = if in_order { (flow.orig, flow.resp) } else { (flow.resp, flow.orig) };
    let from = if flow.is_v6 { 0 } else { 12 };
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    hash.update(&low.address[from..]);
    hash.update(&high.address[from..]);
    hash.update([flow.protocol, 0]);
    if WITH_PORTS.contains(&flow.protocol) {
        hash.update(low.port.to_be_bytes());
        hash.update(high.port.to_be_bytes());
    }
    format!("1:{}", STANDARD.encode(hash.finalize()))
}
