//! A flow's own identifier, in the form of Zeek's.

use sha1::{Digest, Sha1};

use crate::flow::Flow;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `C` and 17 digits: the same for the same flow of the same capture, and no other (96 bits of a hash of its ends, its begin
/// and its first packet's place).
pub(crate) fn uid(flow: &Flow) -> String {
    let mut hash = Sha1::new();
    for side in [&flow.orig, &flow.resp] {
        hash.update(side.address);
        hash.update(side.port.to_be_bytes());
    }
    hash.update([flow.protocol]);
    hash.update(flow.first.to_be_bytes());
    hash.update(flow.ordinal.to_be_bytes());
    let digest = hash.finalize();
    let mut number = digest.iter().take(12).fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    let mut digits = vec!['C'];
    for _ in 0..17 {
        digits.push(char::from(DIGITS[(number % 62) as usize]));
        number /= 62;
    }
    digits.into_iter().collect()
}
