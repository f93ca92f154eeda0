//! One side's sequence numbers: how much it sent, what was sent twice, what came late, what never came. Sizes are Zeek's:
//! the distance of sequence numbers, whatever part of it was captured.

/// Ranges that are missing at a time, of one side. A flow with more has lost count of its earliest.
const MOST_HOLES: usize = 4;

/// Jumps of a SYN's or RST's number beyond this are no progress (as in Zeek).
const TOO_FAR: i64 = 1 << 20;

/// What a segment with payload was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It went on, or had no payload.
    Onward,
    /// All of it had been seen.
    Again,
    /// It filled what was missing.
    Late,
}

/// The numbers of one side, relative to one before its first byte.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sequence {
    start: u32,
    /// One past the last number sent.
    last: i64,
    /// The highest number that the other side acknowledged.
    acked: i64,
    /// Ranges not seen, in order.
    holes: [(i64, i64); MOST_HOLES],
    n_holes: u8,
    /// Bytes that the other side has acknowledged and nobody saw.
    pub(crate) missed: u64,
    pub(crate) has_fin: bool,
}

impl Sequence {
    /// Begins at a SYN's number.
    pub(crate) fn begin(&mut self, seq: u32) {
        *self = Sequence { start: seq, missed: self.missed, has_fin: self.has_fin, ..Sequence::default() };
    }

    /// Begins in the middle: as if a SYN had stood before.
    pub(crate) fn begin_after(&mut self, seq: u32) {
        self.begin(seq.wrapping_sub(1));
        (self.last, self.acked) = (1, 1);
    }

    pub(crate) fn starts_at(&self, seq: u32) -> bool {
        self.start == seq
    }

    /// A number's distance from the start, taken from the side nearest to what was sent last.
    pub(crate) fn relative(&self, seq: u32) -> i64 {
        let last = self.start.wrapping_add(self.last as u32);
        self.last + i64::from(seq.wrapping_sub(last) as i32)
    }

    /// Takes a segment of `len` bytes of payload that begins at `from`, and ends at `to` with the numbers of SYN and FIN.
    pub(crate) fn sent(&mut self, from: i64, to: i64, len: u32, is_jumpy: bool, is_reset: bool) -> Step {
        if (is_jumpy && (to - self.last).abs() > TOO_FAR) || is_reset {
            return Step::Onward;
        }
        let filled = self.fill(from, to);
        if to > self.last {
            if from > self.last && self.last > 0 {
                self.push_hole((self.last, from));
            }
            self.last = to;
            return Step::Onward;
        }
        match (len, filled) {
            (0, _) => Step::Onward,
            (_, true) => Step::Late,
            (_, false) => Step::Again,
        }
    }

    /// Takes the other side's acknowledgement; says whether it covers what nobody saw.
    pub(crate) fn acknowledged(&mut self, ack: u32) -> bool {
        let to = self.relative(ack);
        // Some stacks write 0 for nothing.
        if to <= self.acked || (ack == 0 && to - self.acked > TOO_FAR) {
            return false;
        }
        self.acked = to;
        let before = self.missed;
        // One number alone is a FIN that was not captured.
        if self.last > 0 && to > self.last + 1 {
            self.missed += (to - self.last) as u64;
            self.last = to;
        }
        let mut kept = 0;
        for i in 0..usize::from(self.n_holes) {
            let (from, end) = self.holes[i];
            self.missed += (end.min(to) - from).max(0) as u64;
            if end > to {
                self.holes[kept] = (from.max(to), end);
                kept += 1;
            }
        }
        self.n_holes = kept as u8;
        self.missed > before
    }

    /// Payload bytes between the first and the last number.
    pub(crate) fn size(&self) -> u64 {
        let span = u64::try_from(self.last.max(self.acked)).unwrap_or(0);
        span.saturating_sub(1).saturating_sub(u64::from(self.has_fin))
    }

    /// Takes what is between `from` and `to` out of the holes; says whether anything was missing there.
    fn fill(&mut self, from: i64, to: i64) -> bool {
        let n = usize::from(self.n_holes);
        if n == 0 || from >= to {
            return false;
        }
        let holes = self.holes;
        self.n_holes = 0;
        let mut filled = false;
        for (start, end) in holes.into_iter().take(n) {
            if to <= start || from >= end {
                self.push_hole((start, end));
                continue;
            }
            filled = true;
            if start < from {
                self.push_hole((start, from));
            }
            if to < end {
                self.push_hole((to, end));
            }
        }
        filled
    }

    fn push_hole(&mut self, hole: (i64, i64)) {
        if usize::from(self.n_holes) == MOST_HOLES {
            self.holes.copy_within(1.., 0);
            self.n_holes -= 1;
        }
        self.holes[usize::from(self.n_holes)] = hole;
        self.n_holes += 1;
    }
}
