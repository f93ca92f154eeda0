//! What to watch, and how.

use std::path::PathBuf;
use std::time::Duration;

use crate::project::Project;

/// How long a flow waits for flows that ended before it, where the model learned from flows in that order.
pub const USUAL_WINDOW: Duration = Duration::from_secs(2);

/// What to watch.
#[derive(Debug, Clone)]
pub struct WatchRequest {
    /// A path, `name`, `name/3` or `name@alias`; an alias is followed when it moves.
    pub model: String,
    /// Growing files, `-` for standard input, `udp://0.0.0.0:2055` for NetFlow and IPFIX; `name=SOURCE` names the sensor.
    pub sources: Vec<String>,
    /// How long a flow waits for flows that ended before it and come behind it, by the times of the flows: zero, none.
    /// `None`: [`USUAL_WINDOW`] where the model learned from flows in order of their ends, else zero.
    pub reorder: Option<Duration>,
    /// Most flows of one source that wait so.
    pub reorder_rows: usize,
    /// For how long, by the times of the flows, alerts of one host and kind are one; zero: each stands alone.
    pub group: Duration,
    /// Where alerts go, one EVE line each; `None`: standard output, which cannot be looked at after a restart.
    pub alerts: Option<PathBuf>,
    /// Where all scored flows go, one line of JSON each.
    pub flows: Option<PathBuf>,
    /// Bytes after which these files are renamed away and begun anew; 0: never.
    pub rotate_bytes: u64,
    /// Where position and memory are saved.
    pub state: PathBuf,
    /// How often, at most.
    pub save_every: Duration,
    /// Longest that a flow waits for others.
    pub deadline: Duration,
    /// Most flows scored at a time.
    pub batch_rows: usize,
    /// How many reasons an alert names.
    pub reasons: usize,
    /// Ends when what is there now was read.
    pub once: bool,
    /// Who else is sent the alerts; needs `alerts`, which is their spool.
    pub forward: Vec<ForwardTo>,
    /// Bytes of alerts that may wait to be sent; where more wait, the first of them are given up and counted. 0: any.
    pub spool_bytes: u64,
    /// A file of what is not to be alerted, read again when it changes.
    pub suppress: Option<PathBuf>,
    /// Most alerts of a day of the flows; those behind are counted.
    pub most_alerts: MostAlerts,
    /// How often it is told where the watch stands.
    pub status_every: Duration,
    /// Where metrics and health are shown: `127.0.0.1:9469`.
    pub metrics: Option<String>,
    /// Where models are looked up.
    pub project: Project,
}

/// What takes alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardKind {
    /// A JSON array of alerts, by POST.
    Webhook,
    /// Elasticsearch's and OpenSearch's `_bulk`, as ECS; the address ends with the index.
    Elastic,
    /// Splunk's HTTP event collector.
    Splunk,
    /// RFC 5424 over UDP, `host:port`.
    Syslog,
}

/// Where alerts are sent on to.
#[derive(Debug, Clone)]
pub struct ForwardTo {
    /// What it is.
    pub kind: ForwardKind,
    /// Its address.
    pub address: String,
    /// What its `Authorization` header says, where it asks for one.
    pub authorization: Option<String>,
}

/// How many alerts a day may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MostAlerts {
    /// Any number. On the day of an attack there are more than a promise about false ones speaks of.
    #[default]
    Any,
    /// So many.
    Count(u64),
    /// As many as the model promises its site to be false.
    Promised,
}
