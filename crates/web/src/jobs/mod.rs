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
use crate::audit::Done;
use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::models;
use crate::models::known::chosen;
use crate::server::Server;
use crate::training;
use crate::training::draft::Draft;
pub(crate) use kept::{Job, SiteFlows, Work};
pub(crate) use perform::perform;
use progress::Progress;
use queue::By;

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
    /// A look at an uploaded file that a model is to be trained on.
    Draft { upload: String },
    /// A model of an uploaded file.
    Train {
        upload: String,
        /// A training in preparation, as it was corrected.
        #[serde(default)]
        draft: Option<String>,
    },
    /// An uploaded file of later, labelled flows, for a challenger of a model.
    Retrain {
        upload: String,
        /// `name/3`.
        model: String,
    },
    /// How far a scored file has moved from what its model was trained on.
    Drift {
        /// Its result.
        result: String,
    },
    /// An uploaded file of a site's benign flows, for the next version of a model.
    Baseline(SiteFlows),
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

pub(crate) async fn begin(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Result<Response, Problem> {
    let (name, bytes, work) = match body_of(request.into_body()).await? {
        Asked::Score { upload, model, explain } => {
            let file = server.uploads.whole(&upload)?;
            let known = models::versions(&server).await?;
            let model = chosen(&known, model.as_deref())?;
            (file.name, file.size, Work::Score { upload, model, explain })
        }
        Asked::Try {} => ("simulated traffic".to_owned(), 0, Work::Try),
        Asked::Draft { upload } => {
            let file = server.uploads.whole(&upload)?;
            (file.name, file.size, Work::Draft { upload })
        }
        Asked::Train { upload, draft } => {
            let file = server.uploads.whole(&upload)?;
            if let Some(id) = &draft {
                let place = training::place(&server, id)?;
                let draft = Draft::read(&place)?;
                draft.loaded(&place)?;
                if draft.upload != upload {
                    return Err(Problem::refuse("this training was prepared for another file"));
                }
            }
            (file.name, file.size, Work::Train { upload, draft })
        }
        Asked::Retrain { upload, model } => {
            let file = server.uploads.whole(&upload)?;
            let model = chosen(&models::versions(&server).await?, Some(&model))?;
            (file.name, file.size, Work::Retrain { upload, model })
        }
        Asked::Drift { result } => {
            let scored = server.jobs.find(&result)?;
            if scored.state != kept::JobState::Done {
                return Err(Problem::new(StatusCode::CONFLICT, "this file is not scored yet, or could not be"));
            }
            let Work::Score { upload, model, .. } = scored.work else {
                return Err(Problem::refuse("only a file that was sent can be held against the training"));
            };
            let file = server.uploads.whole(&upload).map_err(|problem| match problem.status {
                StatusCode::NOT_FOUND => Problem::new(StatusCode::CONFLICT, "the file was deleted; send it again"),
                _ => problem,
            })?;
            (file.name, file.size, Work::Drift { upload, model, result })
        }
        Asked::Baseline(asked) => {
            if asked.budget.is_some() && asked.alerts_per_day.is_some() {
                return Err(Problem::refuse("false alarms in per cent and a day at once: give either"));
            }
            let file = server.uploads.whole(&asked.upload)?;
            let model = chosen(&models::versions(&server).await?, Some(&asked.model))?;
            (file.name, file.size, Work::Baseline(SiteFlows { model, ..asked }))
        }
    };
    let by = By { told: visitor.told(), is_user: visitor.user().is_some() };
    let add = move || server.disk.with_room(bytes, || server.promised(), || server.jobs.add(name, bytes, work, by));
    let job = tokio::task::spawn_blocking(add).await??;
    let done = Done(format!("{} {} as job {}", job.work.kind(), job.name, job.id));
    let place = HeaderValue::from_str(&format!("/api/v1/jobs/{}", job.id)).map_err(std::io::Error::other)?;
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], Extension(done), Json(job)).into_response())
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
