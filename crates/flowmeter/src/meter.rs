//! Packets in, flows out when they end.

use std::collections::VecDeque;

use crate::capture::Packet;
use crate::config::{MeterConfig, SECOND};
use crate::counts::MeterCounts;
use crate::decode::{Decoded, NoFlow, TCP, TcpSegment, Transport, UDP, decode};
use crate::flow::{EndReason, Flow, Sender, Side, ends};
use crate::fragments::Fragments;
use crate::ports;
use crate::table::{Key, Queue, Table};

/// A packet older than the newest by more than this does not come late: the clock was set back, or it is another capture.
const LATEST: i64 = 600 * SECOND;

/// Meters packets. What it gives does not depend on how bytes were cut into reads, nor on time that passes while it works.
pub struct Meter {
    config: MeterConfig,
    table: Table,
    fragments: Fragments,
    /// Packets of which the ports have just become known.
    whole: Vec<(Decoded, i64)>,
    counts: MeterCounts,
    /// The newest packet's time.
    now: Option<i64>,
    finished: VecDeque<Box<Flow>>,
}

impl Meter {
    /// One that has seen nothing.
    pub fn new(config: MeterConfig) -> Meter {
        let limits = [config.tcp_idle, config.udp_idle, config.other_idle, config.tcp_attempt, config.tcp_close];
        Meter {
            config: MeterConfig { max_flows: config.max_flows.clamp(1, u32::MAX as usize - 1), ..config },
            table: Table::new(limits),
            fragments: Fragments::default(),
            whole: Vec::new(),
            counts: MeterCounts::default(),
            now: None,
            finished: VecDeque::new(),
        }
    }

    /// Takes a packet. Take the flows that it ended ([`Meter::take_finished`]) before the next.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        self.counts.packets += 1;
        self.tick(packet.time);
        match decode(packet) {
            Ok(decoded) => self.decoded(&decoded, packet.time),
            Err(NoFlow::NotIp) => self.counts.not_ip += 1,
            Err(NoFlow::UnreadLink) => self.counts.unread_link += 1,
            Err(NoFlow::Malformed) => self.counts.malformed += 1,
        }
    }

    /// Ends what is over at `now`, in nanoseconds since 1970: for a live source in which nothing comes. A clock that falls
    /// back by more than ten minutes ends every flow.
    pub fn advance(&mut self, now: i64) {
        self.tick(now);
    }

    /// Ends every flow.
    pub fn finish(&mut self) {
        self.fragments.clear();
        for flow in self.table.drain() {
            self.give(flow, EndReason::End);
        }
    }

    /// The flows that have ended since this was last asked, in the order of their ends.
    pub fn take_finished(&mut self) -> impl Iterator<Item = Box<Flow>> + '_ {
        self.finished.drain(..)
    }

    /// Whether a flow has ended.
    pub fn has_finished(&self) -> bool {
        !self.finished.is_empty()
    }

    /// Flows that last.
    pub fn n_open(&self) -> usize {
        self.table.len()
    }

    /// What became of the packets so far.
    pub fn counts(&self) -> MeterCounts {
        MeterCounts { lone_fragments: self.fragments.lost, ..self.counts }
    }

    fn tick(&mut self, time: i64) {
        let now = *self.now.get_or_insert(time);
        if time < now.saturating_sub(LATEST) {
            self.counts.clock_restarts += 1;
            self.finish();
            self.now = Some(time);
        } else if time < now {
            self.counts.late += 1;
        } else {
            self.now = Some(time);
        }
        while let Some((place, queue)) = self.table.next_over(self.now.unwrap_or(time)) {
            let Some(flow) = self.table.remove(place) else { return };
            let reason = match (queue, flow.tcp.is_reset()) {
                (Queue::Closed, true) => EndReason::Reset,
                (Queue::Closed, false) => EndReason::Fin,
                _ => EndReason::Idle,
            };
            self.give(flow, reason);
        }
    }

    fn decoded(&mut self, decoded: &Decoded, time: i64) {
        self.counts.overlong += u64::from(decoded.is_overlong);
        let Some(fragment) = decoded.fragment else {
            return self.meter(decoded, time);
        };
        self.counts.fragments += 1;
        let mut whole = std::mem::take(&mut self.whole);
        self.fragments.take(decoded, fragment, time, &mut whole);
        whole.drain(..).for_each(|(packet, time)| self.meter(&packet, time));
        self.whole = whole;
    }

    /// Puts a packet into its flow.
    fn meter(&mut self, packet: &Decoded, time: i64) {
        self.counts.metered += 1;
        let (ports, is_one_way, segment) = match &packet.transport {
            Transport::Tcp(segment) => ([segment.src, segment.dst], false, Some(segment)),
            Transport::Ports { src, dst } => ([*src, *dst], false, None),
            Transport::Icmp { src, dst, is_one_way } => ([*src, *dst], *is_one_way, None),
            Transport::None => ([0, 0], false, None),
        };
        self.counts.tunnels.add(packet.protocol, ports);
        let ends = ends(&packet.addresses, ports);
        let key = Key::of(packet.protocol, packet.addresses.is_v6, is_one_way, ends);
        let place = self.flow_of(key, packet, ends, segment, time);
        let now = self.now.unwrap_or(time);
        let Some(flow) = self.table.flow(place) else { return };
        let sender = sender(flow, &ends[0]);
        flow.add(packet, time, sender);
        let queue = queue_of(flow);
        self.table.touch(place, queue, now);
    }

    /// The place of the packet's flow, where need be a new one.
    fn flow_of(&mut self, key: Key, packet: &Decoded, ends: [Side; 2], segment: Option<&TcpSegment>, time: i64) -> u32 {
        let mut known_ends = None;
        if let Some(place) = self.table.find(&key) {
            let over = self.table.flow(place).and_then(|flow| over_before(flow, &ends[0], segment, time, &self.config));
            let Some(reason) = over else { return place };
            if let Some(flow) = self.table.remove(place) {
                known_ends = (reason == EndReason::Active).then_some([flow.orig, flow.resp]);
                self.give(flow, reason);
            }
        }
        while self.table.len() >= self.config.max_flows {
            let Some(flow) = self.table.oldest().and_then(|place| self.table.remove(place)) else { break };
            self.counts.evicted += 1;
            self.give(flow, EndReason::Evicted);
        }
        let is_one_way = matches!(packet.transport, Transport::Icmp { is_one_way: true, .. });
        let is_turned = known_ends.is_none() && is_answer(packet, segment, &ends);
        let sides = known_ends.unwrap_or(if is_turned { [ends[1], ends[0]] } else { ends });
        let mut flow = Box::new(Flow::new(packet, is_one_way, sides, time, self.counts.packets));
        if is_turned {
            flow.history.turned();
        }
        let queue = queue_of(&flow);
        self.table.insert(key, flow, queue, self.now.unwrap_or(time))
    }

    fn give(&mut self, mut flow: Box<Flow>, reason: EndReason) {
        flow.end = reason;
        self.counts.flows += 1;
        self.finished.push_back(flow);
    }
}

/// Who of a flow's ends a packet comes from. Both may be one and the same; then it is the originator's.
fn sender(flow: &Flow, from: &Side) -> Sender {
    if flow.orig == *from { Sender::Orig } else { Sender::Resp }
}

/// Why a flow ended before this packet of its ports, if it did.
fn over_before(
    flow: &Flow,
    from: &Side,
    segment: Option<&TcpSegment>,
    time: i64,
    config: &MeterConfig,
) -> Option<EndReason> {
    if segment.is_some_and(|segment| flow.tcp.is_reuse(segment, sender(flow, from))) {
        return Some(EndReason::Reused);
    }
    config.active.is_some_and(|active| time.saturating_sub(flow.first) >= active).then_some(EndReason::Active)
}

/// Whether a flow's first packet comes from its responder: a SYN-ACK, unless it goes to a server's port as a scan would; in
/// the middle of a connection, what the ports tell.
fn is_answer(packet: &Decoded, segment: Option<&TcpSegment>, [src, dst]: &[Side; 2]) -> bool {
    let from_server = ports::is_from_server(packet.protocol, src.port, dst.port);
    match segment {
        Some(segment) if segment.flags.syn() && !segment.flags.ack() => false,
        Some(segment) if segment.flags.syn() => !ports::is_from_server(TCP, dst.port, src.port),
        Some(_) => {
            let both = [src, dst].iter().all(|side| ports::service(TCP, side.port).is_some());
            from_server || (both && src.port < dst.port)
        }
        None => packet.protocol == UDP && from_server,
    }
}

fn queue_of(flow: &Flow) -> Queue {
    match flow.protocol {
        TCP if flow.tcp.is_over() => Queue::Closed,
        TCP if flow.tcp.is_attempt() => Queue::Attempt,
        TCP => Queue::TcpIdle,
        UDP => Queue::UdpIdle,
        _ => Queue::OtherIdle,
    }
}
