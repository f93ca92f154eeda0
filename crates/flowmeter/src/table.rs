//! The flows that last: found by key, ended in the order of time. Flows of one time-out form a queue, whose front is the
//! next to end; so a packet costs the same however many flows there are.

use std::collections::HashMap;

use crate::flow::{Flow, Side};

/// Both ends, the smaller first, so that both directions find one flow; a message that has no answer keeps its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    low: [u8; 16],
    high: [u8; 16],
    ports: [u16; 2],
    protocol: u8,
    is_v6: bool,
    is_one_way: bool,
}

impl Key {
    /// The key of packets between `src` and `dst`.
    pub(crate) fn of(protocol: u8, is_v6: bool, is_one_way: bool, [src, dst]: [Side; 2]) -> Key {
        let in_order = is_one_way || (src.address, src.port) <= (dst.address, dst.port);
        let (low, high) = if in_order { (src, dst) } else { (dst, src) };
        Key { low: low.address, high: high.address, ports: [low.port, high.port], protocol, is_v6, is_one_way }
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

struct Slot {
    key: Key,
    flow: Box<Flow>,
    queue: Queue,
    /// When its time-out began.
    since: i64,
    before: u32,
    after: u32,
}

#[derive(Clone, Copy)]
struct Ends {
    front: u32,
    back: u32,
}

/// The flows.
pub(crate) struct Table {
    places: HashMap<Key, u32>,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    queues: [Ends; N_QUEUES],
    limits: [i64; N_QUEUES],
}

impl Table {
    /// An empty one, whose queues' flows end after these times.
    pub(crate) fn new(limits: [i64; N_QUEUES]) -> Table {
        let queues = [Ends { front: NONE, back: NONE }; N_QUEUES];
        Table { places: HashMap::new(), slots: Vec::new(), free: Vec::new(), queues, limits }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn find(&self, key: &Key) -> Option<u32> {
        self.places.get(key).copied()
    }

    /// The flow at a place that [`Table::find`] or [`Table::insert`] gave.
    pub(crate) fn flow(&mut self, place: u32) -> Option<&mut Flow> {
        self.slots.get_mut(place as usize)?.as_mut().map(|slot| &mut *slot.flow)
    }

    /// Keeps a flow, which stands at the end of `queue` from `now` on.
    pub(crate) fn insert(&mut self, key: Key, flow: Box<Flow>, queue: Queue, now: i64) -> u32 {
        let slot = Slot { key, flow, queue, since: now, before: NONE, after: NONE };
        let place = match self.free.pop() {
            Some(place) => {
                self.slots[place as usize] = Some(slot);
                place
            }
            None => {
                self.slots.push(Some(slot));
                (self.slots.len() - 1) as u32
            }
        };
        self.places.insert(key, place);
        self.link(place);
        place
    }

    /// Puts a flow at the end of `queue`; what stands in a queue that counts from one moment stays.
    pub(crate) fn touch(&mut self, place: u32, queue: Queue, now: i64) {
        let Some(slot) = self.slot(place) else { return };
        if slot.queue == queue && matches!(queue, Queue::Attempt | Queue::Closed) {
            return;
        }
        self.unlink(place);
        if let Some(slot) = self.slot(place) {
            (slot.queue, slot.since) = (queue, now);
        }
        self.link(place);
    }

    /// Takes a flow out.
    pub(crate) fn remove(&mut self, place: u32) -> Option<Box<Flow>> {
        self.unlink(place);
        let slot = self.slots.get_mut(place as usize)?.take()?;
        self.places.remove(&slot.key);
        self.free.push(place);
        Some(slot.flow)
    }

    /// The flow that ends next of those whose time is over at `now`.
    pub(crate) fn next_over(&mut self, now: i64) -> Option<(u32, Queue)> {
        let over = |(queue, place, since): (usize, u32, i64)| (since.saturating_add(self.limits[queue]), queue, place);
        let (end, queue, place) = self.fronts().map(over).min()?;
        (end < now).then_some((place, QUEUES[queue]))
    }

    /// The flow that was touched longest ago.
    pub(crate) fn oldest(&self) -> Option<u32> {
        self.fronts().min_by_key(|(queue, _, since)| (*since, *queue)).map(|(_, place, _)| place)
    }

    /// Takes all out, in the order of their first packets.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Box<Flow>> + use<> {
        let slots = std::mem::replace(self, Table::new(self.limits)).slots;
        let mut slots: Vec<Slot> = slots.into_iter().flatten().collect();
        slots.sort_by_key(|slot| (slot.flow.first, slot.flow.ordinal));
        slots.into_iter().map(|slot| slot.flow)
    }

    /// Queue, place and time of each queue's front.
    fn fronts(&self) -> impl Iterator<Item = (usize, u32, i64)> + '_ {
        self.queues.iter().enumerate().filter_map(|(queue, ends)| {
            let slot = self.slots.get(ends.front as usize)?.as_ref()?;
            Some((queue, ends.front, slot.since))
        })
    }

    fn slot(&mut self, place: u32) -> Option<&mut Slot> {
        self.slots.get_mut(place as usize)?.as_mut()
    }

    fn link(&mut self, place: u32) {
        let Some(queue) = self.slot(place).map(|slot| slot.queue as usize) else { return };
        let back = std::mem::replace(&mut self.queues[queue].back, place);
        match self.slot(back) {
            Some(slot) => slot.after = place,
            None => self.queues[queue].front = place,
        }
        if let Some(slot) = self.slot(place) {
            (slot.before, slot.after) = (back, NONE);
        }
    }

    fn unlink(&mut self, place: u32) {
        let Some(slot) = self.slot(place) else { return };
        let (queue, before, after) = (slot.queue as usize, slot.before, slot.after);
        match self.slot(before) {
            Some(slot) => slot.after = after,
            None => self.queues[queue].front = after,
        }
        match self.slot(after) {
            Some(slot) => slot.before = before,
            None => self.queues[queue].back = before,
        }
    }
}

const QUEUES: [Queue; N_QUEUES] = [Queue::TcpIdle, Queue::UdpIdle, Queue::OtherIdle, Queue::Attempt, Queue::Closed];
