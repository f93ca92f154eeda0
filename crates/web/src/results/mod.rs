//! Scored files: the page, its figures, its rows, and the whole to take away.

mod download;
mod figures;

use std::collections::BTreeMap;

use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nta_pipeline::{AnalysedRows, Analysis, RowOrder, RowPage, RowQuery};
use serde::{Deserialize, Serialize};

use crate::answer::Json;
use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::pages::standing_alone;
use crate::random;
use crate::server::Server;
use crate::stream::{self, written};
use crate::unheard::Unheard;
use figures::{FigureEntry, Sparkline};

/// Opens the result `id`.
fn opened(server: &Server, id: &str) -> Result<AnalysedRows, Problem> {
    let folder = server.result_folder(id);
    if !random::is_id(id) || !folder.is_dir() {
        return Err(Problem::not_found("result"));
    }
    Ok(AnalysedRows::new(&folder))
}

/// The numbers of a result without the points of its curves, which are for figures.
fn numbers(rows: &AnalysedRows) -> Result<Analysis, Problem> {
    let mut analysis = rows.analysis()?;
    analysis.members.iter_mut().for_each(|member| member.curves = None);
    Ok(analysis)
}

pub(crate) async fn show(State(server): State<Server>, Path(id): Path<String>) -> Result<Json<Analysis>, Problem> {
    let rows = opened(&server, &id)?;
    tokio::task::spawn_blocking(move || numbers(&rows)).await?.map(Json)
}

#[derive(Serialize)]
struct ResultPage {
    id: String,
    analysis: Analysis,
    rate: Option<f64>,
    timeline: Option<Sparkline>,
    figures: Vec<FigureEntry>,
    /// Whether its drift since the training is known, and else whether it can be.
    has_drift: bool,
    may_drift: bool,
    /// By member: area under the ROC curve, average precision.
    areas: BTreeMap<String, (Option<f64>, Option<f64>)>,
}

pub(crate) async fn page(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (rows, folder) = (opened(&server, &id)?, server.result_folder(&id));
    let has_drift = server.drift_folder(&id).join("drift.html").is_file();
    let is_here = |upload: &str| server.uploads.whole(upload).is_ok();
    let may_drift = server.jobs.find(&id).is_ok_and(|job| job.work.upload().is_some_and(is_here));
    let read = move || {
        let mut analysis = rows.analysis()?;
        let figures = figures::drawn(&folder, &analysis)?;
        let areas = analysis.members.iter_mut().map(|member| {
            let curves = member.curves.take().unwrap_or_default();
            (member.name.clone(), (curves.roc.auc, curves.pr.average_precision))
        });
        let areas = areas.collect();
        let rate = (analysis.rows > 0).then(|| analysis.flagged as f64 / analysis.rows as f64);
        let timeline = analysis.timeline.as_ref().map(Sparkline::of);
        Ok::<_, Problem>(ResultPage { id, analysis, rate, timeline, figures, has_drift, may_drift, areas })
    };
    let data = tokio::task::spawn_blocking(read).await??;
    server.pages.page(&visitor, "result.html", &data.analysis.name.clone(), &data)
}

/// How far the file has moved from the training: a page that stands alone.
pub(crate) async fn drift(State(server): State<Server>, Path(id): Path<String>) -> Result<Response, Problem> {
    opened(&server, &id)?;
    let file = server.drift_folder(&id).join("drift.html");
    let page = tokio::task::spawn_blocking(move || std::fs::read_to_string(file)).await?;
    let page = page.map_err(|_| Problem::not_found("drift yet; its result's page asks for it"))?;
    Ok(standing_alone(&page, (&format!("/results/{id}"), "The result")))
}

pub(crate) async fn figure(
    State(server): State<Server>,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    opened(&server, &id)?;
    let folder = server.result_folder(&id);
    let svg = tokio::task::spawn_blocking(move || figures::read(&folder, &name)).await??;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"))], svg).into_response())
}

/// Which rows are asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// `score` or `file`.
    #[serde(default)]
    sort: Sort,
    /// Rows whose hybrid score is above it.
    above: Option<f32>,
    /// Part of a host's name.
    host: Option<String>,
    /// From 1.
    page: Option<u64>,
    /// Rows of a page.
    size: Option<u64>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sort {
    #[default]
    Score,
    File,
}

/// Rows of a page where nobody says.
const PAGE_ROWS: u64 = 50;

pub(crate) async fn rows(
    State(server): State<Server>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<RowPage>, Problem> {
    let rows = opened(&server, &id)?;
    let take = wanted.size.unwrap_or(PAGE_ROWS).clamp(1, 500);
    let query = RowQuery {
        order: match wanted.sort {
            Sort::Score => RowOrder::Score,
            Sort::File => RowOrder::File,
        },
        above: wanted.above,
        host: wanted.host,
        skip: wanted.page.unwrap_or(1).saturating_sub(1).saturating_mul(take),
        take,
    };
    Ok(Json(tokio::task::spawn_blocking(move || rows.page(&query)).await??))
}

pub(crate) async fn download(
    State(server): State<Server>,
    Path((id, format)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let rows = opened(&server, &id)?;
    let (kind, ending, body) = match format.as_str() {
        "csv" => ("text/csv; charset=utf-8", "csv", download::csv(rows.lines())?),
        "parquet" => ("application/vnd.apache.parquet", "parquet", download::whole(rows.parquet())?),
        "jsonl" => ("application/jsonl", "jsonl", download::whole(rows.lines())?),
        "eve" => {
            let project = server.project.clone();
            let alerts = tokio::task::spawn_blocking(move || rows.alerts(&project, &Unheard)).await??;
            ("application/jsonl", "eve.json", written(move |out| alerts.write(out)))
        }
        _ => return Err(Problem::not_found("format; there are csv, parquet, jsonl and eve")),
    };
    // A name of ours: the user's may hold anything.
    stream::download(kind, &format!("scored-{}.{ending}", &id[..8]), body)
}

pub(crate) async fn remove(State(server): State<Server>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    opened(&server, &id)?;
    server.jobs.forget(&id)?;
    let folder = server.result_folder(&id);
    tokio::task::spawn_blocking(move || std::fs::remove_dir_all(folder)).await??;
    server.disk.changed();
    Ok(StatusCode::NO_CONTENT)
}
