//! A flow's own identifier, in the form of Zeek's.

use sha1::{Digest, Sha1};

use crate::flow::Flow;
use crate::text::Text;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const N_DIGITS: usize = 17;

/// Digits that are taken from the number at a time, and 62 to that power.
const AT_ONCE: usize = 5;
const POWER: u64 = 62u64.pow(AT_ONCE as u32);

/// `C` and 17 digits: the same for the same flow of the same capture, and no other (96 bits of a hash of its ends, its begin
/// and its first packet's place).
pub(crate) fn uid(flow: &Flow) -> Text {
    let mut hashed = [0u8; 53];
    let mut rest = &mut hashed[..];
    let (orig, resp) = (&flow.orig, &flow.resp);
    let (ports, times) =
        ([orig.port.to_be_bytes(), resp.port.to_be_bytes()], [flow.first.to_be_bytes(), flow.ordinal.to_be_bytes()]);
    for part in [&orig.address[..], &ports[0], &resp.address, &ports[1], &[flow.protocol], &times[0], &times[1]] {
        let (place, behind) = rest.split_at_mut(part.len());
        place.copy_from_slice(part);
        rest = behind;
    }
    let digest = Sha1::digest(hashed);
    let (words, _) = digest.as_chunks::<4>();
    let mut text = [b'C'; 1 + N_DIGITS];
    text[1..].copy_from_slice(&digits([words[0], words[1], words[2]].map(u32::from_be_bytes)));
    Text::of(&text)
}

/// The last digits of a number of 96 bits, its highest 32 first, to the base of 62; the very last stands in front.
fn digits(mut number: [u32; 3]) -> [u8; N_DIGITS] {
    let mut digits = [0; N_DIGITS];
    for places in digits.chunks_mut(AT_ONCE) {
        let mut last = divide(&mut number);
        for place in places {
            *place = DIGITS[(last % 62) as usize];
            last /= 62;
        }
    }
    digits
}

/// Divides the number by [`POWER`], and gives what is left over.
fn divide(number: &mut [u32; 3]) -> u32 {
    let mut rest = 0;
    for word in number {
        let part = rest << 32 | u64::from(*word);
        *word = (part / POWER) as u32;
        rest = part % POWER;
    }
    rest as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digits_are_those_of_the_number(number: [u32; 3]) {
            let mut left = number.iter().fold(0u128, |left, word| left << 32 | u128::from(*word));
            for digit in digits(number) {
                prop_assert_eq!(digit, DIGITS[(left % 62) as usize]);
                left /= 62;
            }
        }
    }
}
