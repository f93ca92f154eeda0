//! How a server is reached: address, login, TLS and patience, as MLflow's own client reads them.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::address::Address;
use super::credentials::{self, Environment, Login};
use super::{MlflowConfig, TrackingConfig};
use crate::TrackingError;

/// A server and how to reach it. Shown and kept, it holds no secret.
#[derive(Clone)]
pub struct Server {
    pub(crate) base: String,
    pub(crate) login: Login,
    pub(crate) tls: Tls,
    pub(crate) patience: Patience,
}

/// How far a server's certificate is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tls {
    /// Any certificate will do.
    pub(crate) insecure: bool,
    /// Certificates to trust in place of the system's, PEM.
    pub(crate) server_cert: Option<PathBuf>,
    /// Our own certificate and its key, PEM.
    pub(crate) client_cert: Option<PathBuf>,
}

/// How long and how often a server is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Patience {
    /// For one answer.
    pub(crate) timeout: Duration,
    /// Tries in all.
    pub(crate) tries: u32,
    /// Seconds before the second try; each later one waits twice as long.
    pub(crate) backoff_seconds: f64,
}

impl Server {
    /// The server that `config` names, else the environment; `None` where none is named.
    ///
    /// # Errors
    /// An address that cannot be one, half a login, a number of tries that is none.
    pub fn find(config: Option<&TrackingConfig>, environment: Environment<'_>) -> Result<Option<Self>, TrackingError> {
        let named = config.and_then(|c| c.mlflow.uri.clone()).map(|uri| ("tracking.mlflow.uri", uri));
        let named = named.or_else(|| Some(("MLFLOW_TRACKING_URI", environment("MLFLOW_TRACKING_URI")?)));
        let Some((setting, uri)) = named else { return Ok(None) };
        let address = Address::parse(&uri).map_err(|why| TrackingError::setting(setting, why))?;
        let login = credentials::login(address.login, environment)?;
        let file = |name: &str| environment(name).map(PathBuf::from);
        let tls = Tls {
            insecure: environment("MLFLOW_TRACKING_INSECURE_TLS").is_some_and(|v| is_true(&v)),
            server_cert: file("MLFLOW_TRACKING_SERVER_CERT_PATH"),
            client_cert: file("MLFLOW_TRACKING_CLIENT_CERT_PATH"),
        };
        if tls.insecure && tls.server_cert.is_some() {
            let why = "it contradicts MLFLOW_TRACKING_SERVER_CERT_PATH: unset one of the two";
            return Err(TrackingError::setting("MLFLOW_TRACKING_INSECURE_TLS", why));
        }
        Ok(Some(Server { base: address.base, login, tls, patience: Patience::from(environment)? }))
    }

    /// The experiment that a run named `name` belongs to.
    pub fn experiment(config: Option<&MlflowConfig>, environment: Environment<'_>, name: &str) -> String {
        let named = config.and_then(|c| c.experiment.clone());
        named.or_else(|| environment("MLFLOW_EXPERIMENT_NAME")).unwrap_or_else(|| name.to_owned())
    }

    /// Its address, without a login.
    pub fn address(&self) -> &str {
        &self.base
    }
}

impl Patience {
    fn from(environment: Environment<'_>) -> Result<Self, TrackingError> {
        let number = |name: &'static str, default: f64, most: f64| match environment(name) {
            None => Ok(default),
            Some(text) => match text.trim().parse::<f64>() {
                Ok(number) if (0.0..=most).contains(&number) => Ok(number),
                _ => Err(TrackingError::setting(name, format!("`{text}` is no number from 0 to {most}"))),
            },
        };
        let seconds = number("MLFLOW_HTTP_REQUEST_TIMEOUT", 120.0, 86_400.0)?;
        Ok(Patience {
            timeout: Duration::from_secs_f64(seconds.max(0.1)),
            tries: number("MLFLOW_HTTP_REQUEST_MAX_RETRIES", 7.0, 10.0)?.max(1.0) as u32,
            backoff_seconds: number("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", 2.0, 120.0)?,
        })
    }
}

fn is_true(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "1")
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("base", &self.base).field("login", &self.login).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(config: Option<&str>, variables: &[(&str, &str)]) -> Option<Server> {
        let config =
            config.map(|uri| TrackingConfig { mlflow: MlflowConfig { uri: Some(uri.into()), experiment: None } });
        let variables = variables.to_vec();
        let look = move |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Server::find(config.as_ref(), &look).unwrap()
    }

    #[test]
    fn the_config_goes_before_the_environment() {
        let variable = [("MLFLOW_TRACKING_URI", "http://b/")];
        assert_eq!(find(Some("http://a"), &variable).unwrap().address(), "http://a");
        assert_eq!(find(None, &variable).unwrap().address(), "http://b");
        assert!(find(None, &[]).is_none());
    }

    #[test]
    fn patience_and_tls_are_read_as_mlflows_client_does() {
        let found = find(Some("https://a"), &[]).unwrap();
        let patience = Patience { timeout: Duration::from_secs(120), tries: 7, backoff_seconds: 2.0 };
        assert_eq!((found.patience, &found.tls), (patience, &Tls::default()));
        let set = [("MLFLOW_HTTP_REQUEST_TIMEOUT", "3"), ("MLFLOW_TRACKING_INSECURE_TLS", "TRUE")];
        let found = find(Some("https://a"), &set).unwrap();
        assert!(found.tls.insecure && found.patience.timeout == Duration::from_secs(3));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let set = [("MLFLOW_TRACKING_USERNAME", "me"), ("MLFLOW_TRACKING_PASSWORD", "hidden")];
        let shown = format!("{:?}", find(Some("http://other:hidden@a"), &set).unwrap());
        assert!(!shown.contains("hidden") && shown.contains("a user name and a password"), "{shown}");
        let shown = format!("{:?}", find(Some("http://a"), &[("MLFLOW_TRACKING_TOKEN", "hidden")]).unwrap());
        assert!(!shown.contains("hidden") && shown.contains("a token"), "{shown}");
    }

    #[test]
    fn the_experiment_is_named_by_config_environment_or_run() {
        let config = MlflowConfig { uri: None, experiment: Some("a".into()) };
        let set = |name: &str| (name == "MLFLOW_EXPERIMENT_NAME").then(|| "b".to_owned());
        assert_eq!(Server::experiment(Some(&config), &set, "c"), "a");
        assert_eq!(Server::experiment(None, &set, "c"), "b");
        assert_eq!(Server::experiment(None, &|_| None, "c"), "c");
    }
}
