//! What became of each `auto` of a config: put in its place, and told.

use nta_metrics::ThresholdRule;
use nta_preprocess::{Part, PartitionSummary, Strategy};

use crate::config::RunConfig;
use crate::event::Settled;
use crate::traffic::{self, ReadTraffic};
use crate::yaml::spelt;

/// The key of the strategy, which the partition tells of itself.
pub(crate) const STRATEGY: &str = "split.strategy";

/// The key of the fusion, which the training part settles.
pub(crate) const COMBINE: &str = "hybrid.combine";

/// What the traffic settles: the schema and whose flows follow each other.
pub(crate) fn by_traffic(config: &mut RunConfig, traffic: &ReadTraffic) -> Vec<Settled> {
    let mut settled = Vec::new();
    if let Some(found) = &traffic.recognised {
        let value = match found.builtin {
            Some(builtin) => {
                builtin.clone_into(&mut config.data.schema);
                builtin.to_owned()
            }
            None => format!("drafted, {}", traffic::DRAFTED_SCHEMA),
        };
        settled.push(Settled { key: "data.schema".to_owned(), value, benign_rows: None });
    }
    if config.lstm.sequence.by == nta_lstm::SequenceChoice::Auto {
        let value = match traffic.by {
            Some(by) => {
                config.lstm.sequence.by = by.into();
                spelt(&by)
            }
            None => "none".to_owned(),
        };
        settled.push(Settled { key: "lstm.sequence.by".to_owned(), value, benign_rows: None });
    }
    settled
}

/// What the parts settle: how they were dealt, and the budget that the threshold part supports.
pub(crate) fn by_partition(config: &mut RunConfig, summary: &PartitionSummary) -> Vec<Settled> {
    let mut settled = Vec::new();
    if matches!(config.split.strategy, None | Some(Strategy::Auto)) {
        let inside = summary.inside.map(|inside| format!(", inside {inside}")).unwrap_or_default();
        let by = summary.by.map(|by| format!(", by {by}")).unwrap_or_default();
        let value = format!("{}{inside}{by}", summary.strategy);
        (config.split.strategy, config.split.inside) = (Some(summary.strategy), summary.inside);
        config.split.by = summary.by;
        settled.push(Settled { key: STRATEGY.to_owned(), value, benign_rows: None });
    }
    if config.hybrid.is_auto() {
        let threshold = summary.parts.iter().find(|part| part.part == Part::Threshold);
        let benign_rows = threshold.map_or(0, |part| part.benign as u64);
        config.hybrid = config.hybrid.settled(benign_rows);
        if let ThresholdRule::Budget(budget) = config.hybrid.rule() {
            let value = budget.false_positive_rate.to_string();
            let key = "hybrid.budget.false_positive_rate".to_owned();
            settled.push(Settled { key, value, benign_rows: Some(benign_rows) });
        }
    }
    settled
}
