//! Past runs, and their reports.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use nta_pipeline::{RunLine, Status};
use serde::Serialize;

use crate::answer::Json;
use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::server::Server;

/// What the list tells of a run.
#[derive(Serialize)]
pub(crate) struct RunRow {
    run: String,
    name: String,
    status: Status,
    started: String,
    seconds: f64,
    model: Option<String>,
    /// Of the hybrid at its threshold, on the test part.
    accuracy: Option<f64>,
    precision: Option<f64>,
    recall: Option<f64>,
    f1: Option<f64>,
    fpr: Option<f64>,
    roc_auc: Option<f64>,
    has_report: bool,
}

#[derive(Serialize)]
pub(crate) struct RunRows {
    runs: Vec<RunRow>,
}

fn row(run: RunLine) -> RunRow {
    let hybrid = run.evaluation.as_ref().and_then(|evaluation| evaluation.hybrid());
    let value = |metric: &str| hybrid.and_then(|hybrid| hybrid.value(metric));
    RunRow {
        status: run.status,
        accuracy: value("accuracy"),
        precision: value("precision"),
        recall: value("recall"),
        f1: value("f1"),
        fpr: value("fpr"),
        roc_auc: value("roc_auc"),
        has_report: run.folder.join(REPORT).is_file(),
        seconds: run.record.seconds(),
        started: run.record.started.to_string(),
        model: run.record.model,
        run: run.record.id,
        name: run.record.name,
    }
}

const REPORT: &str = "report.html";

async fn rows(server: &Server) -> Result<RunRows, Problem> {
    let project = server.project.clone();
    let found = tokio::task::spawn_blocking(move || nta_pipeline::runs(&project)).await??;
    Ok(RunRows { runs: found.runs.into_iter().map(row).collect() })
}

pub(crate) async fn list(State(server): State<Server>) -> Result<Json<RunRows>, Problem> {
    rows(&server).await.map(Json)
}

pub(crate) async fn page(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Problem> {
    server.pages.page(&visitor, "runs.html", "Runs", &rows(&server).await?)
}

/// A run's report as it was written: a page that stands alone.
pub(crate) async fn report(State(server): State<Server>, Path(id): Path<String>) -> Result<Response, Problem> {
    let project = server.project.clone();
    let read = move || {
        // By its whole id among the runs that there are: the text never becomes part of a path.
        let found = nta_pipeline::runs(&project)?.runs.into_iter().find(|run| run.record.id == id);
        let found = found.ok_or_else(|| Problem::not_found("run"))?;
        std::fs::read(found.folder.join(REPORT)).map_err(|_| Problem::not_found("report; the run did not finish"))
    };
    let page = tokio::task::spawn_blocking(read).await??;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], page).into_response())
}
