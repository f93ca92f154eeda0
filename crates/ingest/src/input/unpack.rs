//! Bytes as they were before packing: gzip and zstd are undone while reading, a byte order mark is dropped, and with it
//! UTF-16 becomes UTF-8, datagrams of NetFlow become lines. A read gives what is there and never waits for more than it
//! needs.

use std::io::{self, BufReader, Read};
use std::time::Instant;

use crate::capture::is_capture;
use crate::input::bytes::{Arrival, ByteSource};
use crate::input::netflow::text::{NETFLOW, NetflowText};
use crate::input::utf16::{Endian, Utf16};

/// The first bytes of a packed file, by the packing.
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF_16_LITTLE: &[u8] = &[0xff, 0xfe];
const UTF_16_BIG: &[u8] = &[0xfe, 0xff];

/// Whether a file that begins so is a text whose lines end at line feeds: neither packed, nor UTF-16, nor
/// Parquet, nor packets.
pub(crate) fn holds_lines(head: &[u8]) -> bool {
    let others = [GZIP, ZSTD, UTF_16_LITTLE, UTF_16_BIG, b"PAR1"];
    !others.iter().chain(&NETFLOW).any(|magic| head.starts_with(magic)) && !is_capture(head)
}

/// Unpacked bytes.
pub(crate) struct Unpacked {
    input: Box<dyn Read + Send>,
    /// Bytes taken to look for the byte order mark, given out first.
    front: Vec<u8>,
}

impl Unpacked {
    /// Unpacks `packed`; how it is packed is told by its first bytes, never by a name.
    pub(crate) fn new(mut packed: impl Read + Send + 'static) -> io::Result<Unpacked> {
        let magic = read_while_prefix(&mut packed, &[GZIP, ZSTD])?;
        let (is_gzip, is_zstd) = (magic.starts_with(GZIP), magic.starts_with(ZSTD));
        let packed = BufReader::with_capacity(1 << 17, io::Cursor::new(magic).chain(packed));
        let mut input: Box<dyn Read + Send> = if is_gzip {
            Box::new(flate2::bufread::MultiGzDecoder::new(packed))
        } else if is_zstd {
            Box::new(zstd::stream::read::Decoder::with_buffer(packed)?)
        } else {
            Box::new(packed)
        };
        let marks = [BYTE_ORDER_MARK, UTF_16_LITTLE, UTF_16_BIG];
        let mut front = read_while_prefix(&mut input, &[&marks[..], &NETFLOW[..]].concat())?;
        if NETFLOW.iter().any(|version| front == *version) {
            let datagrams = io::Cursor::new(front).chain(input);
            return Ok(Unpacked { input: Box::new(NetflowText::new(datagrams)), front: Vec::new() });
        }
        let endian = [(UTF_16_LITTLE, Endian::Little), (UTF_16_BIG, Endian::Big)];
        let endian = endian.into_iter().find_map(|(mark, endian)| (front == mark).then_some(endian));
        if front == BYTE_ORDER_MARK || endian.is_some() {
            front.clear();
        }
        match endian {
            Some(endian) => Ok(Unpacked { input: Box::new(Utf16::new(input, endian)), front }),
            None => Ok(Unpacked { input, front }),
        }
    }
}

/// Reads bytes one by one as long as they may become one of `words`; gives what was read.
fn read_while_prefix(input: &mut impl Read, words: &[&[u8]]) -> io::Result<Vec<u8>> {
    let mut read = Vec::with_capacity(4);
    let may_become = |read: &[u8], word: &&[u8]| read.len() < word.len() && word.starts_with(read);
    while words.iter().any(|word| may_become(&read, word)) {
        let mut byte = [0];
        match input.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => read.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

impl Read for Unpacked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.front.is_empty() {
            return self.input.read(into);
        }
        let n = into.len().min(self.front.len());
        into[..n].copy_from_slice(&self.front[..n]);
        self.front.drain(..n);
        Ok(n)
    }
}

impl ByteSource for Unpacked {
    fn read_some(&mut self, into: &mut [u8], _until: Option<Instant>) -> io::Result<Arrival> {
        loop {
            match self.read(into) {
                Ok(0) => return Ok(Arrival::End),
                Ok(n) => return Ok(Arrival::Bytes(n)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
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

    fn text_of(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        Unpacked::new(io::Cursor::new(bytes.to_vec()))?.read_to_string(&mut text)?;
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
        for short in ["", "a", "\u{1f}"] {
            assert_eq!(text_of(short.as_bytes()).unwrap(), short);
        }
    }

    #[test]
    fn a_truncated_archive_is_told() {
        let text = "a,b\n".repeat(10_000);
        let whole = gzip(text.as_bytes());
        let packed = zstd::encode_all(text.as_bytes(), 3).unwrap();
        for bytes in [&whole[..whole.len() / 2], &whole[..whole.len() - 3], &packed[..packed.len() - 5]] {
            let error = crate::error::IngestError::read("file", &text_of(bytes).unwrap_err());
            assert!(error.to_string().contains("is damaged"), "{error}");
        }
    }
}
