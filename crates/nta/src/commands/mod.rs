//! One file a command: its job, and how the answer is shown.

pub(crate) mod baseline;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod feedback;
pub(crate) mod init;
pub(crate) mod meter;
pub(crate) mod models;
pub(crate) mod notices;
pub(crate) mod past_runs;
pub(crate) mod promotion;
pub(crate) mod publish;
pub(crate) mod retrain;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod score;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod sync;
pub(crate) mod verdicts;
pub(crate) mod watch;

use std::io::{IsTerminal, Write};
use std::path::Path;

use nta_pipeline::Project;

use crate::args::Common;
use crate::visible;

/// The project around the working directory.
pub(crate) fn project(common: &Common) -> Project {
    Project::around(Path::new("."), common.home.as_deref())
}

/// Answers `value` as JSON on standard output.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    writeln!(std::io::stdout().lock(), "{}", visible::json(&text))?;
    Ok(())
}

/// Answers YAML on standard output: to be read back where that is a file or a pipe, to be looked at on a terminal.
pub(crate) fn yaml(text: &str) -> anyhow::Result<()> {
    let out = std::io::stdout();
    if out.is_terminal() {
        write!(visible::out(), "{text}")?
    } else {
        write!(out.lock(), "{text}")?
    }
    Ok(())
}

/// A time of RFC 3339 as people read it, to the minute.
pub(crate) fn minute(time: &str) -> String {
    time.chars().take(16).collect::<String>().replace('T', " ")
}

/// A path as people read it, on one line: relative to the working directory where it lies below it, `.` for that itself.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let inside = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    let shown = inside.unwrap_or(path).display().to_string();
    if shown.is_empty() { ".".to_owned() } else { visible::one_line(&shown).into_owned() }
}
