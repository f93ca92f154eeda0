//! What became of each `auto` of a config: put in its place, and told.

use nta_data::Dataset;
use nta_hybrid::{BudgetChoice, PerDayBudget};
use nta_metrics::{ThresholdRule, flows_per_day};
use nta_preprocess::{Part, PartitionSummary, Strategy};

use crate::config::RunConfig;
use crate::error::PipelineError;
use crate::event::Settled;
use crate::traffic::{self, ReadTraffic};
use crate::yaml::spelt;

/// The key of the strategy, which the partition tells of itself.
pub(crate) const STRATEGY: &str = "split.strategy";

/// The key of the fusion, which the training part settles.
pub(crate) const COMBINE: &str = "hybrid.combine";

/// What the traffic settles: the schema and whose flows follow each other.
///
/// # Errors
/// Alerts a day where nothing says how many flows a day there are.
pub(crate) fn by_traffic(config: &mut RunConfig, traffic: &ReadTraffic) -> Result<Vec<Settled>, PipelineError> {
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
    if let Some(BudgetChoice::PerDay(budget)) = config.hybrid.budget {
        settled.push(per_day(config, budget, &traffic.train)?);
    }
    Ok(settled)
}

/// Alerts a day as the share of flows that they are.
fn per_day(config: &mut RunConfig, asked: PerDayBudget, rows: &Dataset) -> Result<Settled, PipelineError> {
    let found = daily(rows);
    let budget = asked.settled(found).ok_or_else(|| {
        PipelineError::refuse(match asked.flows_per_day.or(found) {
            None => "`hybrid.budget.alerts_per_day` needs the flows of a day, and the training file's times do not tell them (an hour at \
                     least): give `flows_per_day` beside it"
                .to_owned(),
            Some(flows) => format!(
                "`hybrid.budget.alerts_per_day` is {}, and of {flows:.0} flows a day every one might raise an alert: give fewer",
                asked.alerts_per_day
            ),
        })
    })?;
    config.hybrid.budget = Some(budget.into());
    let flows = asked.flows_per_day.or(found).unwrap_or_default();
    let value = format!("{} ({} alerts a day of {flows:.0} flows)", budget.false_positive_rate, asked.alerts_per_day);
    Ok(Settled { key: "hybrid.budget.false_positive_rate".to_owned(), value, benign_rows: None })
}

/// Flows a day by the rows' times.
pub(crate) fn daily(rows: &Dataset) -> Option<f64> {
    let times = rows.time.as_ref()?;
    let (first, last) = (times.iter().min()?, times.iter().max()?);
    flows_per_day(times.len() as u64, *first, *last)
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
