//! The queues of [`EntityStore`](crate::EntityStore): doubly linked lists through its slots.

/// A place for one entity.
#[derive(Debug, Clone)]
pub(crate) struct Slot<S> {
    pub(crate) entity: u64,
    /// `None` while the place is free.
    pub(crate) state: Option<S>,
    pub(crate) last_end: i64,
    pub(crate) established: bool,
    /// Which stretch of the memory's visits its last one belongs to.
    pub(crate) stretch: u32,
    older: u32,
    newer: u32,
}

impl<S> Slot<S> {
    pub(crate) fn new(entity: u64, last_end: i64) -> Self {
        Slot { entity, state: None, last_end, established: false, stretch: 0, older: NONE, newer: NONE }
    }

    /// The same place in the same queue, with what `change` makes of its state.
    pub(crate) fn map<T>(self, change: impl FnOnce(S) -> T) -> Slot<T> {
        let Slot { entity, state, last_end, established, stretch, older, newer } = self;
        Slot { entity, state: state.map(change), last_end, established, stretch, older, newer }
    }
}

/// A doubly linked list through the slots, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    pub(crate) oldest: u32,
    newest: u32,
    pub(crate) len: usize,
    pub(crate) room: usize,
}

/// No slot.
pub(crate) const NONE: u32 = u32::MAX;

impl Queue {
    pub(crate) fn new(room: usize) -> Self {
        Queue { oldest: NONE, newest: NONE, len: 0, room }
    }

    /// Its slots, oldest first.
    pub(crate) fn places<'a, S>(&self, slots: &'a [Slot<S>]) -> impl Iterator<Item = &'a Slot<S>> + use<'a, S> {
        let slot = move |at: u32| slots.get(at as usize);
        std::iter::successors(slot(self.oldest), move |found| slot(found.newer))
    }

    /// Its slots, newest first.
    pub(crate) fn back<'a, S>(&self, slots: &'a [Slot<S>]) -> impl Iterator<Item = &'a Slot<S>> + use<'a, S> {
        let slot = move |at: u32| slots.get(at as usize);
        std::iter::successors(slot(self.newest), move |found| slot(found.older))
    }

    pub(crate) fn push_newest<S>(&mut self, slots: &mut [Slot<S>], at: u32) {
        (slots[at as usize].older, slots[at as usize].newer) = (self.newest, NONE);
        match self.newest {
            NONE => self.oldest = at,
            newest => slots[newest as usize].newer = at,
        }
        self.newest = at;
        self.len += 1;
    }

    pub(crate) fn take_out<S>(&mut self, slots: &mut [Slot<S>], at: u32) {
        let (older, newer) = (slots[at as usize].older, slots[at as usize].newer);
        match older {
            NONE => self.oldest = newer,
            older => slots[older as usize].newer = newer,
        }
        match newer {
            NONE => self.newest = older,
            newer => slots[newer as usize].older = older,
        }
        self.len -= 1;
    }
}
