//! A decision that was made before, from the same champion, the same fresh traffic and the same rule: a second call decides
//! nothing anew.

use super::decision::{DECISION, Decision};
use crate::error::{PipelineError, refused};
use crate::project::Project;

/// The decision of that key, if a finished run of `name` made it and its challenger is still there.
pub(super) fn decision(project: &Project, name: &str, key: &str) -> Result<Option<Decision>, PipelineError> {
    let runs = nta_tracking::runs(&project.home).map_err(refused)?.runs;
    let finished = |run: &&nta_tracking::RunSummary| {
        run.record.name == name && run.status == nta_tracking::Status::Finished && run.record.parent.is_some()
    };
    let made = runs.iter().rev().filter(finished).filter_map(|run| {
        let path = run.folder.join(DECISION);
        // Looked at before it is opened: opening a pipe waits for its other end.
        let bytes = path.is_file().then(|| std::fs::read(&path).ok())??;
        let decision: Decision = serde_json::from_slice(&bytes).ok()?;
        let report = run.folder.join("decision.html");
        Some(Decision { folder: run.folder.clone(), report, ..decision })
    });
    let is_there = |decision: &Decision| project.home.join("models").join(&decision.challenger).is_dir();
    Ok(made.filter(|decision| decision.key == key).find(is_there))
}
