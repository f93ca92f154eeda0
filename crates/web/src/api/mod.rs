//! What the API says of itself.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::answer::Json;
use crate::error::Problem;
use axum::extract::State;

use crate::server::Server;

/// OpenAPI 3.1.
pub(crate) const DESCRIPTION: &str = include_str!("openapi.json");

#[derive(Serialize)]
pub(crate) struct Health {
    status: &'static str,
    version: &'static str,
}

const HEALTHY: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// The process answers.
pub(crate) async fn health() -> Json<Health> {
    Json(HEALTHY)
}

/// The home can be read and jobs are taken.
pub(crate) async fn ready(State(server): State<Server>) -> Result<Json<Health>, Problem> {
    let there = server.project.home.join("web/jobs").is_dir() && server.jobs.is_working();
    let unready = || Problem::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "not ready: no jobs are taken");
    there.then_some(Json(HEALTHY)).ok_or_else(unready)
}

pub(crate) async fn description() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], DESCRIPTION).into_response()
}
