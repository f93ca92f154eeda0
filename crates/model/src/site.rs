//! The benign flows of one site that a version's thresholds were set on, and what may be promised there.

use serde::{Deserialize, Serialize};

use crate::data_digest::DataDigest;

/// What a version owes to benign flows of one site. It reaches no score by itself: thresholds and counts do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteBaseline {
    /// Whether somebody says that the flows are benign. Others set thresholds alone, without the highest of them.
    pub verified: bool,
    /// Flows.
    pub rows: u64,
    /// Those of them, the highest by score, that set no threshold.
    pub trimmed: u64,
    /// Flows that score like known attacks, and were accepted as benign.
    pub accepted: u64,
    /// How many training flows each of them counts like in the density; 0 where none joined.
    pub weight: f64,
    /// The files.
    pub files: Vec<DataDigest>,
    /// The largest share of benign flows of the site that may be flagged: what was asked, and the share that was trimmed.
    pub budget: f64,
    /// How surely.
    pub confidence: f64,
    /// The smallest budget that so many flows support.
    pub supported: f64,
}
