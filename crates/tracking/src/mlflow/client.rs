//! The client that asks a server: TLS as MLflow's own client is told of it, and what its errors mean.

use std::path::Path;
use std::time::Duration;

use reqwest::blocking::Client;

use super::server::Server;
use crate::TrackingError;

/// A client for `server`.
pub(super) fn of(server: &Server) -> Result<Client, TrackingError> {
    // A second call finds the provider installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("nta/", env!("CARGO_PKG_VERSION")))
        .timeout(server.patience.timeout)
        .connect_timeout(server.patience.timeout.min(Duration::from_secs(20)));
    if let Some(path) = &server.tls.server_cert {
        let certs = reqwest::Certificate::from_pem_bundle(&pem("MLFLOW_TRACKING_SERVER_CERT_PATH", path)?);
        builder = builder.tls_certs_only(certs.map_err(|e| bad_pem("MLFLOW_TRACKING_SERVER_CERT_PATH", path, &e))?);
    } else if server.base.starts_with("http:") {
        // Without TLS no certificate is asked for, and a machine without any must do.
        builder = builder.tls_certs_only([]);
    }
    if let Some(path) = &server.tls.client_cert {
        let identity = reqwest::Identity::from_pem(&pem("MLFLOW_TRACKING_CLIENT_CERT_PATH", path)?);
        builder = builder.identity(identity.map_err(|e| bad_pem("MLFLOW_TRACKING_CLIENT_CERT_PATH", path, &e))?);
    }
    if server.tls.insecure {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    builder.build().map_err(|e| unreachable(server, "prepare for", &e))
}

fn pem(setting: &'static str, path: &Path) -> Result<Vec<u8>, TrackingError> {
    std::fs::read(path).map_err(|e| TrackingError::setting(setting, format!("cannot read {}: {e}", path.display())))
}

fn bad_pem(setting: &'static str, path: &Path, error: &reqwest::Error) -> TrackingError {
    TrackingError::setting(setting, format!("{} cannot be used: {}", path.display(), causes(error)))
}

/// A server that did not answer; the message holds no address beyond the server's.
pub(super) fn unreachable(server: &Server, doing: &str, error: &reqwest::Error) -> TrackingError {
    let why = if error.is_timeout() { "no answer in time".to_owned() } else { causes(error) };
    TrackingError::unreachable(&server.base, doing, why)
}

/// The innermost causes say what happened; the outermost repeats the address.
fn causes(error: &reqwest::Error) -> String {
    let mut said = Vec::new();
    let mut at = std::error::Error::source(error);
    while let Some(cause) = at {
        said.push(cause.to_string());
        at = cause.source();
    }
    said.pop().unwrap_or_else(|| error.to_string())
}
