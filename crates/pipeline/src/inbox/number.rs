//! Texts of alerts as numbers, of which a million are held.

use std::hash::{DefaultHasher, Hash, Hasher};

/// An alert's id as a number: the first 64 of its 128 bits.
pub(super) fn id_number(id: &str) -> u64 {
    id.get(..16).and_then(|half| u64::from_str_radix(half, 16).ok()).unwrap_or_else(|| number_of(id))
}

/// A text as a number, the same for as long as the process lives.
pub(super) fn number_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_first_half() {
        assert_eq!(id_number("00000000000000ff0000000000000000"), 255);
    }
}
