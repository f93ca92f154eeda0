//! Saved models: the list and the pages.

pub(crate) mod known;
pub(crate) mod moves;
pub(crate) mod version;

use axum::extract::{Extension, State};
use axum::response::Response;
use nta_pipeline::ModelLine;
use serde::Serialize;

use crate::answer::Json;
use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::server::Server;
use known::sorted;

#[derive(Serialize)]
pub(crate) struct ModelList {
    pub(crate) models: Vec<ModelLine>,
}

/// Every version that can be read.
pub(crate) async fn versions(server: &Server) -> Result<Vec<ModelLine>, Problem> {
    let project = server.project.clone();
    Ok(sorted(tokio::task::spawn_blocking(move || nta_pipeline::models(&project)).await??))
}

pub(crate) async fn list(State(server): State<Server>) -> Result<Json<ModelList>, Problem> {
    Ok(Json(ModelList { models: versions(&server).await? }))
}

pub(crate) async fn page(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Problem> {
    let models = versions(&server).await?;
    server.pages.page(&visitor, "models.html", "Models", &ModelList { models })
}
