//! One file a command: its job, and how the answer is shown.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod models;
pub(crate) mod past_runs;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod score;
pub(crate) mod simulate;

use std::io::Write;
use std::path::Path;

use nta_pipeline::Project;

use crate::args::Common;

/// The project around the working directory.
pub(crate) fn project(common: &Common) -> Project {
    Project::around(Path::new("."), common.home.as_deref())
}

/// Answers `value` as JSON on standard output.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// A path as people read it: relative to the working directory where it lies below it, `.` for that itself.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let inside = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    let shown = inside.unwrap_or(path).display().to_string();
    if shown.is_empty() { ".".to_owned() } else { shown }
}
