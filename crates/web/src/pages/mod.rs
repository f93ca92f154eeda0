//! The pages that are made of what others know, and the files that they load.

pub(crate) mod templates;

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::jobs::{Job, Work};
use crate::server::Server;
use crate::uploads::UploadRow;
use crate::{models, uploads};

/// What the first page and the page for training show.
#[derive(Serialize)]
struct Start {
    /// Versions to choose from, the one that is taken by default first.
    models: Vec<String>,
    jobs: Vec<Job>,
    /// Files on the server.
    uploads: Vec<UploadRow>,
}

/// Jobs on the page.
const SHOWN: usize = 30;

async fn start(server: &Server, is_shown: impl Fn(&Job) -> bool) -> Result<Start, Problem> {
    let models = models::versions(server).await?.into_iter().map(|model| model.version).collect();
    let jobs = server.jobs.all().into_iter().filter(is_shown).take(SHOWN).collect();
    Ok(Start { models, jobs, uploads: uploads::rows(server).await? })
}

pub(crate) async fn analyse(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Problem> {
    let start = start(&server, |job| matches!(job.work, Work::Score { .. } | Work::Try)).await?;
    server.pages.page(&visitor, "analyse.html", "Analyse", &start)
}

pub(crate) async fn train(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Problem> {
    let start = start(&server, |job| {
        matches!(job.work, Work::Draft { .. } | Work::Train { .. } | Work::Retrain { .. } | Work::Baseline { .. })
    })
    .await?;
    server.pages.page(&visitor, "train.html", "Train", &start)
}

#[derive(Serialize)]
struct Login {
    /// By a user's name and password; else by the token.
    by_name: bool,
}

pub(crate) async fn login(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Problem> {
    server.pages.page(&visitor, "login.html", "Log in", &Login { by_name: server.access.has_users() })
}

pub(crate) async fn nothing_here() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such page")
}

/// A page of `nta-report`'s, with the way back to one of ours in its header.
pub(crate) fn standing_alone(page: &str, (place, words): (&str, &str)) -> Response {
    let back = format!("<header>\n<p class=\"over\"><a href=\"{place}\">{words}</a></p>");
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], page.replacen("<header>", &back, 1)).into_response()
}

/// A file of ours, by its name alone.
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let (kind, bytes): (&'static str, Vec<u8>) = match name.as_str() {
        "style.css" => ("text/css; charset=utf-8", include_bytes!("../../assets/style.css").to_vec()),
        "app.js" => ("text/javascript; charset=utf-8", include_bytes!("../../assets/app.js").to_vec()),
        "live.js" => ("text/javascript; charset=utf-8", include_bytes!("../../assets/live.js").to_vec()),
        "icon.svg" => ("image/svg+xml", include_bytes!("../../assets/icon.svg").to_vec()),
        font => {
            let weight = font.strip_prefix("inter-").and_then(|name| name.strip_suffix(".otf"));
            let file = nta_plots::font_files().into_iter().find(|(w, _)| weight == Some(w.to_string().as_str()));
            ("font/otf", file.ok_or_else(|| Problem::not_found("file"))?.1.to_vec())
        }
    };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response())
}
