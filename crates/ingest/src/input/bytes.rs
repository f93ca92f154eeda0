//! Where bytes come from: whatever is there is given at once, and waiting for more can end at a moment that is named.

use std::io;
use std::time::Instant;

/// What came of asking for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// This many bytes, at least one.
    Bytes(usize),
    /// There will be none any more.
    End,
    /// None until the moment named; more may come.
    Nothing,
}

/// Lines that were left out between two pieces of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineJump {
    /// Bytes before it.
    pub(crate) offset: u64,
    /// How many.
    pub(crate) lines: u64,
}

/// Bytes of a file, a pipe or a file that grows, unpacked.
pub(crate) trait ByteSource: Send {
    /// Puts what is there at the front of `into`, which is not empty, and waits for the first byte until `until` (for as
    /// long as it takes where that is `None`). A file never waits.
    fn read_some(&mut self, into: &mut [u8], until: Option<Instant>) -> io::Result<Arrival>;
}
