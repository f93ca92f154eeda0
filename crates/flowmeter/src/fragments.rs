//! Which flow a fragment belongs to: only a datagram's first fragment holds ports. Each fragment counts as a packet of its
//! own. Those that come before the first wait for it, in bounded number and for bounded time.

use std::collections::{HashMap, VecDeque};

use crate::config::SECOND;
use crate::decode::{Addresses, Decoded, Fragment, Transport};

/// Datagrams in the making, and fragments of each that wait.
const MOST_DATAGRAMS: usize = 4_096;
const MOST_WAITING: usize = 64;
/// How long a datagram may take (RFC 8200: 60 seconds).
const LONGEST: i64 = 60 * SECOND;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    addresses: Addresses,
    protocol: u8,
    id: u32,
}

struct Datagram {
    begun: i64,
    /// Once the first fragment was there.
    transport: Option<Transport>,
    waiting: Vec<(Decoded, i64)>,
}

/// Datagrams whose fragments come.
#[derive(Default)]
pub(crate) struct Fragments {
    open: HashMap<Key, Datagram>,
    /// In the order begun; those that were begun anew stand here twice.
    order: VecDeque<(Key, i64)>,
    /// Fragments that waited in vain.
    pub(crate) lost: u64,
}

impl Fragments {
    /// The packets that can be metered now that `packet` has come, with their times: none while the ports are unknown.
    pub(crate) fn take(&mut self, packet: &Decoded, fragment: Fragment, time: i64, into: &mut Vec<(Decoded, i64)>) {
        let key = Key { addresses: packet.addresses, protocol: packet.protocol, id: fragment.id };
        self.forget(time);
        let datagram = self.open.entry(key).or_insert_with(|| {
            self.order.push_back((key, time));
            Datagram { begun: time, transport: None, waiting: Vec::new() }
        });
        if fragment.is_first {
            // No ports, and no state of TCP, come from a fragment twice.
            datagram.transport = Some(later(packet.transport));
            into.push((*packet, time));
            for (waiting, since) in datagram.waiting.drain(..) {
                into.push((Decoded { transport: later(packet.transport), ..waiting }, since));
            }
            return;
        }
        match datagram.transport {
            Some(transport) => into.push((Decoded { transport, ..*packet }, time)),
            None if datagram.waiting.len() < MOST_WAITING => datagram.waiting.push((*packet, time)),
            None => self.lost += 1,
        }
    }

    /// Gives up those that take too long, or are too many.
    fn forget(&mut self, now: i64) {
        while let Some((key, begun)) = self.order.front().copied() {
            if self.open.len() < MOST_DATAGRAMS && begun + LONGEST >= now {
                return;
            }
            self.order.pop_front();
            if self.open.get(&key).is_some_and(|datagram| datagram.begun == begun) {
                let given_up = self.open.remove(&key);
                self.lost += given_up.map_or(0, |datagram| datagram.waiting.len() as u64);
            }
        }
    }

    /// Gives up all.
    pub(crate) fn clear(&mut self) {
        self.lost += self.open.values().map(|datagram| datagram.waiting.len() as u64).sum::<u64>();
        self.open.clear();
        self.order.clear();
    }
}

/// What a later fragment shares with the first: its ports.
fn later(transport: Transport) -> Transport {
    match transport {
        Transport::Tcp(segment) => Transport::Ports { src: segment.src, dst: segment.dst },
        other => other,
    }
}
