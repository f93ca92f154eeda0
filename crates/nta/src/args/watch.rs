//! What the user types for `nta watch`.

use std::path::PathBuf;

use clap::Args;
use nta_pipeline::MostAlerts;

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The model: `name`, `name/3` or `name@alias`. An alias is followed: where it moves, the new model takes over.
    pub(crate) model: String,
    /// Growing files, folders, `-` for standard input, `udp://0.0.0.0:2055` for NetFlow and IPFIX,
    /// `interface://eth0` for its packets; `gate=FILE` names the sensor.
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    /// Seconds, by the times of the flows, that a flow waits for flows that ended before it: 2 where the model learned from
    /// flows in order of their ends, else 0, which scores flows as they come.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) reorder: Option<f64>,
    /// Flows of one source that wait so, at most.
    #[arg(long, value_name = "FLOWS", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=50_000_000))]
    pub(crate) reorder_rows: u32,
    /// Seconds, by the times of the flows, in which alerts of one host and kind are one, whose count is told at their end;
    /// 0: each alert stands alone.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub(crate) group: f64,
    /// Where alerts go, one EVE line each; standard output when not given.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) alerts: Option<PathBuf>,
    /// Where all scored flows go, one line of JSON each.
    #[arg(long, value_name = "FILE")]
    pub(crate) flows: Option<PathBuf>,
    /// Rename these files away when they have so many MiB; 0: never.
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    pub(crate) rotate: u64,
    /// Where position and memory are kept over restarts.
    #[arg(long, value_name = "FILE", default_value = "nta-watch.state")]
    pub(crate) state: PathBuf,
    /// Seconds between two savings, at least.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub(crate) save_every: f64,
    /// Milliseconds that a flow waits for others, at most.
    #[arg(long, value_name = "MS", default_value_t = 200)]
    pub(crate) deadline: u64,
    /// Flows scored at a time, at most.
    #[arg(long, value_name = "FLOWS", default_value_t = 4_096, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) batch: u32,
    /// Reasons that an alert names, at most.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) explain: u16,
    /// Tell in lines what is drawn on a terminal otherwise.
    #[arg(long)]
    pub(crate) plain: bool,
    /// End when what is there now was read.
    #[arg(long)]
    pub(crate) once: bool,
    /// Send alerts on by POST, as a JSON array. `NTA_FORWARD_AUTH` is what `Authorization` says, here and below.
    #[arg(long, value_name = "URL")]
    pub(crate) webhook: Vec<String>,
    /// Send alerts on to Elasticsearch or OpenSearch, as ECS; the address ends with the index.
    #[arg(long, value_name = "URL")]
    pub(crate) elastic: Vec<String>,
    /// Send alerts on to Splunk's HTTP event collector.
    #[arg(long, value_name = "URL")]
    pub(crate) splunk: Vec<String>,
    /// Send alerts on as syslog over UDP.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) syslog: Vec<String>,
    /// MiB of alerts that may wait to be sent, for each address; where more wait, the first of them are given up and counted
    /// (the file keeps them). 0: any.
    #[arg(long, value_name = "MIB", default_value_t = 1_024)]
    pub(crate) spool: u64,
    /// A YAML list of what is not to be alerted: `- { host: 10.0.0.0/8, reason: dst_port, until: 1796000000000 }`.
    #[arg(long, value_name = "FILE")]
    pub(crate) suppress: Option<PathBuf>,
    /// Alerts of one day, at most; those behind are counted and told. `promised`: as many as the site's promise lets be false
    /// (`nta baseline`, of flows with times). Any number when not given.
    #[arg(long, value_name = "N", value_parser = most_alerts)]
    pub(crate) most_alerts: Option<MostAlerts>,
    /// Show `/metrics` (Prometheus) and `/health` there.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics: Option<String>,
}

fn most_alerts(text: &str) -> Result<MostAlerts, String> {
    match text {
        "promised" => Ok(MostAlerts::Promised),
        _ => text.parse().map(MostAlerts::Count).map_err(|_| "a number, or `promised`".to_owned()),
    }
}
