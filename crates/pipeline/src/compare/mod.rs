//! `nta compare`: runs side by side, on a terminal or as a page; and whether they judged the same rows at all.

mod judged;
mod page;
mod predictions;
mod rows;

use std::path::{Path, PathBuf};

use nta_atomic::AtomicFile;
use nta_report::{Comparison, RunView};

use crate::error::{PipelineError, failed, refused};
use crate::project::Project;
use judged::JudgedRun;

/// Runs to put side by side.
#[derive(Debug, Clone)]
pub struct CompareRequest {
    /// Runs, as in [`crate::show`].
    pub runs: Vec<String>,
    /// The one that the others are held against; the first when not given.
    pub baseline: Option<String>,
}

/// Puts runs side by side: what was measured, and what differs between their configs.
///
/// # Errors
/// A run that is not there, or not finished.
pub fn compare(project: &Project, request: &CompareRequest) -> Result<Comparison, PipelineError> {
    let runs = judged_runs(project, request)?;
    let views: Vec<RunView<'_>> = runs
        .iter()
        .map(|run| RunView { label: &run.label, evaluation: &run.evaluation, config: &run.config })
        .collect();
    Ok(nta_report::compare(&views, rows::differ_on(&runs)))
}

/// Writes the same as an HTML page that needs nothing else, with curves, and with paired differences where runs judged the
/// same rows. Answers where it stands.
///
/// # Errors
/// Besides those of [`compare`]: a target that is no `.html` file.
pub fn compare_page(project: &Project, request: &CompareRequest, output: &Path) -> Result<PathBuf, PipelineError> {
    if output.extension().is_none_or(|ending| ending != "html") {
        return Err(PipelineError::refuse(format!("{}: the page is written as .html; name it so", output.display())));
    }
    nta_atomic::check_target(output).map_err(refused)?;
    let html = compare_html(project, request)?;
    let mut file = AtomicFile::create(output).map_err(failed)?;
    std::io::Write::write_all(&mut file, html.as_bytes())
        .map_err(|error| PipelineError::fail(format!("cannot write {}: {error}", output.display())))?;
    file.commit().map_err(failed)?;
    Ok(output.to_owned())
}

/// That page's text.
///
/// # Errors
/// Those of [`compare`].
pub fn compare_html(project: &Project, request: &CompareRequest) -> Result<String, PipelineError> {
    page::render(&judged_runs(project, request)?)
}

/// The runs, the baseline first.
fn judged_runs(project: &Project, request: &CompareRequest) -> Result<Vec<JudgedRun>, PipelineError> {
    if request.runs.len() + usize::from(request.baseline.is_some()) < 2 {
        return Err(PipelineError::refuse("a comparison needs two runs: name another, or one as `--baseline`"));
    }
    let mut runs: Vec<JudgedRun> = Vec::new();
    for asked in request.baseline.iter().chain(&request.runs) {
        let run = JudgedRun::load(project, asked)?;
        // The baseline may be among the others, too.
        if runs.iter().all(|known| known.record.id != run.record.id) || request.baseline.is_none() {
            runs.push(run);
        }
    }
    Ok(runs)
}
