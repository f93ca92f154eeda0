//! Past runs, their reports, and runs side by side.

pub(crate) mod compare;
mod wanted;

use axum::extract::{Extension, Path, Query, State};
use axum::response::Response;
use nta_pipeline::{RunLine, Status};
use serde::Serialize;

use crate::answer::Json;
use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::pages::standing_alone;
use crate::server::Server;
use wanted::{RunsWanted, Sort};

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

#[derive(Serialize)]
struct RunsPage {
    runs: Vec<RunRow>,
    /// Runs in all.
    total: usize,
    wanted: RunsWanted,
    columns: [(Sort, &'static str, bool); 10],
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

/// The way back from a page that stands alone.
const RUNS: (&str, &str) = ("/runs", "Runs");

/// Newest first.
async fn rows(server: &Server) -> Result<Vec<RunRow>, Problem> {
    let project = server.project.clone();
    let found = tokio::task::spawn_blocking(move || nta_pipeline::runs(&project)).await??;
    Ok(found.runs.into_iter().map(row).collect())
}

pub(crate) async fn list(
    State(server): State<Server>,
    Query(wanted): Query<RunsWanted>,
) -> Result<Json<RunRows>, Problem> {
    Ok(Json(RunRows { runs: wanted.of(rows(&server).await?) }))
}

pub(crate) async fn page(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
    Query(wanted): Query<RunsWanted>,
) -> Result<Response, Problem> {
    let all = rows(&server).await?;
    let total = all.len();
    let data = RunsPage { runs: wanted.clone().of(all), total, wanted, columns: wanted::COLUMNS };
    server.pages.page(&visitor, "runs.html", "Runs", &data)
}

/// A run's report as it was written: a page that stands alone.
pub(crate) async fn report(State(server): State<Server>, Path(id): Path<String>) -> Result<Response, Problem> {
    written(server, id, REPORT, "report; the run did not finish").await
}

/// How a challenger was held against the champion.
pub(crate) async fn decision(State(server): State<Server>, Path(id): Path<String>) -> Result<Response, Problem> {
    written(server, id, "decision.html", "decision of this run").await
}

async fn written(server: Server, id: String, file: &'static str, what: &'static str) -> Result<Response, Problem> {
    let project = server.project.clone();
    let read = move || {
        // By its whole id among the runs that there are: the text never becomes part of a path.
        let found = nta_pipeline::runs(&project)?.runs.into_iter().find(|run| run.record.id == id);
        let found = found.ok_or_else(|| Problem::not_found("run"))?;
        std::fs::read_to_string(found.folder.join(file)).map_err(|_| Problem::not_found(what))
    };
    Ok(standing_alone(&tokio::task::spawn_blocking(read).await??, RUNS))
}
