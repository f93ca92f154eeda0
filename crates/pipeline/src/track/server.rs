//! Which server is meant: the config's, the environment's, or the one that a run was told to before.

use nta_tracking::mlflow::{Delivered, MlflowConfig, Server, TrackingConfig};

use crate::error::{PipelineError, refused};
use crate::project::{Project, expand};

/// A variable of the environment that is set and not empty.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The server of a config, or of the environment. A config that asks for tracking and names no server is refused.
pub(super) fn of_config(config: Option<&TrackingConfig>) -> Result<Option<Server>, PipelineError> {
    let config = config.map(expanded).transpose()?;
    let found = Server::find(config.as_ref(), &environment).map_err(refused)?;
    match (&found, &config) {
        (None, Some(_)) => Err(PipelineError::refuse(
            "`tracking.mlflow` names no server: give `uri: http://host:5000`, or set MLFLOW_TRACKING_URI",
        )),
        _ => Ok(found),
    }
}

/// The server of that address, else the environment's.
pub(super) fn named(uri: Option<&str>) -> Result<Server, PipelineError> {
    let config = TrackingConfig { mlflow: MlflowConfig { uri: uri.map(str::to_owned), experiment: None } };
    Server::find(Some(&config), &environment).map_err(refused)?.ok_or_else(|| {
        PipelineError::refuse("no server is named: set MLFLOW_TRACKING_URI to its http:// or https:// address")
    })
}

/// The server of a project: the environment's, else that of its newest tracked run.
pub(super) fn of_project(project: &Project) -> Result<Server, PipelineError> {
    let runs = nta_tracking::runs(&project.home).map_err(refused)?.runs;
    let recorded = || runs.iter().rev().find_map(|run| Delivered::read(&run.folder)).map(|d| d.server);
    named(environment("MLFLOW_TRACKING_URI").or_else(recorded).as_deref())
}

/// The name of the experiment that a run of `name` belongs to.
pub(super) fn experiment(config: Option<&TrackingConfig>, name: &str) -> Result<String, PipelineError> {
    let config = config.map(expanded).transpose()?;
    Ok(Server::experiment(config.as_ref().map(|c| &c.mlflow), &environment, name))
}

/// The settings with `${VAR}` replaced.
fn expanded(config: &TrackingConfig) -> Result<TrackingConfig, PipelineError> {
    let expand = |value: &Option<String>| match value.as_deref().map(expand) {
        Some(Err(name)) => Err(PipelineError::refuse(format!("`tracking.mlflow`: ${{{name}}} is not set"))),
        Some(Ok(text)) => Ok(Some(text)),
        None => Ok(None),
    };
    let mlflow = MlflowConfig { uri: expand(&config.mlflow.uri)?, experiment: expand(&config.mlflow.experiment)? };
    Ok(TrackingConfig { mlflow })
}
