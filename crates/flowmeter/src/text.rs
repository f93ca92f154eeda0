//! Short text held in place: a flow has ten of them, and none is worth an allocation.

use std::fmt::{self, Write};
use std::net::IpAddr;

/// The longest: `history` has 40 letters, an address of IPv6 up to 45 characters.
const ROOM: usize = 46;

/// ASCII of at most 46 characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text {
    bytes: [u8; ROOM],
    len: u8,
}

impl Text {
    /// These bytes, as far as there is room.
    pub(crate) fn of(bytes: &[u8]) -> Text {
        let mut text = Text { bytes: [0; ROOM], len: 0 };
        text.push(bytes);
        text
    }

    /// An address as it is written everywhere.
    pub(crate) fn of_address(address: IpAddr) -> Text {
        let mut text = Text::of(b"");
        match address {
            IpAddr::V4(address) => {
                for (place, octet) in address.octets().into_iter().enumerate() {
                    let digits = [b'.', b'0' + octet / 100, b'0' + octet / 10 % 10, b'0' + octet % 10];
                    if place > 0 {
                        text.push(&digits[..1]);
                    }
                    let first = if octet >= 100 { 1 } else { 2 + usize::from(octet < 10) };
                    text.push(&digits[first..]);
                }
            }
            // Writing into a text cannot fail.
            IpAddr::V6(address) => drop(write!(text, "{address}")),
        }
        text
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // It is ASCII.
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }

    fn push(&mut self, bytes: &[u8]) {
        let free = &mut self.bytes[usize::from(self.len)..];
        let n = bytes.len().min(free.len());
        free[..n].copy_from_slice(&bytes[..n]);
        self.len += n as u8;
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_everywhere() {
        let longest = "1111:2222:3333:4444:5555:6666:7777:8888";
        for address in ["0.0.0.0", "1.20.255.100", "10.109.9.0", "::", "fe80::1", "::ffff:255.255.255.255", longest] {
            assert_eq!(Text::of_address(address.parse().unwrap()).as_str(), address);
        }
    }
}
