//! What members and fusions find of attack families left out of training.

use nta_metrics::{Evaluation, LeaveOut};
use nta_plots::{percent_in_column, thousands};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct LeaveOutTable {
    /// How it was measured, and what was chosen, in sentences.
    told: String,
    /// What was left out, each time: families and a benign group.
    times: Vec<String>,
    rows: Vec<LeaveOutRow>,
}

#[derive(Serialize)]
struct LeaveOutRow {
    name: String,
    chosen: bool,
    unseen: String,
    known: String,
    by_left_out: Vec<String>,
}

/// `None` where nothing was left out.
pub(crate) fn leave_out_table(evaluation: &Evaluation) -> Option<LeaveOutTable> {
    let found = evaluation.leave_out.as_ref()?;
    let rate = |rate: Option<f64>| rate.map_or("–".into(), percent_in_column);
    let rows = found.candidates.iter().map(|(name, detection)| LeaveOutRow {
        name: name.to_owned(),
        chosen: found.chosen.as_deref() == Some(name),
        unseen: rate(detection.unseen),
        known: rate(detection.known),
        by_left_out: detection.by_left_out.iter().map(|found| rate(*found)).collect(),
    });
    let times = found.left_out.iter().map(|time| {
        let group = time.benign_group.as_ref().map_or(String::new(), |group| format!(" · benign {group}"));
        format!("{}{group}", time.name)
    });
    Some(LeaveOutTable { told: told(found), times: times.collect(), rows: rows.collect() })
}

fn told(found: &LeaveOut) -> String {
    let group = found.benign_by.as_ref().map_or(String::new(), |by| format!(" and one {by} of the benign flows"));
    let chosen = found.chosen.as_ref().map_or(String::new(), |chosen| {
        format!(
            " The hybrid is the {chosen}: of the simplest candidates, the first that none beats by more than a hundredth in \
             the mean of both rates."
        )
    });
    format!(
        "Measured on the training part alone, no test flow read: each time some attack families{group} were left out, small \
         members fitted on about {} flows, and detection rates read at 1 % false positives of about {} benign flows.{chosen}",
        thousands(found.fitted_flows),
        thousands(found.benign_flows),
    )
}
