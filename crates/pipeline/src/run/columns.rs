//! Each feature alone against the label, before anything is learned: a column that gives the label away stops the run,
//! unless the schema or the config accepts it by name.

use nta_data::{Dataset, Schema, listed};
use nta_leakage::{Finding, Strong};
use serde::{Deserialize, Serialize};

use super::log::RunLog;
use crate::config::RunConfig;
use crate::error::{PipelineError, failed};
use crate::event::Remark;

/// The file of a run that keeps it.
pub(crate) const COLUMNS: &str = "columns.json";

/// What the features of the training part are, each by itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnCheck {
    /// Rows looked at.
    pub rows: u64,
    /// Those that give the label away, or say which row it is, and stop the run.
    pub refused: Vec<Finding>,
    /// Those that would, and were accepted by name.
    pub accepted: Vec<Finding>,
    /// Measurements that tell the classes apart by themselves, the best first.
    pub strong: Vec<Strong>,
}

impl ColumnCheck {
    /// Looks at the training part.
    pub(crate) fn of(train: &Dataset) -> Self {
        let found = nta_leakage::look(train);
        let is_accepted = |finding: &Finding| train.schema.accepted.contains(&finding.column);
        let (accepted, refused) = found.give_aways.into_iter().partition(is_accepted);
        ColumnCheck { rows: found.rows, refused, accepted, strong: found.strong }
    }

    /// Tells of what was found, the give-aways first, and keeps it with the run.
    pub(crate) fn tell(&self, log: &RunLog<'_>) -> Result<(), PipelineError> {
        for (findings, accepted) in [(&self.refused, false), (&self.accepted, true)] {
            findings.iter().try_for_each(|f| log.remark(Remark::GiveAway { finding: f.clone(), accepted }))?;
        }
        if !self.strong.is_empty() {
            log.remark(Remark::StrongColumns { columns: self.strong.clone() })?;
        }
        let text = serde_json::to_vec_pretty(self).map_err(failed)?;
        log.dir.write(COLUMNS, &text).map(drop).map_err(failed)
    }

    /// The gate: closed where a column gives the label away and was not accepted.
    ///
    /// # Errors
    /// [`PipelineError::Gate`] that names the columns and both ways on.
    pub(crate) fn require_honest(&self, schema: &Schema, config: &RunConfig) -> Result<(), PipelineError> {
        if self.refused.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = self.refused.iter().map(|f| format!("`{}`", f.column)).collect();
        let gives = match (self.refused.len(), self.refused.iter().all(|f| f.is_about_the_label())) {
            (1, true) => "gives the label away",
            (1, false) => "is no measurement of the flow",
            (_, true) => "give the label away",
            (_, false) => "give the label away or are no measurements of the flow",
        };
        let accepted: Vec<String> =
            config.data.accepted.iter().chain(self.refused.iter().map(|f| &f.column)).map(|c| in_yaml(c)).collect();
        let it = if names.len() == 1 { "it" } else { "them" };
        Err(PipelineError::Gate(format!(
            "{} {gives}; nothing was trained. Move {it} to `ignored` in the schema{}, or accept {it} by name: \
             --set 'data.accepted=[{}]'",
            listed(&names),
            how_to_edit(schema, config),
            accepted.join(", ")
        )))
    }
}

/// A built-in schema is edited as a copy.
fn how_to_edit(schema: &Schema, config: &RunConfig) -> String {
    let name = &schema.name;
    match nta_ingest::builtin_schema(&config.data.schema) {
        Some(_) => format!(" (`nta schema show {name} > my-schema.yaml`, then `data.schema: my-schema.yaml`)"),
        None => String::new(),
    }
}

/// A name as a list in YAML holds it; quoted for the shell too, where it needs quotes.
fn in_yaml(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.'));
    if is_plain { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}
