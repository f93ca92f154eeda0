//! A file as plain bytes: decompressed while it is read, byte order mark dropped, progress counted on disk bytes.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::IngestError;

/// How the bytes on disk are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// Decompressed bytes of one file.
pub(crate) struct Stream {
    input: Box<dyn Read + Send>,
    /// Bytes taken back from the front (looked at for the format), given out again first.
    front: Vec<u8>,
    at: usize,
    read: Arc<AtomicU64>,
}

impl Stream {
    /// Opens `path`; the kind of packing is told by the first bytes, never by the name.
    pub(crate) fn open(path: &Path) -> Result<Stream, IngestError> {
        let name = path.display().to_string();
        let failed = |e: io::Error| IngestError::read(&name, &e);
        let mut file = File::open(path).map_err(failed)?;
        let mut magic = Vec::with_capacity(4);
        (&mut file).take(4).read_to_end(&mut magic).map_err(failed)?;
        let read = Arc::new(AtomicU64::new(0));
        let disk = Counted { input: io::Cursor::new(magic.clone()).chain(file), read: Arc::clone(&read) };
        let disk = BufReader::with_capacity(1 << 17, disk);
        let input: Box<dyn Read + Send> = match packing(&magic) {
            Packing::Plain => Box::new(disk),
            Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(disk)),
            Packing::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(disk).map_err(failed)?),
        };
        let mut stream = Stream { input, front: Vec::new(), at: 0, read };
        if stream.peek(3).map_err(failed)?.starts_with(b"\xef\xbb\xbf") {
            stream.at = 3;
        }
        Ok(stream)
    }

    /// The next bytes, at most `n`, without taking them.
    pub(crate) fn peek(&mut self, n: usize) -> io::Result<&[u8]> {
        let have = self.front.len() - self.at;
        if have < n {
            self.front.drain(..self.at);
            self.at = 0;
            (&mut self.input).take((n - have) as u64).read_to_end(&mut self.front)?;
        }
        let end = self.front.len().min(self.at + n);
        Ok(&self.front[self.at..end])
    }

    /// Counter of the bytes read from disk so far, shared with the reader.
    pub(crate) fn bytes_read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at < self.front.len() {
            let n = into.len().min(self.front.len() - self.at);
            into[..n].copy_from_slice(&self.front[self.at..self.at + n]);
            self.at += n;
            return Ok(n);
        }
        self.input.read(into)
    }
}

fn packing(magic: &[u8]) -> Packing {
    match magic {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] => Packing::Zstd,
        _ => Packing::Plain,
    }
}

struct Counted<R> {
    input: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(into)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn text_of(bytes: &[u8]) -> Result<String, IngestError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut stream = Stream::open(file.path())?;
        let mut text = String::new();
        stream.read_to_string(&mut text).map_err(|e| IngestError::read("file", &e))?;
        Ok(text)
    }

    #[test]
    fn plain_gzip_and_zstd_give_the_same_bytes_without_the_mark() {
        let plain = "\u{feff}a,b\n1,2\n".as_bytes();
        let mut two_members = gzip(&plain[..5]);
        two_members.extend(gzip(&plain[5..]));
        let packed = zstd::encode_all(plain, 3).unwrap();
        for bytes in [plain, &gzip(plain), &two_members, &packed] {
            assert_eq!(text_of(bytes).unwrap(), "a,b\n1,2\n");
        }
    }

    #[test]
    fn a_truncated_archive_is_told() {
        let text = "a,b\n".repeat(10_000);
        let whole = gzip(text.as_bytes());
        let packed = zstd::encode_all(text.as_bytes(), 3).unwrap();
        for bytes in [&whole[..whole.len() / 2], &whole[..whole.len() - 3], &packed[..packed.len() - 5]] {
            let message = text_of(bytes).unwrap_err().to_string();
            assert!(message.contains("is damaged"), "{message}");
        }
    }

    #[test]
    fn what_was_looked_at_is_still_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abcdef").unwrap();
        let mut stream = Stream::open(file.path()).unwrap();
        assert_eq!(stream.peek(2).unwrap(), b"ab");
        assert_eq!(stream.peek(4).unwrap(), b"abcd");
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abcdef");
    }
}
