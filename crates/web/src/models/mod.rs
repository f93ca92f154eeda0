//! Saved models: the list, and which of them a job takes.

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

/// The alias of the version in service.
const CHAMPION: &str = "champion";

#[derive(Serialize)]
pub(crate) struct ModelList {
    pub(crate) models: Vec<ModelLine>,
}

/// Every version that can be read.
pub(crate) async fn versions(server: &Server) -> Result<Vec<ModelLine>, Problem> {
    let project = server.project.clone();
    Ok(sorted(tokio::task::spawn_blocking(move || nta_pipeline::models(&project)).await??))
}

/// Those that can be read; champions first, then the newest.
pub(crate) fn sorted(mut models: Vec<ModelLine>) -> Vec<ModelLine> {
    models.retain(|model| model.damaged.is_none());
    models.sort_by(|a, b| is_champion(b).cmp(&is_champion(a)).then_with(|| b.created.cmp(&a.created)));
    models
}

fn is_champion(model: &ModelLine) -> bool {
    model.aliases.iter().any(|alias| alias == CHAMPION)
}

/// The version that is asked for, or the first. Only what stands in the list: a path or another server's model is not a
/// client's to name.
pub(crate) fn chosen(known: &[ModelLine], asked: Option<&str>) -> Result<String, Problem> {
    let found = match asked {
        Some(asked) => known.iter().find(|model| model.version == asked),
        None => known.first(),
    };
    found.map(|model| model.version.clone()).ok_or_else(|| match asked {
        Some(_) => Problem::not_found("model"),
        None => Problem::refuse("there is no model yet: try it on simulated traffic, or train one"),
    })
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
