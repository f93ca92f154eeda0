//! Requests to one server: login, TLS, and which answers are worth a second try.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use reqwest::blocking::{Body, Client, RequestBuilder, Response};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;

use super::client;
use super::credentials::Login;
use super::server::Server;
use crate::TrackingError;

/// Waits as long as asked; `false` where the asking should end.
pub type Wait<'a> = Box<dyn Fn(Duration) -> bool + Send + Sync + 'a>;

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
        let client = client::of(&server)?;
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
        self.json(path, self.tries(), || self.client.get(url.clone()))
    }

    /// `POST` below the API, of what changes nothing more when it arrives twice.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, TrackingError> {
        let url = self.api(path)?;
        self.json(path, self.tries(), || self.client.post(url.clone()).json(body))
    }

    /// Makes by `POST` what would be made twice when it arrived twice: so it is looked for with `find` before each try.
    pub(crate) fn make<T>(
        &self,
        path: &str,
        body: &Value,
        find: impl Fn() -> Result<Option<T>, TrackingError>,
        read: impl Fn(&Value) -> Result<T, TrackingError>,
    ) -> Result<T, TrackingError> {
        let url = self.api(path)?;
        let mut nth = 1;
        loop {
            if let Some(found) = find()? {
                return Ok(found);
            }
            match self.json(path, 1, || self.client.post(url.clone()).json(body)) {
                Err(error) if nth < self.tries() && self.pauses(&error, nth) => nth += 1,
                answered => return read(&answered?),
            }
        }
    }

    /// `PATCH` below the API.
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Result<Value, TrackingError> {
        let url = self.api(path)?;
        self.json(path, self.tries(), || self.client.patch(url.clone()).json(body))
    }

    /// `DELETE` below the API.
    pub(crate) fn delete(&self, path: &str, body: &Value) -> Result<(), TrackingError> {
        let url = self.api(path)?;
        self.json(path, self.tries(), || self.client.delete(url.clone()).json(body)).map(drop)
    }

    /// Puts the file at `from` under `path` of the server's artifacts.
    pub(crate) fn put_file(&self, path: &str, from: &Path) -> Result<(), TrackingError> {
        let url = self.artifact(path)?;
        let doing = format!("put {path}");
        self.repeated(self.tries(), || {
            let file = File::open(from).map_err(TrackingError::io("read", from))?;
            let n_bytes = file.metadata().map_err(TrackingError::io("read", from))?.len();
            let body = Body::sized(file.take(n_bytes), n_bytes);
            let request = self.client.put(url.clone()).header(CONTENT_TYPE, "application/octet-stream").body(body);
            self.once(&doing, self.time_for(n_bytes), request).map(drop)
        })
    }

    /// Writes what stands under `path` of the server's artifacts to the file `to`; more than `most` bytes are refused.
    pub(crate) fn fetch(&self, path: &str, most: u64, to: &Path) -> Result<(), TrackingError> {
        let url = self.artifact(path)?;
        let doing = format!("fetch {path}");
        self.repeated(self.tries(), || {
            let answer = self.once(&doing, self.time_for(most), self.client.get(url.clone()))?;
            let mut file = File::create(to).map_err(TrackingError::io("create", to))?;
            let n_bytes = std::io::copy(&mut answer.take(most.saturating_add(1)), &mut file)
                .map_err(|e| TrackingError::unreachable(&self.server.base, &doing, e))?;
            if n_bytes > most {
                let why = format!("{path} has more than the {most} bytes that it may have");
                return Err(TrackingError::unfit(&self.server.base, why));
            }
            file.sync_all().map_err(TrackingError::io("write", to))
        })
    }

    fn tries(&self) -> u32 {
        self.server.patience.tries
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

    fn json(&self, doing: &str, tries: u32, request: impl Fn() -> RequestBuilder) -> Result<Value, TrackingError> {
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
        self.repeated(tries, once)
    }

    /// Tries until it is answered, or until another try makes no sense.
    fn repeated<T>(&self, tries: u32, once: impl Fn() -> Result<T, TrackingError>) -> Result<T, TrackingError> {
        let mut nth = 1;
        loop {
            match once() {
                Err(error) if nth < tries && self.pauses(&error, nth) => nth += 1,
                answered => return answered,
            }
        }
    }

    /// Waits before the next try, as long as the server asks for, else twice as long each time. Whether there is one.
    fn pauses(&self, error: &TrackingError, nth: u32) -> bool {
        let seconds = self.server.patience.backoff_seconds * f64::from(1u32 << (nth - 1).min(10));
        let pause = error.retry_after().unwrap_or(Duration::from_secs_f64(seconds));
        error.is_passing() && pause <= LONGEST_PAUSE && (self.wait)(pause)
    }

    fn once(&self, doing: &str, timeout: Duration, request: RequestBuilder) -> Result<Response, TrackingError> {
        let request = match &self.server.login {
            Login::None => request,
            Login::Basic { user, password } => request.basic_auth(user, Some(password)),
            Login::Bearer(token) => request.bearer_auth(token),
        };
        let answer = request.timeout(timeout).send().map_err(|e| client::unreachable(&self.server, doing, &e))?;
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
