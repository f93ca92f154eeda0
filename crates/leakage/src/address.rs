//! Addresses in texts, alone or joined with others: `192.0.2.5-203.0.113.2-443-6`.

use std::net::{IpAddr, SocketAddr};

/// Whether the whole text is an IP or MAC address.
pub fn is_address(text: &str) -> bool {
    let is_mac = text.len() == 17
        && text
            .bytes()
            .enumerate()
            .all(|(i, b)| if i % 3 == 2 { b == b':' || b == b'-' } else { b.is_ascii_hexdigit() });
    is_mac || text.parse::<IpAddr>().is_ok()
}

/// Whether an address stands in the text, with a port or without, between signs that no address holds.
pub fn holds_address(text: &str) -> bool {
    let is_piece = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '[' | ']');
    is_address(text)
        || text
            .split(|c| !is_piece(c))
            .any(|piece| piece.len() >= 7 && (is_address(piece) || piece.parse::<SocketAddr>().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for text in ["10.0.0.1", "fe80::1", "c4:23:60:3d:fd:d3"] {
            assert!(is_address(text), "{text}");
        }
        for text in ["1.5", "tcp", "12:00:00", "a:b"] {
            assert!(!holds_address(text), "{text}");
        }
    }

    #[test]
    fn joined_addresses_are_found() {
        for text in [
            "192.0.2.5-203.0.113.2-0-443-6",
            "10.0.0.1:80 -> 10.0.0.2:443",
            "10.0.0.1_10.0.0.2_6",
            "[2001:db8::1]:443,tcp",
            "2001:db8::1|2001:db8::2",
            "c4:23:60:3d:fd:d3-c4:23:60:3d:fd:d4",
        ] {
            assert!(holds_address(text), "{text}");
            assert!(!is_address(text), "{text}");
        }
        for text in ["90.0.4430.93", "v1.2.3", "10.0.0", "2024-05-01 12:00:00.5", "flow=From-Botnet-V48-TCP"] {
            assert!(!holds_address(text), "{text}");
        }
    }
}
