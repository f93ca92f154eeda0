//! Requests to one server: login, TLS, and which answers are worth a second try.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use reqwest::blocking::{Body, Client, RequestBuilder, Response};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;

use super::server::{Login, Server};
use crate::TrackingError;

/// Waits as long as asked; `false` where the asking should end.
pub type Wait<'a> = Box<dyn Fn(Duration) -> bool + Send + Sync + 'a>;

/// Whether a request that failed may be sent again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It changes nothing more when it arrives twice.
    Yes,
    /// It makes something: what came of the first must be looked up.
    No,
}

/// A JSON answer is shorter; a longer one is cut off and refused.
const LONGEST_ANSWER: u64 = 64 << 20;

/// A server that asks for a longer pause is left alone for now.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Slower than this in bytes a second, a file counts as hanging.
const SLOWEST: u64 = 100_000;

/// An open line to a server.
pub(crate) struct Http<'a> {
    client: Client,
    server: Server,
    wait: Wait<'a>,
}

impl<'a> Http<'a> {
    /// Makes ready to ask; sends nothing yet.
    pub(crate) fn new(server: Server, wait: Wait<'a>) -> Result<Self, TrackingError> {
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
        let client = builder.build().map_err(|e| unreachable_server(&server, "prepare for", &e))?;
        Ok(Http { client, server, wait })
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// `GET` below the API with a query.
    pub(crate) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, TrackingError> {
        let mut url = self.api(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.json(path, Again::Yes, || self.client.get(url.clone()))
    }

    /// `POST` below the API.
    pub(crate) fn post(&self, path: &str, body: &Value, again: Again) -> Result<Value, TrackingError> {
        let url = self.api(path)?;
        self.json(path, again, || self.client.post(url.clone()).json(body))
    }

    /// `PATCH` below the API.
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Result<Value, TrackingError> {
        let url = self.api(path)?;
        self.json(path, Again::Yes, || self.client.patch(url.clone()).json(body))
    }

    /// `DELETE` below the API.
    pub(crate) fn delete(&self, path: &str, body: &Value) -> Result<(), TrackingError> {
        let url = self.api(path)?;
        self.json(path, Again::Yes, || self.client.delete(url.clone()).json(body)).map(drop)
    }

    /// Puts the file at `from` under `path` of the server's artifacts.
    pub(crate) fn put_file(&self, path: &str, from: &Path) -> Result<(), TrackingError> {
        let url = self.artifact(path)?;
        let n_bytes = from.metadata().map_err(TrackingError::io("read", from))?.len();
        let doing = format!("put {path}");
        self.asked(&doing, Again::Yes, self.time_for(n_bytes), || {
            let file = File::open(from).map_err(TrackingError::io("read", from))?;
            // Its length now, which may no longer be the one asked for above.
            let n_bytes = file.metadata().map_err(TrackingError::io("read", from))?.len();
            let body = Body::sized(file.take(n_bytes), n_bytes);
            Ok(self.client.put(url.clone()).header(CONTENT_TYPE, "application/octet-stream").body(body))
        })
        .map(drop)
    }

    /// Writes what stands under `path` of the server's artifacts into `to`; more than `most` bytes are refused.
    pub(crate) fn fetch(&self, path: &str, most: u64, to: &mut dyn Write) -> Result<(), TrackingError> {
        let url = self.artifact(path)?;
        let doing = format!("fetch {path}");
        let answer = self.asked(&doing, Again::Yes, self.time_for(most), || Ok(self.client.get(url.clone())))?;
        let n_bytes = std::io::copy(&mut answer.take(most.saturating_add(1)), to)
            .map_err(|e| TrackingError::unreachable(&self.server.base, &doing, e))?;
        if n_bytes > most {
            return Err(TrackingError::unreachable(
                &self.server.base,
                &doing,
                format!("it has more than {most} bytes"),
            ));
        }
        Ok(())
    }

    fn time_for(&self, n_bytes: u64) -> Duration {
        self.server.patience.timeout + Duration::from_secs(n_bytes / SLOWEST)
    }

    fn api(&self, path: &str) -> Result<Url, TrackingError> {
        self.url(&format!("/api/2.0/mlflow/{path}"))
    }

    /// Each segment of `path` is written so that it can mean nothing else.
    fn artifact(&self, path: &str) -> Result<Url, TrackingError> {
        let mut url = self.url("/api/2.0/mlflow-artifacts/artifacts")?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path.split('/'));
        }
        Ok(url)
    }

    fn url(&self, path: &str) -> Result<Url, TrackingError> {
        let base = &self.server.base;
        Url::parse(&format!("{base}{path}")).map_err(|e| TrackingError::unreachable(base, "ask", e))
    }

    fn json(&self, doing: &str, again: Again, request: impl Fn() -> RequestBuilder) -> Result<Value, TrackingError> {
        let base = &self.server.base;
        let once = || {
            let answer = self.once(doing, self.server.patience.timeout, request())?;
            let mut bytes = Vec::new();
            let read = answer.take(LONGEST_ANSWER).read_to_end(&mut bytes);
            read.map_err(|e| TrackingError::unreachable(base, doing, e))?;
            if bytes.is_empty() {
                return Ok(Value::Null);
            }
            serde_json::from_slice(&bytes)
                .map_err(|e| TrackingError::unreachable(base, doing, format!("its answer is no JSON: {e}")))
        };
        self.repeated(again, once)
    }

    fn asked(
        &self,
        doing: &str,
        again: Again,
        timeout: Duration,
        request: impl Fn() -> Result<RequestBuilder, TrackingError>,
    ) -> Result<Response, TrackingError> {
        self.repeated(again, || self.once(doing, timeout, request()?))
    }

    /// Tries until it is answered, or until another try makes no sense.
    fn repeated<T>(&self, again: Again, once: impl Fn() -> Result<T, TrackingError>) -> Result<T, TrackingError> {
        let mut pause = Duration::from_secs_f64(self.server.patience.backoff_seconds);
        let tries = if again == Again::Yes { self.server.patience.tries } else { 1 };
        for _ in 1..tries {
            match once() {
                Err(error) if error.is_passing() => {
                    let asked = error.retry_after().unwrap_or(pause);
                    if asked > LONGEST_PAUSE || !(self.wait)(asked) {
                        return Err(error);
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                answered => return answered,
            }
        }
        once()
    }

    fn once(&self, doing: &str, timeout: Duration, request: RequestBuilder) -> Result<Response, TrackingError> {
        let request = match &self.server.login {
            Login::None => request,
            Login::Basic { user, password } => request.basic_auth(user, Some(password)),
            Login::Bearer(token) => request.bearer_auth(token),
        };
        let answer = request.timeout(timeout).send().map_err(|e| unreachable_server(&self.server, doing, &e))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let pause = answer.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(pause_asked);
        let mut body = Vec::new();
        // What a server says of its refusal helps where it can be read.
        let _ = answer.take(1 << 16).read_to_end(&mut body);
        Err(TrackingError::answered(&self.server.base, doing, status, &body, pause))
    }
}

/// Seconds, or the date until which to wait.
fn pause_asked(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
    let seconds = until.as_second() - jiff::Timestamp::now().as_second();
    Some(Duration::from_secs(seconds.try_into().unwrap_or(0)))
}

fn pem(setting: &'static str, path: &Path) -> Result<Vec<u8>, TrackingError> {
    std::fs::read(path).map_err(|e| TrackingError::setting(setting, format!("cannot read {}: {e}", path.display())))
}

fn bad_pem(setting: &'static str, path: &Path, error: &reqwest::Error) -> TrackingError {
    TrackingError::setting(setting, format!("{} cannot be used: {}", path.display(), causes(error)))
}

fn unreachable_server(server: &Server, doing: &str, error: &reqwest::Error) -> TrackingError {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_by_date() {
        assert_eq!(pause_asked(" 3 "), Some(Duration::from_secs(3)));
        assert_eq!(pause_asked("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!((pause_asked("soon"), pause_asked("-1")), (None, None));
    }
}
