//! What is counted of one direction of a flow.

use crate::decode::{Decoded, TcpSegment};
use crate::flow::sequence::Step;
use crate::flow::{Gaps, Sizes};

/// One direction.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Direction {
    /// Behind the transport's header, as often as sent.
    pub(crate) payload_bytes: u64,
    pub(crate) data_packets: u64,
    /// From IP's header on.
    pub(crate) sizes: Sizes,
    pub(crate) gaps: Gaps,
    /// Packets by TCP flag, in the order of its bits.
    pub(crate) flags: [u64; 8],
    pub(crate) retransmitted: u64,
    pub(crate) out_of_order: u64,
    pub(crate) zero_windows: u64,
    /// The first segment's window.
    pub(crate) first_window: Option<u16>,
}

impl Direction {
    pub(crate) fn add(&mut self, packet: &Decoded, time: i64) {
        self.payload_bytes += u64::from(packet.payload_len);
        self.data_packets += u64::from(packet.payload_len > 0);
        self.sizes.add(packet.ip_len);
        self.gaps.add(time);
    }

    pub(crate) fn add_segment(&mut self, segment: &TcpSegment, step: Step) {
        // Most have one or two.
        let mut bits = segment.flags.0;
        while bits != 0 {
            self.flags[bits.trailing_zeros() as usize] += 1;
            bits &= bits - 1;
        }
        self.first_window.get_or_insert(segment.window);
        self.zero_windows += u64::from(segment.window == 0 && !segment.flags.rst());
        match step {
            Step::Onward => {}
            Step::Again => self.retransmitted += 1,
            Step::Late => self.out_of_order += 1,
        }
    }
}
