//! What goes wrong, as a page or as JSON (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nta_pipeline::{PipelineError, chain};
use serde::Serialize;

use crate::spoken::for_pages;

/// A request that is not answered as asked.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) detail: String,
    /// Seconds after which it is worth asking again.
    pub(crate) retry_after: Option<u64>,
}

/// As it is sent.
#[derive(Serialize)]
struct Body<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Problem { status, detail: detail.into(), retry_after: None }
    }

    /// The same, with the time to wait.
    pub(crate) fn after(self, seconds: u64) -> Self {
        Problem { retry_after: Some(seconds), ..self }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Problem::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    pub(crate) fn refuse(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Work that ended early, by a fault of its own.
    pub(crate) fn internal() -> Self {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the work behind this page ended early; try again")
    }

    /// The status in words.
    pub(crate) fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Problem::not_found("file"),
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Problem::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "the server's disk is full: remove results, or make room",
            ),
            kind => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the server cannot use its files: {kind}")),
        }
    }
}

impl From<PipelineError> for Problem {
    fn from(error: PipelineError) -> Self {
        let status = match error {
            PipelineError::Refused(_) | PipelineError::Gate(_) => StatusCode::UNPROCESSABLE_ENTITY,
            PipelineError::Failed(_) | PipelineError::Interrupted(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Problem::new(status, for_pages(&chain(&error)))
    }
}

impl From<minijinja::Error> for Problem {
    fn from(error: minijinja::Error) -> Self {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the page cannot be laid out: {error}"))
    }
}

impl From<tokio::task::JoinError> for Problem {
    fn from(_: tokio::task::JoinError) -> Self {
        Problem::internal()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body { title: self.title(), status: self.status.as_u16(), detail: &self.detail };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response = (self.status, text).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        self.retry_after.map(|seconds| response.headers_mut().insert(header::RETRY_AFTER, seconds.into()));
        // The guard makes a page of it where one was asked for.
        response.extensions_mut().insert(self);
        response
    }
}
