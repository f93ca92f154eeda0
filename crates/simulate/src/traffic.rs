//! What an exchange between two hosts leaves in a flow record: packets, bytes and time that belong together.

use std::net::Ipv4Addr;

use crate::calendar::SECOND;
use crate::draw::Draw;
use crate::flow::{Flow, Proto, Service, State};

/// Largest TCP payload of a packet on Ethernet with time stamps (RFC 7323).
const SEGMENT: f64 = 1448.0;
/// IP and TCP header with time stamps.
const TCP_HEADER: f64 = 52.0;
/// A SYN with its options.
const SYN: u64 = 60;
/// IP and UDP header, as ICMP's.
pub(crate) const DATAGRAM_HEADER: f64 = 28.0;

/// The record of one exchange, without the question who with whom and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traffic {
    pub(crate) proto: Proto,
    pub(crate) state: State,
    pub(crate) seconds: f64,
    pub(crate) up_bytes: u64,
    pub(crate) down_bytes: u64,
    pub(crate) up_pkts: u32,
    pub(crate) down_pkts: u32,
    pub(crate) wrong_fragment: u32,
}

impl Traffic {
    /// A whole TCP connection carrying `up` and `down` payload bytes over a path of round trip `rtt`; `idle` seconds
    /// are spent waiting.
    pub(crate) fn tcp(draw: &mut Draw, up: f64, down: f64, rtt: f64, idle: f64) -> Self {
        let up_data = (up / SEGMENT).ceil().max(1.0);
        let down_data = (down / SEGMENT).ceil().max(1.0);
        let lost = |draw: &mut Draw, n: f64| f64::from(draw.poisson((n * 0.004).min(25.0)));
        let up_again = lost(draw, up_data);
        let down_again = lost(draw, down_data);
        let up_pkts = 3.0 + up_data + up_again + (down_data * draw.between(0.35, 0.6)).floor();
        let down_pkts = 2.0 + down_data + down_again + (up_data * draw.between(0.35, 0.6)).floor();
        let speed = draw.log_normal(4e6, 0.7);
        let trips = 3.0 + (1.0 + (up + down) / 14_600.0).log2().max(0.0);
        Traffic {
            proto: Proto::Tcp,
            state: State::Finished,
            seconds: rtt * trips * draw.between(0.9, 1.4) + (up + down) / speed + idle,
            up_bytes: (up + up_again * SEGMENT + up_pkts * TCP_HEADER) as u64 + 8,
            down_bytes: (down + down_again * SEGMENT + down_pkts * TCP_HEADER) as u64 + 8,
            up_pkts: up_pkts as u32,
            down_pkts: down_pkts as u32,
            wrong_fragment: 0,
        }
    }

    /// The same connection ended by a reset of one side instead of in order.
    pub(crate) fn reset(mut self, by: State) -> Self {
        self.state = by;
        self
    }

    /// A SYN nobody answers, sent again after 1, 2, 4 … seconds (RFC 6298) until `tries` are out.
    pub(crate) fn unanswered(draw: &mut Draw, tries: u32) -> Self {
        let mut seconds = 0.0;
        let mut wait = draw.between(1.0, 1.06);
        for _ in 1..tries {
            seconds += wait;
            wait *= draw.between(1.99, 2.03);
        }
        Traffic {
            proto: Proto::Tcp,
            state: State::Unanswered,
            seconds,
            up_bytes: u64::from(tries) * SYN,
            down_bytes: 0,
            up_pkts: tries,
            down_pkts: 0,
            wrong_fragment: 0,
        }
    }

    /// A SYN answered by a reset; some stacks ask again half a second later.
    pub(crate) fn refused(draw: &mut Draw, rtt: f64) -> Self {
        let tries = draw.weighted(&[(0.7, 1u32), (0.2, 2), (0.1, 3)]);
        Traffic {
            proto: Proto::Tcp,
            state: State::Refused,
            seconds: rtt * draw.between(0.8, 1.5) + f64::from(tries - 1) * draw.between(0.5, 0.54),
            up_bytes: u64::from(tries) * SYN,
            down_bytes: u64::from(tries) * 40,
            up_pkts: tries,
            down_pkts: tries,
            wrong_fragment: 0,
        }
    }

    /// Datagrams: `asked` packets of `up` payload bytes in all, `answered` of `down` bytes, over `seconds`.
    pub(crate) fn udp(asked: u32, up: f64, answered: u32, down: f64, seconds: f64) -> Self {
        let state = if answered > 0 { State::Finished } else { State::Unanswered };
        Traffic {
            proto: Proto::Udp,
            state,
            seconds,
            up_bytes: (up + f64::from(asked) * DATAGRAM_HEADER) as u64,
            down_bytes: if answered > 0 { (down + f64::from(answered) * DATAGRAM_HEADER) as u64 } else { 0 },
            up_pkts: asked,
            down_pkts: answered,
            wrong_fragment: 0,
        }
    }

    /// Echo requests a second apart, of `payload` bytes each, `answered` of them answered.
    pub(crate) fn icmp(draw: &mut Draw, asked: u32, answered: u32, payload: f64, rtt: f64) -> Self {
        let seconds = f64::from(asked - 1) * draw.between(0.99, 1.02) + if answered > 0 { rtt } else { 0.0 };
        let mut echo =
            Traffic::udp(asked, payload * f64::from(asked), answered, payload * f64::from(answered), seconds);
        (echo.proto, echo.state) = (Proto::Icmp, State::Stateless);
        echo
    }
}

/// A port to call from.
pub(crate) fn ephemeral(draw: &mut Draw, low: u16, proto: Proto, dst_port: u16) -> u16 {
    match (proto, dst_port) {
        (Proto::Icmp, _) => 0,
        (Proto::Udp, 123 | 500 | 4500) if draw.chance(0.7) => dst_port,
        _ => draw.whole(u64::from(low), if low == 32_768 { 60_999 } else { 65_535 }) as u16,
    }
}

/// Puts an exchange on the wire.
pub(crate) fn record(src: Ipv4Addr, dst: Ipv4Addr, src_port: u16, dst_port: u16, at: i64, traffic: Traffic) -> Flow {
    let dst_port = if traffic.proto == Proto::Icmp { 0 } else { dst_port };
    Flow {
        time: at,
        duration: (traffic.seconds * SECOND as f64) as i64,
        src,
        dst,
        src_port,
        dst_port,
        proto: traffic.proto,
        service: Service::of_port(dst_port, traffic.proto),
        state: traffic.state,
        src_bytes: traffic.up_bytes,
        dst_bytes: traffic.down_bytes,
        src_pkts: traffic.up_pkts,
        dst_pkts: traffic.down_pkts,
        wrong_fragment: traffic.wrong_fragment.min(traffic.up_pkts + traffic.down_pkts),
        family: None,
    }
}
