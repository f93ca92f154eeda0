//! The clock of this machine, against which those of flows are held.

use std::time::{SystemTime, UNIX_EPOCH};

/// A flow that ends later than this after now has a broken clock: it is scored at once, and no other waits for it.
const AHEAD: i64 = 3_600_000_000;

/// The latest end that is believed, in microseconds since 1970: no clock is moved by a later one.
pub(super) fn latest_believed() -> i64 {
    now().saturating_add(AHEAD)
}

/// A number that no flow of a source has had, for it would have to have given a million a second since 1970.
pub(super) fn fresh_number() -> u64 {
    now().unsigned_abs()
}

/// Microseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
