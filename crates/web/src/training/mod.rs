//! A training in preparation: what was recognised in a file, to be corrected before anything is learned.

pub(crate) mod draft;

use std::path::Path as FilePath;

use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use nta_pipeline::{Answers, ColumnRole};
use serde::{Deserialize, Serialize};

use crate::answer::{Json, body_up_to};
use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::random;
use crate::server::Server;
use crate::unheard::Unheard;
use draft::{ColumnShown, Draft, Place, Plan, Texts};

/// Where the draft `id` is, or would be.
pub(crate) fn place(server: &Server, id: &str) -> Result<Place, Problem> {
    if !random::is_id(id) {
        return Err(Problem::not_found("training in preparation"));
    }
    Ok(Place { folder: server.project.home.join("web/training").join(id), home: server.project.home.clone() })
}

/// A draft with its texts, as the page shows it.
#[derive(Serialize)]
pub(crate) struct Shown {
    id: String,
    name: String,
    upload: String,
    builtin: Option<String>,
    answers: Answers,
    guesses: Vec<(String, String)>,
    plan: Option<Plan>,
    problem: Option<String>,
    columns: Vec<ColumnShown>,
    labels: Vec<(String, bool)>,
    texts: Texts,
    answers_json: String,
    roles_known: [ColumnRole; 9],
}

impl Shown {
    fn of(id: String, draft: Draft, place: &Place) -> Result<Self, Problem> {
        let (columns, labels, texts) = (draft.columns(), draft.labels(), draft.texts(place)?);
        let answers_json = serde_json::to_string(&draft.answers).map_err(std::io::Error::other)?;
        let Draft { name, upload, builtin, answers, guesses, plan, problem, .. } = draft;
        let roles_known = ColumnRole::ALL;
        Ok(Shown {
            id,
            name,
            upload,
            builtin,
            answers,
            guesses,
            plan,
            problem,
            columns,
            labels,
            texts,
            answers_json,
            roles_known,
        })
    }
}

async fn read(server: &Server, id: String) -> Result<Shown, Problem> {
    let place = place(server, &id)?;
    let read = move || Shown::of(id, Draft::read(&place)?, &place);
    tokio::task::spawn_blocking(read).await?
}

pub(crate) async fn show(State(server): State<Server>, Path(id): Path<String>) -> Result<Json<Shown>, Problem> {
    read(&server, id).await.map(Json)
}

pub(crate) async fn page(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let shown = read(&server, id).await?;
    server.pages.page(&visitor, "training.html", &shown.name.clone(), &shown)
}

/// Bytes of a changed schema and config at most: a schema's own limit, and JSON's quoting.
const MOST_TEXTS: usize = 6 << 20;

/// What is to be otherwise.
#[derive(Deserialize)]
#[serde(untagged)]
enum Change {
    /// Answers in place of guesses: config and schema are made anew.
    Answers(Answered),
    /// The texts themselves.
    Texts(Texts),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    answers: Answers,
}

pub(crate) async fn change(
    State(server): State<Server>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Shown>, Problem> {
    let change: Change = body_up_to(request.into_body(), MOST_TEXTS).await?;
    let place = place(&server, &id)?;
    let work = move || {
        let _alone = server.uploads.alone(&id)?;
        if server.jobs.trains_by(&id) {
            return Err(Problem::new(StatusCode::CONFLICT, "a training by it has not ended: cancel that, or wait"));
        }
        let kept = Draft::read(&place)?;
        let draft = match change {
            Change::Texts(texts) => kept.edit(&place, &texts, &Unheard)?,
            Change::Answers(Answered { answers }) => {
                let names = (kept.name.as_str(), kept.file.as_str());
                Draft::make(&place, &kept.upload, names, answers, &Unheard).map_err(|error| Problem {
                    detail: draft::refusal(&error, &place, names),
                    ..Problem::from(error)
                })?
            }
        };
        Shown::of(id, draft, &place)
    };
    tokio::task::spawn_blocking(work).await?.map(Json)
}

/// Discards a training in preparation. One that a model came of stays: retraining reads its file again.
pub(crate) async fn remove(State(server): State<Server>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let place = place(&server, &id)?;
    Draft::read(&place)?;
    let _alone = server.uploads.alone(&id)?;
    if server.jobs.needs_draft(&id) {
        return Err(Problem::new(StatusCode::CONFLICT, "a training reads this file, or a model came of it"));
    }
    server.jobs.forget(&id)?;
    tokio::task::spawn_blocking(move || std::fs::remove_dir_all(place.folder)).await??;
    server.disk.changed();
    Ok(StatusCode::NO_CONTENT)
}

/// Puts the file of an upload into the folder of a draft, under a name of its own kind: the config is called after it.
pub(crate) fn prepare(place: &Place, upload: &FilePath, file: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(&place.folder)?;
    let to = place.folder.join(file);
    if to.exists() { Ok(()) } else { std::fs::hard_link(upload, to) }
}
