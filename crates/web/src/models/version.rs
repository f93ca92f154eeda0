//! One version: what it comes from, what was measured and promised, and who was champion when.

use axum::extract::{Extension, Path, State};
use axum::response::Response;
use nta_pipeline::{AliasChange, ModelView, show_model};
use serde::Serialize;

use super::known::chosen;
use super::versions;
use crate::answer::Json;
use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::server::Server;

#[derive(Serialize)]
pub(crate) struct VersionPage {
    model: ModelView,
    name: String,
    /// Where its run can be read of.
    run_is_there: bool,
    /// Every move of the aliases of its name, newest first.
    log: Vec<AliasChange>,
    /// All versions of its name, newest first.
    versions: Vec<String>,
}

/// The version of that name and number among those that there are: neither becomes part of a path.
async fn found(server: &Server, name: &str, number: &str) -> Result<VersionPage, Problem> {
    let all = versions(server).await?;
    let asked = chosen(&all, Some(&format!("{name}/{number}")))?;
    let prefix = format!("{name}/");
    let mut of_name: Vec<String> =
        all.into_iter().map(|line| line.version).filter(|version| version.starts_with(&prefix)).collect();
    of_name.sort_by_key(|version| std::cmp::Reverse(version[prefix.len()..].parse::<u32>().unwrap_or(0)));
    let (project, name) = (server.project.clone(), name.to_owned());
    let read = move || {
        let model = show_model(&project, &asked)?;
        let mut log = nta_pipeline::model_log(&project, &name)?;
        log.reverse();
        let runs = nta_pipeline::runs(&project)?.runs;
        let run_is_there = runs.iter().any(|run| run.record.id == model.line.run);
        Ok::<_, Problem>(VersionPage { model, name, run_is_there, log, versions: of_name })
    };
    tokio::task::spawn_blocking(read).await?
}

pub(crate) async fn show(
    State(server): State<Server>,
    Path((name, number)): Path<(String, String)>,
) -> Result<Json<ModelView>, Problem> {
    Ok(Json(found(&server, &name, &number).await?.model))
}

pub(crate) async fn page(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
    Path((name, number)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let data = found(&server, &name, &number).await?;
    server.pages.page(&visitor, "model.html", &data.model.line.version.clone(), &data)
}
