//! TCP's states of both sides and what Zeek's `conn_state` makes of them. The rules are those of Zeek's documentation and
//! behaviour; its checks of windows, checksums and contents are not made.

use crate::decode::{TcpFlags, TcpSegment};
use crate::flow::Sender;
use crate::flow::history::{self, History};
use crate::flow::sequence::{Sequence, Step};

/// What a side has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum State {
    #[default]
    Silent,
    SynSent,
    SynAckSent,
    /// It spoke without a SYN.
    Partial,
    Established,
    Closed,
    Reset,
}

/// One side.
#[derive(Debug, Clone, Copy, Default)]
struct Endpoint {
    state: State,
    before: State,
    /// It sent FIN or RST.
    closed: bool,
    sequence: Sequence,
    /// Where its last SYN, FIN and RST stood, for the letters of those that stand elsewhere.
    last_of: [i64; 3],
    resent: u64,
    zero_windows: u64,
    gaps: u64,
}

/// Both sides.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TcpState {
    ends: [Endpoint; 2],
}

impl Endpoint {
    fn set(&mut self, state: State) {
        (self.before, self.state) = (self.state, state);
    }
}

impl TcpState {
    /// Takes a segment with `len` bytes of payload.
    pub(crate) fn step(&mut self, segment: &TcpSegment, len: u32, sender: Sender, history: &mut History) -> Step {
        let (flags, other) = (segment.flags, sender.other() as usize);
        let end = &mut self.ends[sender as usize];
        end.begin(segment.seq, flags);
        let from = end.sequence.relative(segment.seq);
        // Payload beside an RST is no part of the stream.
        let data = if flags.rst() { 0 } else { i64::from(len) };
        let to = from + data + i64::from(flags.syn()) + i64::from(flags.fin());
        end.tell(flags, from, len, sender, history);
        let (peer_state, is_reset) = (self.ends[other].state, self.ends[sender as usize].state == State::Reset);
        let end = &mut self.ends[sender as usize];
        if segment.window == 0 && !flags.rst() && peer_state != State::Closed && !is_reset {
            end.zero_windows += 1;
            history.counted(b'W', end.zero_windows, sender);
        }
        end.sequence.has_fin |= flags.fin();
        self.acknowledge(segment, sender, history);
        let end = &mut self.ends[sender as usize];
        let step = end.sequence.sent(from, to, len, flags.syn() || flags.rst(), is_reset);
        if step != Step::Onward {
            end.resent += 1;
            history.counted(b'T', end.resent, sender);
        }
        self.advance(flags, len, sender);
        step
    }

    /// Takes what the segment acknowledges of the other side.
    fn acknowledge(&mut self, segment: &TcpSegment, sender: Sender, history: &mut History) {
        let peer = &mut self.ends[sender.other() as usize];
        if segment.flags.ack() && peer.state == State::Silent {
            peer.sequence.begin(segment.ack.wrapping_sub(1));
        } else if segment.flags.ack() && !segment.flags.rst() && peer.sequence.acknowledged(segment.ack) {
            // What is missing at the very end is often only not captured.
            if !segment.flags.fin() {
                peer.gaps += 1;
                history.counted(b'G', peer.gaps, sender.other());
            }
        }
    }

    fn advance(&mut self, flags: TcpFlags, len: u32, sender: Sender) {
        let [orig, resp] = &mut self.ends;
        let (end, peer) = if sender == Sender::Orig { (orig, resp) } else { (resp, orig) };
        let state = end.state;
        match state {
            State::Silent => speak(end, peer, flags, len, sender),
            State::SynSent | State::SynAckSent | State::Established | State::Partial => {
                let is_partial = state == State::Partial && peer.state == State::Silent;
                if flags.syn() && !flags.ack() && is_partial {
                    end.set(State::SynSent);
                }
                if flags.fin() && !flags.rst() {
                    end.set(State::Closed);
                    // FIN and then RST was an ordinary end after all.
                    if peer.state == State::Reset && peer.before == State::Closed {
                        peer.set(State::Closed);
                    }
                }
                if flags.rst() {
                    end.set(State::Reset);
                }
            }
            State::Closed if flags.rst() && peer.state != State::Closed => end.set(State::Reset),
            State::Closed | State::Reset => {}
        }
        end.closed |= flags.fin() || flags.rst();
    }

    /// Whether a side sent FIN or RST.
    pub(crate) fn is_closed(&self, sender: Sender) -> bool {
        self.ends[sender as usize].closed
    }

    /// Whether nothing but late packets is to come.
    pub(crate) fn is_over(&self) -> bool {
        let [orig, resp] = &self.ends;
        let complete = |end: &Endpoint, peer: &Endpoint| {
            end.closed && (end.state == State::Reset || peer.closed || peer.state == State::Silent)
        };
        complete(orig, resp) || complete(resp, orig)
    }

    /// Whether a side sent RST.
    pub(crate) fn is_reset(&self) -> bool {
        self.ends.iter().any(|end| end.state == State::Reset)
    }

    /// Whether it is a SYN that was not answered.
    pub(crate) fn is_attempt(&self) -> bool {
        let [orig, resp] = &self.ends;
        matches!(orig.state, State::SynSent | State::SynAckSent) && resp.state == State::Silent
    }

    /// Whether a SYN of `sender` at this number begins another connection of the same ports: the old one is over, or stood
    /// and began elsewhere.
    pub(crate) fn is_reuse(&self, segment: &TcpSegment, sender: Sender) -> bool {
        let end = &self.ends[sender as usize];
        let is_new = segment.flags.syn() && !segment.flags.ack() && !segment.flags.rst();
        let stood = self.ends.iter().all(|end| !matches!(end.state, State::Silent | State::SynSent));
        is_new && (self.is_over() || (stood && !end.sequence.starts_at(segment.seq)))
    }

    /// Payload bytes by sequence numbers.
    pub(crate) fn size(&self, sender: Sender) -> u64 {
        let (end, peer) = (&self.ends[sender as usize], &self.ends[sender.other() as usize]);
        // A half-open probe, which takes its SYN back.
        let is_probe = end.before == State::SynSent && end.state == State::Reset && peer.state == State::Silent;
        if is_probe { 0 } else { end.sequence.size() }
    }

    /// Bytes that were acknowledged and not seen, of both sides.
    pub(crate) fn missed(&self) -> u64 {
        self.ends.iter().map(|end| end.sequence.missed).sum()
    }

    /// Zeek's `conn_state`.
    pub(crate) fn conn_state(&self) -> &'static str {
        use State::{Closed, Established, Partial, Reset, Silent, SynAckSent, SynSent};
        let [orig, resp] = [self.ends[0].state, self.ends[1].state];
        let is_nothing = |state: State| matches!(state, Silent | Partial);
        match (orig, resp) {
            (SynSent | SynAckSent, Reset) => "REJ",
            (Reset, Reset) if self.size(Sender::Orig) == 0 && self.size(Sender::Resp) == 0 => "REJ",
            (_, Reset) => {
                if is_nothing(orig) {
                    "RSTRH"
                } else {
                    "RSTR"
                }
            }
            (Reset, _) => {
                if is_nothing(resp) {
                    "RSTOS0"
                } else {
                    "RSTO"
                }
            }
            (Closed, Closed) => "SF",
            (Closed, _) => {
                if is_nothing(resp) {
                    "SH"
                } else {
                    "S2"
                }
            }
            (_, Closed) => {
                if is_nothing(orig) {
                    "SHR"
                } else {
                    "S3"
                }
            }
            (SynSent, Silent) => "S0",
            (Established, Established) => "S1",
            _ => "OTH",
        }
    }
}

impl Endpoint {
    /// Settles where this side's numbers begin.
    fn begin(&mut self, seq: u32, flags: TcpFlags) {
        match self.state {
            State::Silent if flags.syn() => self.sequence.begin(seq),
            State::Silent => self.sequence.begin_after(seq),
            State::Reset if flags.syn() && self.before == State::Silent => self.sequence.begin(seq),
            State::Closed | State::Reset => {}
            // Somehow it was not established before, and this SYN is the one.
            _ if flags.syn() && !self.sequence.starts_at(seq) => self.sequence.begin(seq),
            _ => {}
        }
    }

    /// The letters of a segment.
    fn tell(&mut self, flags: TcpFlags, from: i64, len: u32, sender: Sender, history: &mut History) {
        let (bit, again) = match (flags.syn(), flags.fin(), flags.rst()) {
            (_, true, true) => (history::FIN_RST, None),
            (true, true, _) | (true, _, true) => (history::MULTI, None),
            (true, ..) if flags.ack() => (history::SYN_ACK, Some((0, from))),
            (true, ..) => (history::SYN, Some((0, from))),
            (_, true, _) => (history::FIN, Some((1, from + i64::from(len)))),
            (.., true) => (history::RST, Some((2, from))),
            _ if len > 0 => (history::DATA, None),
            _ if flags.ack() => (history::ACK, None),
            _ => return,
        };
        let was_met = history.once(bit, sender);
        if let Some((place, at)) = again {
            let before = std::mem::replace(&mut self.last_of[place], at);
            if was_met && before != at {
                history.again(bit, sender);
            }
        }
    }
}

/// A side's first segment.
fn speak(end: &mut Endpoint, peer: &mut Endpoint, flags: TcpFlags, len: u32, sender: Sender) {
    if flags.syn() && sender == Sender::Orig {
        end.set(match (flags.ack(), peer.state) {
            (true, _) => State::SynAckSent,
            // The answer stood before the question in the capture.
            (false, State::Established) => State::Established,
            (false, _) => State::SynSent,
        });
    } else if flags.syn() {
        if peer.state == State::SynSent {
            peer.set(State::Established);
        }
        end.set(State::Established);
    }
    if flags.fin() {
        end.set(State::Closed);
    }
    if flags.rst() {
        end.set(State::Reset);
    }
    if end.state != State::Silent {
        return;
    }
    // Some stacks acknowledge a SYN before they answer it.
    let is_early_ack = sender == Sender::Resp && len == 0 && peer.state == State::SynSent;
    if is_early_ack {
        return;
    }
    let is_handshake = flags.ack() && peer.state == State::Established;
    end.set(if is_handshake { State::Established } else { State::Partial });
}
