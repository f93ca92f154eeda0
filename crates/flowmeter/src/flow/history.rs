//! Zeek's `history`: a letter an event in the order of their first times, capital for the originator.

use crate::flow::Sender;

/// Letters kept; a flow that changes its mind more often than that is told up to here.
const MOST: usize = 40;

/// Which of the letters that stand once a side were met.
pub(crate) const SYN: u16 = 1;
pub(crate) const SYN_ACK: u16 = 1 << 1;
pub(crate) const ACK: u16 = 1 << 2;
pub(crate) const DATA: u16 = 1 << 3;
pub(crate) const FIN: u16 = 1 << 4;
pub(crate) const RST: u16 = 1 << 5;
pub(crate) const MULTI: u16 = 1 << 6;
pub(crate) const FIN_RST: u16 = 1 << 7;

/// Letters in the order of the bits.
const LETTERS: [u8; 8] = *b"SHADFRQI";

/// The letters so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct History {
    letters: [u8; MOST],
    len: u8,
    /// Bits met, of the originator and the responder.
    met: [u16; 2],
}

impl Default for History {
    fn default() -> Self {
        History { letters: [0; MOST], len: 0, met: [0; 2] }
    }
}

impl History {
    /// Adds the letter of `bit` where it was not met before; says whether it was.
    pub(crate) fn once(&mut self, bit: u16, sender: Sender) -> bool {
        let met = &mut self.met[sender as usize];
        let was_met = *met & bit != 0;
        *met |= bit;
        if !was_met {
            self.again(bit, sender);
        }
        was_met
    }

    /// Adds the letter of `bit` another time.
    pub(crate) fn again(&mut self, bit: u16, sender: Sender) {
        self.push(LETTERS[bit.trailing_zeros() as usize], sender);
    }

    /// Adds a letter at the first, tenth, hundredth … time, of which this is number `n`.
    pub(crate) fn counted(&mut self, letter: u8, n: u64, sender: Sender) {
        if n > 0 && 10u64.pow(n.ilog10()) == n {
            self.push(letter, sender);
        }
    }

    /// Says that the roles were turned round against the first packet.
    pub(crate) fn turned(&mut self) {
        self.push(b'^', Sender::Orig);
    }

    fn push(&mut self, letter: u8, sender: Sender) {
        let letter = if sender == Sender::Orig { letter } else { letter.to_ascii_lowercase() };
        if let Some(free) = self.letters.get_mut(usize::from(self.len)) {
            *free = letter;
            self.len += 1;
        }
    }

    /// The letters; empty where nothing was met.
    pub(crate) fn letters(&self) -> &[u8] {
        &self.letters[..usize::from(self.len)]
    }

    /// Whether a side sent anything that has a letter.
    pub(crate) fn spoke(&self, sender: Sender) -> bool {
        self.met[sender as usize] != 0
    }
}
