//! What a rule by groups is asked: which groups, and in how many of them a cut has to hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Share of groups of benign rows in which a cut shall hold, where no other is asked for.
pub const SHARE_OF_GROUPS: f64 = 0.9;

/// What flows are grouped by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// The host that began the flow.
    #[default]
    Host,
    /// The hour in which it began.
    Hour,
    /// The text column `service`.
    Service,
}

impl GroupBy {
    /// What its groups are called, more than one of them.
    pub fn groups(self) -> &'static str {
        match self {
            GroupBy::Host => "hosts",
            GroupBy::Hour => "hours",
            GroupBy::Service => "services",
        }
    }
}

/// The cut that holds in most groups.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Groups {
    /// What flows are grouped by.
    pub by: GroupBy,
    /// Largest share of a group's benign flows that may be flagged, between 0 and 1.
    pub false_positive_rate: f64,
    /// Share of the groups in which that holds, above 0 and at most 1. A group of few flows bears no alarm.
    pub share: f64,
}

impl Default for Groups {
    fn default() -> Self {
        Groups { by: GroupBy::Host, false_positive_rate: 0.01, share: SHARE_OF_GROUPS }
    }
}
