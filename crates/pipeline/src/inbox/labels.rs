//! Verdicts on alerts, kept as `nta feedback` keeps them, so that their flows join the next retraining.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use nta_ingest::AsWritten;
use nta_model::By;
use serde::Serialize;

use super::files::all_of;
use super::host_hour::end_of;
use super::mark::{AlertState, Key};
use super::number::id_number;
use crate::error::{PipelineError, chain, failed};
use crate::event::Listener;
use crate::feedback::{FeedbackRequest, feedback};
use crate::project::Project;
use crate::watch::{flagged_beside, id_of, micros_of, timestamp};

/// What became of the labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LabelsKept {
    /// Flows whose label is kept from now on.
    pub kept: u64,
    /// Those that had this label already.
    pub known: u64,
    /// Alerts whose flow the watch has not kept: it was written by an older version, or its file is gone.
    pub without_flow: u64,
    /// Why some could not be kept.
    pub problem: Option<String>,
}

/// The verdict that a state is; taken back where another came before.
pub(super) fn verdict(state: AlertState, before: AlertState) -> Option<&'static str> {
    match (state, before) {
        (AlertState::FalseAlarm, _) => Some("false_alarm"),
        (AlertState::Escalated, _) => Some("attack"),
        (_, AlertState::FalseAlarm | AlertState::Escalated) => Some("withdrawn"),
        _ => None,
    }
}

/// Keeps `verdict` on the flows of `alerts`, each with the model that judged it.
pub(super) fn keep(
    project: &Project,
    place: (&Path, &str),
    alerts: &HashMap<Key, String>,
    verdict: &str,
    by: &By,
    listener: &dyn Listener,
) -> LabelsKept {
    let (state, watch) = place;
    let mut kept = LabelsKept::default();
    let mut told = |came: Result<(u64, u64), PipelineError>| match came {
        Ok((new, known)) => (kept.kept, kept.known) = (kept.kept + new, kept.known + known),
        Err(error) => kept.problem = Some(chain(&error)),
    };
    let flows = flows_of(state, alerts);
    let found = flows.as_ref().map_or(0, |by_model| by_model.values().map(Vec::len).sum::<usize>());
    match flows {
        Ok(by_model) => {
            for (model, lines) in by_model {
                told(submit(project, watch, &model, &lines, verdict, by, listener));
            }
        }
        Err(error) => told(Err(failed(error))),
    }
    kept.without_flow = (alerts.len() - found) as u64;
    kept
}

/// The lines of the alerts' flows, by the model that judged them.
fn flows_of(state: &Path, alerts: &HashMap<Key, String>) -> std::io::Result<BTreeMap<String, Vec<String>>> {
    let mut found: BTreeMap<Key, String> = BTreeMap::new();
    // The newest first: verdicts are mostly on what has just come.
    for path in all_of(&flagged_beside(state))?.iter().rev() {
        if found.len() == alerts.len() {
            break;
        }
        let file = match std::fs::File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            file => file?,
        };
        // The watch is writing: the last line may end anywhere, within a letter too.
        let (mut reader, mut line) = (BufReader::with_capacity(1 << 18, file), Vec::new());
        while found.len() < alerts.len() && reader.read_until(b'\n', &mut line)? > 0 {
            if line.pop_if(|last| *last == b'\n').is_some() {
                let line = String::from_utf8_lossy(&line);
                if let Some(key) = key_of(&line)
                    && alerts.contains_key(&key)
                    && line.ends_with('}')
                {
                    found.entry(key).or_insert_with(|| line.into_owned());
                }
            }
            line.clear();
        }
    }
    let mut by_model: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, line) in found {
        by_model.entry(alerts[&key].clone()).or_default().push(line);
    }
    Ok(by_model)
}

/// The alert whose flow a line is. Its end is taken as the alert's line tells it, which knows no years behind 9999.
fn key_of(line: &str) -> Option<Key> {
    let micros = micros_of(&timestamp(end_of(line)?)).unwrap_or_default();
    Some((id_number(id_of(line)?), micros))
}

/// Gives the flows to `nta feedback` as a file of its own; how many labels are new, and how many were known.
fn submit(
    project: &Project,
    watch: &str,
    model: &str,
    lines: &[String],
    verdict: &str,
    by: &By,
    listener: &dyn Listener,
) -> Result<(u64, u64), PipelineError> {
    let mut file = tempfile::Builder::new().suffix(".jsonl").tempfile().map_err(failed)?;
    lines.iter().try_for_each(|line| writeln!(file, "{line}")).and_then(|()| file.flush()).map_err(failed)?;
    let request = FeedbackRequest {
        model: model.to_owned(),
        input: file.path().to_owned(),
        verdict: Some(verdict.to_owned()),
        by: by.clone(),
        from: Some(format!("alerts of the watch {watch}")),
        written: AsWritten::default(),
        project: project.clone(),
    };
    let outcome = feedback(&request, listener)?;
    Ok((outcome.kept, outcome.known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_found_by_its_id_and_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("watch.state");
        let beside = flagged_beside(&state);
        let line = |id: u64, end: i64, n: u32| {
            format!(
                "{{\"nta_id\":\"{id:016x}{id:016x}\",\"nta_sensor\":\"gate\",\"nta_end\":{end},\"n\":{n},\"flagged\":true}}"
            )
        };
        // Before the watch was begun anew, and after.
        let broken = i64::MAX;
        std::fs::write(beside.with_extension("jsonl.1"), [line(1, 5, 1), line(2, 6, 2)].join("\n") + "\n").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(&beside, [line(1, 9, 3), line(3, broken, 4)].join("\n") + "\n").unwrap();
        let id = |id: u64| id_number(&format!("{id:016x}{id:016x}"));
        let told = |end: i64| micros_of(&timestamp(end)).unwrap_or_default();
        let asked = |id: u64, end: i64| HashMap::from([((id, end), "m/1".to_owned())]);
        let n = |alerts: &HashMap<Key, String>| {
            let lines = flows_of(&state, alerts).unwrap().remove("m/1").unwrap_or_default();
            lines
                .iter()
                .map(|line| line.split("\"n\":").nth(1).unwrap()[..1].parse::<u32>().unwrap())
                .collect::<Vec<_>>()
        };
        let first = id(1);
        assert_eq!((n(&asked(first, 5)), n(&asked(first, 9)), n(&asked(first, 6))), (vec![1], vec![3], vec![]));
        assert_eq!(n(&asked(id(3), told(broken))), [4]);
    }
}
