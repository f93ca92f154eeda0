//! The benign flows of one site that a version's thresholds were set on, and what may be promised there.

use nta_metrics::{Groups, UnitKind};
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
    /// How many training flows each of them counts like in the members that they joined; 0 where none joined.
    pub weight: f64,
    /// Those members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<String>,
    /// The files.
    pub files: Vec<DataDigest>,
    /// The largest share of benign flows of the site that may be flagged: what was asked, or what dependent flows can promise
    /// where that is more, and the share that was trimmed.
    pub budget: f64,
    /// How surely.
    pub confidence: f64,
    /// The smallest budget that so many flows support.
    pub supported: f64,
    /// What the flows count as, for those of a host or an hour are alike; absent in versions of before that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<SiteUnits>,
    /// Flows a day there; absent where nothing tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<SitePerDay>,
    /// The rule by which thresholds hold in most groups, where they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Groups>,
    /// How the fusion for the site was chosen; absent where it was not, and is that of the training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<SiteChoice>,
    /// How the files are read again, so that a retraining keeps the promise; absent where they were no files (a pipe).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SiteSource>,
    /// What a retraining made of the flows; absent where `nta baseline` itself made the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<SiteKept>,
}

/// What the flows of a baseline belong to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteUnits {
    /// What was taken for independent: a few hosts that stand for others, or stretches of neighbouring flows.
    pub by: UnitKind,
    /// How many of them.
    pub n: u64,
    /// As many independent flows would promise what these do; all of them where nothing speaks against it.
    pub effective_rows: f64,
    /// Hosts that began the flows; absent where the schema names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<u64>,
    /// Whether somebody said that the site has no others.
    #[serde(default)]
    pub all_hosts: bool,
}

/// Flows a day of a site: a share of them is so many alerts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SitePerDay {
    /// Flows.
    pub flows: f64,
    /// Whether somebody said so; else by the times of the baseline's flows.
    pub stated: bool,
}

/// How the fusion for a site was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteChoice {
    /// The candidate that the hybrid is now.
    pub chosen: String,
    /// Attacks of the training traffic that no member of a candidate has learned from.
    pub attacks: u64,
    /// Whether members were fitted on them all, and the forest's scores of them are votes of trees that have not drawn them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub out_of_bag: bool,
    /// Members that have learned every one of them: no fusion with these is among the candidates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unjudged: Vec<String>,
    /// How many different candidates halves of the flows choose: more than one, and another day's flows may choose another.
    #[serde(default = "one")]
    pub rivals: u64,
    /// The training's own fusion first, where it is one.
    pub candidates: Vec<SiteCandidate>,
}

/// A member or a fusion, at the threshold that the site's flows give it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteCandidate {
    /// `novelty`, `surprise of forest and novelty`, …
    pub name: String,
    /// Share of those attacks that it flags, the mean over their families and over halves of the site's flows that cut its scores.
    pub recall: f64,
}

/// How the files of a baseline are read again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteSource {
    /// One for each of the files, in arrival order; inside the project from its root.
    pub paths: Vec<String>,
    /// One sensor's name for all of them, where it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensor: Option<String>,
    /// How they are written, where not as the schema says.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub written: serde_json::Value,
    /// The false positive rate that was asked for.
    pub false_positive_rate: f64,
    /// Whether somebody said that the site has no other hosts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_hosts: bool,
}

fn one() -> u64 {
    1
}

/// A site's promise in a version that a retraining made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteKept {
    /// The version whose baseline it is, `name/3`.
    pub from: String,
    /// Flows of that baseline that stand among the traffic of the retraining, and set no threshold.
    pub left_out: u64,
    /// Benign flows of the fresh traffic, which train nothing else, among the flows.
    pub fresh: u64,
}

/// Verdicts on all alerts that a version raised, and what they promise at the threshold that they raised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromVerdicts {
    /// Alerts.
    pub alerts: u64,
    /// Those that were false, or that nobody has judged.
    pub false_alarms: u64,
    /// Those that nobody has judged.
    pub without: u64,
    /// False alarms that lie above the threshold now.
    pub above: u64,
    /// Flows that were scored when the alerts were raised.
    pub flows: u64,
    /// Hosts that the false alarms are of; absent where the table does not tell, and flows were taken for independent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<u64>,
    /// Independent flows that the benign ones are worth, where their hosts are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_rows: Option<f64>,
    /// The largest share of benign flows that may be flagged, as asked.
    pub budget: f64,
    /// How surely.
    pub confidence: f64,
    /// The largest share of benign flows that lies above the threshold, at that confidence.
    pub promised: f64,
    /// The threshold until then.
    pub before: f32,
    /// SHA-256 of the table of verdicts.
    pub sha256: String,
}
