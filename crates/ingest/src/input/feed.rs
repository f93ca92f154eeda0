//! Bytes that a thread of their own reads, so that waiting for a pipe can end at a moment that is named.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use nta_data::Contact;

use crate::error::stop_if_asked;
use crate::input::bytes::{Arrival, ByteSource};
use crate::input::spool::PAUSE;
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
    contact: Contact,
}

impl Feed {
    /// Begins to read `input` on a thread of its own. The thread ends with the input, at its first error, or, when the
    /// feed is dropped, with its next byte. `contact` may end the waiting.
    pub(crate) fn start(input: impl Read + Send + 'static, contact: &Contact) -> io::Result<Feed> {
        let (sender, chunks) = sync_channel(WAITING);
        std::thread::Builder::new().name("nta-feed".to_owned()).spawn(move || pass_on(input, &sender))?;
        Ok(Feed { chunks, front: Vec::new(), at: 0, contact: contact.clone() })
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

impl Feed {
    /// Waits for the next message, and puts its bytes at the front.
    fn next_chunk(&mut self, until: Option<Instant>) -> io::Result<Arrival> {
        loop {
            let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
            match self.chunks.recv_timeout(left.min(PAUSE)) {
                Ok(chunk) => {
                    (self.front, self.at) = (chunk?, 0);
                    return Ok(Arrival::Bytes(self.front.len()));
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(Arrival::End),
                Err(RecvTimeoutError::Timeout) if left <= PAUSE => return Ok(Arrival::Nothing),
                Err(RecvTimeoutError::Timeout) => stop_if_asked(&self.contact)?,
            }
        }
    }
}

impl ByteSource for Feed {
    fn read_some(&mut self, into: &mut [u8], until: Option<Instant>) -> io::Result<Arrival> {
        if self.at == self.front.len() {
            match self.next_chunk(until)? {
                Arrival::Bytes(_) => {}
                nothing => return Ok(nothing),
            }
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
        let mut feed = Feed::start(reader, &Contact::default()).unwrap();
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
        let mut feed = Feed::start(io::Cursor::new(vec![0x1f, 0x8b, 1, 2, 3]), &Contact::default()).unwrap();
        assert!(feed.read_some(&mut [0; 8], None).is_err());
    }
}
