//! The `tracking:` section of a config.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a run is followed from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrackingConfig {
    /// An MLflow server. What is not said here comes from MLflow's own environment variables.
    pub mlflow: MlflowConfig,
}

/// An MLflow server and the experiment there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MlflowConfig {
    /// `http://host:5000` or `https://…`; `MLFLOW_TRACKING_URI` when not given. Passwords never stand here: they come
    /// from `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, `MLFLOW_TRACKING_TOKEN`, or ~/.mlflow/credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The experiment's name; `MLFLOW_EXPERIMENT_NAME`, else the config's `name`, when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
}

/// Characters that an experiment's name may have.
const LONGEST_EXPERIMENT: usize = 500;

impl TrackingConfig {
    /// The key and the complaint, where a value cannot be meant.
    ///
    /// # Errors
    /// An address that is no http(s) address or holds a password, an experiment's name that no server takes.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if let Some(uri) = &self.mlflow.uri
            && !uri.contains("${")
        {
            let address = super::address::Address::parse(uri).map_err(|why| ("mlflow.uri", why))?;
            if address.login.is_some() {
                let why = "it holds a user name or a password, and configs are kept with every run: put them into \
                           MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD";
                return Err(("mlflow.uri", why.to_owned()));
            }
        }
        match &self.mlflow.experiment {
            Some(name) if name.trim().is_empty() || name.chars().count() > LONGEST_EXPERIMENT => {
                Err(("mlflow.experiment", format!("a name has 1 to {LONGEST_EXPERIMENT} characters")))
            }
            _ => Ok(()),
        }
    }
}
