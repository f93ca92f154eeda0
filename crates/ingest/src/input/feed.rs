//! Bytes that a thread of their own reads, so that waiting for a pipe can end at a moment that is named.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Instant;

use crate::input::bytes::{Arrival, ByteSource};
use crate::input::unpack::Unpacked;

/// Most bytes of one message.
const CHUNK: usize = 1 << 16;
/// Messages that may wait; then the thread waits too, and the pipe behind it.
const WAITING: usize = 16;

/// The bytes of a reader that may block, unpacked.
pub(crate) struct Feed {
    chunks: Receiver<io::Result<Vec<u8>>>,
    /// A chunk not given out yet, from `at` on.
    front: Vec<u8>,
    at: usize,
}

impl Feed {
    /// Begins to read `input` on a thread of its own. The thread ends with the input, at its first error, or, when the
    /// feed is dropped, with its next byte.
    pub(crate) fn start(input: impl Read + Send + 'static) -> io::Result<Feed> {
        let (sender, chunks) = sync_channel(WAITING);
        std::thread::Builder::new().name("nta-feed".to_owned()).spawn(move || pass_on(input, &sender))?;
        Ok(Feed { chunks, front: Vec::new(), at: 0 })
    }
}

fn pass_on(input: impl Read + Send + 'static, to: &SyncSender<io::Result<Vec<u8>>>) {
    let mut unpacked = match Unpacked::new(input) {
        Ok(unpacked) => unpacked,
        Err(error) => return drop(to.send(Err(error))),
    };
    let mut buffer = vec![0; CHUNK];
    loop {
        let message = match unpacked.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => Ok(buffer[..n].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = message.is_err();
        if to.send(message).is_err() || failed {
            return;
        }
    }
}

impl ByteSource for Feed {
    fn read_some(&mut self, into: &mut [u8], until: Option<Instant>) -> io::Result<Arrival> {
        if self.at == self.front.len() {
            let message = match until {
                None => self.chunks.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(until) => self.chunks.recv_timeout(until.saturating_duration_since(Instant::now())),
            };
            self.front = match message {
                Ok(chunk) => chunk?,
                Err(RecvTimeoutError::Disconnected) => return Ok(Arrival::End),
                Err(RecvTimeoutError::Timeout) => return Ok(Arrival::Nothing),
            };
            self.at = 0;
        }
        let n = into.len().min(self.front.len() - self.at);
        into[..n].copy_from_slice(&self.front[self.at..self.at + n]);
        self.at += n;
        Ok(Arrival::Bytes(n))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn waiting_ends_at_the_moment_named_and_the_bytes_come_later() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut feed = Feed::start(reader).unwrap();
        let mut buffer = [0; 8];
        let soon = || Some(Instant::now() + Duration::from_millis(20));
        assert_eq!(feed.read_some(&mut buffer, soon()).unwrap(), Arrival::Nothing);
        io::Write::write_all(&mut writer, b"ab").unwrap();
        assert_eq!(feed.read_some(&mut buffer[..1], None).unwrap(), Arrival::Bytes(1));
        assert_eq!(feed.read_some(&mut buffer, None).unwrap(), Arrival::Bytes(1));
        drop(writer);
        assert_eq!(feed.read_some(&mut buffer, None).unwrap(), Arrival::End);
    }

    #[test]
    fn a_damaged_archive_is_told_to_the_one_who_waits() {
        let mut feed = Feed::start(io::Cursor::new(vec![0x1f, 0x8b, 1, 2, 3])).unwrap();
        assert!(feed.read_some(&mut [0; 8], None).is_err());
    }
}
