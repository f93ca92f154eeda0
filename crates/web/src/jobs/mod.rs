//! Work that takes longer than a request: asked for, followed, cancelled, and begun again after a restart.

mod ended;
mod kept;
mod perform;
mod progress;
pub(crate) mod queue;

use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::answer::{Json, body_of};
use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::models;
use crate::server::Server;
pub(crate) use kept::{Job, Work};
pub(crate) use perform::perform;
use progress::Progress;

/// What a client asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Asked {
    /// An uploaded file through a model.
    Score {
        upload: String,
        /// `name/3`; the champion when not given.
        #[serde(default)]
        model: Option<String>,
        /// Whether to say why a flow is flagged.
        #[serde(default)]
        explain: bool,
    },
    /// Simulated traffic: a model is trained where there is none yet, and scores a file.
    Try {},
    /// A model of an uploaded file.
    Train { upload: String },
}

/// A job and how far it is.
#[derive(Serialize)]
pub(crate) struct JobView {
    #[serde(flatten)]
    job: Job,
    /// Jobs before it.
    waiting_for: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<Progress>,
}

#[derive(Serialize)]
pub(crate) struct JobList {
    jobs: Vec<Job>,
}

pub(crate) async fn list(State(server): State<Server>) -> Json<JobList> {
    Json(JobList { jobs: server.jobs.all() })
}

pub(crate) async fn begin(State(server): State<Server>, request: Request) -> Result<Response, Problem> {
    let (name, work) = match body_of(request.into_body()).await? {
        Asked::Score { upload, model, explain } => {
            let file = server.uploads.whole(&upload)?;
            let known = models::versions(&server).await?;
            let model = models::chosen(&known, model.as_deref())?;
            (file.name, Work::Score { upload, model, explain })
        }
        Asked::Try {} => ("simulated traffic".to_owned(), Work::Try),
        Asked::Train { upload } => (server.uploads.whole(&upload)?.name, Work::Train { upload }),
    };
    let job = server.jobs.add(name, work)?;
    let place = HeaderValue::from_str(&format!("/api/v1/jobs/{}", job.id)).map_err(std::io::Error::other)?;
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], Json(job)).into_response())
}

pub(crate) async fn show(State(server): State<Server>, Path(id): Path<String>) -> Result<Json<JobView>, Problem> {
    let job = server.jobs.find(&id)?;
    let (waiting_for, progress) = (server.jobs.before(&id), server.jobs.progress(&id));
    Ok(Json(JobView { job, waiting_for, progress }))
}

pub(crate) async fn cancel(State(server): State<Server>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    server.jobs.cancel(&id)?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Serialize)]
struct JobPage {
    job: Job,
}

pub(crate) async fn page(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let job = server.jobs.find(&id)?;
    server.pages.page(&visitor, "job.html", &job.name.clone(), &JobPage { job })
}
