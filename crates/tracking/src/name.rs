//! Names of runs: the config's name, and an id of time and chance.

use std::hash::{BuildHasher, RandomState};

use crate::{Moment, TrackingError};

/// Refuses a name that cannot be a folder on every system. `what` is told to the reader: `a run`, `a model`.
pub fn check_name(what: &'static str, name: &str) -> Result<(), TrackingError> {
    let sound = (1..=100).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if sound { Ok(()) } else { Err(TrackingError::BadName { what, name: name.to_owned() }) }
}

/// A fresh id such as `20261122-101503-k7f2`: the second, and 20 random bits for runs begun in the same one.
///
/// The one place where chance does not come from the seed: two runs of one config and seed must not share a folder.
pub(crate) fn fresh_id(now: Moment) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bits = RandomState::new().hash_one(now.microseconds());
    let mut id = now.compact() + "-";
    for _ in 0..4 {
        id.push(char::from(LETTERS[(bits & 31) as usize]));
        bits >>= 5;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_second_and_four_letters() {
        let id = fresh_id(Moment::from_microseconds(1_795_342_503_250_000));
        assert_eq!(&id[..16], "20261122-101503-");
        assert_eq!(id.len(), 20);
        assert!(check_name("a run", &id).is_ok());
    }

    #[test]
    fn names_that_would_leave_the_folder_are_refused() {
        for bad in ["", "..", ".hidden", "a/b", "a b", "ünder", &"x".repeat(101)] {
            let error = check_name("a run", bad).unwrap_err().to_string();
            assert!(error.contains("cannot name a run"), "{error}");
        }
    }
}
