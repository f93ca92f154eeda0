//! Names of what goes in and out beside columns and members.

/// Output: the share of attacks to expect.
pub(crate) const PROBABILITY: &str = "probability";

/// Output: 1 where the hybrid flags the row.
pub(crate) const FLAGGED: &str = "flagged";

/// Input: seconds between the end of the host's flow before and the end of this one; NaN where there is none.
pub(crate) const GAP: &str = "gap_seconds";

/// What the Python loader takes, beside the graph's inputs, to follow hosts by itself: whose flow a row is.
pub(crate) const ENTITY: &str = "entity";

/// The same: the flow's end, microseconds since 1970-01-01 UTC.
pub(crate) const END_TIME: &str = "end_time";

/// Names that no column of the traffic may have in a published model.
pub(crate) const RESERVED: [&str; 5] = [PROBABILITY, FLAGGED, GAP, ENTITY, END_TIME];

/// Input: what a member remembers of the row's host.
pub(crate) fn state_input(member: &str) -> String {
    format!("{member}_state")
}

/// Output: what it remembers after the row.
pub(crate) fn state_output(member: &str) -> String {
    format!("{member}_state_next")
}
