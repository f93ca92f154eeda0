//! The flows that last: found by key, ended in the order of time. Flows of one time-out form a queue, whose front is the
//! next to end; so a packet costs the same however many flows there are.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use crate::flow::{Flow, Side};

/// Both ends, the smaller first, so that both directions find one flow; a message that has no answer keeps its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// Addresses, as numbers.
    low: [u64; 2],
    high: [u64; 2],
    /// From the lowest bits on: ports, protocol, whether it is of IPv6, whether one-way.
    rest: u64,
}

impl Key {
    /// The key of packets between `src` and `dst`.
    pub(crate) fn of(protocol: u8, is_v6: bool, is_one_way: bool, [src, dst]: [Side; 2]) -> Key {
        let number = |side: &Side| u128::from_be_bytes(side.address);
        let in_order = is_one_way || (number(&src), src.port) <= (number(&dst), dst.port);
        let (low, high) = if in_order { (src, dst) } else { (dst, src) };
        let words = |side: &Side| [(number(side) >> 64) as u64, number(side) as u64];
        let ports = u64::from(low.port) | u64::from(high.port) << 16;
        let rest = ports | u64::from(protocol) << 32 | u64::from(is_v6) << 40 | u64::from(is_one_way) << 41;
        Key { low: words(&low), high: words(&high), rest }
    }
}

impl Hash for Key {
    /// In one piece, and what tells keys apart alone: IPv4's addresses have 32 bits.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ([low_upper, low], [high_upper, high]) = (self.low, self.high);
        let mut bytes = [0; 40];
        let mut put = |words: &[u64]| {
            let places = bytes.as_chunks_mut::<8>().0;
            places.iter_mut().zip(words).for_each(|(place, word)| *place = word.to_ne_bytes());
            words.len() * 8
        };
        let n = match self.rest >> 40 & 1 {
            0 => put(&[low << 32 | high, self.rest]),
            _ => put(&[self.rest, low_upper, low, high_upper, high]),
        };
        state.write(&bytes[..n]);
    }
}

/// The queues of flows that end alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queue {
    TcpIdle = 0,
    UdpIdle = 1,
    OtherIdle = 2,
    /// Counted from the flow's first packet.
    Attempt = 3,
    /// Counted from the flow's close.
    Closed = 4,
}

const N_QUEUES: usize = 5;
const NONE: u32 = u32::MAX;

/// A flow's place in its queue.
#[derive(Clone, Copy)]
struct Link {
    /// When its time-out began.
    since: i64,
    before: u32,
    after: u32,
    queue: Queue,
}

#[derive(Clone, Copy)]
struct Ends {
    front: u32,
    back: u32,
}

/// The flows.
pub(crate) struct Table {
    places: HashMap<Key, u32>,
    /// The flow that was found last: packets of one flow often follow each other.
    recent: Option<(Key, u32)>,
    held: Vec<Option<(Key, Box<Flow>)>>,
    /// As many as `held`; apart, for each packet touches its neighbours'.
    links: Vec<Link>,
    free: Vec<u32>,
    queues: [Ends; N_QUEUES],
    limits: [i64; N_QUEUES],
    /// No flow ends before.
    soonest: i64,
}

impl Table {
    /// An empty one, whose queues' flows end after these times.
    pub(crate) fn new(limits: [i64; N_QUEUES]) -> Table {
        Table {
            places: HashMap::new(),
            recent: None,
            held: Vec::new(),
            links: Vec::new(),
            free: Vec::new(),
            queues: [Ends { front: NONE, back: NONE }; N_QUEUES],
            limits,
            soonest: i64::MAX,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn find(&mut self, key: &Key) -> Option<u32> {
        if let Some((recent, place)) = &self.recent
            && recent == key
        {
            return Some(*place);
        }
        let place = self.places.get(key).copied()?;
        self.recent = Some((*key, place));
        Some(place)
    }

    /// The flow at a place that [`Table::find`] or [`Table::insert`] gave.
    pub(crate) fn flow(&mut self, place: u32) -> Option<&mut Flow> {
        self.held.get_mut(place as usize)?.as_mut().map(|(_, flow)| &mut **flow)
    }

    /// Keeps a flow, which stands at the end of `queue` from `now` on.
    pub(crate) fn insert(&mut self, key: Key, flow: Box<Flow>, queue: Queue, now: i64) -> u32 {
        let (held, link) = (Some((key, flow)), Link { since: now, before: NONE, after: NONE, queue });
        let place = match self.free.pop() {
            Some(place) => {
                (self.held[place as usize], self.links[place as usize]) = (held, link);
                place
            }
            None => {
                self.held.push(held);
                self.links.push(link);
                (self.held.len() - 1) as u32
            }
        };
        self.places.insert(key, place);
        self.recent = Some((key, place));
        self.link(place);
        place
    }

    /// Puts a flow at the end of `queue`; what stands in a queue that counts from one moment stays.
    pub(crate) fn touch(&mut self, place: u32, queue: Queue, now: i64) {
        let is_last = self.queues[queue as usize].back == place;
        let Some(link) = self.links.get_mut(place as usize) else { return };
        if link.queue == queue && matches!(queue, Queue::Attempt | Queue::Closed) {
            return;
        }
        if is_last {
            link.since = now;
            return;
        }
        self.unlink(place);
        let link = &mut self.links[place as usize];
        (link.queue, link.since) = (queue, now);
        self.link(place);
    }

    /// Takes a flow out.
    pub(crate) fn remove(&mut self, place: u32) -> Option<Box<Flow>> {
        let (key, flow) = self.held.get_mut(place as usize)?.take()?;
        self.unlink(place);
        self.places.remove(&key);
        self.recent = self.recent.filter(|(_, recent)| *recent != place);
        self.free.push(place);
        Some(flow)
    }

    /// The flow that ends next of those whose time is over at `now`.
    pub(crate) fn next_over(&mut self, now: i64) -> Option<(u32, Queue)> {
        if now <= self.soonest {
            return None;
        }
        let over = |(queue, place, since): (usize, u32, i64)| (since.saturating_add(self.limits[queue]), queue, place);
        let next = self.fronts().map(over).min();
        self.soonest = next.map_or(i64::MAX, |(end, ..)| end);
        let (_, queue, place) = next.filter(|(end, ..)| *end < now)?;
        Some((place, QUEUES[queue]))
    }

    /// The flow that was touched longest ago.
    pub(crate) fn oldest(&self) -> Option<u32> {
        self.fronts().min_by_key(|(queue, _, since)| (*since, *queue)).map(|(_, place, _)| place)
    }

    /// Takes all out, in the order of their first packets.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Box<Flow>> + use<> {
        let held = std::mem::replace(self, Table::new(self.limits)).held;
        let mut flows: Vec<Box<Flow>> = held.into_iter().flatten().map(|(_, flow)| flow).collect();
        flows.sort_by_key(|flow| (flow.first, flow.ordinal));
        flows.into_iter()
    }

    /// Queue, place and time of each queue's front.
    fn fronts(&self) -> impl Iterator<Item = (usize, u32, i64)> + '_ {
        self.queues.iter().enumerate().filter_map(|(queue, ends)| {
            let link = self.links.get(ends.front as usize)?;
            Some((queue, ends.front, link.since))
        })
    }

    /// Puts a place at the end of its queue.
    fn link(&mut self, place: u32) {
        let link = self.links[place as usize];
        let queue = link.queue as usize;
        let back = std::mem::replace(&mut self.queues[queue].back, place);
        match self.links.get_mut(back as usize) {
            Some(last) => last.after = place,
            None => self.queues[queue].front = place,
        }
        self.links[place as usize] = Link { before: back, after: NONE, ..link };
        self.soonest = self.soonest.min(link.since.saturating_add(self.limits[queue]));
    }

    /// Takes a place out of its queue.
    fn unlink(&mut self, place: u32) {
        let Link { before, after, queue, .. } = self.links[place as usize];
        match self.links.get_mut(before as usize) {
            Some(link) => link.after = after,
            None => self.queues[queue as usize].front = after,
        }
        match self.links.get_mut(after as usize) {
            Some(link) => link.before = before,
            None => self.queues[queue as usize].back = before,
        }
    }
}

const QUEUES: [Queue; N_QUEUES] = [Queue::TcpIdle, Queue::UdpIdle, Queue::OtherIdle, Queue::Attempt, Queue::Closed];
