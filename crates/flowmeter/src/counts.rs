//! What became of packets: each is in a flow, or counted here by why not.

use serde::Serialize;

/// Packets, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MeterCounts {
    /// All of them.
    pub packets: u64,
    /// Those in flows.
    pub metered: u64,
    /// Neither IPv4 nor IPv6: ARP, spanning tree, and the like.
    pub not_ip: u64,
    /// Of a link type that is not read.
    pub unread_link: u64,
    /// Kept too short to hold the headers, or with headers that contradict themselves.
    pub malformed: u64,
    /// Fragments whose first one, which holds the ports, never came.
    pub lone_fragments: u64,
    /// Fragments in flows.
    pub fragments: u64,
    /// Older than a packet before them, and metered all the same.
    pub late: u64,
    /// With a length in the IP header above the packet's own, which was counted.
    pub overlong: u64,
    /// Times that the clock fell back by more than ten minutes; every flow ended there.
    pub clock_restarts: u64,
    /// Flows that ended early because there were too many.
    pub evicted: u64,
    /// Flows given.
    pub flows: u64,
    /// Packets of which a tunnel's outer headers were metered, by the tunnel.
    pub tunnels: TunnelCounts,
}

/// Packets that carry others. The flow is that of the tunnel's ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TunnelCounts {
    /// IP in IP (protocols 4 and 41).
    pub ip_in_ip: u64,
    /// GRE (protocol 47).
    pub gre: u64,
    /// VXLAN and Geneve (UDP 4789, 6081).
    pub vxlan: u64,
    /// GTP-U (UDP 2152).
    pub gtp: u64,
    /// Teredo (UDP 3544).
    pub teredo: u64,
    /// L2TP (UDP 1701, protocol 115).
    pub l2tp: u64,
}

impl TunnelCounts {
    /// Counts a packet of IP protocol `protocol`, with UDP ports where it has them.
    pub(crate) fn add(&mut self, protocol: u8, ports: [u16; 2]) {
        let udp = |known: &[u16]| protocol == 17 && ports.iter().any(|port| known.contains(port));
        match protocol {
            4 | 41 => self.ip_in_ip += 1,
            47 => self.gre += 1,
            115 => self.l2tp += 1,
            17 if udp(&[4789, 6081]) => self.vxlan += 1,
            17 if udp(&[2152]) => self.gtp += 1,
            17 if udp(&[3544]) => self.teredo += 1,
            17 if udp(&[1701]) => self.l2tp += 1,
            _ => {}
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.ip_in_ip + self.gre + self.vxlan + self.gtp + self.teredo + self.l2tp
    }
}
