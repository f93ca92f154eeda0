//! Two to twenty runs side by side, under an address that can be passed on.

use axum::extract::{Query, State};
use axum::response::Response;
use nta_pipeline::{CompareRequest, Comparison, Project, compare, compare_html};
use serde::Deserialize;

use crate::answer::Json;
use crate::error::Problem;
use crate::pages::standing_alone;
use crate::server::Server;

const FEWEST: usize = 2;
const MOST: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chosen {
    /// Ids with commas between.
    runs: String,
    /// The one that the others are held against; the first when not given.
    baseline: Option<String>,
}

/// The runs of that id among those that there are: no text of a client becomes part of a path.
fn request(project: &Project, chosen: &Chosen) -> Result<CompareRequest, Problem> {
    let known: Vec<String> = nta_pipeline::runs(project)?.runs.into_iter().map(|run| run.record.id).collect();
    let baseline = chosen.baseline.as_deref().filter(|id| !id.is_empty());
    let mut asked: Vec<&str> = baseline.into_iter().chain(chosen.runs.split(',')).filter(|id| !id.is_empty()).collect();
    let mut seen = std::collections::HashSet::new();
    asked.retain(|id| seen.insert(*id));
    if !(FEWEST..=MOST).contains(&asked.len()) {
        return Err(Problem::refuse(format!("{FEWEST} to {MOST} runs can be compared; these are {}", asked.len())));
    }
    match asked.iter().find(|id| !known.iter().any(|run| run == *id)) {
        Some(_) => Err(Problem::not_found("run")),
        None => Ok(CompareRequest { runs: asked.into_iter().map(str::to_owned).collect(), baseline: None }),
    }
}

pub(crate) async fn show(
    State(server): State<Server>,
    Query(chosen): Query<Chosen>,
) -> Result<Json<Comparison>, Problem> {
    let read = move || Ok::<_, Problem>(compare(&server.project, &request(&server.project, &chosen)?)?);
    tokio::task::spawn_blocking(read).await?.map(Json)
}

/// A page that stands alone, as a run's report does.
pub(crate) async fn page(State(server): State<Server>, Query(chosen): Query<Chosen>) -> Result<Response, Problem> {
    let read = move || Ok::<_, Problem>(compare_html(&server.project, &request(&server.project, &chosen)?)?);
    Ok(standing_alone(&tokio::task::spawn_blocking(read).await??, super::RUNS))
}
