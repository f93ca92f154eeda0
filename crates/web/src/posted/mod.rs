//! Rows scored as they are sent, in memory, by a model that stays loaded.

mod array;
pub(crate) mod loaded;
pub(crate) mod turns;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use http_body_util::{BodyExt, Limited};
use nta_pipeline::PostedScores;
use serde::Deserialize;

use crate::answer::Json;
use crate::error::Problem;
use crate::server::Server;
use array::as_lines;

/// Bytes of a body at most; more is a file's business.
const MOST: usize = 16 << 20;

/// Bytes of a body that one thread scores alone; the rows of a larger one are shared out among the cores.
const SMALL: usize = 1 << 20;

/// Where rows are posted to. It changes nothing, so the audit log does not tell of it.
pub(crate) const PLACE: &str = "/api/v1/score";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// `name/3`; the champion, else the newest, when not given.
    model: Option<String>,
}

/// A JSON array, lines of JSON, or any other text that a file can hold.
pub(crate) async fn score(
    State(server): State<Server>,
    Query(asked): Query<Asked>,
    body: Body,
) -> Result<Json<PostedScores>, Problem> {
    let too_large =
        |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "more than 16 MiB, or broken off: send it as a file instead");
    let rows = Limited::new(body, MOST).collect().await.map_err(too_large)?.to_bytes();
    let is_small = rows.len() <= SMALL;
    let (turns, loaded) = (Arc::clone(&server.turns), Arc::clone(&server.loaded));
    let work = move || {
        let model = server.loaded.model(&server.project, asked.model.as_deref())?;
        Ok::<_, Problem>(model.score(as_lines(rows.into())?)?)
    };
    if is_small {
        return turns.take(work).await?.map(Json);
    }
    let _turn = loaded.turn().await?;
    tokio::task::spawn_blocking(work).await?.map(Json)
}
