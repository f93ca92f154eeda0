//! Packet captures (pcap, pcapng): flows by the flow meter, in the columns of Zeek's conn.log.

pub(crate) mod blocks;
pub(crate) mod frame;
pub(crate) mod left_out;
pub(crate) mod meter;
pub(crate) mod packets;

/// Whether bytes that begin so are a packet capture.
pub(crate) fn is_capture(head: &[u8]) -> bool {
    nta_flowmeter::MAGICS.iter().any(|magic| head.starts_with(magic))
}
