//! `nta init`: from files to a config that runs as it is, with a list of what was guessed and where to change it.

mod check;
mod guesses;
mod labels;
mod target;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nta_atomic::AtomicFile;
use nta_ingest::{Answers, ColumnRole, ColumnSeen, Recognised};
use serde::Serialize;

pub use check::{CheckedConfig, check_config};
pub use guesses::Guess;

use crate::config::{LoadedConfig, RunConfig};
use crate::dry_run::{DryRun, FIRST_ANSWER, dry_run};
use crate::error::{PipelineError, failed, refused};
use crate::event::{Event, Listener, Remark};
use target::Target;

/// What to make a config for.
#[derive(Debug, Clone)]
pub struct InitRequest {
    /// What to learn from, one file or several of one layout.
    pub files: Vec<PathBuf>,
    /// What to judge on, where it is a file of its own.
    pub test: Option<PathBuf>,
    /// The config to write, a `.yaml`, or the folder to write it into.
    pub output: Option<PathBuf>,
    /// What is known of the columns of the files, in place of guesses.
    pub answers: Answers,
    /// Whether files that are there may be replaced.
    pub force: bool,
    /// As in [`RunConfig::load`].
    pub home: Option<PathBuf>,
}

/// What was written, and what was guessed.
#[derive(Debug, Clone, Serialize)]
pub struct InitOutcome {
    /// The config.
    pub config: PathBuf,
    /// The schema beside it; `None` where a built-in one fits.
    pub schema: Option<PathBuf>,
    /// The built-in schema that fits.
    pub builtin: Option<String>,
    /// Guesses, the most consequential first, each with its line.
    pub guesses: Vec<Guess>,
    /// The columns of a drafted schema, and what the first rows of each hold.
    #[serde(skip)]
    pub columns: Vec<ColumnSeen>,
    /// What each column is.
    #[serde(skip)]
    pub roles: BTreeMap<String, ColumnRole>,
    /// Labels that mean benign.
    #[serde(skip)]
    pub benign: Vec<String>,
    /// What a run would do; `None` where the files cannot be run yet.
    pub plan: Option<DryRun>,
    /// Why the config does not run as it is.
    pub problem: Option<String>,
}

impl InitOutcome {
    /// Refuses a config that does not run as it is.
    ///
    /// # Errors
    /// The first reason why.
    pub fn require_runnable(&self) -> Result<(), PipelineError> {
        match &self.problem {
            None => Ok(()),
            Some(problem) => {
                let config = self.config.display();
                Err(PipelineError::refuse(format!("{config} is written and does not run yet: {problem}")))
            }
        }
    }
}

/// Recognises the columns of the first file, writes a config and, where no built-in schema fits, a drafted schema beside
/// it; tries the two on the files, on a sample of them where they are large.
///
/// # Errors
/// Files that cannot be read, and targets that are there already.
pub fn init(request: &InitRequest, listener: &dyn Listener) -> Result<InitOutcome, PipelineError> {
    let first = request.files.first().ok_or_else(|| PipelineError::refuse("name at least one file"))?;
    let contact = listener.contact();
    let found = nta_ingest::recognise_as_said(first, &request.answers, &contact).map_err(refused)?;
    for note in &found.notes {
        listener.hear(&Event::Remark(Remark::Drafted { note: note.clone() }));
    }
    let target = Target::of(request, first, found.builtin.is_none())?;
    let labels = if found.schema.label.is_none() { labels::by_name(&request.files) } else { None };
    let config = text::config(request, &target, &found, labels.as_deref())?;
    write(&target.config, &config)?;
    if let Some(schema) = &target.schema {
        write(schema, &found.yaml)?;
    }
    let loaded = RunConfig::load(&target.config, &[], request.home.as_deref())?;
    let (plan, problem) = tried(&loaded, listener)?;
    Ok(outcome(target, &config, &found, plan, problem))
}

fn write(path: &Path, text: &str) -> Result<(), PipelineError> {
    let mut file = AtomicFile::create(path).map_err(failed)?;
    std::io::Write::write_all(&mut file, text.as_bytes())
        .map_err(|error| PipelineError::fail(format!("cannot write {}: {error}", path.display())))?;
    file.commit().map_err(failed)
}

/// What a run would do, or why there would be none.
fn tried(loaded: &LoadedConfig, listener: &dyn Listener) -> Result<(Option<DryRun>, Option<String>), PipelineError> {
    match dry_run(loaded, FIRST_ANSWER, listener) {
        Ok(plan) => Ok((Some(plan), None)),
        Err(PipelineError::Refused(cause)) => Ok((None, Some(cause.to_string()))),
        Err(error) => Err(error),
    }
}

fn outcome(
    target: Target,
    config: &str,
    found: &Recognised,
    plan: Option<DryRun>,
    problem: Option<String>,
) -> InitOutcome {
    let mut guesses = Vec::new();
    if let Some(schema) = &target.schema {
        guesses.extend(guesses::of_schema(&found.schema, &found.yaml, schema));
    }
    guesses.extend(guesses::of_config(config, &target.config, plan.as_ref()));
    let builtin = found.builtin.map(str::to_owned);
    InitOutcome {
        config: target.config,
        schema: target.schema,
        builtin,
        guesses,
        columns: found.columns.clone(),
        roles: check::roles(&found.schema),
        benign: found.schema.label.as_ref().map(|label| label.benign.clone()).unwrap_or_default(),
        plan,
        problem,
    }
}
