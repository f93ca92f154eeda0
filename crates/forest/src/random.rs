//! Random numbers below a bound, from random bits.

/// A number below `n` from 32 random bits (multiply and shift; for n below 2^31 no number is favoured by more than
/// n / 2^32).
pub(crate) fn below(random: u32, n: usize) -> usize {
    ((u64::from(random) * n as u64) >> 32) as usize
}
