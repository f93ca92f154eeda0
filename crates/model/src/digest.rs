//! SHA-256 as lower-case hex.

use nta_data::hex;
use sha2::{Digest, Sha256};

/// Digest of some bytes, 64 hex letters.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// One digest over several named ones, whatever their order.
pub(crate) fn digest_of_digests<'a>(parts: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut lines: Vec<String> = parts.into_iter().map(|(name, sha256)| format!("{sha256}  {name}\n")).collect();
    lines.sort();
    sha256_hex(lines.concat().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_standards_own() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest_of_digests([("a", "1"), ("b", "2")]), digest_of_digests([("b", "2"), ("a", "1")]));
        assert_ne!(digest_of_digests([("a", "1"), ("b", "2")]), digest_of_digests([("a", "2"), ("b", "1")]));
    }
}
