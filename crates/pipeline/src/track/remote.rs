//! `nta runs --remote`: the runs of ours that a server holds.

use nta_tracking::mlflow;

use super::{server, sync};
use crate::error::{PipelineError, failed};
use crate::event::Listener;
use crate::project::Project;

pub use nta_tracking::mlflow::RemoteRun;

/// The runs that the project's server holds, newest first.
///
/// # Errors
/// No server named, one that does not answer or refuses.
pub fn remote_runs(project: &Project, listener: &dyn Listener) -> Result<Vec<RemoteRun>, PipelineError> {
    let server = server::of_project(project)?;
    mlflow::remote_runs(server, Box::new(|pause| sync::wait(pause, listener))).map_err(failed)
}
