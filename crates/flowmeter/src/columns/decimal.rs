//! Numbers as Zeek's logs have them: digit for digit what Rust's formatting writes, which takes several times as long for
//! what is most of a log.

use std::io::Write;

/// Appends a number with six decimals.
pub(super) fn push_float(value: f64, into: &mut Vec<u8>) {
    let Some(millionths) = millionths(value) else {
        // Writing into memory cannot fail.
        return drop(write!(into, "{value:.6}"));
    };
    if value.is_sign_negative() {
        into.push(b'-');
    }
    push_integer(millionths / 1_000_000, into);
    let mut fraction = *b".000000";
    put_digits(millionths % 1_000_000, &mut fraction[1..]);
    into.extend_from_slice(&fraction);
}

/// Appends a whole number.
pub(super) fn push_integer(value: u64, into: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let first = put_digits(value, &mut digits);
    into.extend_from_slice(&digits[first.min(19)..]);
}

/// Writes the digits at the end of `into`, and gives the place of the first.
fn put_digits(mut value: u64, into: &mut [u8]) -> usize {
    let mut first = into.len();
    for place in into.iter_mut().rev() {
        if value == 0 {
            break;
        }
        *place = b'0' + (value % 10) as u8;
        value /= 10;
        first -= 1;
    }
    first
}

/// The number's size in millionths, exact halves to the even one; `None` where it is too large, or none.
fn millionths(value: f64) -> Option<u64> {
    let bits = value.abs().to_bits();
    // It is `mantissa` over 2 to the power of `shift`.
    let (exponent, fraction) = (bits >> 52, bits & ((1 << 52) - 1));
    let mantissa = if exponent == 0 { fraction } else { fraction | 1 << 52 };
    let shift = 1_075u64.checked_sub(exponent.max(1)).filter(|shift| *shift > 0)?;
    let scaled = u128::from(mantissa) * 1_000_000;
    if shift > 80 {
        // Less than a half: `scaled` has 73 bits.
        return Some(0);
    }
    let (whole, rest, half) = (scaled >> shift, scaled & ((1 << shift) - 1), 1 << (shift - 1));
    let is_up = rest > half || (rest == half && whole & 1 == 1);
    u64::try_from(whole + u128::from(is_up)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: f64) -> String {
        let mut text = Vec::new();
        push_float(value, &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn every_number_is_written_as_by_the_language() {
        // An odd number of 128th parts ends in a five at the seventh decimal.
        let ties = (0..200).map(|i| f64::from(i) + f64::from(2 * (i % 64) + 1) / 128.0);
        let odd =
            [0.0, -0.0, 5e-7, 4.999_999e-7, 1e-9, 1.5, 999_999.999_999_5, 1_700_000_000.123_456_7, 1e13, 1e19, 1e300];
        let ends = [f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::INFINITY, f64::NAN, f64::MIN, 4_503_599_627_370_497.5];
        for value in ties.chain(odd).chain(ends) {
            for value in [value, -value] {
                assert_eq!(written(value), format!("{value:.6}"), "{value:e}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_number_is(bits: u64, whole in 0u32..100_000, parts in 0u32..128) {
            let value = f64::from_bits(bits);
            prop_assert_eq!(written(value), format!("{value:.6}"));
            let value = f64::from(whole) + f64::from(parts) / 128.0;
            prop_assert_eq!(written(value), format!("{value:.6}"));
            let value = f64::from(whole) * f64::from(parts) / 1e7;
            prop_assert_eq!(written(value), format!("{value:.6}"));
            let mut text = Vec::new();
            push_integer(bits >> (parts % 64), &mut text);
            prop_assert_eq!(String::from_utf8(text).unwrap(), (bits >> (parts % 64)).to_string());
        }
    }
}
