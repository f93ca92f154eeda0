//! Which runs are asked for, and in which order.

use serde::{Deserialize, Serialize};

use super::RunRow;

/// All of the list where nothing is given.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunsWanted {
    /// Part of the id, the name or the model.
    #[serde(default)]
    q: String,
    /// `finished`, `failed`, …; empty for all.
    #[serde(default)]
    status: String,
    #[serde(default)]
    pub(super) sort: Sort,
}

/// The best first; without a value last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sort {
    #[default]
    Newest,
    Name,
    Status,
    Seconds,
    Accuracy,
    Precision,
    Recall,
    F1,
    Fpr,
    RocAuc,
}

/// The columns that a list can be sorted by: the order, its heading, whether the highest stands first.
pub(super) const COLUMNS: [(Sort, &str, bool); 10] = [
    (Sort::Newest, "run", true),
    (Sort::Name, "name", false),
    (Sort::Status, "status", false),
    (Sort::Seconds, "seconds", false),
    (Sort::Accuracy, "accuracy", true),
    (Sort::Precision, "precision", true),
    (Sort::Recall, "recall", true),
    (Sort::F1, "F1", true),
    (Sort::Fpr, "FPR", false),
    (Sort::RocAuc, "ROC-AUC", true),
];

impl RunsWanted {
    /// Those of `runs`, which stand newest first.
    pub(super) fn of(&self, mut runs: Vec<RunRow>) -> Vec<RunRow> {
        let part = self.q.trim().to_lowercase();
        let texts = |run: &RunRow| [Some(run.run.clone()), Some(run.name.clone()), run.model.clone()];
        let has_part = |run: &RunRow| texts(run).iter().flatten().any(|text| text.to_lowercase().contains(&part));
        let has_status = |run: &RunRow| self.status.is_empty() || run.status.to_string() == self.status;
        runs.retain(|run| has_part(run) && has_status(run));
        let highest = |value: Option<f64>| value.map_or(f64::INFINITY, |x| -x);
        match self.sort {
            Sort::Newest => {}
            Sort::Name => runs.sort_by(|a, b| a.name.cmp(&b.name)),
            Sort::Status => runs.sort_by_key(|run| run.status.to_string()),
            Sort::Seconds => runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds)),
            Sort::Accuracy => runs.sort_by(|a, b| highest(a.accuracy).total_cmp(&highest(b.accuracy))),
            Sort::Precision => runs.sort_by(|a, b| highest(a.precision).total_cmp(&highest(b.precision))),
            Sort::Recall => runs.sort_by(|a, b| highest(a.recall).total_cmp(&highest(b.recall))),
            Sort::F1 => runs.sort_by(|a, b| highest(a.f1).total_cmp(&highest(b.f1))),
            Sort::Fpr => runs.sort_by(|a, b| a.fpr.unwrap_or(2.0).total_cmp(&b.fpr.unwrap_or(2.0))),
            Sort::RocAuc => runs.sort_by(|a, b| highest(a.roc_auc).total_cmp(&highest(b.roc_auc))),
        }
        runs
    }
}
