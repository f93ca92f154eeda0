//! The `evaluate:` block of a config: what is measured beside the test part.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is measured beside the test part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluateConfig {
    /// Whether members and fusions are also measured, on the training part alone, on attack families and a group of
    /// benign flows that they were not trained on. `hybrid: { combine: auto }` asks for it too.
    pub leave_out: LeaveOutChoice,
    /// Attack families that are left out together, by the name of what they are: `{ probe: [satan, nmap] }`. Families
    /// that stand in none are never left out. Empty: all are dealt to four.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Vec<String>>,
}

/// What is left out of training, time and again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeaveOutChoice {
    /// Nothing.
    #[default]
    Off,
    /// Attack families, and a group of benign flows with them.
    Families,
}

impl EvaluateConfig {
    /// Whether nothing was asked for.
    pub(crate) fn is_default(&self) -> bool {
        *self == EvaluateConfig::default()
    }
}
