//! What the user types for `nta baseline`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use nta_pipeline::GroupBy;

use super::{BadRowsArg, WrittenArgs};

/// What flows are grouped by.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum GroupsArg {
    /// The host that began the flow.
    Host,
    /// The hour in which it began.
    Hour,
    /// The text column `service`.
    Service,
}

impl From<GroupsArg> for GroupBy {
    fn from(by: GroupsArg) -> GroupBy {
        match by {
            GroupsArg::Host => GroupBy::Host,
            GroupsArg::Hour => GroupBy::Hour,
            GroupsArg::Service => GroupBy::Service,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct BaselineArgs {
    /// The model: `name` (its newest version), `name/3` or `name@alias`.
    pub(crate) model: String,
    /// Benign flows of one site, in the order of their arrival, as for `nta score`; `-` for standard input.
    #[arg(required = true)]
    pub(crate) benign: Vec<PathBuf>,
    /// Somebody has looked at the flows, and they are benign: they set thresholds and join what the density knows.
    #[arg(long, conflicts_with = "unverified")]
    pub(crate) verified: bool,
    /// Nobody has: they set thresholds alone, without the 1 % that score highest. So it is where neither is said.
    #[arg(long)]
    pub(crate) unverified: bool,
    /// The false positive rate to promise; the model's own, or 1 %, when not given.
    #[arg(long, value_name = "RATE")]
    pub(crate) budget: Option<f64>,
    /// The false alarms a day to promise, of the flows of a day as their times tell, or as `--flows-per-day` says.
    #[arg(long, value_name = "N", conflicts_with = "budget")]
    pub(crate) alerts_per_day: Option<f64>,
    /// Flows a day, where their times do not tell.
    #[arg(long, value_name = "N")]
    pub(crate) flows_per_day: Option<f64>,
    /// Thresholds that keep the rate in nine of ten groups of benign flows, in place of one over all.
    #[arg(long, value_name = "GROUPS", value_enum)]
    pub(crate) groups: Option<GroupsArg>,
    /// Flows that score like known attacks were looked at, and are benign.
    #[arg(long)]
    pub(crate) accept: bool,
    /// The site has no other hosts than those of the flows: the promise is for these. Fewer than 29 stand for others otherwise.
    #[arg(long)]
    pub(crate) all_hosts: bool,
    /// The name of the sensor that saw the flows; each file's own name when not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) sensor: Option<String>,
    /// What becomes of rows that cannot be read: up to 1 % of them, and ten in any case, can be left out and counted.
    #[arg(long, value_enum, default_value_t = BadRowsArg::Refuse)]
    pub(crate) bad_rows: BadRowsArg,
    #[command(flatten)]
    pub(crate) written: WrittenArgs,
}
