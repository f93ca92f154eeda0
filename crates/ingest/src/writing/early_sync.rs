//! A file that goes to disk while it is still written: else all of it would be waited for at the end, with nothing to do.

use std::fs::File;
use std::io::{self, Write};
use std::thread::{Builder, JoinHandle};

/// Bytes that are written before the system is asked to bring them to disk.
const EVERY: u64 = 32 << 20;

/// The file.
pub(crate) struct EarlySync {
    file: File,
    every: u64,
    /// Bytes that nobody has asked for yet.
    waiting: u64,
    under_way: Option<JoinHandle<io::Result<()>>>,
}

impl EarlySync {
    pub(crate) fn new(file: File) -> Self {
        EarlySync { file, every: EVERY, waiting: 0, under_way: None }
    }

    /// Waits for what is under way. The file's own end on disk is not asked for here; but an error that was told of a part
    /// would not be told there again.
    ///
    /// # Errors
    /// A disk that did not take an earlier part.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        let ended = self.under_way.take().map(JoinHandle::join);
        ended
            .unwrap_or(Ok(Ok(())))
            .unwrap_or_else(|_| Err(io::Error::other("a thread that writes to disk ended early")))
    }

    fn begin(&mut self) -> io::Result<()> {
        if self.under_way.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return Ok(());
        }
        self.settle()?;
        self.waiting = 0;
        // Where no thread can be had, all goes to disk at the end.
        let file = self.file.try_clone();
        self.under_way = file.and_then(|file| Builder::new().spawn(move || file.sync_data())).ok();
        Ok(())
    }
}

impl Write for EarlySync {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.waiting >= self.every {
            self.begin()?;
        }
        let n = self.file.write(bytes)?;
        self.waiting += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_brought_to_disk_early_is_what_was_written() {
        let named = tempfile::NamedTempFile::new().unwrap();
        let mut file = EarlySync { every: 1_000, ..EarlySync::new(named.reopen().unwrap()) };
        let text: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        text.chunks(777).for_each(|part| file.write_all(part).unwrap());
        file.settle().unwrap();
        assert_eq!(std::fs::read(named.path()).unwrap(), text);
        assert!(file.waiting < text.len() as u64, "some of it went early");
    }
}
