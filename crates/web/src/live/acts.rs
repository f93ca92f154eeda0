//! Acting: what somebody makes of alerts, and what is suppressed no more.

use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use nta_pipeline::{AlertState, MarkRequest, Marked, Suppression};
use serde::Serialize;

use crate::answer::{Json, body_up_to};
use crate::audit::Done;
use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::server::Server;
use crate::spoken::for_pages;
use crate::unheard::Unheard;

/// Bytes of a body at most: ten thousand ids.
const MOST: usize = 512 << 10;

pub(crate) async fn mark(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    request: Request,
) -> Result<(Extension<Done>, Json<Marked>), Problem> {
    let inbox = server.live.find(&name)?;
    let asked: MarkRequest = body_up_to(request.into_body(), MOST).await?;
    let (who, project) = (visitor.told(), server.project.clone());
    let (state, note) = (word(asked.state), asked.note.trim().to_owned());
    let act = move || inbox.mark(&project, &asked, &who, &Unheard);
    let mut marked = tokio::task::spawn_blocking(act).await??;
    if let Some(labels) = &mut marked.labels {
        labels.problem = labels.problem.take().map(|problem| for_pages(&problem));
    }
    let note = if note.is_empty() { note } else { format!(": {note}") };
    let done = format!("{} alerts of {name} are {state}{note}", marked.marked);
    Ok((Extension(Done(done)), Json(marked)))
}

fn word(state: AlertState) -> &'static str {
    match state {
        AlertState::New => "new",
        AlertState::Acknowledged => "acknowledged",
        AlertState::FalseAlarm => "false alarms",
        AlertState::Suppressed => "suppressed",
        AlertState::Escalated => "escalated",
    }
}

#[derive(Serialize)]
pub(crate) struct List {
    suppressions: Vec<Suppression>,
}

pub(crate) async fn suppressions(
    State(server): State<Server>,
    Path(name): Path<String>,
) -> Result<Json<List>, Problem> {
    let inbox = server.live.find(&name)?;
    let suppressions = tokio::task::spawn_blocking(move || inbox.suppressions()).await??;
    Ok(Json(List { suppressions }))
}

pub(crate) async fn lift(
    State(server): State<Server>,
    Path((name, id)): Path<(String, String)>,
) -> Result<(StatusCode, Extension<Done>), Problem> {
    let inbox = server.live.find(&name)?;
    let gone = tokio::task::spawn_blocking(move || inbox.lift(&id)).await??;
    let gone = gone.ok_or_else(|| Problem::not_found("suppression"))?;
    let what: Vec<String> = gone.host.into_iter().chain(gone.reason).collect();
    Ok((StatusCode::NO_CONTENT, Extension(Done(format!("{} of {name} is suppressed no more", what.join(", "))))))
}
