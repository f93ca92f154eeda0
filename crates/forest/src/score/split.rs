//! What a packed split and those who walk it agree on.

/// The topmost bit of a split: missing values go right.
pub(super) const MISSING_RIGHT: u32 = 1 << 31;
