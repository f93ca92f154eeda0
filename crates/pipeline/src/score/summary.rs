//! Flows over time and by host: what a scored file is about, in some lines.

use std::collections::HashMap;

use nta_data::{Schema, Scores};
use nta_ingest::{Batch, Reject};
use serde::{Deserialize, Serialize};

use super::sink::ScoreSink;
use super::timeline::{Counts, Timeline};
use crate::error::PipelineError;

/// Hosts that are told apart; flows of others count for the rest alone.
const MOST: usize = 1_000_000;
/// Hosts on the list.
const SHOWN: usize = 10;

/// What one host sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCount {
    /// As the file writes it.
    pub host: String,
    /// Flows that it began.
    pub flows: u64,
    /// Those that are flagged.
    pub flagged: u64,
}

/// Flows over time and by host.
#[derive(Debug, Clone, Serialize)]
pub struct ScoreSummary {
    /// The hosts that most flows come from; empty where the model's schema names none.
    pub talkers: Vec<HostCount>,
    /// `None` without times.
    pub over_time: Option<Timeline>,
}

/// The same under way.
pub(super) struct Summary {
    /// Names that the column of sources may have in a file.
    columns: Vec<String>,
    hosts: HashMap<String, (u64, u64)>,
    times: Counts,
}

impl Summary {
    pub(super) fn of(schema: &Schema) -> Self {
        let columns = schema.entity.src.iter().flat_map(|name| schema.names_of(name)).map(str::to_owned);
        Summary { columns: columns.collect(), hosts: HashMap::new(), times: Counts::default() }
    }
}

impl ScoreSink for Summary {
    type Output = ScoreSummary;

    fn take(&mut self, batch: &Batch, scores: &Scores) -> Result<(), PipelineError> {
        let flags = &scores.hybrid().flags;
        for (time, flagged) in batch.dataset.time.iter().flatten().zip(flags) {
            self.times.add(*time, *flagged);
        }
        let texts = self.columns.iter().find_map(|name| batch.raw.texts(name)).unwrap_or_default();
        for (host, flagged) in texts.into_iter().zip(flags) {
            let Some(host) = host.filter(|host| self.hosts.len() < MOST || self.hosts.contains_key(host)) else {
                continue;
            };
            let counts = self.hosts.entry(host).or_default();
            *counts = (counts.0 + 1, counts.1 + u64::from(*flagged));
        }
        Ok(())
    }

    fn set_aside(&mut self, _rejects: &[Reject]) -> Result<(), PipelineError> {
        Ok(())
    }

    fn finish(self) -> Result<ScoreSummary, PipelineError> {
        let count = |(host, (flows, flagged))| HostCount { host, flows, flagged };
        let mut talkers: Vec<HostCount> = self.hosts.into_iter().map(count).collect();
        talkers.sort_by(|a, b| b.flows.cmp(&a.flows).then_with(|| a.host.cmp(&b.host)));
        talkers.truncate(SHOWN);
        Ok(ScoreSummary { talkers, over_time: self.times.finish() })
    }
}
