//! What is kept of a flow while it lasts, and what is left of it when it has ended.

mod direction;
mod history;
mod sequence;
mod spread;
mod state;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::decode::{Addresses, Decoded, TCP, Transport, UDP};

pub(crate) use direction::Direction;
pub(crate) use history::History;
pub(crate) use spread::{Gaps, Sizes};
pub(crate) use state::TcpState;

/// Why a flow is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Both sides sent FIN, or one did and the other never spoke.
    Fin,
    /// A side sent RST.
    Reset,
    /// A SYN came in its place.
    Reused,
    /// Nothing came for too long.
    Idle,
    /// It lasted too long, and goes on as another flow.
    Active,
    /// There were too many flows.
    Evicted,
    /// The capture ended.
    End,
}

impl EndReason {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            EndReason::Fin => "fin",
            EndReason::Reset => "rst",
            EndReason::Reused => "reused",
            EndReason::Idle => "idle",
            EndReason::Active => "active",
            EndReason::Evicted => "evicted",
            EndReason::End => "end",
        }
    }
}

/// One side of a flow's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Side {
    pub(crate) address: [u8; 16],
    /// Port, or for ICMP a type or code.
    pub(crate) port: u16,
}

/// A flow.
#[derive(Debug, Clone)]
pub struct Flow {
    pub(crate) is_v6: bool,
    pub(crate) protocol: u8,
    pub(crate) is_one_way: bool,
    pub(crate) orig: Side,
    pub(crate) resp: Side,
    /// Nanoseconds since 1970.
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// Of all packets, in both directions: when the newest came, and what lay between each two.
    pub(crate) gaps: Gaps,
    pub(crate) vlans: [Option<u16>; 2],
    pub(crate) history: History,
    pub(crate) tcp: TcpState,
    /// Of the originator and the responder.
    pub(crate) directions: [Direction; 2],
    pub(crate) fragments: u64,
    pub(crate) end: EndReason,
    /// The first packet's place in the capture, from 1.
    pub(crate) ordinal: u64,
}

/// Who sent a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Orig = 0,
    Resp = 1,
}

impl Sender {
    pub(crate) fn other(self) -> Sender {
        if self == Sender::Orig { Sender::Resp } else { Sender::Orig }
    }
}

/// Both ends of a packet's flow, its sender's first.
pub(crate) fn ends(addresses: &Addresses, ports: [u16; 2]) -> [Side; 2] {
    [Side { address: addresses.src, port: ports[0] }, Side { address: addresses.dst, port: ports[1] }]
}

impl Flow {
    /// A flow without packets, from `orig` to `resp`.
    pub(crate) fn new(packet: &Decoded, is_one_way: bool, [orig, resp]: [Side; 2], time: i64, ordinal: u64) -> Flow {
        Flow {
            is_v6: packet.addresses.is_v6,
            protocol: packet.protocol,
            is_one_way,
            orig,
            resp,
            first: time,
            last: time,
            gaps: Gaps::default(),
            vlans: packet.vlans,
            history: History::default(),
            tcp: TcpState::default(),
            directions: Default::default(),
            fragments: 0,
            end: EndReason::End,
            ordinal,
        }
    }

    /// Takes a packet of `sender`.
    pub(crate) fn add(&mut self, packet: &Decoded, time: i64, sender: Sender) {
        self.first = self.first.min(time);
        // As in Zeek, what comes when both sides have closed does not lengthen a flow.
        if !self.tcp.is_closed(Sender::Orig) || !self.tcp.is_closed(Sender::Resp) {
            self.last = self.last.max(time);
        }
        self.gaps.add(time);
        self.fragments += u64::from(packet.fragment.is_some());
        let direction = &mut self.directions[sender as usize];
        direction.add(packet, time);
        match &packet.transport {
            Transport::Tcp(segment) => {
                let step = self.tcp.step(segment, packet.payload_len, sender, &mut self.history);
                direction.add_segment(segment, step);
            }
            Transport::Ports { .. } if packet.protocol == UDP => {
                self.history.once(history::DATA, sender);
            }
            _ => {}
        }
    }

    /// Lengths of both sides' packets.
    pub(crate) fn sizes(&self) -> Sizes {
        self.directions[0].sizes.and(self.directions[1].sizes)
    }

    /// An end's address.
    pub(crate) fn address(&self, side: &Side) -> IpAddr {
        if self.is_v6 {
            return IpAddr::V6(Ipv6Addr::from(side.address));
        }
        let [.., a, b, c, d] = side.address;
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    }

    /// Seconds from its first packet to its last; `None` for a single moment, as Zeek leaves it unset.
    pub(crate) fn duration(&self) -> Option<f64> {
        (self.last > self.first).then(|| seconds(self.last - self.first))
    }

    /// Payload of one side as Zeek counts it, in bytes: TCP's by sequence numbers, so that what was sent twice counts once.
    pub(crate) fn bytes(&self, sender: Sender) -> u64 {
        match self.protocol {
            TCP => self.tcp.size(sender),
            _ => self.directions[sender as usize].payload_bytes,
        }
    }
}

/// Nanoseconds as seconds; whole ones apart, since nanoseconds of this century are more than the fraction holds.
pub(crate) fn seconds(nanos: i64) -> f64 {
    (nanos / 1_000_000_000) as f64 + (nanos % 1_000_000_000) as f64 / 1e9
}
