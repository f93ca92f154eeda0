//! Text of two bytes a letter (UTF-16, as Windows tools export it) as UTF-8.

use std::io::{self, Read};

/// The order of a letter's two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

/// Gives the bytes of `input` as UTF-8; what is no letter becomes U+FFFD.
pub(super) struct Utf16<R> {
    input: R,
    endian: Endian,
    /// Bytes read that make no whole letter yet.
    rest: Vec<u8>,
    /// Letters not given out yet, from `at` on.
    text: String,
    at: usize,
    ended: bool,
}

impl<R: Read> Utf16<R> {
    pub(super) fn new(input: R, endian: Endian) -> Utf16<R> {
        Utf16 { input, endian, rest: Vec::new(), text: String::new(), at: 0, ended: false }
    }

    /// Reads once and turns what came into letters.
    fn refill(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1 << 13];
        let n = self.input.read(&mut buffer)?;
        self.ended = n == 0;
        self.rest.extend_from_slice(&buffer[..n]);
        let mut whole = self.rest.len() & !1;
        // The first half of a pair waits for the second.
        if !self.ended && whole >= 2 && (0xd800..0xdc00).contains(&self.unit(whole - 2)) {
            whole -= 2;
        }
        let units: Vec<u16> = (0..whole).step_by(2).map(|at| self.unit(at)).collect();
        self.rest.drain(..whole);
        (self.text, self.at) = (String::from_utf16_lossy(&units), 0);
        if self.ended && !std::mem::take(&mut self.rest).is_empty() {
            self.text.push(char::REPLACEMENT_CHARACTER);
        }
        Ok(())
    }

    fn unit(&self, at: usize) -> u16 {
        let pair = [self.rest[at], self.rest[at + 1]];
        match self.endian {
            Endian::Little => u16::from_le_bytes(pair),
            Endian::Big => u16::from_be_bytes(pair),
        }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() && !self.ended && !into.is_empty() {
            self.refill()?;
        }
        let ahead = &self.text.as_bytes()[self.at..];
        let n = into.len().min(ahead.len());
        into[..n].copy_from_slice(&ahead[..n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte a read.
    struct Slow(io::Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = into.len().min(1);
            self.0.read(&mut into[..n])
        }
    }

    #[test]
    fn letters_are_the_same_however_their_bytes_come() {
        let text = "Dauer;Größe\r\n1;😀\r\n";
        for (endian, bytes) in [
            (Endian::Little, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
            (Endian::Big, text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ] {
            let mut read = String::new();
            Utf16::new(Slow(io::Cursor::new(bytes.clone())), endian).read_to_string(&mut read).unwrap();
            assert_eq!(read, text);
            let mut cut = String::new();
            Utf16::new(&bytes[..bytes.len() - 1], endian).read_to_string(&mut cut).unwrap();
            assert!(cut.ends_with("\r\u{fffd}"), "{cut:?}");
        }
    }
}
